"""What takes long of a control call is done beside the loop, which serves others meanwhile."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from threading import current_thread
from typing import Any

import pytest
from fiskaly_contracts import body
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.client import Control, ControlRefused
from fiskaly_mockserver.web.api import CHUNKS_AT_A_TIME, Download
from fiskaly_mockserver.web.control import dispatch, journal, state
from fiskaly_mockserver.world.export.export import export_world
from fiskaly_mockserver.world.journal.exchange import Exchange
from web.control.wire import Wire

LOOP = "fiskaly-mockserver"


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str], list[str]]:
    """Note in which threads a function of a module is called."""

    def note(module: Any, name: str) -> list[str]:
        threads: list[str] = []
        original = getattr(module, name)

        def noting(*arguments: Any) -> Any:
            threads.append(current_thread().name)
            return original(*arguments)

        monkeypatch.setattr(module, name, noting)
        return threads

    return note


def test_an_import_is_tried_out_beside_the_loop(
    control: Control, noted: Callable[[Any, str], list[str]]
) -> None:
    exported = control.export_state()
    threads = noted(state, "import_world")
    control.import_state(exported)
    assert len(threads) == 1
    assert threads[0] != LOOP


@pytest.mark.parametrize("many", [True, False])
def test_only_a_large_world_is_read_beside_the_loop(
    control: Control,
    noted: Callable[[Any, str], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    *,
    many: bool,
) -> None:
    monkeypatch.setattr(state, "MANY", 1 if many else 500)
    exported, read = noted(state, "export_world"), noted(state, "_tree_of")
    before = control.export_state()
    tree = control.tree()
    assert (exported != [LOOP], read != [LOOP]) == (many, many)
    assert control.export_state()["organizations"] == before["organizations"]
    assert control.tree() == tree


@pytest.mark.parametrize("many", [True, False])
def test_only_a_long_answer_is_written_beside_the_loop_and_it_reads_the_same(
    control: Control,
    noted: Callable[[Any, str], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    wire: Wire,
    *,
    many: bool,
) -> None:
    monkeypatch.setattr(dispatch, "MANY", 1 if many else 500)
    control.freeze_clock()
    written = noted(dispatch, "to_bytes")
    answer = wire.ask("GET", "/_mock/state")
    assert answer.body == control.export_state()
    assert bool(written) == many
    assert LOOP not in written


@pytest.mark.parametrize("size", [10, dispatch.LARGE + 1])
def test_only_a_large_body_is_checked_beside_the_loop(
    server: MockServer, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    threads: list[str] = []
    check = dispatch.Dispatcher._check

    def noting(self: dispatch.Dispatcher, asked: dispatch.Asked) -> Any:
        threads.append(current_thread().name)
        return check(self, asked)

    monkeypatch.setattr(dispatch.Dispatcher, "_check", noting)
    with pytest.raises(ControlRefused, match="name"):
        server.control.save_snapshot("x" * size + " ")
    assert (threads[0] == LOOP) == (size == 10)


def test_a_large_body_is_looked_through_piece_by_piece(
    server: MockServer, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is taken and refused as one that is looked through in one go."""
    exported = server._call(lambda: export_world(server._service.world))
    for large in (10, 10_000_000):
        monkeypatch.setattr(body, "LARGE", large)
        assert wire.ask("PUT", "/_mock/state", exported).status == 200
        deep = json.dumps({"organizations": []}).encode().replace(b"[]", b"[" * 70 + b"]" * 70)
        refused = wire.ask("PUT", "/_mock/state", data=deep)
        assert (refused.status, "deep" in refused.body["message"]) == (400, True)


async def turns(work: Awaitable[object]) -> int:
    """Return how often others had their turn before some work was done."""
    done, taken = asyncio.ensure_future(work), 0
    while not done.done():
        await asyncio.sleep(0)
        taken += 1
    await done
    return taken


async def test_others_have_their_turn_after_each_exchange_that_is_read() -> None:
    exchanges = [Exchange(request_id=str(n), at=0, method="GET", path="/") for n in range(50)]
    assert await turns(journal._as_json(exchanges)) >= 50


async def test_others_have_their_turn_while_a_file_is_made() -> None:
    pieces = [bytes([n]) for n in range(5 * CHUNKS_AT_A_TIME)]
    assert 5 <= await turns(Download("application/x-tar", iter(pieces)).read()) < 10
    assert await Download("application/x-tar", pieces).read() == b"".join(pieces)
