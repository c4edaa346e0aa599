r"""A schema's pattern in the words of the Rust engine, where both are sure to mean the same.

`strictness.matches` is the law: ECMA 262, read by Python. Of its syntax only what cannot be read
in two ways is translated, and every class is spelled out; anything else gets no translation.
"""

import re
from collections.abc import Iterator

_SPACES = (
    "\t\n\x0b\x0c\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": _SPACES}
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


class NoTranslationError(ValueError):
    """A pattern, or a schema, says something that has no exact translation."""


def rust_pattern(pattern: str) -> str:
    r"""Translate a pattern, so that the Rust engine finds it where `strictness.matches` does.

    Raises:
        NoTranslationError: It uses syntax that is not known to mean the same to both.

    >>> rust_pattern(r"^\d{2}$")
    '^[0-9]{2}$'
    """
    return "".join(_translated(pattern))


def _translated(pattern: str) -> Iterator[str]:
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
