r"""What openapi-core lets through and this contract does not: named rules as pure functions.

`pattern`            read as ECMA 262 reads it: `$` is the very end (Python's lets a newline
                     follow), `\d` and `\w` are ASCII, `.` is no line terminator, `\s` is all
                     white space. Independent of which regex packages are installed.
`x-key-max-length`   the longest key of an object (OpenAPI 3.0 has no `propertyNames`).
`format`             only the formats named here are checked, always the same way; jsonschema's own
                     depend on what is installed, and its `uuid` takes underscores and braces.
`discriminator`      is ignored: `oneOf` alone decides. openapi-core looks a sent value up as a
                     reference, raises on an unhashable one, and loses the branches' reasons.
`no-content`         a response body where the contract describes none.

The rules for text and parameters stand in `body` and `parameters`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from fiskaly_contracts.json_value import Schema

_NOT_A_LINE_END = r"[^\n\r\u2028\u2029]"
_SPACES = r"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_PIECE = re.compile(r"\\.|\[\^?\]?|[\]$.]|[^\\\[\]$.]+", re.DOTALL)


@lru_cache(maxsize=256)
def ecma_pattern(pattern: str) -> "re.Pattern[str]":
    r"""Compile a schema's pattern so that Python matches what ECMA 262 would.

    >>> ecma_pattern(r"^\d+$").search("12\n") is None
    True
    >>> ecma_pattern(r"^\w+$").search("Müller") is None
    True
    """
    return re.compile("".join(_translated(pattern)), re.ASCII)


def _translated(pattern: str) -> Iterator[str]:
    in_class = False
    for piece in _PIECE.findall(pattern):
        if piece == r"\s":
            yield _SPACES if in_class else f"[{_SPACES}]"
        elif piece == r"\S" and not in_class:
            yield f"[^{_SPACES}]"
        elif in_class:
            in_class = piece != "]"
            yield piece
        elif piece.startswith("["):
            in_class = True
            yield piece
        else:
            yield {"$": r"\Z", ".": _NOT_A_LINE_END}.get(piece, piece)


def matches(pattern: str, text: str) -> bool:
    """Tell whether the pattern is found in the text, as ECMA 262 would.

    >>> matches("^[a-z]{3}$", "abc")
    True
    """
    return ecma_pattern(pattern).search(text) is not None


def long_keys(value: Mapping[str, object], limit: int) -> list[str]:
    """Return the keys of an object that are longer than `x-key-max-length` allows.

    >>> long_keys({"a": 1, "abc": 2}, 2)
    ['abc']
    """
    return [key for key in value if len(key) > limit]


_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EMAIL = re.compile(rf"[^@{_SPACES}]+@[^@{_SPACES}]+")
_EMAIL_LENGTH = 254
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_INT32 = 1 << 31
_INT64 = 1 << 63


def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or _UUID.fullmatch(value) is not None


def _is_email(value: object) -> bool:
    if not isinstance(value, str):
        return True
    return len(value) <= _EMAIL_LENGTH and _EMAIL.fullmatch(value) is not None


def _is_date(value: object) -> bool:
    return not isinstance(value, str) or (
        _DATE.fullmatch(value) is not None and _parses(date.fromisoformat, value)
    )


def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or (
        _DATE_TIME.fullmatch(value) is not None and _parses(datetime.fromisoformat, value)
    )


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _is_int32(value: object) -> bool:
    return not isinstance(value, int) or -_INT32 <= value < _INT32


def _is_int64(value: object) -> bool:
    return not isinstance(value, int) or -_INT64 <= value < _INT64


def format_checks() -> dict[str, Callable[[object], bool]]:
    """Return a check for each format; a value of another type than the format's passes.

    `uuid` is any 8-4-4-4-12 hex (Source: recorded), `email` one @ with text on both sides and no
    white space, at most 254 characters (Source: assumption (A-55)).

    >>> format_checks()["uuid"]("a2aa222a-2222-22a2-2222-a22a2aa222a2")
    True
    """
    return {
        "uuid": _is_uuid,
        "email": _is_email,
        "date": _is_date,
        "date-time": _is_date_time,
        "int32": _is_int32,
        "int64": _is_int64,
    }


_UNWANTED = frozenset({"security", "servers", "deprecated", "allowEmptyValue"})
_OPAQUE = frozenset({"schema", "schemas", "example", "examples", "securitySchemes"})


def document_to_check(document: Schema) -> dict[str, Any]:
    """Return the document as the checking library gets it.

    Without `security` (401 is not this package's business, and openapi-core stops at it), without
    `servers` (the operation is known already), and without `deprecated` and `allowEmptyValue`, for
    which openapi-core emits warnings: under `-W error` in the process of a user each would become
    an exception, and silencing warnings is not safe between threads. Schemas stay as they are.

    >>> document_to_check({"servers": [], "paths": {"/x": {"get": {"security": []}}}})
    {'paths': {'/x': {'get': {}}}}
    """
    stripped: dict[str, Any] = _stripped(dict(document))
    return stripped


def _stripped(node: Any) -> Any:
    if isinstance(node, list):
        return [_stripped(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: value if key in _OPAQUE else _stripped(value)
        for key, value in node.items()
        if key not in _UNWANTED
    }
