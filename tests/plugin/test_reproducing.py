"""The line that sends a request again."""

import http.client
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import unquote

import pytest
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.world.journal.exchange import Exchange
from pytest_fiskaly.verdict.report import LOGGING_IN, LONGEST, curl

JSON = {"Content-Type": "application/json"}
needs_a_shell = pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("curl") is None, reason="needs sh and curl"
)


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


def send(
    server: MockServer, method: str, path: str, body: bytes | None, headers: dict[str, str]
) -> Exchange:
    """Send a request as it is, and return what the journal kept."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    try:
        connection.putrequest(method, path)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        connection.getresponse().read()
    finally:
        connection.close()
    return server.journal[-1]


@needs_a_shell
@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("GET", "/api/v0/organizations?limit=x%26y%20%5B1%5D&limit={1,2}", None, {}),
        ("GET", "/api/v0/organizations/a%20b%2Fc/{x,y}[1-3]", None, {}),
        ("GET", "/api/v0/organizations/../x", None, {}),
        ("GET", "/nowhere", None, {}),
        ("HEAD", "/api/v0/nowhere", None, {}),
        ("GET", "/api/v0/nowhere", b"{}", JSON),
        ("POST", "/api/v0/auth", b"{}", {}),
        ("POST", "/api/v0/auth", b"null", JSON),
        ("POST", "/api/v0/auth", b"", JSON),
        ("POST", "/api/v0/auth", b"{}", {"Content-Type": "text/'x'"}),
        ("POST", "/api/v0/auth", '{"api_key": "L\'été $HOME `x` \\\\"}'.encode(), JSON),
    ],
)
def test_a_shell_sends_the_same_again(
    server: MockServer, method: str, path: str, body: bytes | None, headers: dict[str, str]
) -> None:
    first = send(server, method, path, body, headers)
    again = run(server, curl(first))
    assert unquote(again.path) == unquote(first.path)
    for name in ("method", "query", "request_body", "status"):
        assert getattr(again, name) == getattr(first, name), name
    assert kind(again) == kind(first)
    assert broken(again) == broken(first)


@needs_a_shell
def test_the_token_is_to_be_had_with_the_line_above(server: MockServer) -> None:
    token = {"Authorization": f"Bearer {server.token_for(server.tree.main)}"}
    first = send(server, "GET", "/api/v0/organizations?limit=0", None, token)
    line = curl(first)
    assert token["Authorization"] not in line
    again = run(server, f"{LOGGING_IN}\n{line}")
    assert (again.path, again.status) == (first.path, 400)
    assert again.caller is not None


@pytest.mark.parametrize("body", [b"[1, 2]", b'"text"', b"7", b"\xff", b"[" * 9])
def test_a_body_that_was_not_kept_is_not_made_up(server: MockServer, body: bytes) -> None:
    line = curl(send(server, "POST", "/api/v0/auth", body, JSON))
    assert "--data-binary @body # the file body: " in line


def test_long_lines_are_not_printed(server: MockServer) -> None:
    token = {"Authorization": f"Bearer {server.token_for(server.tree.main)}"}
    long = json.dumps({"metadata": {f"{n:080}": "x" for n in range(99)}}).encode()
    line = curl(send(server, "POST", "/api/v0/organizations", long, JSON | token))
    assert "--data-binary @body # the file body: " in line
    longest = f"/api/v0/organizations?{'&'.join(['limit=' + '%20' * 60] * 40)}"
    line = curl(send(server, "GET", longest, None, {}))
    assert line.startswith("(its address has ")
    assert len(line) < LONGEST


def run(server: MockServer, script: str) -> Exchange:
    key = server.credentials
    told = {
        "FISKALY_BASE_URL": server.base_url,
        "FISKALY_MOCK_URL": server.base_url.removesuffix("/api/v0"),
        "FISKALY_API_KEY": key.key,
        "FISKALY_API_SECRET": key.secret,
        "no_proxy": "*",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
    }
    subprocess.run(["/bin/sh", "-ec", script], env=told, capture_output=True, check=True)
    return server.journal[-1]


def kind(exchange: Exchange) -> list[str]:
    return [value for name, value in exchange.request_headers if name.lower() == "content-type"]


def broken(exchange: Exchange) -> list[tuple[str, str, str]]:
    return [(one.where, one.pointer, one.rule) for one in exchange.violations]
