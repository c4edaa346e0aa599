"""The JSON edge: what a parsed body or an OpenAPI document may hold, and the names of its places.

A place is told by tokens (`("metadata", 0)`), by a JSON pointer of RFC 6901 (`/metadata/0`), or in
sentences as AJV names it (`body.metadata[0]`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

JsonValue: TypeAlias = dict[str, "JsonValue"] | list["JsonValue"] | str | int | float | bool | None
"""Any JSON value, as `json.loads` builds it."""

Schema: TypeAlias = Mapping[str, Any]
"""One object of an OpenAPI document: a schema, a parameter, an operation."""

Tokens: TypeAlias = tuple[str | int, ...]
"""A place in a JSON value: names of properties, and indexes of arrays."""

TEXT_LIMIT = 80
"""Client-given text is shortened to this many characters wherever it is repeated."""

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


def printable(text: str) -> str:
    """Return the text in a form that any log can encode: lone surrogates become escapes.

    >>> len(printable("a" + chr(0xD800)))
    7
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def one_line(line: str) -> str:
    r"""Escape what would break the line or the terminal.

    >>> one_line("a\nb")
    'a\\nb'
    """
    if line.isprintable():
        return line
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in line
    )


def shorten(text: str) -> str:
    """Cut client-given text to `TEXT_LIMIT` characters, marking the cut with an ellipsis.

    >>> len(shorten("x" * 500))
    80
    """
    if not text.isascii():
        text = printable(text)
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"


def quoted(name: str) -> str:
    """Put a property's name in single quotes, control characters escaped.

    >>> quoted("name")
    "'name'"
    """
    return repr(shorten(name))


def escaped(token: str) -> str:
    """Return one token of a JSON pointer, escaped but not shortened.

    >>> escaped("a/b~c")
    'a~1b~0c'
    """
    return token.replace("~", "~0").replace("/", "~1")


def pointer_to(tokens: Iterable[str | int]) -> str:
    """Join tokens to a JSON pointer; names are escaped, and shortened as all client text.

    >>> pointer_to(["metadata", "a/b~c", 0])
    '/metadata/a~1b~0c/0'
    """
    pointer = ""
    for token in tokens:
        name = str(token)
        plain = len(name) <= TEXT_LIMIT and name.isascii() and name.isidentifier()
        pointer += "/" + (name if plain else escaped(shorten(name)))
    return pointer


def tokens_of(pointer: str) -> tuple[str, ...]:
    """Split a JSON pointer into its unescaped tokens.

    >>> tokens_of("/metadata/a~1b~0c")
    ('metadata', 'a/b~c')
    """
    tokens = pointer.split("/")[1:]
    if "~" in pointer:
        return tuple(token.replace("~1", "/").replace("~0", "~") for token in tokens)
    return tuple(tokens)


def dotted(root: str, tokens: Iterable[str]) -> str:
    """Name a place the way AJV does.

    >>> dotted("body", ["data", "0", "name", "odd key"])
    "body.data[0].name['odd key']"
    """
    name = root
    for token in tokens:
        if token.isascii() and token.isdigit():
            name += f"[{token}]"
        elif token.isidentifier():
            name += f".{token}"
        else:
            name += f"[{quoted(token)}]"
    return name
