"""The JSON edge: what a parsed body or an OpenAPI document may hold."""

from collections.abc import Mapping
from typing import Any, TypeAlias

JsonValue: TypeAlias = dict[str, "JsonValue"] | list["JsonValue"] | str | int | float | bool | None
"""Any JSON value, as `json.loads` builds it."""

Schema: TypeAlias = Mapping[str, Any]
"""One object of an OpenAPI document: a schema, a parameter, an operation."""

_KINDS = {
    type(None): "null",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
}


def kind_of(value: object) -> str:
    """Name the JSON kind of a value in words, never the value itself.

    >>> kind_of({"api_secret": "not shown"})
    'an object'
    """
    return _KINDS.get(type(value), "an object")
