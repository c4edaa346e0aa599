"""JSON pointers (RFC 6901) and the dotted names that sentences use."""

from collections.abc import Iterable

TEXT_LIMIT = 80
"""Client-given text is shortened to this many characters wherever it is repeated."""


def printable(text: str) -> str:
    """Return the text in a form that any log can encode: lone surrogates become escapes.

    >>> len(printable("a" + chr(0xD800)))
    7
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def shorten(text: str) -> str:
    """Cut client-given text to `TEXT_LIMIT` characters, marking the cut with an ellipsis.

    >>> len(shorten("x" * 500))
    80
    """
    text = printable(text)
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"


def pointer_to(tokens: Iterable[str | int]) -> str:
    """Join tokens to a JSON pointer; names are escaped, and shortened as all client text.

    >>> pointer_to(["metadata", "a/b~c", 0])
    '/metadata/a~1b~0c/0'
    """
    names = (shorten(str(token)) for token in tokens)
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


def tokens_of(pointer: str) -> tuple[str, ...]:
    """Split a JSON pointer into its unescaped tokens.

    >>> tokens_of("/metadata/a~1b~0c")
    ('metadata', 'a/b~c')
    """
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:])


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


def quoted(name: str) -> str:
    """Put a property's name in single quotes, control characters escaped.

    >>> quoted("name")
    "'name'"
    """
    return repr(shorten(name))
