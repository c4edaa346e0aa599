"""Whether the journal keeps what is asked for, by the rules with which it leaves things out.

What is asked for is taken through the journal's own door: what is not kept of it there would
not be kept of a call either, and to compare with it would never come true.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache

from fiskaly_contracts import Contract, JsonValue
from fiskaly_contracts.fields import flatten
from fiskaly_contracts.json_value import Schema
from fiskaly_mockserver.web.journal.redaction import Redactor
from fiskaly_mockserver.world.journal.containment import REDACTED, UNDECLARED
from fiskaly_mockserver.world.names import did_you_mean

from pytest_fiskaly.journal_values import is_anything

Tokens = tuple[str | int, ...]
_WAY_OUT = "unittest.mock.ANY in its place asks only whether it was there"


class BadCriterion(ValueError):
    """What is asked of the journal makes no sense, so that no answer to it would be right."""


@cache
def contract() -> Contract:
    """Return the contract of the API, indexed once per process; nobody changes it."""
    return Contract.bundled()


def check_body(contract: Contract, operation_id: str, wanted: object) -> None:
    """Demand that the journal keeps what is asked for of a request's body.

    Raises:
        BadCriterion: It does not; the text names the field, never its value.
    """
    __tracebackhide__ = True
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


def check_response(contract: Contract, operation_id: str, wanted: object) -> None:
    """Demand that the journal keeps what is asked for of an answer's body, of any status.

    Raises:
        BadCriterion: It does not for any documented status; the text names the field.
    """
    __tracebackhide__ = True
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
