"""Errors of the schema validator turned into violations: complete, precise, without secrets."""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol

from fiskaly_contracts.branches import closest_branch
from fiskaly_contracts.fields import Visibility, flatten, visibility
from fiskaly_contracts.hints import GUESSED_AT_MOST, nearest, respelt
from fiskaly_contracts.json_value import Schema
from fiskaly_contracts.pointers import pointer_to, quoted
from fiskaly_contracts.strictness import long_keys
from fiskaly_contracts.violations import VIOLATIONS_AT_MOST, Violation, Where
from fiskaly_contracts.wording import hidden, shown, words

Tokens = tuple[str | int, ...]


class SchemaError(Protocol):
    """What is read of a `jsonschema.ValidationError`; its message holds values, so not that."""

    validator: str
    validator_value: Any
    instance: Any
    schema: Any
    path: Sequence[str | int]
    schema_path: Sequence[str | int]
    context: "Sequence[SchemaError] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a checked value comes from.

    Attributes:
        document: The document that references lead into.
        schema: The schema of the whole value.
        where: The part of the exchange.
        operation_id: The operation that was called.
        prefix: Tokens before those inside the value: the name of a parameter.
        writing: Whether the value goes to the server, so that read-only fields are not required.
    """

    document: Schema
    schema: Schema
    where: Where
    operation_id: str
    prefix: Tokens = ()
    writing: bool = True


def violations_of(errors: Iterable[SchemaError], place: Place) -> list[Violation]:
    """Translate a validator's errors; no two of the result name the same place and rule."""
    return _collected(errors, place, ())


def _collected(errors: Iterable[SchemaError], place: Place, base: Tokens) -> list[Violation]:
    found: dict[tuple[str, str], Violation] = {}
    everything = (v for error in errors for v in _translated(error, place, base))
    for violation in islice(everything, 2 * VIOLATIONS_AT_MOST):
        found.setdefault((violation.pointer, violation.rule), violation)
    plain = {key for key, violation in found.items() if not violation.branches}
    kept = [v for v in found.values() if not (v.branches and _adds_nothing(v, plain))]
    return kept[:VIOLATIONS_AT_MOST]


def _translated(error: SchemaError, place: Place, base: Tokens) -> Iterator[Violation]:
    tokens = (*base, *error.path)
    match error.validator:
        case "required":
            yield from _missing(error, place, tokens)
        case "additionalProperties":
            yield from _unknown(error, place, tokens)
        case "x-key-max-length":
            demand, expected = words("x-key-max-length", error.validator_value, error.schema)
            for key in long_keys(error.instance, error.validator_value):
                yield replace(
                    _bare(place, (*tokens, key), "x-key-max-length", expected, demand),
                    got_text=f"a name of {len(key)} characters",
                )
        case "oneOf" | "anyOf":
            yield _branched(error, place, tokens)
        case _:
            yield _plain(error, place, tokens)


def _bare(place: Place, tokens: Tokens, rule: str, expected: str, demand: str) -> Violation:
    return Violation(
        where=place.where,
        pointer=pointer_to((*place.prefix, *tokens)),
        rule=rule,
        expected=expected,
        operation_id=place.operation_id,
        demand=demand,
    )


def _plain(error: SchemaError, place: Place, tokens: Tokens) -> Violation:
    demand, expected = words(error.validator, error.validator_value, error.schema)
    violation = _bare(place, tokens, error.validator, expected, demand)
    match visibility(place.document, place.schema, tokens):
        case Visibility.SECRET:
            return replace(violation, got_text="a secret value")
        case Visibility.DECLARED if tokens or place.where is not Where.BODY:
            got, text = shown(error.instance)
            return replace(violation, got=got, got_text=text)
    return replace(violation, got_text=hidden(error.instance))


def _missing(error: SchemaError, place: Place, tokens: Tokens) -> Iterator[Violation]:
    properties = error.schema.get("properties", {})
    exempt = "readOnly" if place.writing else "writeOnly"
    for name in error.validator_value:
        if name not in error.instance and not properties.get(name, {}).get(exempt):
            demand = f"should have required property {quoted(name)}"
            yield _bare(place, (*tokens, name), "required", "this property", demand)


def _unknown(error: SchemaError, place: Place, tokens: Tokens) -> Iterator[Violation]:
    siblings = flatten(place.document, [place.schema]) if not tokens else ()
    known = list(error.schema.get("properties", {}))
    elsewhere = [name for schema in siblings for name in schema.get("properties", {})]
    missing = {name for name in error.schema.get("required", ()) if name not in error.instance}
    unknown = [name for name in error.instance if name not in known]
    for index, name in enumerate(unknown):
        guess = respelt(name, known)
        # a name of another branch is no misspelled one of this
        if not guess and index < GUESSED_AT_MOST and not respelt(name, elsewhere):
            guess = nearest(name, known, missing=missing, sent=error.instance)
        hint = f"did you mean {guess}?" if guess else ""
        yield _bare(
            place,
            (*tokens, name),
            "additionalProperties",
            f"no such property; {hint}" if hint else "no such property",
            f"should NOT have additional property {quoted(name)}" + (f" ({hint})" if hint else ""),
        )


def _branched(error: SchemaError, place: Place, tokens: Tokens) -> Violation:
    schemas: list[Schema] = error.validator_value
    names = [_branch_name(schema, number) for number, schema in enumerate(schemas, 1)]
    quantity = "exactly one of" if error.validator == "oneOf" else "at least one of"
    # beside a combiner the contract's own words are the whole demand ("should …")
    demand = error.schema.get("x-expected", "")
    expected = demand.removeprefix("should ") or f"{quantity} {', '.join(names)}"
    if not error.context:
        matching = f"should match exactly one schema in oneOf, not several of {', '.join(names)}"
        return _bare(place, tokens, error.validator, expected, demand or matching)
    reasons = [
        tuple(_collected((e for e in error.context if e.schema_path[0] == index), place, tokens))
        for index in range(len(schemas))
    ]
    branches = list(zip(names, reasons, strict=True))
    closest = closest_branch(place.document, schemas, reasons, error.instance)
    if closest is not None:
        branches.insert(0, branches.pop(closest))
    return replace(
        _bare(place, tokens, error.validator, expected, demand),
        branches=tuple(branches),
        closest=closest is not None,
    )


def _adds_nothing(violation: Violation, told: AbstractSet[tuple[str, str]]) -> bool:
    """Tell whether mending what is told already would mend one of the branches as well."""
    return any(
        {(why.pointer, why.rule) for why in reasons} <= told for _, reasons in violation.branches
    )


def _branch_name(schema: Schema, number: int) -> str:
    reference: str = schema.get("$ref", "")
    return reference.rpartition("/")[2] or schema.get("title", f"schema {number}")
