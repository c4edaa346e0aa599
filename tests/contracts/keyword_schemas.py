"""Schemas for each keyword, alone and in company: what the shipped contracts do not use is here."""

from typing import Any

Schema = dict[str, Any]

PATTERNS = (
    r"^\d{2}$", r"\d", r"^\w+$", r"^\s*$", r"^\S$", r"^\D\W$", r"^.$", r"^.+$", r"^[\s\d]$",
    r"^[^\s]+$", r"^[^\d]+$", r"^[a\-z]$", r"^[.$^|(){}?*+]+$", r"^a|b$", r"^(a|b)*?c$", r"#&~-",
    r"^[\x41-\u0043]$", r"a{2}b{1,}", r"^(?:xy)+$", r"^\u00e9$", r"^\/\-\.\#$", r"[\v\f\t]",
    r"^\u00fc+$", "^[\u00e0-\u00fc]$", "^$", "", r"^a$b", r"^[\w.\-]{1,64}@\w+$", r"^[^\n]$",
)  # fmt: skip
PYTHON_PATTERNS = (r"\bx", r"^(?=a)", r"(a)\1", r"^[a-c\D]$", r"^[-a]$", r"^[a-]$", r"^[\w-]+$")
UNTRANSLATED: dict[str, Schema] = {
    "pattern of a set operation": {"type": "string", "pattern": "^[a&&b]$"},
    "pattern of Python alone": {"type": "string", "pattern": "(?P<a"},
    "enum of objects": {"enum": [{"a": 1}, [1]]},
    "enum beyond doubles": {"enum": [2**60]},
    "unknown type": {"type": "file"},
    "an id": {"id": "http://x/", "type": "string"},
    "foreign reference": {"$ref": "other.json#/a"},
    "double divisor below not": {"not": {"type": "number", "multipleOf": 0.1}},
    "unique objects below oneOf": {"oneOf": [{"uniqueItems": True, "items": {}}, {}]},
    "a bound beyond doubles": {"type": "number", "minimum": 2**60},
    "a half length": {"minLength": 1.5},
    "a length below nothing": {"minLength": -1},
    "a length beyond doubles": {"maxItems": 2**53 + 1},
    "a flag for a length": {"maxProperties": True},
    "a flag for a bound": {"type": "number", "maximum": True},
    "a text for a bound": {"type": "number", "minimum": "1"},
    "a bound beyond 64 bits": {"type": "integer", "maximum": 2**63},
    "a bound below 64 bits": {"type": "integer", "minimum": -(2**63) - 1},
    "a number for exclusive": {"minimum": 1, "exclusiveMinimum": 1},
    "no divisor": {"type": "integer", "multipleOf": 0},
    "a divisor below nothing": {"multipleOf": -2},
    "a flag for a divisor": {"multipleOf": True},
    "a property without a name": {"properties": {"": {"type": "string"}}},
    "a property named as an index": {"properties": {"1": {"type": "string"}}},
    "items in a row": {"type": "array", "items": [{}, {}]},
}
"""What has no exact counterpart; openapi-core judges."""


def _typed() -> dict[str, Schema]:
    found: dict[str, Schema] = {"anything": {}}
    for kind in ("string", "integer", "number", "boolean", "array", "object"):
        found[kind] = {"type": kind}
        found[f"{kind} or null"] = {"type": kind, "nullable": True}
        found[f"{kind} not nullable"] = {"type": kind, "nullable": False}
        found[f"no {kind}"] = {"not": {"type": kind}}
    found["nullable without type"] = {"nullable": True, "minLength": 2}
    found["nullable enum"] = {"type": "string", "nullable": True, "enum": ["a", "b"]}
    found["nullable enum with null"] = {"type": "string", "nullable": True, "enum": ["a", None]}
    return found


