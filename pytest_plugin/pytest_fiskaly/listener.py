"""What hears of every exchange of a server, and whom each of them is charged to.

Exchanges are heard of as the server finishes them, in its thread, so that nothing is lost
when a journal overflows or is cleared. Each is charged to the test in which it began.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_fiskaly.verdict import OFF

if TYPE_CHECKING:
    from collections.abc import Callable

    from fiskaly_mockserver.server.in_flight import InFlight
    from fiskaly_mockserver.world.journal.exchange import Exchange

    from pytest_fiskaly.usage import Usage
    from pytest_fiskaly.verdict import Origin, Watch


@dataclass(frozen=True, slots=True)
class Episode:
    """What a server is in the middle of: whose client it answers, and with what tree."""

    watch: Watch
    origin: Callable[[], Origin]


class Listener:
    """Hears of every exchange of one server, and passes it on.

    Args:
        usage: What counts every exchange.
        strays: Whose the requests are that began outside any test.
        own: The listener of the server's user.
        loose: Whether the server drops unknown properties.
    """

    def __init__(
        self,
        usage: Usage,
        strays: Episode,
        own: Callable[[Exchange], None],
        *,
        loose: bool,
    ) -> None:
        self._usage = usage
        self._strays = strays
        self._own = own
        self._loose = loose
        self._traffic: InFlight | None = None

    def attach(self, traffic: InFlight) -> None:
        """Learn of what tells during which test a request began."""
        self._traffic = traffic

    def __call__(self, exchange: Exchange) -> None:
        """Take note of an exchange; called in the server's thread."""
        period = None if self._traffic is None else self._traffic.present_period
        episode = period if isinstance(period, Episode) else self._strays
        watch = episode.watch
        if watch.over:  # too late to fail its test
            watch = self._strays.watch
        watch.requests += 1
        if exchange.violations or exchange.is_our_fault:
            counting = watch.heard(exchange, loose=self._loose, origin=episode.origin())
            if counting:
                self._usage.breached(watch.nodeid, exchange, counting)
        self._usage.heard(exchange, watched=watch.level != OFF)
        self._own(exchange)
