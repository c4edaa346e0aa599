"""What keeps a call of the journal from being the one that is looked for, or from being told."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fiskaly_contracts import Contract, JsonValue
from fiskaly_contracts.fields import flatten
from fiskaly_contracts.json_value import Schema, printable
from fiskaly_contracts.wording import did_you_mean
from fiskaly_mockserver.web.journal.redaction import Redactor
from fiskaly_mockserver.web.journal.secrets import without_credentials
from fiskaly_mockserver.world.journal.containment import (
    REDACTED,
    TEXT_KEPT,
    UNDECLARED,
    Mismatch,
    is_hidden,
    is_json,
    mismatches,
)
from fiskaly_mockserver.world.journal.journal import NULL

from pytest_fiskaly.journal import BadCriterion

Tokens = tuple[str | int, ...]
SHOWN_AT_MOST = 120
"""Characters of a value that a message repeats."""
SHOWN_BEFORE = 20
"""Of two long values that begin alike, characters before that in which they differ."""

_WAY_OUT = "unittest.mock.ANY in its place asks only whether it was there"
_SECRET_NAME = re.compile("secret|passw|token|credential", re.IGNORECASE)


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

    JSON is compared as the control API compares it. Beside that a wanted value may be a
    compiled pattern, which is searched for in a text, or anything else that compares with
    `==`, as `unittest.mock.ANY` or `pytest.approx`.

    >>> differences({"name": "till-1"}, {"name": "till-2"}, "body")[0].place
    'body/name'
    """
    found: list[Difference] = []
    for one in mismatches(kept, _as_json(wanted), _matches):
        expected, got = _side_by_side(_line(one.wanted), _got(one))
        found.append(
            Difference(
                place=f"{place}{one.pointer}",
                expected=expected,
                got=got,
                weight=_weight(one.wanted),
                hidden=one.hidden,
            )
        )
    return found


def query_differences(
    sent: tuple[tuple[str, str], ...], wanted: Mapping[str, Any]
) -> Iterator[Difference]:
    """Compare by text, as parameters come: 10 is "10" and True is "true"."""
    for name, value in wanted.items():
        came = [text for key, text in sent if key == name]
        values = [*value] if isinstance(value, list | tuple) else [value]
        place = f"query/{name}"
        if not came:
            yield Difference(place, shown(value), "nothing: it was not sent", _weight(values))
        elif len(values) == 1 == len(came):
            yield from differences(came[0], _as_sent(values[0]), place)
        else:
            yield from differences([*came], [_as_sent(one) for one in values], place)


def body_differences(kept: Any, note: str, wanted: object, place: str) -> list[Difference]:
    """Return what of a body is not there; `note` is why there is none, if there is none."""
    if kept is None and note != NULL:
        got = f"none ({note})" if note else "none"
        return [Difference(place, shown(wanted), got, _weight(wanted))]
    return differences(kept, wanted, place)


def shown(value: object) -> str:
    """Return a value in one short line: as JSON, and what is no JSON as Python shows it.

    What a test asks for may be a secret, so what looks or is named like one is left out.

    >>> shown({"name": "Café", "api_secret": "123"})
    '{"name": "Café", "api_secret": "[redacted]"}'
    """
    return _cut(_line(value))


def is_anything(wanted: object) -> bool:
    """Tell whether a wanted value is content with any, as `unittest.mock.ANY` is."""
    return not is_json(wanted) and bool(wanted == object())


def is_whole(value: object) -> bool:
    """Tell whether a value is an integer, which a boolean is not."""
    return isinstance(value, int) and not isinstance(value, bool)


def _matches(kept: JsonValue, wanted: object) -> bool | None:
    """Compare with what is no JSON; None where the journal does not keep enough to tell."""
    if is_anything(wanted):
        return True
    if is_hidden(kept):
        return None
    if isinstance(wanted, re.Pattern):
        fits = isinstance(kept, str) and wanted.search(kept) is not None
    else:
        fits = bool(kept == wanted)
    cut = isinstance(kept, str) and len(kept) > TEXT_KEPT
    return None if cut and not fits else fits


def _as_json(wanted: object) -> object:
    """Return a wanted value with dicts and lists in place of what is used like them."""
    match wanted:
        case Mapping():
            return {str(name): _as_json(value) for name, value in wanted.items()}
        case list() | tuple():
            return [_as_json(value) for value in wanted]
        case _:
            return wanted


def _as_sent(value: object) -> object:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return value


def _line(value: object) -> str:
    text = json.dumps(_redacted(value), ensure_ascii=False, default=_as_python)
    return printable(without_credentials(text))


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_AT_MOST else f"{text[: SHOWN_AT_MOST - 1]}…"


def _side_by_side(one: str, other: str) -> tuple[str, str]:
    """Return two lines, of which no more is left out at their beginning than they share."""
    alike = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    start = alike - SHOWN_BEFORE
    if start <= 0 or _cut(one) != _cut(other):
        return _cut(one), _cut(other)
    return _cut(f"…{one[start:]}"), _cut(f"…{other[start:]}")


def _got(found: Mismatch) -> str:
    if found.hidden and isinstance(found.recorded, str) and is_hidden(found.recorded):
        return found.recorded
    if not found.reason:
        return _line(found.recorded)
    return f"{found.reason} {shown(found.recorded)}" if found.recorded is not None else found.reason


