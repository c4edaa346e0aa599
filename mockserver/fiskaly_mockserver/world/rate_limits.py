"""How often a principal may call."""

import re
from typing import NamedTuple

from fiskaly_mockserver.world.names import shown

_WINDOWS = {"s": 1, "min": 60, "h": 3_600}
_LIMIT = re.compile(r"([0-9]{1,9})/(s|min|h)")


class RateLimit(NamedTuple):
    """At most so many requests within a window of so many seconds."""

    requests: int
    window: float

    @classmethod
    def parse(cls, text: str) -> "RateLimit":
        """Return the limit that a text such as `10/s`, `100/min` or `1000/h` names.

        Raises:
            ValueError: It names none; the message names the allowed forms.

        >>> RateLimit.parse("100/min")
        RateLimit(requests=100, window=60)
        """
        found = _LIMIT.fullmatch(text)
        if not found or not int(found[1]):
            raise ValueError(
                f"{shown(text)} is no rate limit: give a number of requests from 1 to"
                " 999999999 for each s, min or h, such as 10/s, 100/min or 1000/h"
            )
        return cls(int(found[1]), _WINDOWS[found[2]])


class RateWindows:
    """What each principal has used of a rate limit, in the world's time.

    A window opens with a principal's first request and lasts its whole length; then the
    next request opens another. Refused requests are not counted. Source: assumption
    (A-30): no limit is public, so none is the default.
    """

    def __init__(self, limit: RateLimit | None = None) -> None:
        self.limit = limit
        self._windows: dict[str, tuple[float, int]] = {}

    def check(self, key: str, now: float, limit: RateLimit | None = None) -> float | None:
        """Count a request at `now` (unix seconds of the world).

        Args:
            key: Whose requests are counted: a principal's id, or what an operation is limited by.
            now: The time.
            limit: That of an operation, in place of the one for principals.

        Returns:
            The seconds until a request is allowed again, more than 0, if this one is
            not; `None` if it is.
        """
        limit = limit or self.limit
        if limit is None:
            return None
        start, used = self._windows.get(key, (now, 0))
        # A clock that was reset may be back before the window: then that is over, too
        if not start <= now < start + limit.window:
            start, used = now, 0
        if used >= limit.requests:
            return start + limit.window - now
        self._windows[key] = (start, used + 1)
        return None

    def reset(self) -> None:
        """Forget what was used."""
        self._windows.clear()

    def copy(self) -> "RateWindows":
        """Return an independent twin in the same state."""
        twin = RateWindows(self.limit)
        twin._windows = dict(self._windows)
        return twin
