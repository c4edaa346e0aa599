"""Python's garbage collector, while many objects are made that all stay."""

import gc
from collections.abc import Iterator

import pytest
from fiskaly_mockserver.world.garbage import MANY, collector_at_rest


class Ring:
    """An object that only the collector can let go of."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def frozen() -> None:
    gc.freeze()


@pytest.fixture
def unfrozen() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.freeze()


def test_it_is_off_meanwhile_and_on_afterwards() -> None:
    with collector_at_rest():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_whoever_switched_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        with collector_at_rest():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_process_that_froze_its_start_never_looks_through_what_was_made(frozen: None) -> None:
    with collector_at_rest():
        made = [[one] for one in range(2 * MANY)]
    assert gc.is_tracked(made)
    assert not any(one is made for one in gc.get_objects())


def test_elsewhere_it_stays_in_sight(unfrozen: None) -> None:
    with collector_at_rest():
        made = [[one] for one in range(2 * MANY)]
    assert any(one is made for one in gc.get_objects())


def test_a_little_stays_in_sight_and_nobody_counts_what_is_frozen(
    frozen: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(gc, "get_freeze_count")  # it would go through all of it
    with collector_at_rest():
        made = [[one] for one in range(100)]
    assert any(one is made for one in gc.get_objects())


def test_garbage_from_before_is_let_go_of_and_not_frozen(frozen: None) -> None:
    marker = Ring
    before = sum(isinstance(one, marker) for one in gc.get_objects())
    for _ in range(10):
        Ring()
    with collector_at_rest():
        assert sum(isinstance(one, marker) for one in gc.get_objects()) == before
