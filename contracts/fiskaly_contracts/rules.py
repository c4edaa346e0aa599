"""The names of all rules that a request can break."""

from typing import Final

SCHEMA_RULES: Final = (
    "additionalProperties",
    "allOf",
    "anyOf",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "required",
    "type",
    "uniqueItems",
    "x-key-max-length",
)
"""The keywords of a schema, which name the rules that they stand for."""

NAMED_RULES: Final = (
    "bom",
    "depth",
    "duplicate-key",
    "empty-parameter",
    "encoding",
    "integer-digits",
    "json",
    "lexical",
    "lone-surrogate",
    "max-size",
    "media-type",
    "method",
    "nan",
    "number-range",
    "repeated-parameter",
    "unknown-route",
    "utf-8",
)
"""What is asked for beyond the schemas: of bodies, parameters, and where a request goes."""

REQUEST_RULES: Final = (*SCHEMA_RULES, *NAMED_RULES)
"""All there are; the rules of answers and of warnings are not among them."""
