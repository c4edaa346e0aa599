"""Whether one JSON value is contained in another, of which parts may be hidden."""

import operator
from collections.abc import Callable, Iterator
from typing import NamedTuple

from fiskaly_contracts import JsonValue
from fiskaly_contracts.json_value import escaped

REDACTED = "[redacted]"
"""Stands in the journal for a secret."""
UNDECLARED = "[undeclared]"
"""Stands in the journal for what the contract does not know."""
OMITTED = "[omitted]"
"""Stands in the journal for what is too long to keep: a value, an array's last element, or
the name of an object's last property."""
TEXT_KEPT = 2_000
"""Characters of a text that the journal keeps."""
MISSING = "nothing: it is missing"
"""What a mismatch shows of a property that is not there."""

_HIDDEN = frozenset({REDACTED, UNDECLARED, OMITTED})


class HiddenField(Exception):
    """A search asks for something that the journal does not keep.

    `pointer` (RFC 6901) leads to it in the body that was searched for.
    """

    def __init__(self, pointer: str) -> None:
        super().__init__(f"the journal does not keep body{pointer}, so it cannot be searched for")
        self.pointer = pointer


class Mismatch(NamedTuple):
    """One place at which a value of the journal does not have what is looked for.

    Attributes:
        pointer: JSON pointer (RFC 6901) to the place in what is looked for.
        wanted: What is looked for there.
        recorded: What the journal has there.
        reason: `MISSING`, or "no such element in" an array; "" where the values differ.
        hidden: Whether the journal does not keep the value, so that nobody can tell.
    """

    pointer: str
    wanted: object
    recorded: JsonValue
    reason: str = ""
    hidden: bool = False


Matcher = Callable[[JsonValue, object], bool | None]
"""Compares a recorded value with one that is no JSON, as a pattern; None where nobody can tell."""


def shortened(text: str, limit: int = TEXT_KEPT) -> str:
    """Return a text of at most `limit` characters, with its whole length where it is cut.

    >>> shortened("abcdef", 3)
    'abc…[6 characters]'
    """
    return text if len(text) <= limit else f"{text[:limit]}…[{len(text)} characters]"


def is_hidden(recorded: JsonValue) -> bool:
    """Tell whether the journal has a placeholder in place of the value itself."""
    return isinstance(recorded, str) and (recorded in _HIDDEN or REDACTED in recorded)


def is_json(wanted: object) -> bool:
    """Tell whether a value is one of JSON itself, and not something that compares with one."""
    return wanted is None or isinstance(wanted, dict | list | str | int | float | bool)


def contains(recorded: JsonValue, wanted: JsonValue) -> bool:
    """Tell whether `wanted` is contained in `recorded`, a value of the journal.

    Raises:
        HiddenField: It hangs on something that is hidden, all else being contained.

    >>> contains({"a": [1, {"b": 2, "c": 3}]}, {"a": [{"b": 2}]})
    True
    """
    found = mismatches(recorded, wanted)
    if found and all(one.hidden for one in found):
        raise HiddenField(found[0].pointer)
    return not found


def mismatches(
    recorded: JsonValue,
    wanted: object,
    match: Matcher = operator.eq,
) -> list[Mismatch]:
    """Return what of `wanted` is not contained in `recorded`, a value of the journal.

    Objects are contained if each of their properties is; arrays if each of their elements
    is, in the same order, others in between; all else if equal: `1` is `1.0` but not `true`.
    A text that was shortened compares by its beginning and length. What is no JSON is
    compared by `match`.

    >>> mismatches({"a": [1, 2]}, {"a": [2], "b": 0})
    [Mismatch(pointer='/b', wanted=0, recorded=None, reason='nothing: it is missing', hidden=False)]
    """
    return _compare(recorded, wanted, "", match)


def _compare(recorded: JsonValue, wanted: object, pointer: str, match: Matcher) -> list[Mismatch]:
    if not is_json(wanted):
        fits = match(recorded, wanted)
        return [] if fits else [Mismatch(pointer, wanted, recorded, hidden=fits is None)]
    if is_hidden(recorded) and recorded != wanted:
        return [Mismatch(pointer, wanted, recorded, hidden=True)]
    if isinstance(wanted, dict) and isinstance(recorded, dict):
        return [*_object(recorded, wanted, pointer, match)]
    if isinstance(wanted, list) and isinstance(recorded, list):
        return _array(recorded, wanted, pointer, match)
    return [] if _equal(recorded, wanted) else [Mismatch(pointer, wanted, recorded)]


def _equal(recorded: JsonValue, wanted: object) -> bool:
    if isinstance(wanted, str):
        return recorded in (wanted, shortened(wanted))
    return isinstance(recorded, bool) is isinstance(wanted, bool) and recorded == wanted


def _object(
    recorded: dict[str, JsonValue], wanted: dict[str, object], pointer: str, match: Matcher
) -> Iterator[Mismatch]:
    for name, value in wanted.items():
        place = f"{pointer}/{escaped(name)}"
        if name in recorded:
            yield from _compare(recorded[name], value, place, match)
        else:
            yield Mismatch(place, value, None, MISSING, hidden=OMITTED in recorded)


def _array(
    recorded: list[JsonValue], wanted: list[object], pointer: str, match: Matcher
) -> list[Mismatch]:
    """Look for elements that surely fit before any that only may."""
    cut = recorded[-1:] == [OMITTED]
    shown = recorded[:-1] if cut else recorded
    at, hidden = 0, list[Mismatch]()
    for may_be_hidden in (False, True):
        at, hidden = _in_order(shown, wanted, pointer, match, may_be_hidden=may_be_hidden)
        if at == len(wanted):
            return hidden
    if cut:
        rest = enumerate(wanted[at:], at)
        hidden += [Mismatch(f"{pointer}/{i}", one, OMITTED, hidden=True) for i, one in rest]
        return hidden
    if len(shown) == len(wanted):
        pairs = enumerate(zip(shown, wanted, strict=True))
        return [one for i, pair in pairs for one in _compare(*pair, f"{pointer}/{i}", match)]
    return [Mismatch(f"{pointer}/{at}", wanted[at], recorded, "no such element in")]


def _in_order(
    recorded: list[JsonValue],
    wanted: list[object],
    pointer: str,
    match: Matcher,
    *,
    may_be_hidden: bool,
) -> tuple[int, list[Mismatch]]:
    """Return how many elements are found, and what of those is hidden."""
    rest, hidden = iter(recorded), list[Mismatch]()
    for at, value in enumerate(wanted):
        for candidate in rest:
            found = _compare(candidate, value, f"{pointer}/{at}", match)
            if not found or (may_be_hidden and all(one.hidden for one in found)):
                hidden += found
                break
        else:
            return at, hidden
    return len(wanted), hidden
