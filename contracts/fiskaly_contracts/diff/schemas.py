"""The comparison of two schemas, in the direction that matters."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from fiskaly_contracts.diff.rules import LOWER, UPPER, Change, Level, Place
from fiskaly_contracts.fields import resolve
from fiskaly_contracts.json_value import Schema

_BOUNDS: Final = {
    "max": "maximum",
    "max-length": "maxLength",
    "max-items": "maxItems",
    "max-properties": "maxProperties",
    "min": "minimum",
    "min-length": "minLength",
    "min-items": "minItems",
    "min-properties": "minProperties",
}
_TIGHTER: Final[Mapping[str, Callable[[tuple[Any, Any]], Any]]] = {
    keyword: min if bound in UPPER else max for bound, keyword in _BOUNDS.items()
}
_NO_LIMIT_OF_FORM: Final = frozenset({None, "password", "binary", "float", "double", "int64"})
"""Formats that refuse nothing."""
_NAMELESS: Final = "an alternative without a name"
_UNSURE: Final = (
    "not", "patternProperties", "propertyNames", "prefixItems", "contains", "minContains",
    "maxContains", "if", "then", "else", "dependentRequired", "dependentSchemas",
    "unevaluatedProperties", "unevaluatedItems", "x-key-max-length",
)  # fmt: skip
"""Keywords of which only is told that they changed, not in which direction."""
_ABSENT: Final = object()


class SchemaComparison:
    """Compares schemas of two documents; references inside each are followed.

    Circles are cut where both sides have been met together before.
    """

    def __init__(self, old: Schema, new: Schema) -> None:
        """Take the two documents."""
        self._documents = (old, new)
        self._joints: dict[tuple[int, int], dict[str, Any]] = {}

    def resolved(self, side: int, node: Schema | bool) -> Schema:  # noqa: FBT001 - a schema, too
        """Follow a reference inside the old (0) or new (1) document.

        Raises:
            LookupError: It leads nowhere, in a circle, or to another document.
        """
        if isinstance(node, bool):  # of OpenAPI 3.1: anything, or nothing
            return {} if node else {"not": {}}
        reference = node.get("$ref", "")
        if isinstance(reference, str) and reference and not reference.startswith("#"):
            raise LookupError(f"{reference!r:.80} is in another document, which is never followed")
        return resolve(self._documents[side], node)

    def changes(
        self,
        place: Place,
        old: Schema,
        new: Schema,
        met: frozenset[tuple[int, int]] = frozenset(),
    ) -> Iterator[Change]:
        """Yield what changed from one schema to the other."""
        old, new = self.resolved(0, old), self.resolved(1, new)
        pair = id(old), id(new)
        if pair in met:
            return
        met |= {pair}
        old, new = self._merged(0, old), self._merged(1, new)
        changed = old != new  # if not, what they refer to still may be
        if changed and place.into:
            yield from _default(place, old, new)
        branches = self._branches(old), self._branches(new)
        if branches[0] or branches[1]:
            yield from self._alternatives(place, branches[0] or [old], branches[1] or [new], met)
        if bool(branches[0]) != bool(branches[1]):
            return  # the one without branches was compared as a whole
        if changed:
            yield from _types(place, old, new)
            yield from _enum(place, old, new)
            yield from _bounds(place, old, new)
            yield from _unsure(place, old, new)
        yield from self._properties(place, old, new, met)
        if "items" in old or "items" in new:
            below = place.below("[]")
            yield from self.changes(below, old.get("items", {}), new.get("items", {}), met)

    def _merged(self, side: int, node: Schema) -> Schema:
        """Follow a reference, and join the parts of an `allOf` into one schema."""
        node = self.resolved(side, node)
        if "allOf" not in node:
            return node
        merged: Schema = {key: value for key, value in node.items() if key != "allOf"}
        for part in node["allOf"]:
            merged = self._both(side, merged, self._merged(side, part))
        return merged

    def _both(self, side: int, one: Schema, other: Schema) -> Schema:
        """Join two schemas that a value has to obey both; of what cannot be joined the first."""
        joined: dict[str, Any] = {**other, **one}
        if "properties" in joined:
            joined["properties"] = self._joint(
                side, one.get("properties", {}), other.get("properties", {})
            )
        if "required" in joined:
            joined["required"] = [*one.get("required", ()), *other.get("required", ())]
        for keyword in one.keys() & other.keys():
            values = one[keyword], other[keyword]
            if keyword in _TIGHTER:
                joined[keyword] = _TIGHTER[keyword](values)
            elif keyword == "enum":
                joined[keyword] = [value for value in values[0] if value in values[1]]
            elif keyword == "additionalProperties" and False in values:
                joined[keyword] = False
        return joined

    def _joint(self, side: int, ones: Schema, others: Schema) -> Schema:
        """Join properties; one that both have obeys both, and is the same thing each time."""
        joined = {**others, **ones}
        for name in ones.keys() & others.keys():
            parts = ones[name], others[name]
            if parts[0] == parts[1]:
                continue
            both = self._joints.setdefault((id(parts[0]), id(parts[1])), {"allOf": [*parts]})
            for hidden in ("readOnly", "writeOnly"):
                if any(self.resolved(side, part).get(hidden) for part in parts):
                    both[hidden] = True
            joined[name] = both
        return joined

    def _branches(self, node: Schema) -> list[Schema]:
        return [*(node.get("oneOf") or node.get("anyOf") or ())]

    def _alternatives(
        self,
        place: Place,
        old: list[Schema],
        new: list[Schema],
        met: frozenset[tuple[int, int]],
    ) -> Iterator[Change]:
        """Compare the branches of `oneOf` and `anyOf`, by their names and else by what fits."""
        left = [*new]
        gone = []
        for branch in old:
            twin = self._twin(place, branch, left, met)
            if twin is None:
                gone.append(branch)
            else:
                left.remove(twin)
                yield from self.changes(place, branch, twin, met)
        for branch in gone:
            yield place.value("one-of-removed", _label(branch))
        for branch in left:
            yield place.value("one-of-added", "", _label(branch))

    def _twin(
        self, place: Place, branch: Schema, among: list[Schema], met: frozenset[tuple[int, int]]
    ) -> Schema | None:
        for fits in (
            lambda other: _label(branch) == _label(other) != _NAMELESS,
            lambda other: not [*self.changes(place, branch, other, met)],
            lambda other: (
                not any(one.level is Level.ERR for one in self.changes(place, branch, other, met))
            ),
        ):
            found = next(filter(fits, among), None)
            if found is not None:
                return found
        return None

    def _properties(
        self, place: Place, old: Schema, new: Schema, met: frozenset[tuple[int, int]]
    ) -> Iterator[Change]:
        hidden = "readOnly" if place.into else "writeOnly"
        before, after = (
            {
                name: node
                for name, node in one.get("properties", {}).items()
                if not self.resolved(side, node).get(hidden)
            }
            for side, one in enumerate((old, new))
        )
        required = [set(one.get("required", ())) for one in (old, new)]
        for name in {**before, **after}:
            at = place.below(name)
            if name not in after:
                yield at.change(_removed(at, name in required[0], closed=_closed(new)))
            elif name not in before:
                default = "default" in self.resolved(1, after[name])
                yield at.change(_added(at, name in required[1], default=default))
            else:
                if (name in required[0]) != (name in required[1]):
                    default = "default" in self.resolved(1, after[name])
                    yield at.value(_became(at, name in required[1], default=default))
                yield from self.changes(at, before[name], after[name], met)
        declared = old.get("properties", {}).keys() | new.get("properties", {}).keys()
        for name in sorted((required[0] ^ required[1]) - declared):
            at = place.below(name)
            yield at.value(_became(at, name in required[1], default=False))
        yield from self._others(place, old, new, met)

    def _others(
        self, place: Place, old: Schema, new: Schema, met: frozenset[tuple[int, int]]
    ) -> Iterator[Change]:
        closed = _closed(old), _closed(new)
        if closed[0] != closed[1]:
            done = "forbidden" if closed[1] else "allowed"
            yield place.value(f"additional-properties-{done}")
            return
        schemas = [one.get("additionalProperties") for one in (old, new)]
        if any(isinstance(one, Mapping) for one in schemas):
            parts = [one if isinstance(one, Mapping) else {} for one in schemas]
            yield from self.changes(place.below("*"), parts[0], parts[1], met)


def _label(branch: Schema) -> str:
    return str(branch.get("$ref", "")).rpartition("/")[2] or str(branch.get("title") or _NAMELESS)


def _default(place: Place, old: Schema, new: Schema) -> Iterator[Change]:
    defaults = [one.get("default", _ABSENT) for one in (old, new)]
    if defaults[0] != defaults[1] and defaults[0] is not _ABSENT:
        said = ["none" if one is _ABSENT else one for one in defaults]
        yield place.value("default-value-changed", *said)


def _types(place: Place, old: Schema, new: Schema) -> Iterator[Change]:
    (before, form, null), (after, other, nulls) = (_type_of(one) for one in (old, new))
    shown = _listed(before, form), _listed(after, other)
    if (before, form) != (after, other):
        wider = _takes(after, before) and other in {form, None}
        narrower = _takes(before, after) and form in {other, None}
        kind = "type-generalized" if wider else "type-specialized" if narrower else "type-changed"
        yield place.value(kind, *shown)
    if null != nulls:
        yield place.value("became-nullable" if nulls else "became-not-nullable")


def _type_of(schema: Schema) -> tuple[frozenset[str], str | None, bool]:
    """Return the types, the format if it limits anything, and whether null is let through."""
    given = schema.get("type", ())
    kinds = {given} if isinstance(given, str) else {*given}
    null = schema.get("nullable") is True or "null" in kinds
    kinds.discard("null")
    if "number" in kinds:
        kinds.add("integer")  # every integer is a number
    form = schema.get("format")
    return frozenset(kinds), None if form in _NO_LIMIT_OF_FORM else form, null


def _takes(wide: frozenset[str], narrow: frozenset[str]) -> bool:
    """Tell whether all that the one lets through the other does too; no type is any type."""
    return not wide or (bool(narrow) and narrow <= wide)


def _enum(place: Place, old: Schema, new: Schema) -> Iterator[Change]:
    before, after = ([one["const"]] if "const" in one else one.get("enum") for one in (old, new))
    if before is None or after is None:
        if before is not after:
            yield place.value("became-enum" if before is None else "enum-removed")
        return
    for value in before:
        if value not in after:
            yield place.value("enum-value-removed", value)
    for value in after:
        if value not in before:
            yield place.value("enum-value-added", "", value)


def _bounds(place: Place, old: Schema, new: Schema) -> Iterator[Change]:
    for bound in (*UPPER, *LOWER):
        before, after = (_bound(one, bound) for one in (old, new))
        if before == after:
            continue
        if before is None or after is None:
            yield place.value(
                f"{bound}-{'set' if before is None else 'unset'}", *_firsts(before, after)
            )
        else:
            done = "increased" if after > before else "decreased"
            yield place.value(f"{bound}-{done}", *_firsts(before, after))
    for bound, keyword in (("multiple-of", "multipleOf"), ("unique-items", "uniqueItems")):
        first, second = (one.get(keyword) or None for one in (old, new))
        if first == second:
            continue
        if first is None or second is None:
            yield place.value(f"{bound}-{'set' if first is None else 'unset'}", first, second)
        elif second % first == 0 or first % second == 0:
            narrower = second % first == 0
            yield place.value(f"{bound}-{'set' if narrower else 'unset'}", first, second)
        else:
            yield place.value(f"{bound}-changed", first, second)


def _bound(schema: Schema, bound: str) -> tuple[float, float] | None:
    """Return a bound, and beside it how an exclusive one moves it."""
    keyword = _BOUNDS[bound]
    value = schema.get(keyword)
    exclusive = schema.get(f"exclusive{keyword[0].upper()}{keyword[1:]}")
    if exclusive is True:
        moved = -1 if bound in UPPER else 1
        return None if value is None else (value, moved)
    if exclusive is not None and exclusive is not False:  # a number, as OpenAPI 3.1 has it
        return exclusive, -1 if bound in UPPER else 1
    if value is None or (bound in LOWER and bound != "min" and value == 0):
        return None
    return value, 0


def _firsts(*bounds: tuple[float, float] | None) -> Iterable[float | None]:
    return (one[0] if one else None for one in bounds)


def _unsure(place: Place, old: Schema, new: Schema) -> Iterator[Change]:
    for keyword in _UNSURE:
        if old.get(keyword) != new.get(keyword):
            yield place.value("keyword-changed", keyword)
    patterns = old.get("pattern"), new.get("pattern")
    if patterns[0] != patterns[1]:
        kind = "changed" if None not in patterns else "added" if patterns[1] else "removed"
        yield place.value(f"pattern-{kind}", *patterns)


def _closed(schema: Schema) -> bool:
    return schema.get("additionalProperties") is False


def _removed(place: Place, required: bool, *, closed: bool) -> str:  # noqa: FBT001
    if not place.into:
        return f"response-{'required' if required else 'optional'}-property-removed"
    if closed:
        return "request-property-removed-from-closed"
    return "required-request-property-removed" if required else "request-property-removed"


def _added(place: Place, required: bool, *, default: bool) -> str:  # noqa: FBT001
    kind = "required" if required else "optional"
    if not place.into:
        return f"response-{kind}-property-added"
    return f"new-{kind}-request-property{'-with-default' if required and default else ''}"


def _became(place: Place, required: bool, *, default: bool) -> str:  # noqa: FBT001
    if not required:
        return "became-optional"
    return "became-required-with-default" if place.into and default else "became-required"


def _listed(kinds: frozenset[str], form: str | None) -> str:
    kinds = kinds - {"integer"} if "number" in kinds else kinds
    listed = " or ".join(sorted(kinds)) or "anything"
    return f"{listed} of format {form}" if form else listed