def _numbers() -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    for kind in ("integer", "number", None):
        typed: Schema = {} if kind is None else {"type": kind}
        of_each: dict[str, Schema] = {
            "bounds": {"minimum": -3, "maximum": 7},
            "exclusive": {
                "minimum": 0, "exclusiveMinimum": True, "maximum": 9, "exclusiveMaximum": True,
            },
            "not exclusive": {"minimum": 0, "exclusiveMinimum": False},
            "exclusive alone": {"exclusiveMinimum": True},
            "double bounds": {"minimum": 0.1, "maximum": 2.5},
            "multiple": {"multipleOf": 5},
            "multiple of a double": {"multipleOf": 0.01},
            "multiple of a tenth": {"multipleOf": 0.1},
            "int32": {"format": "int32"},
            "int64": {"format": "int64"},
            "int32 with bounds": {"format": "int32", "minimum": 0, "maximum": 2**40},
            "float": {"format": "float"},
            "numbers": {"enum": [1, 2.5, 0, -7]},
            "unlike": {"enum": [True, None, "1", 1]},
        }  # fmt: skip
        for name, schema in of_each.items():
            found[f"{name} of {kind}"] = {**typed, **schema}
    found["long bounds"] = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
    found["not a multiple"] = {"not": {"type": "integer", "multipleOf": 3}}
    return found


def _texts() -> dict[str, Schema]:
    found: dict[str, Schema] = {
        "lengths": {"type": "string", "minLength": 2, "maxLength": 4},
        "lengths of whatever": {"minLength": 2, "maxLength": 4},
        "format and pattern": {"format": "email", "pattern": "^a", "maxLength": 9},
        "no email": {"not": {"type": "string", "format": "email"}},
    }
    for pattern in (*PATTERNS, *PYTHON_PATTERNS):
        found[f"pattern {pattern}"] = {"type": "string", "pattern": pattern}
    for name in ("uuid", "email", "date", "date-time", "uri", "byte", "binary", "password"):
        found[f"format {name}"] = {"type": "string", "format": name}
        found[f"format {name} of whatever"] = {"format": name}
    return found


def _containers() -> dict[str, Schema]:
    text = {"type": "string"}
    return {
        "items": {"type": "array", "items": text, "minItems": 1, "maxItems": 2},
        "unique texts": {"type": "array", "items": text, "uniqueItems": True},
        "unique things": {
            "type": "array", "uniqueItems": True, "items": {},
            "x-try": [
                [1, 1.0], [1, True], [0, False], [[1], [True], [1]], [[1], [1.0]], [0.0, -0.0],
                [{"a": 1}, {"a": 1.0}], [{"a": 1}, {"a": True}], ["a", "a"], ["\u00e9", "e\u0301"],
                [None, None], [2**70, 2**70 + 1], [2**70, 2**70],
                [2**70, 2.0**70], [{"a": 1, "b": 2}, {"b": 2, "a": 1}],
            ],
        },
        "not unique": {"type": "array", "uniqueItems": False, "items": text},
        "one unique": {"oneOf": [{"type": "array", "items": text, "uniqueItems": True}, text]},
        "closed": {
            "type": "object", "additionalProperties": False, "required": ["a"],
            "properties": {"a": text, "b": {"type": "integer"}},
        },
        "open": {"type": "object", "properties": {"a": text}, "required": ["a", "z"]},
        "map": {"type": "object", "additionalProperties": {"type": "integer"}},
        "empty map": {"type": "object", "additionalProperties": {}},
        "sizes": {"type": "object", "minProperties": 1, "maxProperties": 2},
        "sizes of whatever": {"minProperties": 1, "maxItems": 1},
        "short names": {"type": "object", "x-key-max-length": 4, "additionalProperties": text},
        "long names": {"type": "object", "x-key-max-length": 100, "additionalProperties": text},
        "short names of the known": {
            "x-key-max-length": 2, "properties": {"abc": text}, "additionalProperties": False,
        },
        "read-only": {
            "type": "object", "required": ["a", "b"],
            "properties": {"a": {"type": "string", "readOnly": True}, "b": text},
        },
        "write-only": {
            "type": "object", "required": ["a", "b"],
            "properties": {"a": {"type": "string", "writeOnly": True}, "b": text},
        },
        "read-only reference": {
            "type": "object", "required": ["a"],
            "properties": {"a": {"$ref": "#/components/schemas/Short", "readOnly": True}},
        },
        "read-only behind a reference": {
            "type": "object", "required": ["a"],
            "properties": {"a": {"$ref": "#/components/schemas/ReadOnly"}},
        },
        "neither": {
            "properties": {"a": {"readOnly": False, "writeOnly": False}}, "required": ["a"],
        },
    }  # fmt: skip


