"""The shape of the house: no import circle, and not too many modules."""

from harness.imports import circles, importers, modules, named

MODULES_AT_MOST = 233
WITH_ONE_IMPORTER_AT_MOST = 40
LINES_AT_MOST = 400


def test_no_two_modules_import_each_other() -> None:
    assert circles({name: module.imports for name, module in modules().items()}) == []


def test_a_circle_would_be_seen() -> None:
    imports = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set[str]()}
    assert circles({name: frozenset(ends) for name, ends in imports.items()}) == [["b", "c"]]


def test_every_import_is_seen() -> None:
    text = """
from __future__ import annotations
import one.two as three
if TYPE_CHECKING:
    from four.five import six, seven
def later():
    from . import eight
    from ..nine import ten
"""
    assert set(named(text, "our.room")) == {
        "__future__.annotations",
        "one.two",
        "four.five.six",
        "four.five.seven",
        "our.room.eight",
        "our.nine.ten",
    }


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    assert [name for name, one in modules().items() if one.lines > LINES_AT_MOST] == []


def test_there_are_few_modules_and_few_that_one_other_alone_imports() -> None:
    known = modules()
    counts = importers()
    lonely = [name for name, module in known.items() if counts[name] == 1 and not module.is_package]
    assert len(known) <= MODULES_AT_MOST
    assert len(lonely) <= WITH_ONE_IMPORTER_AT_MOST, lonely
