"""Errors of jsonschema-rs as those of the contract's own schema.

The library validates a translation (`schemas`): each error is followed back to the schema and the
keyword that it comes from, and all are put in the order of the contract.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any

from fiskaly_contracts.compiled.schemas import Translation
from fiskaly_contracts.fields import flatten, properties_of
from fiskaly_contracts.json_value import JsonValue, Schema
from fiskaly_contracts.schema_errors import SchemaError
from fiskaly_contracts.violations import VIOLATIONS_AT_MOST

Accepts = Callable[[JsonValue], bool]
"""Says True only of a value that is right; may raise, which means no."""

_EXPLAINED_WHOLE = 500
"""Parts of a value that is explained as it is; a larger one is shortened before."""

_OWN_NAMES = {
    "exclusiveMinimum": "minimum",
    "exclusiveMaximum": "maximum",
    "x-ecma-pattern": "pattern",
    "x-multiple-of": "multipleOf",
    "x-unique-items": "uniqueItems",
}
"""Keywords of a translated schema by the contract's names for them."""


@dataclass(frozen=True, slots=True)
class _Error:
    """An error of jsonschema-rs as a `SchemaError`."""

    order: tuple[int, ...]
    validator: str
    validator_value: Any
    instance: JsonValue
    schema: Schema
    path: Sequence[str | int]
    schema_path: Sequence[str | int]
    context: list[SchemaError] | None = None


def explained(
    validator: Any, translation: Translation, value: JsonValue, whole: JsonValue
) -> list[SchemaError]:
    """Return what is wrong with a value as the contract's schema has it, in the contract's order.

    Args:
        validator: Of jsonschema-rs.
        translation: The schema that it validates.
        value: What it is asked about.
        whole: The value that this is of, if it was `shortened`.
    """
    names: dict[str, str] = {}
    value = _renamed(value, names)
    return _Reader(translation, whole, names).errors(validator.iter_errors(value))


class _Reader:
    """Reads the errors of one value."""

    def __init__(self, translation: Translation, value: JsonValue, names: dict[str, str]) -> None:
        self._translation = translation
        self._value = value
        self._names = names

    def errors(self, errors: Iterable[Any], above: int = 0, branch: int = 0) -> list[SchemaError]:
        """Return errors; `above` counts the tokens that lead to the combiner of a branch."""
        entries: dict[tuple[object, ...], int] = {}
        found: dict[tuple[object, ...], _Error] = {}
        for number, error in enumerate(errors):
            path = [*error.instance_path]
            if self._names:
                path = [self._names.get(str(token), token) for token in path]
            schema, keyword, order = _traced(
                self._translation, error.evaluation_path, path, entries
            )
            instance = self._value if not path else _at(self._value, path)
            if keyword == "format" and isinstance(instance, float):
                continue  # int32 and int64 speak of integers alone; the type is told
            key: tuple[object, ...] = (number,)
            if keyword == "x-key-max-length":
                # one error for each long key, where one for them all is told
                if error.evaluation_path[-1] == "not":
                    path = path[:-1]
                    instance = _at(self._value, path)
                key = (keyword, *path)
            if key not in found:
                found[key] = _Error(
                    order=order,
                    validator=keyword,
                    validator_value=[error.kind.property]
                    if keyword == "required"
                    else schema.get(keyword),
                    instance=instance,
                    schema=schema,
                    path=path[above:],
                    schema_path=(branch,),
                    context=self._branches(error.kind.context, len(path))
                    if keyword in {"oneOf", "anyOf"}
                    else None,
                )
        ordered: list[_Error] = sorted(found.values(), key=attrgetter("order"))
        return [*ordered]

    def _branches(self, branches: list[Any], above: int) -> list[SchemaError] | None:
        if not all(branches):
            return None  # some of them fit, so too many do
        return [
            one
            for number, errors in enumerate(branches)
            for one in self.errors(errors, above, number)
        ]


def _renamed(value: JsonValue, names: dict[str, str]) -> JsonValue:
    """Give other names to properties that the library has no path for, and note whose they are.

    In its paths an empty name is left out, and a number stands as one, as if it were an index.
    """
    if isinstance(value, list):
        items = [_renamed(x, names) if isinstance(x, dict | list) else x for x in value]
        return items if names else value
    if not isinstance(value, dict):
        return value
    renamed: dict[str, JsonValue] = {}
    for name, item in value.items():
        other = name
        if not name or (name.isascii() and name.removeprefix("+").isdigit()):
            other = f"\ue000{name[1:]}" if name[:1] == "+" else name.translate(_DIGITS) or "\ue00f"
            names[other] = name
        renamed[other] = _renamed(item, names) if isinstance(item, dict | list) else item
    return renamed if names else value


_DIGITS = {ord("0") + digit: 0xE001 + digit for digit in range(10)}
"""Digits in private characters: of other names as few as possible become the same."""


