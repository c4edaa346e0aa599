"""Spans, points of time and clocks on the command line, as people write and read them."""

import click

from fiskaly_mockserver.control.shapes import ClockState
from fiskaly_mockserver.world.durations import format_instant, parse_duration, parse_instant

NOTICEABLE = 1.0
"""Seconds that a world's clock may be off before it is told: a call takes time too."""
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def duration(text: str) -> float:
    """Return a span such as `25h` in seconds.

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


def span_words(seconds: float) -> str:
    """Return a span as it may be typed again, to the second; milliseconds below one.

    >>> span_words(90_000), span_words(90_061), span_words(0.25)
    ('1d1h', '1d1h1m1s', '250ms')
    """
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    left = round(seconds)
    words = ""
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        words += f"{count}{unit}" if count else ""
    return words


def clock_words(state: ClockState) -> str:
    """Return how a world's clock stands, in one line."""
    if state["frozen"]:
        pace = "frozen"
    elif state["scale"] == 1:
        pace = "running"
    else:
        pace = f"running {state['scale']:g} times as fast"
    return f"{state['iso']}, {pace}{_off(state['offset'])}"


def _off(offset: float) -> str:
    if abs(offset) < NOTICEABLE:
        return ""
    return f", {span_words(abs(offset))} {'ahead of' if offset > 0 else 'behind'} real time"
