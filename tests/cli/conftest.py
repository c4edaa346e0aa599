import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import SystemRandom
from typing import Any

import pytest
from cli.callers import Outcome, run_verb
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.server.mock_server import MockServer

Verb = Callable[..., Outcome]
BELOW_EPHEMERAL = (20_000, 30_000)


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the verbs' own variables nor a proxy of whoever runs the tests matter."""
    for name in list(os.environ):
        if name.startswith("FISKALY_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(scope="session")
def one_server() -> Iterator[MockServer]:
    with MockServer(ServerConfig(port=0, preset="single")) as server:
        yield server


@pytest.fixture
def server(one_server: MockServer) -> MockServer:
    """A server as it was seeded, without any sandbox."""
    one_server.reset()
    return one_server


@pytest.fixture
def verb(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> Verb:
    """Run a verb on the server; its address comes from the variable."""
    monkeypatch.setenv("FISKALY_MOCK_URL", server.base_url)
    return run_verb


@pytest.fixture(scope="session")
def empty_server() -> Iterator[MockServer]:
    """A server without organizations that asks for a control token."""
    with MockServer(ServerConfig(port=0, preset="empty", control_token="example-token")) as server:
        yield server


@pytest.fixture(scope="session")
def uncontrolled_server() -> Iterator[MockServer]:
    """A server that refuses every control call."""
    with MockServer(ServerConfig(port=0, preset="empty", control=False)) as server:
        yield server


@pytest.fixture
def unused_port() -> int:
    """A port for a server to come, below those that the system gives to others meanwhile."""
    while True:
        port = SystemRandom().randrange(*BELOW_EPHEMERAL)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nobody listens, and nobody can meanwhile."""
    with socket.socket() as keeper:
        keeper.bind(("127.0.0.1", 0))
        yield keeper.getsockname()[1]


@pytest.fixture
def occupied_port() -> Iterator[int]:
    """A port of 127.0.0.1 on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        yield somebody.getsockname()[1]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Addresses of names, in place of what this machine knows."""
    known: dict[str, list[str]] = {"localhost": ["127.0.0.1"]}
    really = socket.getaddrinfo

    def resolve(host: str, port: int, *more: Any, **named: Any) -> list[Any]:
        if host not in known:
            return really(host, port, *more, **named)
        if not known[host]:
            raise socket.gaierror(-2, "Name or service not known")
        return [found for one in known[host] for found in really(one, port, *more, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known
