"""A server that starts over: with another tree, the same ids, at another time, and in quiet."""

import socket
import threading
import time

import pytest
from fiskaly_fixtures import TreeError, generate
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.control.shapes import FaultEffect
from fiskaly_mockserver.server.config import StartValues
from fiskaly_mockserver.server.trees import MOST_TREES, TreeCache
from server.raw_http import request, talk
from server.target import authenticate

JSON = "Content-Type: application/json"
BAKERY = b'{"name":"Bakery","address_line1":"-","zip":"1","town":"-","country_code":"AUT"}'


def create(server: MockServer) -> str:
    head = f"Authorization: Bearer {authenticate(server)}"
    [made] = talk(server.port, request("POST", "/api/v0/organizations", head, JSON, body=BAKERY))
    assert made.status == 200
    return str(made.json()["_id"])


def test_ids_are_foreseeable_if_asked_for() -> None:
    with MockServer() as one, MockServer() as other:
        for server in (one, other):
            server.begin(StartValues(ids_from="test_one[1]"))
        assert create(one) == create(other)
        one.begin(StartValues(ids_from="test_one[2]"))
        other.begin()
        assert len({create(one), create(other), create(one)}) == 3
        one.begin(StartValues(ids_from="test_one[2]"))
        first = create(one)
        one.reset()
        assert create(one) != first


def test_the_time_can_be_any_and_stands_still() -> None:
    with MockServer() as server:
        server.begin(StartValues(at=86_400.0))
        assert server.control.clock()["now"] == 86_400.0
        authenticate(server)
        assert server.control.clock()["now"] == 86_400.0
        server.control.resume_clock()
        assert 86_400.0 < server.control.clock()["now"] < 86_460.0
        server.begin()
        assert abs(server.control.clock()["now"] - time.time()) < 60


def test_another_tree_is_made_once_and_left_again() -> None:
    with MockServer() as server:
        own = server.tree
        server.begin(StartValues(preset="enterprise", size=3))
        enterprise = server.tree
        assert (enterprise.preset, len(enterprise.managed)) == ("enterprise", 3)
        server.reset()
        assert server.tree is own
        server.begin(StartValues(preset="enterprise", size=3))
        assert server.tree is enterprise
        with pytest.raises(TreeError, match="did you mean enterprise"):
            server.begin(StartValues(preset="enterprize"))
        assert server.tree is enterprise


def test_a_tree_that_was_given_is_the_own_one() -> None:
    tree = generate("single", seed=5)
    with MockServer(tree=tree) as server:
        server.begin(StartValues(preset="individual-customers"))
        assert len(server.tree.organizations) == 6
        server.reset()
        assert server.spec is tree
        assert server.tree.seed == 5


def test_a_trees_keeps_the_latest_trees() -> None:
    trees = TreeCache()
    first = trees.get(ServerConfig(preset="single", seed=0), started_at=0)
    for seed in range(1, MOST_TREES):
        trees.get(ServerConfig(preset="single", seed=seed), started_at=0)
    assert trees.get(ServerConfig(preset="single", seed=0), started_at=0) is first
    trees.get(ServerConfig(preset="single", seed=MOST_TREES), started_at=0)
    assert trees.get(ServerConfig(preset="single", seed=0), started_at=0) is first


def test_the_age_of_an_invitation_counts_back_from_the_start() -> None:
    planting = TreeCache().get(ServerConfig(preset="kitchen-sink"), started_at=1_000_000)
    early = planting.baseline_at(1_000_000).memberships.rows
    late = planting.baseline_at(2_000_000).memberships.rows
    shifts = {
        late[key].pending_until - row.pending_until
        for key, row in early.items()
        if row.pending_until is not None
    }
    assert shifts == {1_000_000}
    assert planting.baseline_at(2_000_000).organizations is planting.baseline.organizations


DELAY: FaultEffect = {"kind": "delay", "seconds": 30}


def hold_up(server: MockServer) -> socket.socket:
    """Send a request that a fault holds up, and return its connection."""
    server.control.arm_fault({"operation": "authenticate", "effect": DELAY})
    key = server.credentials
    body = f'{{"api_key":"{key.key}","api_secret":"{key.secret}"}}'.encode()
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(request("POST", "/api/v0/auth", JSON, body=body))
    until = time.monotonic() + 5
    while not server.in_flight.under_way and time.monotonic() < until:
        time.sleep(0.001)
    assert server.in_flight.under_way == 1
    return connection


def test_what_takes_too_long_is_broken_off() -> None:
    with MockServer() as server, hold_up(server) as connection:
        began = time.monotonic()
        assert server.settle(0.2) == 1
        assert 0.15 < time.monotonic() - began < 2
        assert server.in_flight.under_way == 0
        assert connection.recv(100) == b""
        assert server.settle(0.2) == 0
        server.reset()
        authenticate(server)


def test_a_client_that_has_gone_is_not_waited_for() -> None:
    with MockServer() as server:
        hold_up(server).close()
        began = time.monotonic()
        assert server.settle(5) == 1
        assert time.monotonic() - began < 1


def test_what_ends_in_time_is_waited_for() -> None:
    with MockServer() as server:
        delay: FaultEffect = {"kind": "delay", "seconds": 0.1}
        server.control.arm_fault({"operation": "authenticate", "effect": delay})
        thread = threading.Thread(target=authenticate, args=(server,))
        thread.start()
        until = time.monotonic() + 5
        while not server.in_flight.under_way and time.monotonic() < until:
            time.sleep(0.001)
        assert server.settle(5) == 0
        assert [one.status for one in server.journal] == [200]
        thread.join()


def test_a_server_that_does_not_run_is_quiet() -> None:
    assert MockServer().settle(1) == 0


def test_requests_belong_to_the_period_in_which_they_began() -> None:
    heard: list[object] = []
    server = MockServer(
        ServerConfig(port=0, on_exchange=lambda _: heard.append(server.in_flight.present_period))
    )
    with server:
        server.in_flight.period = "one"
        authenticate(server)
        server.in_flight.period = "two"
        authenticate(server)
    assert heard == ["one", "two"]
    assert server.in_flight.present_period is None
