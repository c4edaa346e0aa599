"""Addresses, and what is said of those that cannot be listened on."""

import errno
import socket

import pytest
from fiskaly_fixtures import generate_from
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.server.compose import compose
from fiskaly_mockserver.server.errors import CannotListen
from fiskaly_mockserver.server.listening import listen
from fiskaly_mockserver.web.service import Service
from server.raw_http import request, talk


def ipv6_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def service() -> Service:
    config = ServerConfig(preset="empty")
    return compose(config, generate_from(config))


async def test_a_free_port_is_picked_and_known(service: Service) -> None:
    listening = await listen(service, "127.0.0.1", 0)
    try:
        assert listening.port > 0
        assert listening.origin == f"http://127.0.0.1:{listening.port}"
        assert listening.base_url == f"{listening.origin}/api/v0"
        assert listening.control_url == f"{listening.origin}/_mock"
    finally:
        await listening.close()


@pytest.mark.skipif(not ipv6_loopback(), reason="this machine has no IPv6 loopback address")
def test_an_ipv6_address_stands_in_brackets() -> None:
    with MockServer(ServerConfig(host="::1", port=0)) as server:
        assert server.base_url == f"http://[::1]:{server.port}/api/v0"
        sent = request("GET", "/_mock/contract", f"Host: [::1]:{server.port}")
        [answer] = talk(server.port, sent, host="::1")
        assert answer.json()["servers"][0]["url"] == server.base_url


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("0.0.0.0", "127.0.0.1"),
        pytest.param(
            "::",
            "[::1]",
            marks=pytest.mark.skipif(not ipv6_loopback(), reason="this machine has no IPv6"),
        ),
    ],
)
async def test_an_address_that_stands_for_all_is_shown_as_one_that_can_be_opened(
    service: Service, host: str, shown: str
) -> None:
    listening = await listen(service, host, 0)
    try:
        assert listening.origin == f"http://{shown}:{listening.port}"
    finally:
        await listening.close()


def test_no_address_is_not_all_of_them() -> None:
    with pytest.raises(ValueError, match="host is empty"):
        ServerConfig(host="")


async def test_a_port_in_use_is_told(service: Service, occupied_port: int) -> None:
    with pytest.raises(CannotListen) as told:
        await listen(service, "127.0.0.1", occupied_port)
    assert str(told.value) == (
        f"port {occupied_port} on 127.0.0.1 is in use: choose another port, or 0 for a free one"
    )
    assert isinstance(told.value.__cause__, OSError)
    assert told.value.__cause__.errno == errno.EADDRINUSE


async def test_a_foreign_address_is_told_with_the_systems_reason(service: Service) -> None:
    with pytest.raises(CannotListen, match=r"^cannot listen on 192\.0\.2\.1 port 0: \w"):
        await listen(service, "192.0.2.1", 0)


async def test_nothing_is_left_of_a_failed_start(service: Service, occupied_port: int) -> None:
    """Under warnings as errors an unclosed socket or task would fail the run."""
    for _ in range(3):
        with pytest.raises(CannotListen):
            await listen(service, "127.0.0.1", occupied_port)
    listening = await listen(service, "127.0.0.1", 0)
    await listening.close()
