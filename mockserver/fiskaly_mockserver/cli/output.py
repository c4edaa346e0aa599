"""What people type and read on a terminal: JSON, durations, points in time, clocks."""

import json
import os
import shutil
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fiskaly_mockserver.world.clock import format_instant, parse_duration, parse_instant

if TYPE_CHECKING:
    from fiskaly_mockserver.control.shapes import ClockState


class FiniteRange(click.FloatRange):
    """A number within bounds, which `nan` is not although it is below none and above none."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return it as a number."""
        found = float(super().convert(value, param, ctx))
        if not isfinite(found):
            self.fail(f"{value!r} is not a valid number.", param, ctx)
        return found


CLOCK_TOLERANCE = 1.0
"""Seconds that a clock may be off before that is said: a call takes time too."""
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def show_json(value: Any) -> None:
    """Print a JSON value, in ASCII: a program reads it whatever the console's code page is."""
    click.echo(json.dumps(value, indent=2))


def replace_file(path: Path, data: bytes) -> None:
    """Put data in place of a file in one step: whoever is interrupted leaves the old one.

    Raises:
        OSError: It cannot be written.
    """
    target = path.resolve()  # where a link leads, which stays a link
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with beside.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def json_text(text: str) -> Any:
    """Return the value of a JSON text; `@FILE` reads it from a file, `-` from standard input.

    Raises:
        click.BadParameter: It cannot be read, or is no JSON; the message says where.
    """
    source, content = "this", text
    if text == "-" or text.startswith("@"):
        name = text.removeprefix("@")
        source = repr(name)
        try:
            with click.open_file(name, encoding="utf-8-sig") as stream:
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


def duration(text: str) -> float:
    """Return a duration such as `25h` in seconds.

    Raises:
        click.BadParameter: It is none; the message names the allowed forms.
    """
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def instant(text: str) -> str:
    """Return a point in time, with any offset or in unix seconds, as ISO 8601 in UTC.

    Raises:
        click.BadParameter: It is none; the message names the allowed forms.
    """
    try:
        return format_instant(parse_instant(text))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def format_duration(seconds: float) -> str:
    """Return a duration as it may be typed again, to the second; milliseconds below one.

    >>> format_duration(90_000), format_duration(90_061), format_duration(0.25)
    ('1d1h', '1d1h1m1s', '250ms')
    """
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    left = round(seconds)
    text = ""
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text


def describe_clock(state: "ClockState") -> str:
    """Return what a world's clock shows and how it runs, in one line."""
    if state["frozen"]:
        pace = "frozen"
    elif state["scale"] == 1:
        pace = "running"
    else:
        pace = f"running {state['scale']:g} times as fast"
    offset = state["offset"]
    if abs(offset) < CLOCK_TOLERANCE:
        return f"{state['iso']}, {pace}"
    side = "ahead of" if offset > 0 else "behind"
    return f"{state['iso']}, {pace}, {format_duration(abs(offset))} {side} real time"