def _weight(wanted: object) -> int:
    """Return how many single values a wanted value has."""
    match wanted:
        case dict():
            return sum(map(_weight, wanted.values())) or 1
        case list():
            return sum(map(_weight, wanted)) or 1
        case _:
            return 1


def _redacted(value: object) -> object:
    match value:
        case Mapping():
            return {
                str(name): REDACTED if _is_secret(str(name), part) else _redacted(part)
                for name, part in value.items()
            }
        case list() | tuple():
            return [_redacted(part) for part in value]
        case _:
            return value


def _is_secret(name: str, value: object) -> bool:
    return not is_anything(value) and _SECRET_NAME.search(name) is not None


def _as_python(value: object) -> str:
    return f"/{value.pattern}/" if isinstance(value, re.Pattern) else repr(value)


@cache
def contracts() -> Mapping[str, Contract]:
    """Return the contract of each operation, indexed once per process; nobody changes them."""
    return {
        operation_id: contract
        for contract in Contract.apis().values()
        for operation_id in contract.operations
    }


def check_body(operation_id: str, wanted: object) -> None:
    """Demand that the journal keeps what is asked for of a request's body.

    It is taken through the journal's own redaction: what is not kept of it there would not be
    kept of a call either, and to compare with it would never come true.

    Raises:
        BadCriterion: It does not; the text names the field, never its value.
    """
    __tracebackhide__ = True
    contract = contracts()[operation_id]
    schema = contract.operations[operation_id].body_schema
    if not schema:
        if not is_anything(wanted):
            raise BadCriterion(
                f"{operation_id} has no request body in the contract, so the journal keeps none"
            )
        return
    raw = _sent(wanted)
    kept, _ = _redactor(contract).request_body(operation_id, raw)
    for tokens, mark in _left_out(kept, wanted):
        raise BadCriterion(_reason(contract, operation_id, [schema], tokens, mark))


def check_response(operation_id: str, wanted: object) -> None:
    """Demand that the journal keeps what is asked for of an answer's body, of any status.

    Raises:
        BadCriterion: It does not for any documented status; the text names the field.
    """
    __tracebackhide__ = True
    contract = contracts()[operation_id]
    raw = _sent(wanted)
    refusals: list[tuple[Tokens, str]] = []
    for status in contract.operations[operation_id].statuses:
        kept, _ = _redactor(contract).response_body(operation_id, status, raw)
        first = next(_left_out(kept, wanted), None)
        if first is None:
            return
        refusals.append(first)
    # that of a success says most: it stands first
    tokens, mark = refusals[0]
    raise BadCriterion(_reason(contract, operation_id, [], tokens, mark))


@cache
def _redactor(contract: Contract) -> Redactor:
    return Redactor(contract)


def _sent(wanted: object) -> bytes:
    """Return JSON of the same shape; what only compares with JSON stands as an empty text."""
    return json.dumps(_shape(wanted)).encode()


def _shape(wanted: object) -> JsonValue:
    match wanted:
        case Mapping():
            return {str(name): _shape(value) for name, value in wanted.items()}
        case list() | tuple():
            return [_shape(value) for value in wanted]
        case str() | int() | float() | None:
            return wanted
        case _:
            return ""


def _left_out(kept: object, wanted: object, tokens: Tokens = ()) -> Iterator[tuple[Tokens, str]]:
    if is_anything(wanted):
        return
    if kept in (REDACTED, UNDECLARED) and kept != wanted:
        yield tokens, str(kept)
    elif isinstance(wanted, Mapping) and isinstance(kept, dict):
        for name, value in wanted.items():
            if name in kept:
                yield from _left_out(kept[name], value, (*tokens, name))
    elif isinstance(wanted, list | tuple) and isinstance(kept, list):
        for index, (one, value) in enumerate(zip(kept, wanted, strict=False)):
            yield from _left_out(one, value, (*tokens, index))


def _reason(
    contract: Contract, operation_id: str, schemas: list[Schema], tokens: Tokens, mark: str
) -> str:
    what = "body" if schemas else "response"
    place = "/".join([what, *map(str, tokens)])
    if mark == REDACTED:
        return (
            f"{place} of {operation_id} is a secret, which the journal does not keep,"
            f" so a call cannot be told by it; {_WAY_OUT}"
        )
    names = list(_names(contract.document, schemas, tokens[:-1]))
    near = did_you_mean(tokens[-1], names) if tokens else ""
    return (
        f"{place} is nothing that the contract knows of {operation_id}{near}, and the journal"
        f" keeps no value of what it does not know; {_WAY_OUT}"
    )


def _names(document: Schema, schemas: list[Schema], tokens: Tokens) -> Iterator[str]:
    """Yield the properties that may stand at a place."""
    level = list(flatten(document, schemas))
    for token in tokens:
        below = [
            schema["items"] if isinstance(token, int) else schema["properties"][token]
            for schema in level
            if (
                "items" in schema
                if isinstance(token, int)
                else token in schema.get("properties", ())
            )
        ]
        level = list(flatten(document, below))
    for schema in level:
        yield from schema.get("properties", ())
