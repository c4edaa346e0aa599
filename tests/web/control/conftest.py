from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fiskaly_contracts import Checker, Contract
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.control.client import Control
from web.control.transports import TRANSPORTS, Checked
from web.control.wire import Shop, Wire

START = ServerConfig(port=0)
Serve = Callable[..., MockServer]


@pytest.fixture(scope="session")
def shared_server() -> Iterator[MockServer]:
    with MockServer(START) as server:
        yield server


@pytest.fixture
def server(shared_server: MockServer) -> Iterator[MockServer]:
    """A server as if it had just started; whatever a test does to it, it must stay right."""
    control = shared_server.control
    control.seed(START.preset, seed=START.seed, size=START.size, country=START.country)
    for sandbox in control.sandboxes()["sandboxes"]:
        control.drop_sandbox(str(sandbox["name"]))
    yield shared_server
    shared_server.verify()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server with settings of its own."""
    with ExitStack() as stack:

        def start(**settings: Any) -> MockServer:
            config = ServerConfig(**{"port": 0, **settings})
            return stack.enter_context(MockServer(config))

        yield start


@pytest.fixture(scope="session")
def control_checker() -> Checker:
    return Checker(Contract.control())


@pytest.fixture(params=list(TRANSPORTS))
def control(
    request: pytest.FixtureRequest, server: MockServer, control_checker: Checker
) -> Control:
    """The control of the server, in process and over HTTP."""
    return Control(Checked(TRANSPORTS[request.param](server), control_checker))


@pytest.fixture
def wire(server: MockServer) -> Wire:
    return Wire(server.port)


@pytest.fixture
def shop(server: MockServer) -> Shop:
    """A client that is authenticated as the first main organization."""
    key = server.credentials
    return Shop.of(server).open({"key": key.key, "secret": key.secret})
