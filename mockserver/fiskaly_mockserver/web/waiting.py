"""Waiting until a journal has so many exchanges of a kind."""

import asyncio
from dataclasses import dataclass

from fiskaly_mockserver.world.journal import Count, Exchange, HiddenField, Journal, JournalQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """How a wait ended.

    Attributes:
        reached: Whether so many exchanges came, before the time was over or the server
            stopped.
        count: How many there are at the end; `Overflowed` where the journal cannot say.
            That does not put `reached` in doubt: it counts along while it waits.
    """

    reached: bool
    count: Count


async def wait(
    journal: Journal,
    query: JournalQuery,
    times: int,
    timeout: float,  # noqa: ASYNC109 - its end is an answer, no exception
    stopped: asyncio.Event | None = None,
) -> Waited:
    """Wait until at least `times` exchanges match, those already there included.

    Nothing holds up a shutdown: it ends when `stopped` is set. A journal that is cleared
    meanwhile begins again from zero. Call it in the thread that works on the journal's
    world.

    Args:
        journal: Where the exchanges come in.
        query: Which of them count.
        times: How many there have to be.
        timeout: Real seconds; 0 only looks.
        stopped: Is set when the server ends.

    Raises:
        HiddenField: The query asks for a value that the journal does not keep.
        UnknownRequest: The query's `since` names no exchange.
    """
    cleared = journal.cleared
    tally = _Tally(journal, query, times)
    remove = journal.add_listener(tally.hear)
    try:
        await _first_of(tally.over, stopped, within=timeout)
    finally:
        remove()
    if tally.hidden is not None:
        raise tally.hidden
    # what `since` names is gone with a clearing, and all that is left is later
    left = query if journal.cleared == cleared else query._replace(since=None)
    return Waited(reached=tally.over.is_set(), count=journal.count(left))


class _Tally:
    """Counts matching exchanges along, whatever the ring drops meanwhile."""

    def __init__(self, journal: Journal, query: JournalQuery, times: int) -> None:
        self.over = asyncio.Event()
        self.hidden: HiddenField | None = None
        self._journal, self._query, self._times = journal, query, times
        self._cleared = journal.cleared
        self._seen = 0
        self._count(len(journal.find(query)))

    def hear(self, exchange: Exchange) -> None:
        """Count an exchange if it matches."""
        try:
            matches = self._query.matches(exchange)
        except HiddenField as error:  # for whoever waits, not for whoever is being served
            self.hidden = error
            self.over.set()
            return
        if self._journal.cleared != self._cleared:
            self._cleared, self._seen = self._journal.cleared, 0
        self._count(int(matches))

    def _count(self, more: int) -> None:
        self._seen += more
        if self._seen >= self._times:
            self.over.set()


async def _first_of(*events: asyncio.Event | None, within: float) -> None:
    waiting = [asyncio.ensure_future(event.wait()) for event in events if event is not None]
    try:
        await asyncio.wait(waiting, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
