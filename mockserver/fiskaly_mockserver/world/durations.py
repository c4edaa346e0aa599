"""Spans and points of time as people write them."""

import re
from datetime import UTC, datetime
from math import isfinite

from fiskaly_mockserver.world.names import shown

LATEST = 253_402_300_799.0
"""The last second (unix) that has a four-digit year."""

_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_PART = r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)"
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)


def parse_duration(value: str | float) -> float:
    """Return a span of time in seconds.

    Args:
        value: Seconds as a number or its text, or numbers with the units d, h, m, s and
            ms, which add up.

    Raises:
        ValueError: It is none of these, negative, or without end; the message names the
            allowed forms.

    >>> parse_duration("1d2h30m")
    95400.0
    >>> parse_duration("500ms")
    0.5
    """
    seconds = _seconds_of(value) if isinstance(value, str) else _number(value)
    if seconds is None:
        raise ValueError(
            f"{shown(value)} is no duration: give seconds such as 90 or 1.5,"
            " or text such as 25h, 1d2h30m, 90s or 500ms"
        )
    return seconds


def parse_instant(value: str | float) -> float:
    """Return a point in time in unix seconds.

    Args:
        value: ISO 8601 with a date, a time to the second or finer, and Z or an offset; or
            unix seconds as a number or its text.

    Raises:
        ValueError: It is none of these, before 1970 or after 9999; the message names the
            allowed forms.

    >>> parse_instant("2026-01-31T23:59:58Z")
    1769903998.0
    """
    seconds = _unix_of(value) if isinstance(value, str) else _number(value)
    if seconds is None or not 0 <= seconds <= LATEST:
        raise ValueError(
            f"{shown(value)} is no point in time from 1970 to 9999: give ISO 8601 such as"
            " 2026-01-31T23:59:58Z, or unix seconds such as 1769903998"
        )
    return seconds


def format_instant(seconds: float) -> str:
    """Return unix seconds as ISO 8601 in UTC, rounded to the microsecond.

    >>> format_instant(1769903998.5)
    '2026-01-31T23:59:58.500000Z'
    """
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat().replace("+00:00", "Z")


def _seconds_of(text: str) -> float | None:
    if _NUMBER.fullmatch(text):
        return _number(float(text))
    if not re.fullmatch(f"(?:{_PART})+", text):
        return None
    return _number(
        sum(float(amount) * _UNIT_SECONDS[unit] for amount, unit in re.findall(_PART, text))
    )


def _unix_of(text: str) -> float | None:
    if _NUMBER.fullmatch(text):
        return _number(float(text))
    if not _INSTANT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None


def _number(value: float) -> float | None:
    """Return a number that can be a time, nothing for what JSON or Python also calls one."""
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if not isinstance(value, bool) and isfinite(number) and number >= 0 else None
