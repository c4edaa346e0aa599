"""A world's clock, the clocks it can run by, and times and spans as people write them."""

import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from math import inf, isfinite
from typing import TypedDict

from fiskaly_mockserver.domain.backend import Clock
from fiskaly_mockserver.world.names import shown

LATEST = 253_402_300_799.0
"""The last second (unix) that has a four-digit year."""

_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_PART = r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)"
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
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


MAX_SCALE = 1_000_000
"""How much faster than its base a clock may run."""


_Reading = Callable[[], float]


class RealTime:
    """The machine's clocks, whatever the tests of this process patch.

    freezegun replaces the functions of `time` in every module, but not in a class. Where it
    is at work already, it names the real ones. time-machine changes `time.time` itself, and
    offers the real one as its `escape_hatch`.
    """

    _freezegun = sys.modules.get("freezegun.api")
    monotonic: Callable[[], float] = staticmethod(
        getattr(_freezegun, "real_monotonic", time.monotonic)
    )
    perf_counter: _Reading = staticmethod(
        getattr(_freezegun, "real_perf_counter", time.perf_counter)
    )
    _time: _Reading = staticmethod(getattr(_freezegun, "real_time", time.time))

    @classmethod
    def time(cls) -> float:
        """Return the time of the wall clock in unix seconds."""
        time_machine = sys.modules.get("time_machine")
        if time_machine and time_machine.escape_hatch.is_travelling():
            return float(time_machine.escape_hatch.time.time())
        return cls._time()


def process_time() -> float:
    """Return the time that the tests of this process see, in unix seconds: frozen or moved.

    freezegun shows the real time to some callers, as near the start of a thread, so that it is
    asked itself.
    """
    freezegun = sys.modules.get("freezegun.api")
    if freezegun and freezegun.freeze_factories:
        return float(freezegun.get_current_time().replace(tzinfo=UTC).timestamp())
    return time.time()


class SystemClock(Clock):
    """The machine's time, never running backwards even when that is set back.

    It starts at the wall clock's time and goes on by the monotonic one.
    """

    def __init__(self) -> None:
        self._offset = RealTime.time() - RealTime.monotonic()

    def now(self) -> float:
        """Return the current time in unix seconds."""
        return RealTime.monotonic() + self._offset


class FrozenClock(Clock):
    """A clock that shows one time until it is moved.

    `at` and `advance` take seconds; moving backwards is refused.
    """

    def __init__(self, at: float) -> None:
        self._now = at

    def now(self) -> float:
        """Return the time it shows, in unix seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward.

        Raises:
            ValueError: `seconds` is negative, infinite or no number.
        """
        if not 0 <= seconds < inf:
            msg = f"a clock never runs backwards, nor out of time: advance by {seconds} seconds"
            raise ValueError(msg)
        self._now += seconds


class ClockError(ValueError):
    """A clock was to do what no clock does; nothing has changed."""


class ClockState(TypedDict):
    """What a clock shows, and how it runs.

    `now` is in unix seconds, `iso` the same rounded to microseconds, `offset` the
    seconds it is ahead of the clock it is based on, `scale` how much faster it runs
    than that one whenever it is not frozen.
    """

    now: float
    iso: str
    frozen: bool
    scale: float
    offset: float


class WorldClock(Clock):
    """A world's time: another clock's, until it is frozen, moved or scaled.

    It never runs backwards, whatever is done to it, but for `reset`, which begins anew, and
    on a base that `goes_back`; nor past the year 9999, where it stops. Seconds are those of
    this clock.
    """

    __slots__ = ("_base", "_frozen", "_latest", "_scale", "_since", "_start")

    def __init__(self, base: Clock) -> None:
        self._base = base
        self.reset()

    def reset(self) -> None:
        """Return to the base clock's time and rate, even if that is in the past."""
        self._since = self._start = self._latest = self._base.now()
        self._scale = 1.0
        self._frozen = False

    def copy(self) -> "WorldClock":
        """Return an independent clock that shows the same time on the same base."""
        twin = WorldClock(self._base)
        twin.follow(self)
        return twin

    def follow(self, other: "WorldClock") -> None:
        """Show another clock's time at its rate from now on, even if that is in the past.

        Args:
            other: Left as it is; its base shows the same time as that of this clock.
        """
        for name in ("_since", "_start", "_latest", "_scale", "_frozen"):
            setattr(self, name, getattr(other, name))

    def now(self, base: float | None = None) -> float:
        """Return the current time in unix seconds; `base` is that of the clock below, if known."""
        if base is None:
            base = self._base.now()
        now = self._start
        if not self._frozen:
            now += (base - self._since) * self._scale
        # The base may be somebody's test clock that was set back
        if now > self._latest or getattr(self._base, "goes_back", False):
            self._latest = now if now < LATEST else LATEST  # noqa: FURB136 - half the time of min
        return self._latest

    def state(self) -> ClockState:
        """Return what it shows and how it runs, everything at the same moment."""
        base = self._base.now()
        now = self.now(base)
        return ClockState(
            now=now,
            iso=format_instant(now),
            frozen=self._frozen,
            scale=self._scale,
            offset=now - base,
        )

    def freeze(self, at: float | None = None) -> None:
        """Stand still, now or at a later time (unix seconds).

        Raises:
            ClockError: `at` is in the past or beyond the year 9999.
        """
        self._move(lambda now: now if at is None else at)
        self._frozen = True

    def set(self, at: float) -> None:
        """Jump to a later time (unix seconds), and stay running or frozen as before.

        Raises:
            ClockError: `at` is in the past or beyond the year 9999.
        """
        self._move(lambda _: at)

    def advance(self, seconds: float) -> None:
        """Jump forward, and stay running or frozen as before.

        Raises:
            ClockError: `seconds` is negative or no number, or leads beyond the year 9999.
        """
        if not seconds >= 0:
            raise ClockError(f"the clock never runs backwards: it cannot advance by {seconds} s")
        self._move(lambda now: now + seconds)

    def resume(self) -> None:
        """Go on from the time it shows, at the rate that it had; does nothing if it runs."""
        self._move(lambda now: now)
        self._frozen = False

    def scale(self, factor: float) -> None:
        """Run `factor` times as fast as the base clock, once it is not frozen.

        Raises:
            ClockError: `factor` is not above 0 and at most 1000000.
        """
        if not 0 < factor <= MAX_SCALE:
            raise ClockError(f"the scale should be above 0 and at most {MAX_SCALE}, not {factor}")
        self._move(lambda now: now)
        self._scale = float(factor)

    def _move(self, to: Callable[[float], float]) -> None:
        """Count from a time on that follows from the present one, at one reading of the base."""
        base = self._base.now()
        now = self.now(base)
        at = to(now)
        if not now <= at:
            raise ClockError(
                "the clock never runs backwards: it shows"
                f" {format_instant(now)} ({now}), which is after {_shown(at)}"
            )
        if at > LATEST:
            raise ClockError(f"the clock ends at {format_instant(LATEST)}: it cannot show {at}")
        self._since, self._start = base, float(at)
        self._latest = self._start


def _shown(at: float) -> str:
    return f"{format_instant(at)} ({at})" if 0 <= at <= LATEST else str(at)
