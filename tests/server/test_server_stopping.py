"""A stop takes no longer than a moment, whatever clients are in the middle of."""

import gc
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.server.config import LoopKind
from server.raw_http import request
from server.target import JSON, ORGANIZATIONS, authenticate

A_MOMENT = 1.0
"""Seconds that a stop may take."""


@contextmanager
def connected(server: MockServer, sent: bytes = b"") -> Iterator[socket.socket]:
    """Connect, send something, and stay."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(sent)
        yield connection


def stop_within_a_moment(server: MockServer) -> None:
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < A_MOMENT


@pytest.fixture
def server(loop_kind: LoopKind) -> Iterator[MockServer]:
    with MockServer(ServerConfig(port=0, loop=loop_kind)) as server:
        yield server


def test_with_idle_keep_alive_connections(server: MockServer) -> None:
    sent = request("GET", "/_mock/health")
    with connected(server, sent) as one, connected(server, sent) as other:
        assert one.recv(12) == other.recv(12) == b"HTTP/1.1 200"
        stop_within_a_moment(server)


def test_with_a_connection_that_never_said_anything(server: MockServer) -> None:
    with connected(server):
        stop_within_a_moment(server)


def test_with_half_a_head(server: MockServer) -> None:
    with connected(server, b"GET /api/v0/organizations HTTP/1.1\r\nHo"):
        stop_within_a_moment(server)


@pytest.mark.parametrize(
    "framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"], ids=["length", "chunks"]
)
def test_with_a_client_in_the_middle_of_its_body(server: MockServer, framing: str) -> None:
    authorization = f"Authorization: Bearer {authenticate(server)}"
    sent = request("POST", ORGANIZATIONS, authorization, JSON, framing)
    with connected(server, sent + b"3e7\r\n{"):
        wait_until_it_is_read()
        stop_within_a_moment(server)
    server.verify()


def test_with_a_client_that_does_not_read_its_answer(server: MockServer) -> None:
    """Megabytes are more than the system keeps for it, so that the server waits for it."""
    with connected(server, request("GET", "/_mock/contract") * 60):
        wait_until_it_is_read()
        stop_within_a_moment(server)
    gc.collect()  # an unclosed socket fails this test and not another


def test_with_requests_that_hang(server: MockServer) -> None:
    fault = server.control.arm_fault(
        {"operation": "authenticate", "effect": {"kind": "delay", "seconds": 60}}
    )
    sent = request("POST", "/api/v0/auth", JSON, body=b'{"api_key":"a","api_secret":"b"}')
    with connected(server, sent), connected(server, sent):
        deadline = time.monotonic() + 10
        while hits(server, fault["id"]) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        stop_within_a_moment(server)
    server.verify()


def hits(server: MockServer, fault_id: str) -> int:
    return next(one["hits"] for one in server.control.faults() if one["id"] == fault_id)


def wait_until_it_is_read() -> None:
    """Give the server's loop time for what arrived; the tests hold too if it was not enough."""
    time.sleep(0.05)


def test_a_client_gets_no_answer_after_the_stop(server: MockServer) -> None:
    with connected(server, request("GET", "/_mock/health")) as connection:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        server.stop()
        try:
            connection.sendall(request("GET", "/_mock/health"))
            assert connection.recv(12) == b""
        except (BrokenPipeError, ConnectionResetError):
            pass
