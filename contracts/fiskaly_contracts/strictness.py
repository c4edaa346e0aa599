r"""What openapi-core lets through and this contract does not: named rules as pure functions.

Both judges go by them.

`pattern`            read as ECMA 262 reads it: `$` is the very end (Python's lets a newline
                     follow), `\d` and `\w` are ASCII, `.` is no line terminator, `\s` is all
                     white space. Independent of which regex packages are installed.
`x-key-max-length`   the longest key of an object (OpenAPI 3.0 has no `propertyNames`).
`format`             only the formats named here are checked, always the same way; jsonschema's own
                     depend on what is installed, and its `uuid` takes underscores and braces.
`discriminator`      is ignored: `oneOf` alone decides. openapi-core looks a sent value up as a
                     reference, raises on an unhashable one, and loses the branches' reasons.
`no-content`         a response body where the contract describes none.

A pattern is read by Python (`matches`, the law), and by the Rust engine where both are sure to
mean the same (`rust_pattern`): only syntax that cannot be read in two ways is translated, and every
class is spelled out. The rules for text and parameters stand in `body` and `compiled.parameters`.
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
_EVERY_SPACE = (
    "\t\n\x0b\x0c\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": _EVERY_SPACE}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "v": "\x0b", "f": "\x0c"}
_SPECIAL = frozenset("\\.+*?()|[]{}^$#&-~")
_TOKEN = re.compile(
    r"""
      (?P<escape> \\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[^a-zA-Z0-9]|[dDwWsStnrvf]))
    | (?P<open> \[\^? )
    | (?P<close> \] )
    | (?P<group> \(\?: | \((?!\?) | \) | \| | \^ | \$ )
    | (?P<dot> \. )
    | (?P<times> (?: [*+?] | \{[0-9]+(?:,[0-9]*)?\} ) \?? (?![*+?{]) )
    | (?P<plain> [^\\\[\](){}|^$.*+?] )
    """,
    re.VERBOSE | re.DOTALL,
)
_IN_CLASS = re.compile(
    r"(?P<escape>\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[^a-zA-Z0-9]|[dwstnrvf]))"
    r"|(?P<close>\])|(?P<dash>-)|(?P<plain>[^\\\]\[-])",
    re.DOTALL,
)
_SET_OPERATION = re.compile(r"&&|~~|--|\|\||\[\[")
"""Python warns of these inside a class: they may mean something else one day."""
_SURROGATES = range(0xD800, 0xE000)


@lru_cache(maxsize=256)
def ecma_pattern(pattern: str) -> "re.Pattern[str]":
    r"""Compile a schema's pattern so that Python matches what ECMA 262 would.

    >>> ecma_pattern(r"^\d+$").search("12\n") is None
    True
    >>> ecma_pattern(r"^\w+$").search("Müller") is None
    True
    """
    return re.compile("".join(_for_python(pattern)), re.ASCII)


def _for_python(pattern: str) -> Iterator[str]:
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


class NoTranslationError(ValueError):
    """A pattern, or a schema, says something that has no exact translation."""


def rust_pattern(pattern: str) -> str:
    r"""Translate a pattern, so that the Rust engine finds it where `matches` does.

    Raises:
        NoTranslationError: It uses syntax that is not known to mean the same to both.

    >>> rust_pattern(r"^\d{2}$")
    '^[0-9]{2}$'
    """
    return "".join(_for_rust(pattern))


def _for_rust(pattern: str) -> Iterator[str]:
    at = 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            raise NoTranslationError("pattern")
        at = token.end()
        text = token[0]
        match token.lastgroup:
            case "escape":
                yield _escaped(text)
            case "open":
                at, body = _class_body(pattern, at)
                yield f"{text}{body}]"
            case "close":
                raise NoTranslationError("pattern")
            case "dot":
                yield "[^\n\r\u2028\u2029]"
            case "plain":
                yield _literal(text)
            case _:
                yield text


def _escaped(text: str) -> str:
    name = text[1]
    if name.lower() in _CLASSES:
        return f"[{'^' if name.isupper() else ''}{_CLASSES[name.lower()]}]"
    return _literal(_character(text))


def _class_body(pattern: str, at: int) -> tuple[int, str]:
    """Return where the class ends, and what stands in it: characters, ranges and short classes."""
    items: list[str] = []
    start: str | None = None
    while True:
        token = _IN_CLASS.match(pattern, at)
        if token is None:
            raise NoTranslationError("pattern")
        at = token.end()
        text = token[0]
        if token.lastgroup == "close":
            break
        if token.lastgroup == "dash":
            following = _IN_CLASS.match(pattern, at)
            if start is None or following is None or following.lastgroup in ("close", "dash"):
                # an unescaped dash that is no range: engines differ
                raise NoTranslationError("pattern")
            if _is_short(following[0]):
                raise NoTranslationError("pattern")
            end = _character(following[0])
            if end < start:
                raise NoTranslationError("pattern")
            items[-1] = f"{_literal(start)}-{_literal(end)}"
            start = None
            at = following.end()
        elif _is_short(text):
            items.append(_CLASSES[text[1]])
            start = None
        else:
            start = _character(text)
            items.append(_literal(start))
    if not items or _SET_OPERATION.search(pattern):
        raise NoTranslationError("pattern")
    return at, "".join(items)


def _is_short(text: str) -> bool:
    return len(text) == len(r"\d") and text[0] == "\\" and text[1] in _CLASSES


def _character(text: str) -> str:
    if not text.startswith("\\"):
        return text
    name = text[1]
    if name in "ux":
        character = bytes.fromhex(text[2:].zfill(4)).decode("utf-16-be", "surrogatepass")
        if ord(character) in _SURROGATES:
            raise NoTranslationError("pattern")
        return character
    return _CONTROLS.get(name, name)


def _literal(character: str) -> str:
    return f"\\{character}" if character in _SPECIAL else character


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
    """Return the document as openapi-core gets it.

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
