"""What the contract says of a place inside a value: declared, free-form or secret."""

from collections.abc import Iterable, Iterator
from enum import StrEnum, auto

from fiskaly_contracts.json_value import Schema

_COMBINERS = ("allOf", "oneOf", "anyOf")


class Visibility(StrEnum):
    """Whether a value may be repeated in a message."""

    SECRET = auto()
    UNDECLARED = auto()
    DECLARED = auto()


def resolve(document: Schema, node: Schema) -> Schema:
    """Follow a local `$ref` (`#/components/…`) until something else stands there.

    Raises:
        LookupError: The reference leads nowhere, is not local, or runs in a circle.

    >>> resolve({"components": {"x": {"type": "string"}}}, {"$ref": "#/components/x"})
    {'type': 'string'}
    """
    seen: set[str] = set()
    while "$ref" in node:
        reference: str = node["$ref"]
        if reference in seen or not reference.startswith("#/"):
            raise LookupError(f"cannot resolve {reference}")
        seen.add(reference)
        found = document
        for token in reference[2:].split("/"):
            found = found[token.replace("~1", "/").replace("~0", "~")]
        node = found
    return node


def flatten(document: Schema, schemas: Iterable[Schema]) -> Iterator[Schema]:
    """Yield every schema that may describe the same value: through `$ref` and all branches.

    >>> [s["type"] for s in flatten({}, [{"oneOf": [{"type": "string"}], "type": "object"}])]
    ['object', 'string']
    """
    stack = list(schemas)
    seen: set[int] = set()
    while stack:
        schema = resolve(document, stack.pop())
        if id(schema) in seen:
            continue
        seen.add(id(schema))
        yield schema
        for combiner in _COMBINERS:
            stack.extend(schema.get(combiner, ()))


def visibility(document: Schema, schema: Schema, tokens: Iterable[str | int]) -> Visibility:
    """Tell whether the value at a place may be shown.

    Secret is what any branch marks with `x-secret: true` or `format: password`, and all below it.

    >>> secret = {"properties": {"pin": {"format": "password"}}}
    >>> visibility({}, {"anyOf": [secret, {}]}, ["pin"])
    <Visibility.SECRET: 'secret'>
    """
    level = list(flatten(document, [schema]))
    declared = True
    for token in tokens:
        if _marks_secret(level):
            return Visibility.SECRET
        below: list[Schema] = []
        for candidate in level:
            properties = candidate.get("properties", {})
            if isinstance(token, int):
                below.extend([candidate["items"]] if "items" in candidate else [])
            elif token in properties:
                below.append(properties[token])
        if not below:
            declared = False
            below = [
                candidate["additionalProperties"]
                for candidate in level
                if isinstance(candidate.get("additionalProperties"), dict)
            ]
        level = list(flatten(document, below))
    if _marks_secret(level):
        return Visibility.SECRET
    return Visibility.DECLARED if declared else Visibility.UNDECLARED


def _marks_secret(schemas: list[Schema]) -> bool:
    return any(
        schema.get("x-secret") is True or schema.get("format") == "password" for schema in schemas
    )
