"""Looks and changes from other threads: at once where the server is at rest, else in its own."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.shapes import FaultEffect
from fiskaly_mockserver.server.errors import ServerError
from server.raw_http import request, talk
from server.target import authenticate

JSON = "Content-Type: application/json"
BAKERY = b'{"name":"Bakery","address_line1":"-","zip":"1","town":"-","country_code":"AUT"}'
LIST = request("GET", "/api/v0/organizations", "Authorization: Bearer a.b.c")
DELAY: FaultEffect = {"kind": "delay", "seconds": 30}
SECONDS = 30


def wait_until_under_way(server: MockServer) -> None:
    until = time.monotonic() + SECONDS
    while not server.in_flight.under_way and time.monotonic() < until:
        time.sleep(0.001)
    assert server.in_flight.under_way == 1


def test_a_server_at_rest_is_looked_at_in_the_callers_thread() -> None:
    with MockServer() as server:
        authenticate(server)
        here = threading.current_thread()
        assert server.read_journal(lambda _: threading.current_thread()) is here


def test_while_a_request_is_answered_it_is_looked_at_in_its_own_thread() -> None:
    with MockServer() as server:
        server.control.arm_fault({"operation": "listOrganizations", "effect": DELAY})
        token = authenticate(server)
        sent = request("GET", "/api/v0/organizations", f"Authorization: Bearer {token}")
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(sent)
            wait_until_under_way(server)
            assert server.read_journal(lambda _: threading.current_thread()) is server._thread
            with pytest.raises(ZeroDivisionError):
                server.read_journal(lambda journal: 1 // (len(journal) - 1))
            server.settle(0)


def test_a_request_waits_for_whoever_looks() -> None:
    with MockServer() as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as connection:

            def look(journal: object) -> int:
                connection.sendall(LIST)
                wait_until_under_way(server)
                return len(server.journal)

            assert server.read_journal(look) == 0
            assert connection.recv(12) == b"HTTP/1.1 401"
        assert len(server.journal) == 1


def test_whoever_looks_cannot_ask_what_is_answered_later() -> None:
    with MockServer() as server:
        with pytest.raises(ServerError, match="would wait for itself"):
            server.read_journal(lambda _: server.control.clock())
        assert server.control.clock()["frozen"] is False


def test_requests_and_resets_at_the_same_time_do_no_harm() -> None:
    with MockServer() as server:
        key, before = server.tree.main.api_key, server.control.export_state()["organizations"]
        created = threading.Semaphore(0)

        def create(_: int) -> int:
            head = f"Authorization: Bearer {server.token_for(key)}"
            [made] = talk(
                server.port, request("POST", "/api/v0/organizations", head, JSON, body=BAKERY)
            )
            created.release()
            return made.status

        with ThreadPoolExecutor(3) as pool:
            answers = pool.map(create, range(60))
            for _ in range(60):
                assert created.acquire(timeout=SECONDS)
                server.reset()
        assert set(answers) <= {200, 503}
        server.verify()
        server.reset()
        assert server.control.export_state()["organizations"] == before
