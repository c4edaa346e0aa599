"""Seeding takes a while, in which others may do something to the same world."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, current_thread
from typing import Any

import pytest
from fiskaly_fixtures import OrganizationTree, TreeArguments, generate_from
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.client import Control, ControlRefused
from fiskaly_mockserver.web.control import state
from fiskaly_mockserver.world.seeding import Seeded

SLOW, QUICK = 7, 8
PATIENCE = 60.0


class Growth:
    """Trees of the seed `SLOW` grow until they are told to be done."""

    def __init__(self) -> None:
        self.begun, self.may_end = Event(), Event()

    def generate(self, arguments: TreeArguments) -> OrganizationTree:
        if arguments.seed == SLOW:
            self.begun.set()
            assert self.may_end.wait(PATIENCE)
        return generate_from(arguments)

    def meanwhile(self, control: Control, action: Callable[[], object]) -> "Future[Any]":
        """Do something while a slow tree grows; the future is the slow call's."""
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(control.seed, "single", seed=SLOW)
            try:
                assert self.begun.wait(PATIENCE)
                action()
            finally:
                self.may_end.set()
        return slow


@pytest.fixture
def growth(monkeypatch: pytest.MonkeyPatch) -> Iterator[Growth]:
    growth = Growth()
    monkeypatch.setattr(state, "generate_from", growth.generate)
    yield growth
    growth.may_end.set()


def test_the_later_of_two_seeds_stays(control: Control, growth: Growth) -> None:
    slow = growth.meanwhile(control, lambda: control.seed("single", seed=QUICK))
    with pytest.raises(ControlRefused, match="meanwhile"):
        slow.result()
    assert control.tree()["seed"] == QUICK


def test_a_reset_is_not_undone_by_an_earlier_seed(control: Control, growth: Growth) -> None:
    before = control.tree()
    slow = growth.meanwhile(control, control.reset)
    with pytest.raises(ControlRefused, match="meanwhile"):
        slow.result()
    assert control.tree() == before


def test_an_import_is_not_undone_by_an_earlier_seed(control: Control, growth: Growth) -> None:
    exported = control.export_state()
    slow = growth.meanwhile(control, lambda: control.import_state(exported))
    with pytest.raises(ControlRefused, match="meanwhile"):
        slow.result()
    assert control.export_state()["organizations"] == exported["organizations"]


def test_nobody_is_told_of_a_tree_in_a_sandbox_that_is_gone(
    control: Control, growth: Growth
) -> None:
    slow = growth.meanwhile(control.sandbox("box"), lambda: control.drop_sandbox("box"))
    with pytest.raises(ControlRefused, match="meanwhile"):
        slow.result()


def test_what_only_changes_rows_does_not_stop_a_seed(
    control: Control, server: MockServer, growth: Growth
) -> None:
    slow = growth.meanwhile(control, lambda: control.save_snapshot("kept"))
    assert slow.result()["seed"] == SLOW
    assert server.tree.seed == SLOW


def test_a_tree_is_told_of_beside_the_loop_too(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    as_json = Seeded.as_json

    def noting(self: Seeded) -> dict[str, Any]:
        threads.append(current_thread().name)
        return as_json(self)

    monkeypatch.setattr(Seeded, "as_json", noting)
    told = control.seed("single", seed=QUICK)
    assert len(threads) == 1
    assert threads[0] != "fiskaly-mockserver"
    assert control.tree() == told
