"""The validating proxy between odd clients and odd servers: it says so, and waits for nobody."""

import gzip
import json
import logging
import socket
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

import pytest
from fiskaly_contracts.conformance.findings import Side
from fiskaly_mockserver.proxy import validating
from fiskaly_mockserver.proxy.validating import KEPT_AT_MOST, Upstream, ValidatingProxy

PATIENCE = 30.0
HEAD = b"Host: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
LOGIN = json.dumps({"api_key": "test_a_b", "api_secret": "s" * 43}).encode()
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"


def get(target: str = "/api/v0/organizations") -> bytes:
    return b"GET %b HTTP/1.1\r\n%b\r\n" % (target.encode(), HEAD)


def post(body: bytes, *more: bytes) -> bytes:
    lines = b"".join(b"%b\r\n" % line for line in (*more, b"Content-Length: %d" % len(body)))
    return b"POST /api/v0/auth HTTP/1.1\r\n%b%b\r\n%b" % (HEAD, lines, body)


def received(connection: socket.socket) -> bytes:
    """Read a request to its end; no word is said before.

    Raises:
        ConnectionError: There is none.
    """

    def more() -> bytes:
        chunk = connection.recv(65_536)
        if not chunk:
            raise ConnectionError
        return chunk

    read = more()
    while b"\r\n\r\n" not in read:
        read += more()
    head, _, body = read.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
    while lengths and len(body) < int(lengths[0].partition(b":")[2]):
        body += more()
    return head + b"\r\n\r\n" + body