def _traced(
    translation: Translation,
    path: Sequence[str | int],
    instance_path: Sequence[str | int],
    entries: dict[tuple[object, ...], int],
) -> tuple[Schema, str, tuple[int, ...]]:
    """Follow a path to a keyword: its schema in the contract, its name there, and its order.

    `entries` numbers the entries of arrays and maps as they come, which is in their order.
    """
    node: Any = translation.draft4
    schema: Schema = {}
    order: list[int] = []
    inside = iter(instance_path)
    above: str | int = ""
    for token in path:
        if above in {"items", "additionalProperties"}:
            place = (*order, next(inside, None))
            order.append(entries.setdefault(place, len(entries)))
        origin = translation.origins.get(id(node))
        if origin is not None:
            schema = origin.schema
            order.extend(origin.order)
            if origin.keyword:
                return schema, origin.keyword, tuple(order)
            if token not in {"allOf", "$ref"}:
                keyword = _OWN_NAMES.get(str(token), str(token))
                order.append([*schema, keyword].index(keyword))
        elif above == "properties":
            order.append(list(node).index(token))
            next(inside, None)
        elif above in {"oneOf", "anyOf"}:
            order.append(int(token))
        if token == "$ref":  # noqa: S105 - a step of a path
            node = translation.draft4["definitions"][node["$ref"].rpartition("/")[2]]
            above = ""
        else:
            node, above = node[token], token
    name = str(path[-1])
    return schema, _OWN_NAMES.get(name, name), tuple(order)


def _at(value: JsonValue, path: Sequence[str | int]) -> JsonValue:
    part: Any = value
    for token in path:
        part = part[token]
    found: JsonValue = part
    return found


# ------------------------------------------------------------------ floods of mistakes


def shortened(
    document: Schema, schema: Schema, value: JsonValue, accepts_of: Callable[[Schema], Accepts]
) -> JsonValue:
    """Return a value that a schema refuses with few errors more than can be told.

    An error costs the library about ten microseconds, and it finds all before it returns. So of a
    value with more than 500 parts only so much is looked at:

    - of an array or map with more entries than its limit: one more than that, or the first 200;
    - of unknown properties that none may be, and of what no schema describes: the first 200;
    - of other arrays and maps: what comes before 200 wrong entries in all.

    What is left keeps its place. Above that the work is that of reading the value once.
    """
    if not _has_more_than(_EXPLAINED_WHOLE, value):
        return value
    return _Shortener(document, accepts_of).short(value, [schema])


def _has_more_than(limit: int, value: JsonValue) -> bool:
    """Tell whether a value has more than so many parts, without a look at the others."""
    waiting: list[JsonValue] = [value]
    seen = 0
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict | list):
            seen += len(part)
            if seen > limit:
                return True
            waiting.extend(part.values() if isinstance(part, dict) else part)
    return False


class _Shortener:
    def __init__(self, document: Schema, accepts_of: Callable[[Schema], Accepts]) -> None:
        self._document = document
        self._accepts_of = accepts_of
        self._left = VIOLATIONS_AT_MOST

    def short(self, value: JsonValue, schemas: Sequence[Schema]) -> JsonValue:
        level = list(flatten(self._document, schemas))
        if isinstance(value, list):
            items = [schema["items"] for schema in level if "items" in schema]
            least, most = _room(level, ("minItems", "maxItems"), len(value), described=bool(items))
            accepts = self._check(items)
            kept: list[JsonValue] = []
            for item in islice(value, most):
                wrong = not accepts(item)
                if wrong and len(kept) > least and self._left < 1:
                    break
                kept.append(self._entry(item, items) if wrong else item)
            return kept if items or _unique(level) else [_bare(item) for item in kept]
        if isinstance(value, dict):
            return self._short_object(value, level)
        return value

    def _short_object(
        self, value: dict[str, JsonValue], level: Sequence[Schema]
    ) -> dict[str, JsonValue]:
        parts = properties_of(level)
        found = {name: self.short(value[name], parts[name]) for name in value.keys() & parts.keys()}
        others = [
            schema["additionalProperties"]
            for schema in level
            if isinstance(schema.get("additionalProperties"), Mapping)
        ]
        longest = [s["x-key-max-length"] for s in level if "x-key-max-length" in s]
        least, most = _room(
            level, ("minProperties", "maxProperties"), len(value), described=bool(others or longest)
        )
        accepts = self._check(others)
        for name, item in islice(value.items(), most):
            if name in parts:
                continue
            wrong = not accepts(item) or any(len(name) > limit for limit in longest)
            if wrong and len(found) > least and self._left < 1:
                break
            found[name] = self._entry(item, others) if wrong else item
            if not others:
                found[name] = _bare(item)
        return {name: found[name] for name in value if name in found}

    def _entry(self, item: JsonValue, schemas: Sequence[Schema]) -> JsonValue:
        self._left -= 1
        return self.short(item, schemas)

    def _check(self, schemas: Sequence[Schema]) -> Accepts:
        """Return a check that takes what all the schemas accept."""
        checks = [self._accepts_of(schema) for schema in schemas]
        return checks[0] if len(checks) == 1 else lambda item: all(one(item) for one in checks)


def _room(
    level: Sequence[Schema], keywords: Sequence[str], size: int, *, described: bool
) -> tuple[int, int]:
    """Return how many entries have to stay so that limits are still broken, and how many may."""
    limits = [schema[key] for schema in level for key in keywords if key in schema]
    broken = max((limit for limit in limits if limit < size), default=-1)
    largest = max((broken + 1, *(limit for limit in limits if limit >= size)), default=0)
    if _unique(level) or (described and broken < 0):
        return largest, size
    return largest, max(largest, VIOLATIONS_AT_MOST)


def _unique(level: Sequence[Schema]) -> bool:
    return any(schema.get("uniqueItems") for schema in level)


def _bare(item: JsonValue) -> JsonValue:
    """Return what no schema describes, without its parts."""
    return type(item)() if isinstance(item, dict | list) else item
