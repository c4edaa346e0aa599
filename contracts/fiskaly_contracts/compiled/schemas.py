"""A schema of OpenAPI 3.0 as a schema of JSON Schema Draft 4 that says the same of each value.

"The same" means what openapi-core decides with the named stricter rules of `strictness`. What a
keyword ignores there is left out here; what has no exact counterpart gets no translation, and then
openapi-core judges. Only below `uniqueItems` may the translation be the stricter one, and never
inside `not` and `oneOf`, where stricter would mean laxer.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fiskaly_contracts.fields import resolve
from fiskaly_contracts.json_value import Schema, tokens_of
from fiskaly_contracts.strictness import NoTranslationError, ecma_pattern, rust_pattern

Draft4 = dict[str, Any]

PATTERN = "x-ecma-pattern"
MULTIPLE = "x-multiple-of"
KEY_LENGTH = "x-key-max-length"
UNIQUE = "x-unique-items"
DATE = "x-date"
DATE_TIME = "x-date-time"
"""Keywords and formats that stay Python functions, see `validators`."""

_TYPES = frozenset({"string", "integer", "number", "boolean", "array", "object"})
_DISTINCT = frozenset({"string", "integer", "boolean"})
"""Types whose values all libraries tell apart alike; integers beyond doubles equal some double."""
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
KEYWORDS = frozenset(
    {
        *_COUNTS,
        "type",
        "enum",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "multipleOf",
        "uniqueItems",
        "items",
        "properties",
        "required",
        "additionalProperties",
        "x-key-max-length",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "readOnly",
        "writeOnly",
        "$ref",
    }
)
_EXACT = 1 << 53
"""Numbers up to this are the same as integer and as double."""
_COMPILED_KEYS = 64
"""Compiling a repetition costs more the longer it is: 0.1 ms for 40, 3 ms for 1000."""
_ANY = "[\0-\U0010ffff]"
_UUID = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
_EMAIL = r"^[^@\s]+@[^@\s]+$"
_EMAIL_LENGTH = 254
_LONG = 1 << 63
_INTEGERS = {"int32": 1 << 31, "int64": _LONG}
_PLAIN_REFERENCE = re.compile(r"#(/[A-Za-z0-9._~-]+)+")


class Origin(NamedTuple):
    """What a part of a translated schema comes from.

    Attributes:
        schema: The contract's schema that it says.
        keyword: The one keyword of that schema that it stands for; "" where it stands for all.
        order: Its place among the keywords that became parts of one `allOf`; () elsewhere.
    """

    schema: Schema
    keyword: str = ""
    order: tuple[int, ...] = ()


class Translation(NamedTuple):
    """A whole Draft 4 schema, with the definitions that it refers to, and its parts' origins.

    Attributes:
        draft4: The schema.
        origins: By `id` of a part; the parts live as long as the schema.
    """

    draft4: Draft4
    origins: Mapping[int, Origin]


class Translator:
    """Translates one schema of a document for one direction."""

    def __init__(self, document: Schema, *, writing: bool) -> None:
        self._document = document
        self._writing = writing
        self._definitions: dict[tuple[str, bool], tuple[str, Draft4]] = {}
        self._origins: dict[int, Origin] = {}

    def translation(self, schema: Schema) -> Translation:
        """Return a whole Draft 4 schema; to be called once.

        Raises:
            NoTranslationError: It says something that has no exact counterpart.
            LookupError: A reference leads nowhere.

        >>> schema = {"type": "string", "nullable": True, "format": "uri"}
        >>> Translator({}, writing=True).translation(schema).draft4
        {'type': ['string', 'null']}
        """
        # references at the root are followed to their end, and what stands beside them is forgotten
        whole = self._one(resolve(self._document, schema), exact=False)
        if self._definitions:
            whole = {"allOf": [whole], "definitions": dict(self._definitions.values())}
        return Translation(whole, self._origins)

    def _one(self, schema: Any, *, exact: bool) -> Draft4:
        if not isinstance(schema, Mapping) or "id" in schema:
            raise NoTranslationError("schema")
        result: Draft4 = {}
        parts: list[Draft4] = []
        self._origins[id(result)] = Origin(schema)
        if "$ref" in schema:
            reference = self._reference(schema["$ref"], exact=exact)
            if not KEYWORDS & schema.keys() - {"$ref"}:
                return reference
            self._origins[id(reference)] = Origin(schema, order=(-1,))  # told first
            parts.append(reference)
        _type(schema, result)
        _enum(schema, result)
        _counts(schema, result)
        _bounds(schema, result)
        _multiple(schema, result, exact=exact)
        _pattern(schema, result)
        for keyword, part in self._keywords_of_ours(schema):
            self._origins[id(part)] = Origin(schema, keyword, (rank(schema, keyword),))
            parts.append(part)
        self._array(schema, result, exact=exact)
        self._object(schema, result, exact=exact)
        self._combined(schema, result, parts, exact=exact)
        if exact and "required" in result:
            # The part that is looked at last: a wrong branch is told sooner by its constants
            part = {"required": result.pop("required")}
            self._origins[id(part)] = Origin(schema, "required", (rank(schema, "required"),))
            parts.append(part)
        if parts:
            result["allOf"] = parts
        return result

    def _reference(self, reference: Any, *, exact: bool) -> Draft4:
        if not isinstance(reference, str) or not _PLAIN_REFERENCE.fullmatch(reference):
            raise NoTranslationError("$ref")
        key = (reference, exact)
        if key not in self._definitions:
            name = f"d{len(self._definitions)}"
            holder: Draft4 = {}
            self._definitions[key] = (name, holder)
            target = self._one(self._target(reference), exact=exact)
            holder.update(target)
            if id(target) in self._origins:
                self._origins[id(holder)] = self._origins.pop(id(target))
        return {"$ref": f"#/definitions/{self._definitions[key][0]}"}

    def _target(self, reference: str) -> Any:
        """Look up what a reference names, be it another reference with keywords beside it."""
        found: Any = self._document
        for token in tokens_of(reference[1:]):
            found = found[token]
        return found

    def _keywords_of_ours(self, schema: Schema) -> Iterator[tuple[str, Draft4]]:
        """Yield a part for each keyword that Draft 4 does not know, or knows otherwise."""
        direction = "readOnly" if self._writing else "writeOnly"
        if schema.get(direction):
            yield direction, {"not": {}}
        if "format" in schema:
            yield from (("format", part) for part in _format(schema))
        if "x-key-max-length" in schema:
            yield "x-key-max-length", _key_length(schema)

    def _array(self, schema: Schema, result: Draft4, *, exact: bool) -> None:
        if "items" in schema:
            result["items"] = self._one(schema["items"], exact=exact)
        if schema.get("uniqueItems"):
            kind = resolve(self._document, schema.get("items", {})).get("type")
            if exact and kind not in _DISTINCT:
                raise NoTranslationError("uniqueItems")
            result["uniqueItems" if kind in _DISTINCT else UNIQUE] = True

    def _object(self, schema: Schema, result: Draft4, *, exact: bool) -> None:
        properties: Schema = schema.get("properties", {})
        if properties:
            if any(not name or name.isdecimal() for name in properties):
                raise NoTranslationError("properties")  # jsonschema-rs has no path for them
            result["properties"] = {
                name: self._one(declared, exact=exact) for name, declared in properties.items()
            }
        exempt = "readOnly" if self._writing else "writeOnly"
        required = [
            name
            for name in schema.get("required", ())
            if not (properties.get(name) or {}).get(exempt)
        ]
        if required:
            result["required"] = required
        others = schema.get("additionalProperties", True)
        if isinstance(others, bool):
            result["additionalProperties"] = others
        else:
            result["additionalProperties"] = self._one(others, exact=exact)
        if result["additionalProperties"] is True:
            del result["additionalProperties"]

    def _combined(
        self, schema: Schema, result: Draft4, parts: list[Draft4], *, exact: bool
    ) -> None:
        for number, branch in enumerate(schema.get("allOf", ())):
            part = self._one(branch, exact=exact)
            said = branch if id(part) in self._origins else schema
            self._origins[id(part)] = Origin(said, order=(rank(schema, "allOf"), number))
            parts.append(part)
        if "anyOf" in schema:
            result["anyOf"] = [self._one(branch, exact=exact) for branch in schema["anyOf"]]
        if "oneOf" in schema:
            result["oneOf"] = [self._one(branch, exact=True) for branch in schema["oneOf"]]
        if "not" in schema:
            result["not"] = self._one(schema["not"], exact=True)


def rank(schema: Schema, keyword: str) -> int:
    """Return how many keywords of a schema stand before one; all of them where it has none."""
    return [*schema, keyword].index(keyword)


def _type(schema: Schema, result: Draft4) -> None:
    if "type" not in schema:
        return
    if schema["type"] not in _TYPES:
        raise NoTranslationError("type")
    # `nullable` belongs to `type`: alone it says nothing
    nullable = schema.get("nullable") is True
    result["type"] = [schema["type"], "null"] if nullable else schema["type"]


def _enum(schema: Schema, result: Draft4) -> None:
    if "enum" not in schema:
        return
    for value in schema["enum"]:
        if not (value is None or isinstance(value, str | bool) or _is_exact(value)):
            raise NoTranslationError("enum")
    result["enum"] = list(schema["enum"])


def _counts(schema: Schema, result: Draft4) -> None:
    for keyword in _COUNTS:
        if keyword in schema:
            result[keyword] = _count(schema[keyword], keyword)


def _count(value: Any, keyword: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _EXACT:
        raise NoTranslationError(keyword)
    return value


def _bounds(schema: Schema, result: Draft4) -> None:
    for keyword, flag in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if keyword not in schema:
            continue
        exclusive = schema.get(flag, False)
        whole = schema.get("type") == "integer" and _is_long(schema[keyword])
        if not (whole or _is_exact(schema[keyword])) or not isinstance(exclusive, bool):
            raise NoTranslationError(keyword)
        result[keyword] = schema[keyword]
        if exclusive:
            result[flag] = True


def _is_exact(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -_EXACT <= value <= _EXACT


def _is_long(value: Any) -> bool:
    """Tell whether it is an integer of 64 bits, which integers are compared with exactly."""
    return isinstance(value, int) and not isinstance(value, bool) and -_LONG <= value < _LONG


def _multiple(schema: Schema, result: Draft4, *, exact: bool) -> None:
    if "multipleOf" not in schema:
        return
    divisor = schema["multipleOf"]
    if not _is_exact(divisor) or divisor <= 0:
        raise NoTranslationError("multipleOf")
    if isinstance(divisor, float) and exact:
        # the library may raise where this would say no
        raise NoTranslationError("multipleOf")
    native = isinstance(divisor, int) and schema.get("type") == "integer"
    result["multipleOf" if native else MULTIPLE] = divisor


def _pattern(schema: Schema, result: Draft4) -> None:
    if "pattern" not in schema:
        return
    pattern = schema["pattern"]
    try:
        result["pattern"] = rust_pattern(pattern)
    except NoTranslationError:
        if not _is_plain_python(pattern):
            raise
        result[PATTERN] = pattern


def _is_plain_python(pattern: str) -> bool:
    """Tell whether Python compiles the pattern, without a warning of what it may mean one day."""
    if re.search(r"&&|~~|--|\|\||\[.*\[", pattern, re.DOTALL):
        return False
    try:
        ecma_pattern(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _format(schema: Schema) -> Iterator[Draft4]:
    name = schema["format"]
    kind = schema.get("type")
    if name == "uuid":
        yield {"pattern": _UUID}
    elif name == "email":
        yield {"pattern": rust_pattern(_EMAIL), "maxLength": _EMAIL_LENGTH}
    elif name == "date":
        yield {"format": DATE}
    elif name == "date-time":
        yield {"format": DATE_TIME}
    elif name in _INTEGERS and kind in (None, "integer", "number"):
        limit = _INTEGERS[name]
        bounds: Draft4 = {"minimum": -limit, "maximum": limit - 1}
        # a float of any size passes: the format speaks of integers
        other = {"not": {"type": "integer"}}
        yield bounds if kind == "integer" else {"anyOf": [other, bounds]}


def _key_length(schema: Schema) -> Draft4:
    limit = _count(schema["x-key-max-length"], "x-key-max-length")
    if limit <= _COMPILED_KEYS:
        return {"patternProperties": {f"^{_ANY}{{{limit + 1}}}": {"not": {}}}}
    return {KEY_LENGTH: limit}
