"""Which event loop a server runs on, and that nothing else depends on it."""

import asyncio
import sys
from collections.abc import Iterator

import pytest
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.server.config import LoopKind, loop_factory
from fiskaly_mockserver.server.errors import CannotListen, ServerError
from server.raw_http import request, talk
from server.target import JSON, ORGANIZATIONS, authenticate, demand_http_level


@pytest.fixture
def server(loop_kind: LoopKind) -> Iterator[MockServer]:
    with MockServer(ServerConfig(port=0, loop=loop_kind)) as server:
        yield server


def library_of(loop: asyncio.AbstractEventLoop) -> str:
    """Return the package that a loop comes from, and close it."""
    loop.close()
    return type(loop).__module__.partition(".")[0]


def test_a_kind_of_loop_is_what_one_gets(loop_kind: LoopKind) -> None:
    assert library_of(loop_factory(loop_kind)()) == loop_kind.value


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not for Windows")
def test_without_a_word_it_is_uvloop_where_that_is_installed() -> None:
    pytest.importorskip("uvloop")
    assert library_of(loop_factory()()) == "uvloop"
    assert ServerConfig().loop is LoopKind.AUTO


def test_without_uvloop_it_is_asyncio_unless_uvloop_must_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert library_of(loop_factory()()) == "asyncio"
    with pytest.raises(ServerError, match=r"install fiskaly-mockserver\[speed\]"):
        loop_factory(LoopKind.UVLOOP)


def test_a_server_runs_on_the_loop_it_is_told(server: MockServer) -> None:
    assert server._loop is not None
    assert type(server._loop).__module__.partition(".")[0] == server.config.loop.value


def test_a_missing_uvloop_is_told_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with pytest.raises(ServerError, match="uvloop is not installed"):
        MockServer(ServerConfig(port=0, loop=LoopKind.UVLOOP))


def test_it_authenticates_creates_and_lists(server: MockServer) -> None:
    authorization = f"Authorization: Bearer {authenticate(server)}"
    body = b'{"name":"Bakery","address_line1":"-","zip":"1","town":"-","country_code":"AUT"}'
    [made] = talk(server.port, request("POST", ORGANIZATIONS, authorization, JSON, body=body))
    [listed] = talk(server.port, request("GET", ORGANIZATIONS, authorization))
    assert made.status == listed.status == 200
    assert made.json()["_id"] in {row["_id"] for row in listed.json()["data"]}


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET / HTTP/1.1\r\nno colon here\r\n\r\n", id="no-colon"),
        pytest.param(b"GET /api/v0/organizations HTTP/1.1\r\n\r\n", id="no-host"),
        pytest.param(b"\x00" * 100 + b"\r\n\r\n", id="zeros"),
    ],
)
def test_what_is_no_http_is_refused_by_aiohttp(server: MockServer, sent: bytes) -> None:
    [answer] = talk(server.port, sent)
    demand_http_level(answer)
    server.verify()


def test_a_port_in_use_is_told_with_a_way_out(loop_kind: LoopKind, occupied_port: int) -> None:
    server = MockServer(ServerConfig(port=occupied_port, loop=loop_kind))
    with pytest.raises(CannotListen, match=f"port {occupied_port} on 127.0.0.1 is in use.* 0 for"):
        server.start()


def test_an_address_of_another_machine_is_told(loop_kind: LoopKind) -> None:
    server = MockServer(ServerConfig(host="192.0.2.1", port=0, loop=loop_kind))
    with pytest.raises(CannotListen, match=r"cannot listen on 192\.0\.2\.1 port 0: "):
        server.start()
