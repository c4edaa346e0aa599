"""Errors of schema validators turned into violations: complete, precise, without secrets.

The errors of both libraries come as `SchemaError`; their own texts hold values, so nobody reads
them. What is wrong is told in the order of the contract, and of `oneOf` the branch first that was
most likely meant.
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeAlias

from fiskaly_contracts.fields import Visibility, branch_name, flatten, resolve, visibility
from fiskaly_contracts.json_value import TEXT_LIMIT, Schema, Tokens, pointer_to, quoted
from fiskaly_contracts.strictness import long_keys
from fiskaly_contracts.violations import VIOLATIONS_AT_MOST, Violation, Where
from fiskaly_contracts.wording import (
    GUESSED_AT_MOST,
    folded,
    hidden,
    nearest,
    respelt,
    shown,
    words,
)

Mark: TypeAlias = tuple[str, ...]
_NOTHING: Schema = {}  # nobody changes it
_SPELT_AT_MOST = 500
"""Names of one object that are looked at in other spellings than that of the contract."""


class SchemaError(Protocol):
    """What is read of a `jsonschema.ValidationError`, and what `compiled.errors` makes.

    Paths begin at the value that the branch above was asked about, as those of jsonschema do.
    """

    @property
    def validator(self) -> str: ...  # noqa: D102 - the keyword
    @property
    def validator_value(self) -> Any: ...  # noqa: D102
    @property
    def instance(self) -> Any: ...  # noqa: D102
    @property
    def schema(self) -> Any: ...  # noqa: D102 - that the keyword stands in
    @property
    def path(self) -> Sequence[str | int]: ...  # noqa: D102
    @property
    def schema_path(self) -> Sequence[str | int]: ...  # noqa: D102 - begins with the branch
    @property
    def context(self) -> "Sequence[SchemaError] | None": ...  # noqa: D102 - of all branches


class Place(NamedTuple):
    """Where a checked value comes from.

    Attributes:
        where: The part of the exchange.
        operation_id: The operation that was called; "" for none.
        prefix: Tokens before those inside the value: the name of a parameter.
        document: The document that references lead into.
        schema: The schema of the whole value.
        writing: Whether the value goes to the server, so that read-only fields are not required.
        level: That schema flattened: what may describe the whole value.
    """

    where: Where
    operation_id: str = ""
    prefix: Tokens = ()
    document: Schema = _NOTHING
    schema: Schema = _NOTHING
    writing: bool = True
    level: Sequence[Schema] = ()


def violations_of(errors: Iterable[SchemaError], place: Place) -> list[Violation]:
    """Translate a validator's errors; no two of the result name the same place and rule."""
    level = flatten(place.document, [place.schema])
    return _collected(errors, place._replace(level=level), ())


def _collected(errors: Iterable[SchemaError], place: Place, base: Tokens) -> list[Violation]:
    found: dict[tuple[str, str], Violation] = {}
    read = 0
    for error in errors:
        for violation in _translated(error, place, base):
            found.setdefault((violation.pointer, violation.rule), violation)
            read += 1
        if read >= 2 * VIOLATIONS_AT_MOST:
            break
    plain = {key for key, violation in found.items() if not violation.branches}
    kept = (v for v in found.values() if not (plain and v.branches and _adds_nothing(v, plain)))
    return [*islice(kept, VIOLATIONS_AT_MOST)]


def _translated(error: SchemaError, place: Place, base: Tokens) -> Iterable[Violation]:
    tokens = (*base, *error.path)
    match error.validator:
        case "required":
            return _missing(error, place, tokens)
        case "additionalProperties":
            return _unknown(error, place, tokens)
        case "x-key-max-length":
            return _long_keys(error, place, tokens)
        case "oneOf" | "anyOf":
            return (_branched(error, place, tokens),)
        case _:
            return (_plain(error, place, tokens),)


def _long_keys(error: SchemaError, place: Place, tokens: Tokens) -> Iterator[Violation]:
    demand, expected = words("x-key-max-length", error.validator_value, error.schema)
    for key in islice(long_keys(error.instance, error.validator_value), VIOLATIONS_AT_MOST):
        yield replace(
            _bare(place, (*tokens, key), "x-key-max-length", expected, demand),
            got_text=f"a name of {len(key)} characters",
        )


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
    demand, expected = words(error.validator, error.validator_value, error.schema, error.instance)
    violation = _bare(place, tokens, error.validator, expected, demand)
    match visibility(place.document, place.level, tokens):
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


