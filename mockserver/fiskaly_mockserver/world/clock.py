"""Clocks that a world can run by."""

import time
from math import inf

from fiskaly_mockserver.domain.ports import Clock


class SystemClock(Clock):
    """The machine's time, never running backwards even when that is set back.

    It starts at the wall clock's time and goes on by the monotonic one.
    """

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Return the current time in unix seconds."""
        return time.monotonic() + self._offset


class FrozenClock(Clock):
    """A clock that stands still until it is moved.

    `at` and `advance` take seconds; moving backwards is refused.
    """

    def __init__(self, at: float) -> None:
        self._now = at

    def now(self) -> float:
        """Return the time it stands at, in unix seconds."""
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
