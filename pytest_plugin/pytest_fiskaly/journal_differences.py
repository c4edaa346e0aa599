"""What keeps a call of the journal from being the one that is looked for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from fiskaly_contracts import JsonValue
from fiskaly_mockserver.world.journal.containment import (
    OMITTED,
    REDACTED,
    TEXT_KEPT,
    UNDECLARED,
    shortened,
)

from pytest_fiskaly.journal_values import is_anything, is_json, shown

_HIDDEN = frozenset({REDACTED, UNDECLARED, OMITTED})
_MISSING = "nothing: it is missing"


@dataclass(frozen=True, slots=True)
class Difference:
    """One place at which a call is not what is looked for.

    Attributes:
        place: Where, as `status`, `query/limit` or, by JSON pointer, `body/metadata/shop`.
        expected: What is looked for, in words without secrets.
        got: What the call has.
        weight: How many single values are looked for there.
        hidden: Whether the journal does not keep the value, so that nobody can tell.
    """

    place: str
    expected: str
    got: str
    weight: int = 1
    hidden: bool = False


def differences(kept: JsonValue, wanted: object, place: str) -> list[Difference]:
    """Return what of `wanted` is not contained in `kept`, a value of the journal.

    JSON is contained as `world.journal.containment.contains` has it, so that a test
    and the control API give the same answer. Beside that a wanted value may be a compiled
    pattern, which is searched for in a text, or anything else that compares with `==`, as
    `unittest.mock.ANY` or `pytest.approx`.

    >>> differences({"name": "till-1"}, {"name": "till-2"}, "body")[0].place
    'body/name'
    """
    if is_anything(wanted):
        return []
    if isinstance(kept, str) and kept != wanted and (kept in _HIDDEN or REDACTED in kept):
        return [_difference(place, wanted, kept, hidden=True)]
    if isinstance(wanted, dict) and isinstance(kept, dict):
        return [*_of_object(kept, wanted, place)]
    if isinstance(wanted, list) and isinstance(kept, list):
        return _of_array(kept, wanted, place)
    if _equal(kept, wanted):
        return []
    cut = isinstance(kept, str) and len(kept) > TEXT_KEPT and not is_json(wanted)
    return [_difference(place, wanted, shown(kept), hidden=cut)]


def weight(wanted: object) -> int:
    """Return how many single values a wanted value has."""
    match wanted:
        case dict():
            return sum(map(weight, wanted.values())) or 1
        case list():
            return sum(map(weight, wanted)) or 1
        case _:
            return 1


def _difference(place: str, wanted: object, got: str, *, hidden: bool = False) -> Difference:
    return Difference(place, shown(wanted), got, weight(wanted), hidden)


def _equal(kept: JsonValue, wanted: object) -> bool:
    match wanted:
        case dict() | list():
            return False
        case str():
            return kept in (wanted, shortened(wanted))
        case re.Pattern():
            return isinstance(kept, str) and wanted.search(kept) is not None
        case _:
            alike = isinstance(kept, bool) is isinstance(wanted, bool)
            return (alike or not is_json(wanted)) and bool(kept == wanted)


def _of_object(
    kept: dict[str, JsonValue], wanted: dict[str, object], place: str
) -> Iterator[Difference]:
    for name, value in wanted.items():
        there = f"{place}/{name.replace('~', '~0').replace('/', '~1')}"
        if name in kept:
            yield from differences(kept[name], value, there)
        else:
            yield _difference(there, value, _MISSING, hidden=OMITTED in kept)


def _of_array(kept: list[JsonValue], wanted: list[object], place: str) -> list[Difference]:
    """Look for elements that surely fit before any that only may."""
    cut = kept[-1:] == [OMITTED]
    found = kept[:-1] if cut else kept
    for may_be_hidden in (False, True):
        missed, hidden = _in_order(found, wanted, place, may_be_hidden=may_be_hidden)
        if missed is None:
            return hidden
        if cut and may_be_hidden:
            lost = enumerate(wanted[missed:], missed)
            return hidden + [
                _difference(f"{place}/{at}", value, OMITTED, hidden=True) for at, value in lost
            ]
    if len(found) == len(wanted):
        pairs = enumerate(zip(found, wanted, strict=True))
        return [one for at, pair in pairs for one in differences(*pair, f"{place}/{at}")]
    first, _ = _in_order(found, wanted, place, may_be_hidden=True)
    at = cast("int", first)
    return [_difference(f"{place}/{at}", wanted[at], f"no such element in {shown(kept)}")]


def _in_order(
    kept: list[JsonValue], wanted: list[object], place: str, *, may_be_hidden: bool
) -> tuple[int | None, list[Difference]]:
    """Return the index of the first element that is not found, and what is uncertain till then."""
    rest, hidden = iter(kept), list[Difference]()
    for at, value in enumerate(wanted):
        for candidate in rest:
            unlike = differences(candidate, value, f"{place}/{at}")
            if not unlike or (may_be_hidden and all(one.hidden for one in unlike)):
                hidden += unlike
                break
        else:
            return at, hidden
    return None, hidden
