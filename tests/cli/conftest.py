import os
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from fiskaly_mockserver.cli import main


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run of the command ended."""

    code: int
    out: str
    err: str


Invoke = Callable[..., Outcome]


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Invoke:
    """Run the command in this process, exit codes and error texts included."""
    for name in list(os.environ):
        if name.startswith("FISKALY_"):
            monkeypatch.delenv(name)

    def run(*flags: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["fiskaly-mockserver", *flags])
        with pytest.raises(SystemExit) as left:
            main()
        code = left.value.code
        assert isinstance(code, int)
        output = capfd.readouterr()
        return Outcome(code, output.out, output.err)

    return run


@pytest.fixture
def occupied_port() -> Iterator[int]:
    """A port of 127.0.0.1 on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        yield somebody.getsockname()[1]
