"""A server whose thread is not where it was started, or could not run: one clear error."""

import os
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.server.errors import ServerError

ASKED: dict[str, Callable[[MockServer], object]] = {
    "journal": lambda server: server.journal,
    "control": lambda server: server.control.clock(),
    "reset": lambda server: server.reset(),
    "token": lambda server: server.token_for(server.tree.main),
    "settle": lambda server: server.settle(0.1),
}


def in_a_fork(server: MockServer) -> str:
    """Return what a forked child is told of each question, and that it can be stopped there."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        told = []
        try:
            for name, ask in ASKED.items():
                try:
                    told.append(f"{name}: {ask(server)}")
                except ServerError as error:
                    told.append(f"{name}: {error}")
            server.stop()
            os.write(writer, "\n".join(told).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_gets_an_error_and_leaves_the_server_alone() -> None:
    with MockServer() as server:
        lines = in_a_fork(server).splitlines()
        assert len(lines) == len(ASKED)
        for line in lines:
            assert "runs in the process that this one was forked from" in line
            assert "control_url" in line
        assert server.journal == ()


@pytest.mark.parametrize(
    ("module", "patched"),
    [
        ("gevent.monkey", SimpleNamespace(is_module_patched=lambda name: name == "threading")),
        ("eventlet.patcher", SimpleNamespace(is_monkey_patched=lambda name: name == "thread")),
    ],
)
def test_patched_threads_are_refused_before_anything_waits(
    monkeypatch: pytest.MonkeyPatch, module: str, patched: SimpleNamespace
) -> None:
    monkeypatch.setitem(sys.modules, module, patched)
    with pytest.raises(ServerError, match=r"fiskaly-mockserver exec|--fiskaly-url") as refused:
        MockServer().start()
    assert module.partition(".")[0] in str(refused.value)


def test_unpatched_threads_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    unpatched = SimpleNamespace(is_module_patched=lambda _: False)
    monkeypatch.setitem(sys.modules, "gevent.monkey", unpatched)
    with MockServer() as server:
        assert server.runs
    assert not server.runs
