"""Whether one JSON value is contained in another, of which parts may be hidden."""

from collections.abc import Iterator

from fiskaly_contracts import JsonValue

REDACTED = "[redacted]"
"""Stands in the journal for a secret."""
UNDECLARED = "[undeclared]"
"""Stands in the journal for what the contract does not know."""
OMITTED = "[omitted]"
"""Stands in the journal for what is too long to keep: a value, an array's last element, or
the name of an object's last property."""
TEXT_KEPT = 2_000
"""Characters of a text that the journal keeps."""

_HIDDEN = frozenset({REDACTED, UNDECLARED, OMITTED})
_Fit = tuple[str, ...] | None
"""None where it does not fit; else the hidden places that it hangs on, none if it surely fits."""


class HiddenField(Exception):
    """A search asks for something that the journal does not keep.

    `pointer` (RFC 6901) leads to it in the body that was searched for.
    """

    def __init__(self, pointer: str) -> None:
        super().__init__(f"the journal does not keep body{pointer}, so it cannot be searched for")
        self.pointer = pointer


def shortened(text: str, limit: int = TEXT_KEPT) -> str:
    """Return a text of at most `limit` characters, with its whole length where it is cut.

    >>> shortened("abcdef", 3)
    'abc…[6 characters]'
    """
    return text if len(text) <= limit else f"{text[:limit]}…[{len(text)} characters]"


def contains(kept: JsonValue, wanted: JsonValue) -> bool:
    """Tell whether `wanted` is contained in `kept`, a value of the journal.

    Objects are contained if each of their properties is; arrays if each of their
    elements is, in the same order, others in between; all else if equal: `1` is `1.0`
    but not `true`. A text that was shortened compares by its beginning and length.

    Raises:
        HiddenField: It hangs on something that is hidden, all else being contained.

    >>> contains({"a": [1, {"b": 2, "c": 3}]}, {"a": [{"b": 2}]})
    True
    """
    fit = _fit(kept, wanted, "")
    if fit:
        raise HiddenField(fit[0])
    return fit is not None


def _fit(kept: JsonValue, wanted: JsonValue, pointer: str) -> _Fit:
    if isinstance(kept, str) and kept != wanted and (kept in _HIDDEN or REDACTED in kept):
        return (pointer,)
    match wanted:
        case dict():
            return _object(kept, wanted, pointer) if isinstance(kept, dict) else None
        case list():
            return _array(kept, wanted, pointer) if isinstance(kept, list) else None
        case str():
            return () if kept in (wanted, shortened(wanted)) else None
        case _:
            alike = isinstance(kept, bool) is isinstance(wanted, bool)
            return () if alike and kept == wanted else None


def _object(kept: dict[str, JsonValue], wanted: dict[str, JsonValue], pointer: str) -> _Fit:
    hidden: tuple[str, ...] = ()
    for name, value in wanted.items():
        place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        if name in kept:
            fit = _fit(kept[name], value, place)
        else:
            fit = (place,) if OMITTED in kept else None
        if fit is None:
            return None
        hidden += fit
    return hidden


def _array(kept: list[JsonValue], wanted: list[JsonValue], pointer: str) -> _Fit:
    """Look for elements that surely fit before any that only may."""
    cut = kept[-1:] == [OMITTED]
    shown = kept[:-1] if cut else kept
    for may_be_hidden in (False, True):
        rest, hidden = iter(shown), list[str]()
        for index, value in enumerate(wanted):
            place = f"{pointer}/{index}"
            fit = _next(rest, value, place, may_be_hidden=may_be_hidden)
            if fit is None and cut and may_be_hidden:
                fit = (place,)
            if fit is None:
                break
            hidden += fit
        else:
            return tuple(hidden)
    return None


def _next(
    rest: Iterator[JsonValue], wanted: JsonValue, pointer: str, *, may_be_hidden: bool
) -> _Fit:
    for value in rest:
        fit = _fit(value, wanted, pointer)
        if fit is not None and (may_be_hidden or not fit):
            return fit
    return None
