import logging
import socket
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.server.config import LoopKind
from server.target import Target, authenticate


@pytest.fixture(
    params=[
        LoopKind.ASYNCIO,
        pytest.param(
            LoopKind.UVLOOP,
            marks=pytest.mark.skipif(find_spec("uvloop") is None, reason="uvloop is not installed"),
        ),
    ]
)
def loop_kind(request: pytest.FixtureRequest) -> LoopKind:
    """Each event loop that a server may run on."""
    kind: LoopKind = request.param
    return kind


@pytest.fixture(scope="session")
def battered_server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def target(
    battered_server: MockServer,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Target]:
    """A server that must come out as it went in: same rows, no defect, no traceback, alive."""
    battered_server.reset()
    target = Target(battered_server, authenticate(battered_server))
    before = target.state()
    with caplog.at_level(logging.DEBUG):
        yield target
    assert target.get("/_mock/health").json()["status"] == "ok"
    assert target.state() == before
    battered_server.verify()
    assert not [exchange for exchange in battered_server.journal if exchange.status >= 500]
    assert not [record for record in caplog.records if record.exc_info], caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert target.token not in caplog.text
    assert "Traceback" not in capfd.readouterr().err


@pytest.fixture
def occupied_port() -> Iterator[int]:
    """A port of 127.0.0.1 on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        yield somebody.getsockname()[1]
