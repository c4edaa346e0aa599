"""What the contract says of a place inside a value: declared, free-form, secret or dropped."""

from collections.abc import Iterable, Sequence
from enum import StrEnum, auto

from fiskaly_contracts.json_value import (
    JsonValue,
    Schema,
    Tokens,
    pointer_to,
    quoted,
    tokens_of,
)
from fiskaly_contracts.violations import VIOLATIONS_AT_MOST, Violation, Where

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
        steps = tokens_of(reference[1:]) if "~" in reference else reference[2:].split("/")
        for token in steps:
            found = found[token]
        node = found
    return node


def flatten(document: Schema, schemas: Iterable[Schema]) -> list[Schema]:
    """Return every schema that may describe the same value: through `$ref` and all branches.

    >>> [s["type"] for s in flatten({}, [{"oneOf": [{"type": "string"}], "type": "object"}])]
    ['object', 'string']
    """
    stack = list(schemas)
    found: dict[int, Schema] = {}
    while stack:
        schema = stack.pop()
        if "$ref" in schema:
            schema = resolve(document, schema)
        if id(schema) in found:
            continue
        found[id(schema)] = schema
        for combiner in _COMBINERS:
            stack.extend(schema.get(combiner, ()))
    return list(found.values())


def properties_of(level: Iterable[Schema]) -> dict[str, list[Schema]]:
    """Return what schemas of the same value say of each of its properties, by name.

    >>> properties_of([{"properties": {"a": {"minLength": 1}}}, {"properties": {"a": {}}}])
    {'a': [{'minLength': 1}, {}]}
    """
    parts: dict[str, list[Schema]] = {}
    for schema in level:
        for name, part in schema.get("properties", {}).items():
            parts.setdefault(name, []).append(part)
    return parts


def branch_name(schema: Schema) -> str:
    """Name a branch of a combiner: by the schema that it refers to, or its title; "" for neither.

    >>> branch_name({"$ref": "#/components/schemas/Cafe"})
    'Cafe'
    """
    name: str = schema.get("$ref", "").rpartition("/")[2] or schema.get("title", "")
    return name


def visibility(document: Schema, level: Sequence[Schema], tokens: Tokens) -> Visibility:
    """Tell whether the value at a place may be shown; `level` is the whole schema, flattened.

    Secret is what any branch marks with `x-secret: true` or `format: password`, and all below it.

    >>> secret = {"properties": {"pin": {"format": "password"}}}
    >>> visibility({}, flatten({}, [{"anyOf": [secret, {}]}]), ("pin",))
    <Visibility.SECRET: 'secret'>
    """
    declared = True
    for token in (*tokens, None):
        below: list[Schema] = []
        for candidate in level:
            if candidate.get("x-secret") is True or candidate.get("format") == "password":
                return Visibility.SECRET
            properties = candidate.get("properties", {})
            if isinstance(token, int):
                below.extend([candidate["items"]] if "items" in candidate else [])
            elif token in properties:
                below.append(properties[token])
        if token is None:
            break
        if not below:
            declared = False
            below = [
                candidate["additionalProperties"]
                for candidate in level
                if isinstance(candidate.get("additionalProperties"), dict)
            ]
        level = flatten(document, below)
    return Visibility.DECLARED if declared else Visibility.UNDECLARED


def loosened(
    document: Schema, schema: Schema, value: JsonValue, operation_id: str
) -> tuple[JsonValue, list[Violation]]:
    """Return a copy without the properties that no branch declares, and one violation for each.

    Source: assumption (A-05).

    >>> closed = {"properties": {"name": {}}, "additionalProperties": False}
    >>> value, dropped = loosened({}, closed, {"name": "Cafe", "x": 1}, "op")
    >>> value, [violation.pointer for violation in dropped]
    ({'name': 'Cafe'}, ['/x'])
    """
    loosener = _Loosener(document, operation_id)
    return loosener.level(value, [schema], ()), loosener.dropped[:VIOLATIONS_AT_MOST]


class _Loosener:
    def __init__(self, document: Schema, operation_id: str) -> None:
        self._document = document
        self._operation_id = operation_id
        self.dropped: list[Violation] = []

    def level(self, value: JsonValue, schemas: Sequence[Schema], tokens: Tokens) -> JsonValue:
        level = list(flatten(self._document, schemas))
        if isinstance(value, list):
            items = [schema["items"] for schema in level if "items" in schema]
            return [self.level(item, items, (*tokens, i)) for i, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        closed = any(schema.get("additionalProperties") is False for schema in level)
        free_form = [
            schema["additionalProperties"]
            for schema in level
            if schema.get("additionalProperties") not in (None, False)
        ]
        kept: dict[str, JsonValue] = {}
        for name, item in value.items():
            declared = [
                schema["properties"][name]
                for schema in level
                if name in schema.get("properties", {})
            ]
            if declared:
                kept[name] = self.level(item, declared, (*tokens, name))
            elif closed and not free_form:
                self._drop((*tokens, name))
            else:
                kept[name] = item
        return kept

    def _drop(self, tokens: Tokens) -> None:
        self.dropped.append(
            Violation(
                where=Where.BODY,
                pointer=pointer_to(tokens),
                rule="additionalProperties",
                expected="no such property",
                operation_id=self._operation_id,
                demand=f"should NOT have additional property {quoted(str(tokens[-1]))} (dropped)",
            )
        )
