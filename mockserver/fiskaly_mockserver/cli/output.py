"""What may be written to a terminal."""

import json
from typing import Any

import click


def printable(line: str) -> str:
    r"""Escape what would break the line or the terminal.

    >>> printable("a\nb")
    'a\\nb'
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in line
    )


def json_text(text: str) -> Any:
    """Return the value of a JSON text; `@FILE` reads it from a file, `@-` from standard input.

    Raises:
        click.BadParameter: It cannot be read, or is no JSON; the message says where.
    """
    source, content = "this", text
    if text.startswith("@"):
        source = repr(text[1:])
        try:
            with click.open_file(text[1:], encoding="utf-8") as stream:
                content = stream.read()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise click.BadParameter(f"{source} cannot be read: {reason}") from error
    try:
        return json.loads(content)
    except RecursionError as error:
        raise click.BadParameter(f"{source} is nested too deep") from error
    except ValueError as error:
        raise click.BadParameter(f"{source} is no JSON: {error}") from error


def show_json(value: Any) -> None:
    """Print a JSON value for programs and people."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