def _combined() -> dict[str, Schema]:
    short = {"$ref": "#/components/schemas/Short"}
    return {
        "a reference": short,
        "a reference with company": {**short, "minLength": 2, "nullable": True},
        "references with company below": {"type": "array", "items": {**short, "minLength": 2}},
        "a reference to a reference": {"$ref": "#/components/schemas/Alias"},
        "aliases below": {"type": "array", "items": {"$ref": "#/components/schemas/Alias"}},
        "a tree": {"$ref": "#/components/schemas/Tree"},
        "one of": {"oneOf": [{"type": "integer"}, {"type": "number"}, {"minLength": 2}]},
        "one of overlapping": {
            "oneOf": [
                {"required": ["a"], "properties": {"a": {"type": "integer"}}},
                {"required": ["b"], "properties": {"b": {"maxLength": 2}}},
            ]
        },
        "any of": {"anyOf": [{"type": "integer", "minimum": 3}, {"type": "string"}]},
        "all of": {"allOf": [short, {"minLength": 2}], "pattern": "^[a-z]*$"},
        "no": {"not": {"anyOf": [{"type": "string", "minLength": 3}, {"type": "integer"}]}},
        "no number of a kind": {"not": {"type": "number", "maximum": 5, "exclusiveMaximum": True}},
        "no date": {"not": {"format": "date"}, "type": "string"},
        "discriminated": {
            "oneOf": [
                {"$ref": "#/components/schemas/Cat"},
                {"$ref": "#/components/schemas/Dog"},
            ],
            "discriminator": {
                "propertyName": "kind", "mapping": {"cat": "#/components/schemas/Dog"},
            },
            "x-try": [{"kind": "cat"}, {"kind": "dog"}, {"kind": []}, {"kind": "Cat"}, {}],
        },
        "what 3.0 does not know": {
            "const": 1, "if": {}, "then": False, "patternProperties": {"a": {"type": "integer"}},
            "propertyNames": {"maxLength": 1}, "contains": {"type": "integer"}, "default": 5,
            "dependencies": {"a": ["b"]}, "additionalItems": False, "$schema": "x",
            "definitions": {},
        },
        "annotated": {
            "type": "string", "title": "t", "description": "d", "example": 5, "deprecated": True,
            "xml": {}, "externalDocs": {}, "x-secret": True, "default": 7,
        },
    }  # fmt: skip


def schemas() -> dict[str, Schema]:
    """Return every schema by a name for people."""
    return {**_typed(), **_numbers(), **_texts(), **_containers(), **_combined()}


COMPONENTS: dict[str, Schema] = {
    "Short": {"type": "string", "maxLength": 3},
    "ReadOnly": {"type": "string", "readOnly": True},
    "Alias": {"$ref": "#/components/schemas/Short", "minLength": 1},
    "Tree": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string"},
            "below": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
        },
    },
    "Cat": {
        "type": "object",
        "required": ["kind"],
        "additionalProperties": False,
        "properties": {"kind": {"type": "string", "enum": ["cat"]}, "lives": {"type": "integer"}},
    },
    "Dog": {
        "type": "object",
        "required": ["kind"],
        "additionalProperties": False,
        "properties": {"kind": {"type": "string", "enum": ["dog"]}, "bark": {"type": "boolean"}},
    },
}


def document(named: dict[str, Schema]) -> dict[str, Any]:
    """Return a contract with these schemas as components `S0`, `S1` … beside the common ones."""
    return {
        "openapi": "3.0.3",
        "info": {"title": "keywords", "version": "1"},
        "paths": {},
        "components": {
            "schemas": {**COMPONENTS, **{f"S{i}": s for i, s in enumerate(named.values())}}
        },
    }
