"""What the client did."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from fiskaly_contracts import JsonValue
from fiskaly_contracts.wording import did_you_mean

from fiskaly_mockserver.web.api import JsonObject
from fiskaly_mockserver.web.control.call import DONE, ControlCall, ControlError, ControlHandler
from fiskaly_mockserver.world.clock import parse_duration
from fiskaly_mockserver.world.journal.explain import explain_exchange
from fiskaly_mockserver.world.journal.journal import (
    Count,
    Exchange,
    HiddenField,
    Journal,
    JournalQuery,
    Overflowed,
    UnknownRequest,
)
from fiskaly_mockserver.world.names import DASHBOARD_PREFIX, shown


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


DEFAULT_TIMEOUT = 5.0
"""Real seconds that a call waits for exchanges; the control contract bounds what it asks."""


async def list_journal(call: ControlCall) -> JsonValue:
    """List the latest exchanges."""
    limit = cast("int", call.query["limit"])
    wanted = {name: call.query[name] for name in ("operation", "status") if name in call.query}
    return await _shown(call, call.world.journal.find(_query(call, wanted))[-limit:])


async def find_in_journal(call: ControlCall) -> JsonValue:
    """Find exchanges."""
    with _refused():
        found = call.world.journal.find(_query(call, call.body))
    return await _shown(call, found)


def count_in_journal(call: ControlCall) -> JsonValue:
    """Count exchanges, or say that the journal overflowed."""
    with _refused():
        count = call.world.journal.count(_query(call, call.body))
    if isinstance(count, Overflowed):
        raise ControlError(409, str(count))
    return {"count": count}


async def wait_in_journal(call: ControlCall) -> JsonValue:
    """Wait until so many exchanges match, or the time is over."""
    timeout = parse_duration(cast("str | float", call.body.get("timeout", DEFAULT_TIMEOUT)))
    query = _query(call, call.part("query"), "query.")
    times = cast("int", call.body["times"])
    with _refused("query."):
        waited = await wait(call.world.journal, query, times, timeout, call.stopped)
    count = waited.count.at_least if isinstance(waited.count, Overflowed) else waited.count
    return {
        "reached": waited.reached,
        "count": count,
        "overflowed": isinstance(waited.count, Overflowed),
    }


async def list_violations(call: ControlCall) -> JsonValue:
    """List the exchanges in which the client broke the contract."""
    return await _shown(call, call.world.journal.violations())


def list_all_violations(call: ControlCall) -> JsonValue:
    """Tell what broke a contract since the server started, in whatever world."""
    return call.service.lifetime.as_json()


def get_coverage(call: ControlCall) -> JsonValue:
    """Tell what clients made of each contract since the server started, in whatever world."""
    from fiskaly_contracts.coverage import report  # noqa: PLC0415 - few servers are asked

    coverages = {served.name: served.coverage.count() for served in call.service.apis}
    return report.document(coverages)


def clear_journal(call: ControlCall) -> JsonValue:
    """Forget every exchange."""
    call.world.journal.clear()
    return dict(DONE)


def explain(call: ControlCall) -> JsonValue:
    """Say which rule refused a request, on what state, and what would have passed."""
    try:
        exchange = call.world.journal.get(call.path["request_id"])
    except UnknownRequest as error:
        raise ControlError(404, str(error), field="request_id") from error
    told = explain_exchange(exchange)
    if call.service.dashboard and call.origin:
        told["page"] = f"{call.origin}{DASHBOARD_PREFIX}/requests/{exchange.request_id}"
    return told


async def export_har(call: ControlCall) -> JsonValue:
    """Export the journal as an HTTP archive."""
    from fiskaly_mockserver.world.journal.har import har_of  # noqa: PLC0415 - few ask for it

    shown = await _as_json(list(call.world.journal))
    return await asyncio.to_thread(har_of, shown, origin=call.origin or "http://localhost")


@contextmanager
def _refused(prefix: str = "") -> Iterator[None]:
    """Refuse a query that asks for what the journal does not keep."""
    try:
        yield
    except HiddenField as error:
        raise ControlError(409, str(error), field=f"{prefix}body") from error
    except UnknownRequest as error:
        raise ControlError(404, str(error), field=f"{prefix}since") from error


def _query(call: ControlCall, wanted: Mapping[str, JsonValue], prefix: str = "") -> JournalQuery:
    """Return a query, and refuse an operation that the contract does not have."""
    operations = [name for served in call.service.apis for name in served.api.contract.operations]
    operation = wanted.get("operation")
    if operation is not None and operation not in operations:
        near = did_you_mean(str(operation), operations)
        raise ControlError(
            404,
            f"{shown(operation)} is no operation of the contract{near}",
            field=f"{prefix}operation",
            allowed=tuple(operations),
        )
    base_paths = tuple(served.base_path for served in call.service.apis)
    return JournalQuery.of(wanted, base_paths=base_paths)


async def _shown(call: ControlCall, exchanges: Iterable[Exchange]) -> JsonObject:
    dropped = call.world.journal.dropped
    return {"exchanges": [*await _as_json(exchanges)], "dropped": dropped}


async def _as_json(exchanges: Iterable[Exchange]) -> list[dict[str, JsonValue]]:
    """Take the secrets out of exchanges that nobody read yet, and serve others after each.

    The largest take some ten milliseconds.
    """
    shown: list[dict[str, JsonValue]] = []
    for exchange in exchanges:
        shown.append(exchange.as_json())
        await asyncio.sleep(0)
    return shown


HANDLERS: Mapping[str, ControlHandler] = {
    "listJournal": list_journal,
    "findInJournal": find_in_journal,
    "countInJournal": count_in_journal,
    "waitInJournal": wait_in_journal,
    "listViolations": list_violations,
    "listAllViolations": list_all_violations,
    "getCoverage": get_coverage,
    "clearJournal": clear_journal,
    "explain": explain,
    "exportHar": export_har,
}
