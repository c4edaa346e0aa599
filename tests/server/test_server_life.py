"""Starting, stopping and asking a MockServer."""

import asyncio
import dataclasses
import socket
import threading
import urllib.request

import fiskaly_mockserver
import pytest
from fiskaly_fixtures import TreeError, generate
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.server.config import ServerSettings
from fiskaly_mockserver.server.errors import CannotListen, ServerError
from fiskaly_mockserver.server.mock_server import IN_PROCESS
from server.raw_http import request, talk
from server.target import JSON, ORGANIZATIONS, authenticate

THREAD = "fiskaly-mockserver"


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == THREAD]


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_settings_may_be_keyword_arguments() -> None:
    with MockServer(preset="single", size=0) as server:
        assert len(server.tree.organizations) == 1
    other = MockServer(ServerConfig(preset="enterprise", seed=7), seed=8)
    assert (other.config.preset, other.config.seed) == ("enterprise", 8)
    with pytest.raises(TreeError, match="did you mean single"):
        MockServer(preset="singel")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="unexpected keyword argument 'prest'"):
        MockServer(prest="single")  # type: ignore[call-arg]
    names = {one.name for one in dataclasses.fields(ServerConfig)}
    assert names == set(ServerSettings.__annotations__)


def test_it_answers_between_start_and_stop() -> None:
    before = threads()
    server = MockServer()
    assert threads() == before
    assert server.start() is server
    port = server.port
    assert server.base_url == f"http://127.0.0.1:{port}/api/v0"
    assert server.control_url == f"http://127.0.0.1:{port}/_mock"
    with urllib.request.urlopen(f"{server.control_url}/health") as answer:
        assert answer.status == 200
    server.stop()
    assert not is_open(port)
    assert threads() == before


def test_it_starts_once() -> None:
    with MockServer() as server, pytest.raises(ServerError, match="runs already"):
        server.start()


def test_it_stops_as_often_as_one_likes() -> None:
    server = MockServer()
    server.stop()
    server.start()
    server.stop()
    server.stop()


def test_it_starts_again_after_it_stopped() -> None:
    server = MockServer()
    with server:
        token = authenticate(server)
    with server:
        sent = request("GET", ORGANIZATIONS, f"Authorization: Bearer {token}")
        [answer] = talk(server.port, sent)
        assert answer.status == 200, "the world lives as long as the object"


def test_its_addresses_are_unknown_while_it_does_not_run() -> None:
    server = MockServer()
    with pytest.raises(ServerError, match="does not run"):
        _ = server.base_url
    with server:
        pass
    with pytest.raises(ServerError, match="does not run"):
        _ = server.port


def test_it_stops_when_the_block_fails() -> None:
    before = threads()
    ports: list[int] = []

    def fail() -> None:
        with MockServer() as server:
            ports.append(server.port)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not is_open(ports[0])
    assert threads() == before


async def test_it_is_an_asynchronous_context_manager_too() -> None:
    async with MockServer() as server:
        port = server.port
        token = await asyncio.to_thread(authenticate, server)
        assert token
    assert not is_open(port)


async def test_it_works_synchronously_inside_a_running_loop() -> None:
    with MockServer() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request("GET", "/_mock/health", "Connection: close"))
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 200 OK")


def test_many_start_and_stop_without_a_trace() -> None:
    before = threads()
    for _ in range(10):
        with MockServer() as server:
            assert is_open(server.port)
    assert threads() == before


def test_a_port_in_use_is_told_with_a_way_out(occupied_port: int) -> None:
    before = threads()
    server = MockServer(ServerConfig(port=occupied_port))
    with pytest.raises(CannotListen, match=f"port {occupied_port} on 127.0.0.1 is in use.* 0 for"):
        server.start()
    assert threads() == before
    with pytest.raises(ServerError, match="does not run"):
        _ = server.port
    server.stop()


def test_it_can_be_started_after_the_port_became_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        server = MockServer(ServerConfig(port=port))
        with pytest.raises(CannotListen):
            server.start()
    with server:
        assert server.port == port


def test_a_port_can_be_used_again_at_once() -> None:
    with MockServer() as first:
        port = first.port
        authenticate(first)
    with MockServer(ServerConfig(port=port)) as second:
        authenticate(second)


def test_an_address_of_another_machine_is_told() -> None:
    before = threads()
    with pytest.raises(CannotListen, match=r"cannot listen on 192\.0\.2\.1 port 0: "):
        MockServer(ServerConfig(host="192.0.2.1", port=0)).start()
    assert threads() == before


def test_an_unknown_preset_fails_before_anything_runs() -> None:
    with pytest.raises(TreeError, match="enterprise"):
        MockServer(ServerConfig(preset="enterprize"))


def test_reset_returns_to_the_tree_and_forgets_the_journal() -> None:
    with MockServer() as server:
        authorization = f"Authorization: Bearer {authenticate(server)}"
        body = b'{"name":"Bakery","address_line1":"-","zip":"1","town":"-","country_code":"AUT"}'
        [made] = talk(server.port, request("POST", ORGANIZATIONS, authorization, JSON, body=body))
        there = request("GET", f"{ORGANIZATIONS}/{made.json()['_id']}", authorization)
        assert talk(server.port, there)[0].status == 200
        assert [exchange.status for exchange in server.journal] == [200, 200, 200]
        server.reset()
        assert [exchange.status for exchange in server.journal] == []
        assert talk(server.port, there)[0].status == 404


def test_the_journal_is_readable_after_the_stop() -> None:
    with MockServer() as server:
        authenticate(server)
    assert [exchange.operation_id for exchange in server.journal] == ["authenticate"]


def test_its_credentials_are_those_of_the_first_main_organization() -> None:
    server = MockServer(ServerConfig(port=0, preset="enterprise", seed=42))
    keys = {key.key: key for key in server.spec.organizations[0].api_keys}
    assert keys[server.credentials.key].env == server.credentials.env == "TEST"
    assert server.credentials.secret not in repr(server.credentials)


def test_a_tree_without_keys_has_no_credentials() -> None:
    with (
        MockServer(ServerConfig(port=0, preset="empty")) as server,
        pytest.raises(ServerError, match="'empty' has no enabled API key"),
    ):
        _ = server.credentials


def test_it_serves_the_tree_that_it_is_given() -> None:
    tree = generate("single", seed=9)
    with MockServer(tree=tree) as server:
        assert server.spec is tree
        authenticate(server)


def test_the_default_configuration_is_that_of_the_command_on_a_free_port() -> None:
    assert ServerConfig(port=0) == IN_PROCESS


def test_a_listener_in_the_servers_own_thread_may_ask_the_server() -> None:
    """It is called by the thread that would have to answer: that must not wait for itself."""
    seen: list[int] = []
    server = MockServer(
        ServerConfig(port=0, on_exchange=lambda _: seen.append(len(server.journal)))
    )
    with server:
        authenticate(server)
    assert seen == [1]


def test_the_package_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = fiskaly_mockserver.Nothing
