"""Requests and worlds leave nothing behind that only the garbage collector finds.

`serve` lets the collector look seldom, on the ground that this holds.
"""

import asyncio
import gc
import socket
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from fiskaly_mockserver import MockServer, ServerConfig
from server.raw_http import request
from server.target import BAKERY, JSON, ORGANIZATIONS, authenticate

NOBODY = "99999999-9999-4999-8999-999999999999"
SIGN_DE = f"/api/v2/tss/{NOBODY}"
KINDS: dict[str, tuple[str, str, tuple[str, ...], bytes]] = {
    "read": ("GET", ORGANIZATIONS, (), b""),
    "missing": ("GET", f"{ORGANIZATIONS}/99999999-9999-4999-8999-999999999999", (), b""),
    "unauthorized": ("GET", "/api/v0/billing-addresses", ("Authorization: Bearer x",), b""),
    "no route": ("GET", "/nowhere", (), b""),
    "wrong method": ("PUT", ORGANIZATIONS, (), b""),
    "created": ("POST", ORGANIZATIONS, (JSON,), BAKERY),
    "refused": ("POST", ORGANIZATIONS, (JSON,), b'{"name":1}'),
    "no JSON": ("POST", ORGANIZATIONS, (JSON,), b'{"name":'),
    "large": ("POST", ORGANIZATIONS, (JSON,), b'{"name":"%b"}' % (b"x" * 900_000)),
    "too large": ("POST", ORGANIZATIONS, (JSON,), b'{"name":"%b"}' % (b"x" * 1_100_000)),
    "does not unpack": ("POST", ORGANIZATIONS, (JSON, "Content-Encoding: gzip"), b"{}"),
    "SIGN DE missing": ("GET", f"{SIGN_DE}/tx/1", (), b""),
    "SIGN DE refused": ("PUT", f"{SIGN_DE}/tx/{NOBODY}?tx_revision=1", (JSON,), b'{"state":1}'),
    "SIGN DE large": (
        "PUT",
        f"{SIGN_DE}/tx/{NOBODY}?tx_revision=1",
        (JSON,),
        b'{"schema":{"raw":{"process_data":"%b"}}}' % (b"x" * 900_000),
    ),
    "expectation": ("GET", ORGANIZATIONS, ("Expect: x",), b""),
    "foreign page": ("GET", ORGANIZATIONS, ("Origin: https://evil.example",), b""),
    "sandbox": ("GET", f"/s/box{ORGANIZATIONS}", (), b""),
    "control": ("GET", "/_mock/clock", (), b""),
    "refused control": ("POST", "/_mock/clock", (JSON,), b'{"x":1}'),
}


def snapshot(server: MockServer) -> None:
    server.control.save_snapshot("a")
    server.control.restore_snapshot("a")


def sandbox(server: MockServer) -> None:
    server.control.sandbox("box").clock()
    server.control.drop_sandbox("box")


WORK: dict[str, Callable[[MockServer], None]] = {
    "reset": lambda server: server.reset(),
    "reset over control": lambda server: server.control.reset(),
    "snapshot": snapshot,
    "import": lambda server: server.control.import_state(server.control.export_state()),
    "sandbox": sandbox,
}
FEW, MANY = 3, 23


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(ServerConfig(port=0, journal_size=2)) as running:
        yield running


def ask(port: int, sent: bytes) -> None:
    """Send a request and read its answer, without anything that could leave cycles itself."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(sent)
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65_536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += connection.recv(65_536)


def found_by_collector(server: MockServer, work: Callable[[], None], times: int) -> Counter[str]:
    """Return what the collector finds after work was done so many times, by type."""
    for _ in range(times):
        work()
    assert server._loop is not None
    asyncio.run_coroutine_threadsafe(asyncio.sleep(0), server._loop).result()  # it has tidied up
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        return Counter(type(one).__name__ for one in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


def demand_none(server: MockServer, work: Callable[[], None]) -> None:
    work()
    gc.collect()
    gc.disable()
    try:
        few = found_by_collector(server, work, FEW)
        many = found_by_collector(server, work, MANY)
    finally:
        gc.enable()
    # what others leave in this process does not grow with the work
    assert many.total() - few.total() < MANY - FEW, (few, many)


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_leaves_no_cycle(server: MockServer, kind: str) -> None:
    method, target, headers, body = KINDS[kind]
    if not any(header.startswith("Authorization") for header in headers):
        headers = (f"Authorization: Bearer {authenticate(server)}", *headers)
    sent = request(method, target, *headers, "Connection: close", body=body)
    demand_none(server, lambda: ask(server.port, sent))


@pytest.mark.parametrize("kind", WORK)
def test_what_replaces_a_state_leaves_no_cycle(server: MockServer, kind: str) -> None:
    demand_none(server, lambda: WORK[kind](server))
