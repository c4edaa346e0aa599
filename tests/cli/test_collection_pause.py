"""The cyclic garbage collector while the command loads a verb."""

import gc
import sys
from collections.abc import Iterator
from types import ModuleType

import click
import pytest
from fiskaly_mockserver.cli.verb_groups import LazyVerb

MANY = 10_000


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """Give the other tests of the process back what was taken out of sight."""
    yield
    gc.unfreeze()


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> LazyVerb:
    """A verb whose loading makes many objects that stay."""

    class Module(ModuleType):
        def __getattr__(self, name: str) -> click.Command:
            self.made: list[list[int]] = [[] for _ in range(MANY)]
            return click.Command(name)

    monkeypatch.setitem(sys.modules, "verb_for_test", Module("verb_for_test"))
    return LazyVerb("greet", "verb_for_test", "greet")


def test_what_a_verb_imports_is_not_looked_through_afterwards(verb: LazyVerb) -> None:
    before = gc.get_freeze_count()
    collections = gc.get_stats()[0]["collections"]
    verb.load()
    assert gc.isenabled()
    assert gc.get_freeze_count() - before >= MANY
    assert gc.get_stats()[0]["collections"] - collections <= 1
    assert gc.get_count()[0] < MANY


def test_a_collector_that_was_off_stays_off(verb: LazyVerb) -> None:
    gc.disable()
    try:
        verb.load()
        assert not gc.isenabled()
    finally:
        gc.enable()
