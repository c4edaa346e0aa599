"""The validating proxy: what it forwards unchanged, and what it says of both sides."""

import gzip
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest
from fiskaly_contracts.checker import Judge
from fiskaly_contracts.conformance.findings import Side
from fiskaly_mockserver.proxy.validating import KEPT_AT_MOST, Upstream, ValidatingProxy
from fiskaly_mockserver.server.mock_server import MockServer

PATIENCE = 30.0
FOREIGN = "ü".encode().decode("latin-1")
"""A header in UTF-8, as http.client writes and reads it."""
USERS = "/api/v0/organizations/5f0c1a52-3b7e-4c19-9d26-0a8b1c2d3e4f/users"
GOOD = (
    ("Content-Type", "application/json; charset=utf-8"),
    ("X-Request-Id", "0" * 32),
    ("X-Response-Time", "0.001"),
    ("Response-Time", "0.001"),
)
EMPTY = b'{"data":[],"count":0,"_type":"USER_LIST"}'


class Stub:
    """What an upstream was asked, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, list[tuple[str, str]], bytes]] = []
        self.status = 200
        self.headers: tuple[tuple[str, str], ...] = GOOD
        self.body = EMPTY
        self.url = ""
        self.between: Callable[[], object] = lambda: None
        """Is called between the first and the last byte of a body."""


@pytest.fixture
def stub() -> Iterator[Stub]:
    state = Stub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            if self.headers.get("Transfer-Encoding") == "chunked":
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            state.asked.append((self.command, self.path, self.headers.items(), body))
            self.send_response_only(state.status)
            for name, value in state.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body[:1])
            self.wfile.flush()
            state.between()
            self.wfile.write(state.body[1:])

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the library's

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def proxied(url: str, **more: Any) -> Iterator[tuple[ValidatingProxy, HTTPConnection]]:
    with ValidatingProxy(Upstream(url), **more) as proxy:
        connection = HTTPConnection("127.0.0.1", proxy.port, timeout=PATIENCE)
        try:
            yield proxy, connection
        finally:
            connection.close()


def ask(
    connection: HTTPConnection, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, list[tuple[str, str]], bytes]:
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.getheaders(), answer.read()


def test_requests_and_answers_pass_as_they_are(stub: Stub) -> None:
    stub.headers = (*GOOD, ("X-Twice", "1"), ("X-Twice", "2"), ("Set-Cookie", "a=b"))
    with proxied(stub.url) as (proxy, connection):
        status, headers, body = ask(
            connection,
            "GET",
            f"{USERS}?limit=1&x=%2F%C3%BC",
            **{"X-Mine": FOREIGN},
        )
    assert (status, body) == (200, EMPTY)
    assert headers == [*stub.headers, ("Content-Length", str(len(EMPTY)))]
    [(method, path, sent, _)] = stub.asked
    assert (method, path) == ("GET", f"{USERS}?limit=1&x=%2F%C3%BC")
    assert dict(sent) == {
        "Host": stub.url.removeprefix("http://"),
        "Accept-Encoding": "identity",
        "X-Mine": FOREIGN,
    }
    assert [one.rule for one in proxy.findings] == ["unknown-parameter"]


@pytest.mark.parametrize("judge", ["jsonschema-rs", "openapi-core"])
def test_both_sides_are_judged_and_counted(stub: Stub, judge: Judge) -> None:
    stub.body = b'{"data":[],"count":"0","_type":"USER_LIST"}'
    seen: list[Any] = []
    with proxied(stub.url, judge=judge, on_exchange=seen.append) as (proxy, connection):
        for _ in range(3):
            ask(connection, "GET", f"{USERS}?limit=0")
    assert [(one.side, one.rule, one.count) for one in proxy.findings] == [
        (Side.REQUEST, "minimum", 3),
        (Side.RESPONSE, "type", 3),
    ]
    assert proxy.check.exchanges == 3
    assert {one.url for one in seen} == {f"{stub.url}{USERS}?limit=0"}


def test_an_answer_streams(stub: Stub) -> None:
    first_byte = Event()
    stub.between = lambda: first_byte.wait(PATIENCE)
    with proxied(stub.url) as (_, connection):
        connection.request("GET", USERS)
        answer = connection.getresponse()
        assert answer.read(1) == EMPTY[:1]  # the rest was not sent yet
        first_byte.set()
        assert answer.read() == EMPTY[1:]


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_is_forwarded_whole(stub: Stub, *, chunked: bool) -> None:
    raw = json.dumps({"email": "a@b.example", "first_name": "x" * 100_000}).encode()
    seen: list[Any] = []
    with proxied(stub.url, on_exchange=seen.append) as (_, connection):
        connection.request(
            "POST",
            USERS,
            iter([raw[:10], raw[10:]]) if chunked else raw,
            {"Content-Type": "application/json"},
            encode_chunked=chunked,
        )
        connection.getresponse().read()
    assert stub.asked[0][3] == raw
    assert seen[0].request_body == raw


def test_a_packed_answer_passes_packed_and_is_judged_unpacked(stub: Stub) -> None:
    stub.body = gzip.compress(b'{"data":[],"count":-1,"_type":"USER_LIST"}')
    stub.headers = (*GOOD, ("Content-Encoding", "gzip"))
    with proxied(stub.url) as (proxy, connection):
        assert ask(connection, "GET", USERS)[2] == stub.body
        stub.headers = (*GOOD, ("Content-Encoding", "br"))
        ask(connection, "GET", USERS)
    assert [(one.pointer, one.count) for one in proxy.findings] == [("/count", 1)]
    assert proxy.check.notes == {"answer: packed as br": 1}


def test_a_very_long_body_passes_and_is_not_judged(stub: Stub) -> None:
    stub.body = b" " * (KEPT_AT_MOST + 1)
    with proxied(stub.url) as (proxy, connection):
        assert len(ask(connection, "GET", USERS)[2]) == len(stub.body)
    assert len(proxy.findings) == 0
    assert [*proxy.check.notes] == [f"answer: more than {KEPT_AT_MOST} bytes"]


def test_a_redirect_is_the_clients_business(stub: Stub) -> None:
    stub.status, stub.headers = 302, (*GOOD, ("Location", "http://elsewhere.example/"))
    with proxied(stub.url) as (_, connection):
        status, headers, _ = ask(connection, "GET", USERS)
    assert status == 302
    assert ("Location", "http://elsewhere.example/") in headers


def test_what_breaks_the_contract_can_be_blocked(stub: Stub) -> None:
    with proxied(stub.url, block=True) as (proxy, connection):
        status, _, body = ask(
            connection, "POST", USERS, b'{"email": 7}', **{"Content-Type": "application/json"}
        )
        good = b'{"email": "a@b.example"}'
        ask(connection, "POST", USERS, good, **{"Content-Type": "application/json"})
    said = json.loads(body)
    assert (status, said["code"]) == (400, "E_FAILED_SCHEMA_VALIDATION")
    assert said["message"].startswith("not forwarded: body.email should be string")
    assert [one[3] for one in stub.asked] == [good]
    assert proxy.check.exchanges == 2
    assert [one.rule for one in proxy.findings if one.side is Side.REQUEST] == ["type"]


def test_an_upstream_that_is_gone_is_502_and_no_breach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with proxied(f"http://127.0.0.1:{port}") as (proxy, connection):
        status, _, body = ask(connection, "GET", USERS)
    assert status == 502
    assert json.loads(body)["message"].startswith("the upstream does not answer: ")
    assert sum(proxy.unanswered.values()) == 1
    assert (len(proxy.findings), proxy.check.exchanges) == (0, 0)


def test_a_port_in_use_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        proxy = ValidatingProxy(Upstream("http://x"), port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            proxy.__enter__()


def test_two_hosts_stand_behind_one_address() -> None:
    upstream = Upstream("https://dashboard.example/api/v0/", "https://sign.example/api/v2")
    assert upstream.url("/api/v0/auth") == "https://dashboard.example/api/v0/auth"
    assert upstream.url("/api/v2/auth?a=1") == "https://sign.example/api/v2/auth?a=1"
    assert Upstream("http://x").url("/api/v2/auth") == "http://x/api/v2/auth"


def test_the_fake_behind_it_keeps_the_contract() -> None:
    with (
        MockServer(port=0, preset="single") as server,
        proxied(server.base_url) as (proxy, connection),
    ):
        key = server.credentials
        body = json.dumps({"api_key": key.key, "api_secret": key.secret})
        kind = {"Content-Type": "application/json"}
        token = json.loads(ask(connection, "POST", "/api/v0/auth", body, **kind)[2])["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        for path in ("/api/v0/organizations", "/api/v2/tss", "/api/v0/billing-addresses"):
            assert ask(connection, "GET", path, **bearer)[0] == 200
    assert [*proxy.findings] == []
    assert proxy.check.exchanges == 4
