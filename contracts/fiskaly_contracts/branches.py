"""Which branch of a `oneOf` the sender most likely meant, so that its failures are told first."""

from collections.abc import Sequence
from typing import Any

from fiskaly_contracts.fields import flatten, resolve
from fiskaly_contracts.json_value import Schema
from fiskaly_contracts.violations import Violation


def closest_branch(
    document: Schema,
    schemas: Sequence[Schema],
    reasons: Sequence[Sequence[Violation]],
    value: Any,
) -> int | None:
    """Return the index of the branch that was clearly meant, or None where that is a guess.

    The branch with the most properties and constants that tell it from the others wins, then the
    one that fails least. A tie is no clear case, nor is a value that shares no property with any.

    >>> key, mail = {"properties": {"key": {}}}, {"properties": {"mail": {}}}
    >>> closest_branch({}, [key, mail], [[], []], {"mail": "a@b"})
    1
    """
    if not isinstance(value, dict):
        return None
    marks = [_marks(document, schema, value) for schema in schemas]
    common = set[tuple[str, ...]]().union(*marks).intersection(*marks)
    if not any(marks):
        return None
    ranks = [(-len(found - common), len(why)) for found, why in zip(marks, reasons, strict=True)]
    best = min(ranks)
    return ranks.index(best) if ranks.count(best) == 1 else None


def _marks(document: Schema, schema: Schema, value: dict[str, Any]) -> set[tuple[str, ...]]:
    """Collect what in the value points to this branch: property names, and constants that match."""
    marks: set[tuple[str, ...]] = set()
    for flat in flatten(document, [schema]):
        for name, declared in flat.get("properties", {}).items():
            if name in value:
                marks.add((name,))
                if resolve(document, declared).get("enum") == [value[name]]:
                    marks.add((name, "constant"))
    return marks
