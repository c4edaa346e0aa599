"""Those who run a verb, and the client that the verbs are about."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from inspect import signature
from threading import Thread
from typing import Any
from urllib.error import HTTPError

from click.testing import CliRunner
from fiskaly_mockserver.cli import cli
from fiskaly_mockserver.server.mock_server import MockServer


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a verb ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run_verb(*words: str, stdin: str | None = None) -> Outcome:
    """Run a verb in this process; what it does not handle is raised."""
    # click 8.1 makes one of the two streams unless told
    known = signature(CliRunner).parameters
    told: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in known else {}
    result = CliRunner(**told).invoke(cli, words, input=stdin, prog_name="fiskaly-mockserver")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, result.stdout, result.stderr)


def level_of(outcome_json: Any, name: str) -> tuple[str, str, str]:
    """Return level, words and fix of the one check of that name."""
    [check] = [one for one in outcome_json["checks"] if one["name"] == name]
    return check["level"], check["said"], check["fix"]


def call(url: str, body: object = None, *, token: str = "") -> tuple[int, dict[str, str], Any]:
    """Call the API, with POST where there is a body: status, headers, body."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, data, headers), timeout=60
        ) as answer:
            return answer.status, dict(answer.headers), json.load(answer)
    except HTTPError as error:
        with error:
            return error.code, dict(error.headers), json.load(error)


def log_in(server: MockServer, *, secret: str | None = None, sandbox: str = "") -> int:
    """Authenticate with the seeded key, or fail to; return the status."""
    key = server.credentials
    prefix = f"/s/{sandbox}" if sandbox else ""
    url = server.base_url.replace("/api/v0", prefix + "/api/v0")
    body = {"api_key": key.key, "api_secret": key.secret if secret is None else secret}
    return call(url + "/auth", body)[0]


def token_of(base_url: str, key: str, secret: str) -> str:
    """Return an access token of a key."""
    return str(call(f"{base_url}/auth", {"api_key": key, "api_secret": secret})[2]["access_token"])


@contextmanager
def somebody_else(status: int, body: bytes, *, missing: int = 0) -> Iterator[str]:
    """Run a web server that is no fiskaly-mockserver; the address is yielded.

    It breaks off so many bytes before the end that it has told.
    """

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body) + missing))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as other:
        thread = Thread(target=other.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{other.server_address[1]}"
        finally:
            other.shutdown()
            thread.join()
