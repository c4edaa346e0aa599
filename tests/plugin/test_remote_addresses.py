"""Another server that cannot be used: its address, its answers, its credentials."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest


@pytest.mark.parametrize("missing", [("API_KEY", "API_SECRET"), ("API_SECRET",)])
def test_missing_credentials_are_named(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...]
) -> None:
    monkeypatch.setenv("FISKALY_API_KEY", "example")
    for name in missing:
        monkeypatch.delenv(f"FISKALY_{name}", raising=False)
    with odd_server(404, b"") as url:
        result = suite.runpytest(f"--fiskaly-url={url}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    names = " and ".join(f"FISKALY_{name}" for name in missing)
    result.stderr.fnmatch_lines([f"ERROR: --fiskaly-url needs credentials: set {names} in *"])


class Odd(BaseHTTPRequestHandler):
    """Answers as `said` tells, whatever is asked; with the status 0 it is no HTTP."""

    said: ClassVar[tuple[int, bytes]] = (200, b"")

    def do_POST(self) -> None:
        status, body = self.said
        if status:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def odd_server(status: int, body: bytes) -> Iterator[str]:
    handler = type("Handler", (Odd,), {"said": (status, body)})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


LIVE_ANSWER = json.dumps(
    {"access_token": "x", "access_token_claims": {"env": "LIVE", "organization_id": "y"}}
).encode()
OLDER_FAKE = json.dumps({"status": "ok", "contract": "0.0.1", "preset": "single"}).encode()


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (0, b"220 mail.example\r\n", "*is no Management API: it does not answer in HTTP*"),
        (200, OLDER_FAKE, "*is of another version than this plugin: its answers lack '*"),
        (401, b"{}", "*refuses the credentials: are FISKALY_API_KEY and *"),
        (404, b"Not Found", "*is no Management API: it answers 404 to /auth*"),
        (200, b"<html>", "*is no Management API: it does not answer in JSON*"),
        (200, b"[]", "*is no Management API: it does not answer with a JSON object*"),
        (200, b"{}", "*is no Management API: its answer to /auth has no access token*"),
        (200, LIVE_ANSWER, "*the credentials of the environment are LIVE ones*"),
    ],
)
def test_a_server_that_cannot_be_used_is_one_line(
    suite: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    body: bytes,
    words: str,
) -> None:
    monkeypatch.setenv("FISKALY_API_KEY", "example")
    monkeypatch.setenv("FISKALY_API_SECRET", "a-secret-of-mine")
    with odd_server(status, body) as url:
        result = suite.runpytest(f"--fiskaly-url={url}")
    _demand_one_line(result, words)


@pytest.mark.parametrize("key", ["example", ""])
def test_nobody_there_is_one_line(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("FISKALY_API_KEY", key)
    monkeypatch.setenv("FISKALY_API_SECRET", "a-secret-of-mine")
    suite.makepyfile("def test_one(): pass")
    result = suite.runpytest("--fiskaly-url=http://127.0.0.1:1")
    _demand_one_line(result, "*nobody answers at http://127.0.0.1:1/api/v0: *refused*")
    suite.runpytest("--fiskaly-url=http://127.0.0.1:1", "--collect-only").assert_outcomes()


def test_a_live_key_is_refused_before_anything_is_sent(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FISKALY_API_KEY", "live_example")
    monkeypatch.setenv("FISKALY_API_SECRET", "a-secret-of-mine")
    result = suite.runpytest("--fiskaly-url=http://127.0.0.1:1")
    _demand_one_line(result, "*FISKALY_API_KEY holds a LIVE key*Use TEST credentials*")


@pytest.mark.parametrize(
    "url",
    [
        "http://u:s3cr3t@127.0.0.1:8722",
        "http://u:s3cr3t@127.0.0.1:99999",
        "u:s3cr3t@127.0.0.1:8722",
        "https://u:s3cr3t[X@127.0.0.1",
        "u:s3cr3t@",
    ],
)
@pytest.mark.parametrize("place", ["--fiskaly-url", "fiskaly_url"])
def test_credentials_in_the_url_are_refused_and_not_shown(
    suite: pytest.Pytester, url: str, place: str
) -> None:
    arguments = (f"{place}={url}",) if place.startswith("-") else ("-o", f"{place}={url}")
    result = suite.runpytest(*arguments)
    assert "s3cr3t" not in result.stdout.str() + result.stderr.str()
    _demand_one_line(result, "credentials belong into FISKALY_API_KEY and *", place)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:99999", "http://127.0.0.1:99999"),
        ("http://[::1", "http://[[]::1"),
        ("http://127.0.0.1?token=s3cr3t", "http://127.0.0.1[?]…"),
        ("localhost", "localhost"),
    ],
)
def test_what_is_no_url_is_told_with_one_that_is(
    suite: pytest.Pytester, url: str, shown: str
) -> None:
    result = suite.runpytest(f"--fiskaly-url={url}")
    assert "s3cr3t" not in result.stdout.str() + result.stderr.str()
    _demand_one_line(result, f"'{shown}' is no URL: give http://127.0.0.1:8722/api/v0, or *")


def _demand_one_line(result: pytest.RunResult, words: str, place: str = "--fiskaly-url") -> None:
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {place}: {words}"])
    assert len([line for line in result.errlines if line.strip()]) == 1
    output = result.stdout.str() + result.stderr.str()
    assert "Traceback" not in output
    assert "a-secret-of-mine" not in output