@contextmanager
def upstream(answer: bytes | Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """Answer every connection's first request with bytes, and close it."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    connection.settimeout(PATIENCE)
                    asked.append(received(connection))
                    if isinstance(answer, bytes):
                        connection.sendall(answer)
                    else:
                        answer(connection)

        thread = Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", asked
        finally:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
            thread.join()


def told(proxy: ValidatingProxy, request: bytes) -> bytes:
    """Send a request, and return all that comes back until the connection ends."""
    with socket.create_connection(("127.0.0.1", proxy.port), PATIENCE) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
    return answer


def test_an_answer_that_breaks_off_does_so_for_the_client_and_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with upstream(GOOD.replace(b": 2", b": 9")) as (url, _), ValidatingProxy(Upstream(url)) as one:
        assert told(one, get()).endswith(b"\r\n\r\n{}")
    assert one.unanswered == {"its answer broke off": 1}
    assert (len(one.findings), one.check.exchanges) == (0, 0)
    assert caplog.records == []


def test_a_client_that_goes_away_is_nobodys_fault(caplog: pytest.LogCaptureFixture) -> None:
    def long(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
        while True:  # until the proxy has had enough
            connection.sendall(b" " * 100_000)

    with upstream(long) as (url, asked), ValidatingProxy(Upstream(url)) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port), PATIENCE) as connection:
            connection.sendall(get())
            connection.recv(10)
        for _ in range(2):  # the upstream takes the second when it is rid of the first
            with socket.create_connection(("127.0.0.1", proxy.port), PATIENCE) as connection:
                connection.sendall(get())
                connection.recv(10)
    assert (len(asked), proxy.unanswered) == (3, {})
    assert [one for one in caplog.records if one.exc_info] == []


def test_an_upstream_that_never_answers_is_told_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(validating, "STOPPING", 0.05)
    asked = Event()

    def silent(connection: socket.socket) -> None:
        asked.set()
        connection.recv(1)  # until the proxy has had enough

    with (
        upstream(silent) as (url, _),
        ValidatingProxy(Upstream(url)) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port), PATIENCE) as connection,
    ):
        connection.sendall(get())
        assert asked.wait(PATIENCE)
    assert proxy.unanswered == {"no answer came until the end": 1}
    assert proxy.check.exchanges == 0


@pytest.mark.parametrize("answer", [b"SSH-2.0-x\r\n\r\n", GOOD.replace(b"200", b"x")])
def test_what_is_no_answer_is_told_without_the_address(answer: bytes) -> None:
    with upstream(answer) as (url, _), ValidatingProxy(Upstream(url)) as proxy:
        said = told(proxy, get("/api/v0/organizations?token=hunter2hunter2"))
    assert said.startswith(b"HTTP/1.1 502 ")
    assert b"hunter2" not in said
    assert proxy.unanswered == {"what it sends is no HTTP": 1}


def test_an_upstream_that_knows_no_100_is_not_waited_for() -> None:
    with upstream(GOOD) as (url, asked), ValidatingProxy(Upstream(url)) as proxy:
        said = told(proxy, post(LOGIN, b"Expect: 100-continue"))
    assert said.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
    assert asked[0].endswith(LOGIN)


def test_a_client_that_takes_it_for_its_proxy_gets_the_upstream_too() -> None:
    with upstream(GOOD) as (url, asked), ValidatingProxy(Upstream(url)) as proxy:
        for target in ("http://a.example/api/v0/x?u=http://b", "HTTP://a.example/"):
            assert told(proxy, get(target)).endswith(b"{}")
    lines = [one.partition(b"\r\n")[0] for one in asked]
    assert lines == [b"GET /api/v0/x?u=http://b HTTP/1.1", b"GET / HTTP/1.1"]


@pytest.mark.parametrize("block", [False, True])
def test_a_packed_request_passes_packed_and_is_judged_unpacked(*, block: bool) -> None:
    seen: list[Any] = []
    with (
        upstream(GOOD) as (url, asked),
        ValidatingProxy(Upstream(url), block=block, on_exchange=seen.append) as proxy,
    ):
        packed = gzip.compress(LOGIN)
        told(proxy, post(packed, b"Content-Encoding: gzip"))
        told(proxy, post(b"\x0b", b"Content-Encoding: br"))
    assert [one.partition(b"\r\n\r\n")[2] for one in asked] == [packed, b"\x0b"]
    assert [one.request_body for one in seen] == [LOGIN, b""]
    assert [one for one in proxy.findings if one.side is Side.REQUEST] == []
    assert proxy.check.notes == {"request: packed as br": 1}


@pytest.mark.parametrize(
    ("packed", "note"),
    [
        (gzip.compress(LOGIN[:9]) + gzip.compress(LOGIN[9:]), ""),
        (zlib.compress(LOGIN), ""),
        (gzip.compress(b" " * (KEPT_AT_MOST + 1)), f"request: more than {KEPT_AT_MOST} bytes"),
        (gzip.compress(LOGIN)[:-1], "request: its gzip cannot be unpacked"),
        (b"nonsense", "request: its gzip cannot be unpacked"),
    ],
    ids=["two parts", "deflate", "huge", "cut short", "nonsense"],
)
def test_what_is_packed_is_unpacked_within_bounds(packed: bytes, note: str) -> None:
    coding = b"deflate" if packed[:1] == b"\x78" else b"gzip"
    with upstream(GOOD) as (url, _), ValidatingProxy(Upstream(url)) as proxy:
        told(proxy, post(packed, b"Content-Encoding: " + coding))
    assert [one for one in proxy.findings if one.side is Side.REQUEST] == []
    assert [*proxy.check.notes] == ([note] if note else [])


def test_what_is_too_long_to_be_judged_is_not_blocked() -> None:
    body = b'{"a":"' + b"x" * KEPT_AT_MOST + b'"}'
    with upstream(GOOD) as (url, asked), ValidatingProxy(Upstream(url), block=True) as proxy:
        assert told(proxy, post(body)).endswith(b"{}")
    assert asked[0].endswith(body)
    assert [one for one in proxy.findings if one.side is Side.REQUEST] == []


def test_what_is_looked_at_before_it_is_forwarded_is_counted_once() -> None:
    with upstream(GOOD) as (url, _), ValidatingProxy(Upstream(url), block=True) as proxy:
        told(proxy, get("/other"))
        told(proxy, get())
    assert (proxy.check.exchanges, proxy.check.ignored) == (1, 1)
    assert proxy.check.calls == {("listOrganizations", 200): 1}


def test_a_request_that_is_none_is_logged_without_its_token(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with upstream(GOOD) as (url, _), ValidatingProxy(Upstream(url)) as proxy:
        request = get().replace(b"Host: x", b"Host: x\r\nAuthorization: Bearer hunter2\x01")
        assert told(proxy, request).startswith(b"HTTP/1.0 400 ")
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "hunter2" not in caplog.text


def test_a_name_that_no_host_has_is_refused_at_once() -> None:
    with pytest.raises(UnicodeError):
        ValidatingProxy(Upstream("http://x"), host="a" * 70).__enter__()