def _unknown(error: SchemaError, place: Place, tokens: Tokens) -> list[Violation]:
    known: Schema = error.schema.get("properties", {})
    elsewhere: set[str] = set()
    if not tokens:
        for schema in place.level:
            elsewhere.update(schema.get("properties", ()))
        elsewhere.difference_update(known)
    found: list[Violation] = []
    for name in error.instance:
        if name in known:
            continue
        guess = ""
        if name not in elsewhere:  # a name of another branch is no misspelled one of this
            guess = respelt(name, known)
            if not guess and len(found) < GUESSED_AT_MOST and not respelt(name, elsewhere):
                missing = {*error.schema.get("required", ())}.difference(error.instance)
                guess = nearest(name, known, missing=missing, sent=error.instance)
        hint = f"did you mean {guess}?" if guess else ""
        found.append(
            _bare(
                place,
                (*tokens, name),
                "additionalProperties",
                f"no such property; {hint}" if hint else "no such property",
                f"should NOT have additional property {quoted(name)}"
                + (f" ({hint})" if hint else ""),
            )
        )
        if len(found) == VIOLATIONS_AT_MOST:
            break
    return found


def _branched(error: SchemaError, place: Place, tokens: Tokens) -> Violation:
    schemas: list[Schema] = error.validator_value
    names = [branch_name(one) or f"schema {number}" for number, one in enumerate(schemas, 1)]
    quantity = "exactly one of" if error.validator == "oneOf" else "at least one of"
    # beside a combiner the contract's own words are the whole demand ("should …")
    demand = error.schema.get("x-expected", "")
    expected = demand.removeprefix("should ") or f"{quantity} {', '.join(names)}"
    if not error.context:
        matching = f"should match exactly one schema in oneOf, not several of {', '.join(names)}"
        return _bare(place, tokens, error.validator, expected, demand or matching)
    by_branch: dict[object, list[SchemaError]] = {}
    for one in error.context:
        by_branch.setdefault(one.schema_path[0], []).append(one)
    reasons = [
        tuple(_collected(by_branch.get(index, ()), place, tokens)) for index in range(len(schemas))
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


# ------------------------------------------------------------------ which branch was meant


def closest_branch(
    document: Schema,
    schemas: Sequence[Schema],
    reasons: Sequence[Sequence[Violation]],
    value: Any,
) -> int | None:
    """Return the index of the branch that was clearly meant, or None where that is a guess.

    The branch with the most properties and constants that tell it from the others wins, where a
    property counts in any spelling; then the one with the most properties that misspelled ones are
    like; then the one that fails least. A tie is no clear case, nor is a value that shares no
    property with any.

    >>> key, mail = {"properties": {"key": {}}}, {"properties": {"mail": {}}}
    >>> closest_branch({}, [key, mail], [[], []], {"mail": "a@b"})
    1
    >>> closest_branch({}, [key, mail], [[], []], {"KEY": "a"})
    0
    """
    if not isinstance(value, dict):
        return None
    branches: list[Schema] = []
    for schema in schemas:
        properties: dict[str, Schema] = {}
        for flat in flatten(document, [schema]):
            properties |= flat.get("properties", {})
        branches.append(properties)
    everywhere: set[str] = set().union(*branches)
    unknown = [name for name in islice(value, _SPELT_AT_MOST) if name not in everywhere]
    spelt = {folded(name) for name in unknown if len(name) <= TEXT_LIMIT} if unknown else set()
    marks = [_marks(document, properties, value, spelt) for properties in branches]
    guesses = _guesses(branches, unknown) if unknown else []
    if not any(marks) and not any(guesses):
        return None
    guessed = _distinct(guesses) if unknown else [0] * len(branches)
    fewest = [-len(why) for why in reasons]
    ranks = [*zip(_distinct(marks), guessed, fewest, strict=True)]
    best = max(ranks)
    return ranks.index(best) if ranks.count(best) == 1 else None


def _marks(
    document: Schema, properties: Schema, value: dict[str, Any], spelt: AbstractSet[str]
) -> set[Mark]:
    """Collect what in the value points to this branch: property names, and constants that match."""
    marks: set[Mark] = set()
    for name, declared in properties.items():
        if name in value or (spelt and folded(name) in spelt):
            marks.add((name,))
        if name in value:
            schema = resolve(document, declared) if "$ref" in declared else declared
            if schema.get("enum") == [value[name]]:
                marks.add((name, "constant"))
    return marks


def _guesses(branches: Sequence[Schema], names: Sequence[str]) -> list[set[Mark]]:
    """Collect for each branch the properties that names unknown to all branches are like."""
    everywhere = {folded(name) for properties in branches for name in properties}
    unknown = (name for name in names if folded(name[: TEXT_LIMIT + 1]) not in everywhere)
    compared = list(islice(unknown, GUESSED_AT_MOST))
    return [
        {(guess,) for name in compared if (guess := nearest(name, properties))}
        for properties in branches
    ]


def _distinct(marks: Sequence[set[Mark]]) -> list[int]:
    """Count for each branch the marks that not all branches have."""
    common = set[Mark]().union(*marks).intersection(*marks)
    return [len(found - common) for found in marks]
