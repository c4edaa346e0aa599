"""The lenient mode: a body without the properties that the contract does not know."""

from collections.abc import Sequence

from fiskaly_contracts.fields import flatten
from fiskaly_contracts.json_value import JsonValue, Schema
from fiskaly_contracts.pointers import pointer_to, quoted
from fiskaly_contracts.violations import VIOLATIONS_AT_MOST, Violation, Where


class Loosener:
    """Drops what no branch declares, level by level, and notes each dropped property."""

    def __init__(self, document: Schema, operation_id: str) -> None:
        self._document = document
        self._operation_id = operation_id
        self._dropped: list[Violation] = []

    def loosen(self, value: JsonValue, schema: Schema) -> tuple[JsonValue, list[Violation]]:
        """Return a copy without unknown properties, and one violation for each of them.

        Source: assumption (A-05).

        >>> closed = {"properties": {"name": {}}, "additionalProperties": False}
        >>> value, dropped = Loosener({}, "op").loosen({"name": "Cafe", "x": 1}, closed)
        >>> value, [violation.pointer for violation in dropped]
        ({'name': 'Cafe'}, ['/x'])
        """
        self._dropped.clear()
        loosened = self._level(value, [schema], ())
        return loosened, self._dropped[:VIOLATIONS_AT_MOST]

    def _level(
        self, value: JsonValue, schemas: Sequence[Schema], tokens: tuple[str | int, ...]
    ) -> JsonValue:
        level = list(flatten(self._document, schemas))
        if isinstance(value, list):
            items = [schema["items"] for schema in level if "items" in schema]
            return [self._level(item, items, (*tokens, i)) for i, item in enumerate(value)]
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
                kept[name] = self._level(item, declared, (*tokens, name))
            elif closed and not free_form:
                self._drop((*tokens, name))
            else:
                kept[name] = item
        return kept

    def _drop(self, tokens: tuple[str | int, ...]) -> None:
        self._dropped.append(
            Violation(
                where=Where.BODY,
                pointer=pointer_to(tokens),
                rule="additionalProperties",
                expected="no such property",
                operation_id=self._operation_id,
                demand=f"should NOT have additional property {quoted(str(tokens[-1]))} (dropped)",
            )
        )
