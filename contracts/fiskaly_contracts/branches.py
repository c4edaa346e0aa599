"""Which branch of a `oneOf` the sender most likely meant, so that its failures are told first."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any, TypeAlias

from fiskaly_contracts.fields import flatten, resolve
from fiskaly_contracts.hints import GUESSED_AT_MOST, folded, nearest
from fiskaly_contracts.json_value import Schema
from fiskaly_contracts.pointers import TEXT_LIMIT
from fiskaly_contracts.violations import Violation

Mark: TypeAlias = tuple[str, ...]


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
    spelt = {folded(name) for name in value if len(name) <= TEXT_LIMIT}
    marks = [_marks(document, schema, value, spelt) for schema in schemas]
    guesses = _guesses([_properties(document, schema) for schema in schemas], value)
    if not any(marks) and not any(guesses):
        return None
    ranks = [
        (-own, -guessed, len(why))
        for own, guessed, why in zip(_distinct(marks), _distinct(guesses), reasons, strict=True)
    ]
    best = min(ranks)
    return ranks.index(best) if ranks.count(best) == 1 else None


def _marks(
    document: Schema, schema: Schema, value: dict[str, Any], spelt: AbstractSet[str]
) -> set[Mark]:
    """Collect what in the value points to this branch: property names, and constants that match."""
    marks: set[Mark] = set()
    for name, declared in _properties(document, schema).items():
        if folded(name) in spelt:
            marks.add((name,))
        if name in value and resolve(document, declared).get("enum") == [value[name]]:
            marks.add((name, "constant"))
    return marks


def _guesses(branches: Sequence[Schema], value: dict[str, Any]) -> list[set[Mark]]:
    """Collect for each branch the properties that names unknown to all branches are like."""
    everywhere = {folded(name) for properties in branches for name in properties}
    unknown = (name for name in value if folded(name[: TEXT_LIMIT + 1]) not in everywhere)
    compared = list(islice(unknown, GUESSED_AT_MOST))
    return [
        {(guess,) for name in compared if (guess := nearest(name, properties))}
        for properties in branches
    ]


def _properties(document: Schema, schema: Schema) -> Schema:
    return {
        name: declared
        for flat in flatten(document, [schema])
        for name, declared in flat.get("properties", {}).items()
    }


def _distinct(marks: Sequence[set[Mark]]) -> list[int]:
    """Count for each branch the marks that not all branches have."""
    common = set[Mark]().union(*marks).intersection(*marks)
    return [len(found - common) for found in marks]
