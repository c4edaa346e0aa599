"""What may be written to a terminal."""


def printable(line: str) -> str:
    r"""Escape what would break the line or the terminal.

    >>> printable("a\nb")
    'a\\nb'
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in line
    )
