"""Clocks that a world can run by."""

import sys
import time
from collections.abc import Callable
from datetime import UTC
from math import inf
from typing import TypedDict

from fiskaly_mockserver.domain.ports import Clock
from fiskaly_mockserver.world.durations import LATEST, format_instant

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

    def now(self) -> float:
        """Return the current time in unix seconds."""
        return self._now(self._base.now())

    def state(self) -> ClockState:
        """Return what it shows and how it runs, everything at the same moment."""
        base = self._base.now()
        now = self._now(base)
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

    def _now(self, base: float) -> float:
        now = self._start
        if not self._frozen:
            now += (base - self._since) * self._scale
        # The base may be somebody's test clock that was set back
        if now > self._latest or getattr(self._base, "goes_back", False):
            self._latest = now if now < LATEST else LATEST  # noqa: FURB136 - half the time of min
        return self._latest

    def _move(self, to: Callable[[float], float]) -> None:
        """Count from a time on that follows from the present one, at one reading of the base."""
        base = self._base.now()
        now = self._now(base)
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
