"""Waiting for calls of a client in another thread or process."""

import asyncio
import time

from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.client import ControlRefused
from fiskaly_mockserver.control.shapes import JournalQuery
from fiskaly_mockserver.world.durations import parse_duration
from fiskaly_mockserver.world.journal.exchange import Exchange

from pytest_fiskaly import journal_words as words
from pytest_fiskaly.journal_criteria import Criteria
from pytest_fiskaly.journal_fields import BadCriterion
from pytest_fiskaly.journal_search import search
from pytest_fiskaly.journal_values import is_whole, shown

_LONGEST = 60.0
"""Seconds that one control call may wait; longer waits take several."""
_UNKNOWN = 404


def wait_for(
    server: MockServer, criteria: Criteria, *, times: int, timeout: float | str
) -> Exchange:
    """Return the `times`-th exchange that matches, as soon as it is there.

    Raises:
        AssertionError: It did not come within `timeout` seconds.
        BadCriterion: A criterion, `times` or `timeout` makes no sense.
    """
    __tracebackhide__ = True
    if not is_whole(times) or times < 1:
        raise BadCriterion(f"times is a number of calls from 1, not {shown(times)}")
    try:
        seconds = parse_duration(timeout)
    except ValueError as error:
        raise BadCriterion(f"timeout: {error}") from None
    end = time.monotonic() + seconds
    while True:
        latest = next(iter(server.journal[-1:]), None)
        found = search(server, criteria)
        if len(found.matching) >= times:
            return found.matching[times - 1]
        left = end - time.monotonic()
        if left <= 0:
            expected = "a call" if times == 1 else f"{times} calls"
            raise AssertionError(
                words.of_count(found, expected=expected, seconds=seconds) + _own_loop()
            )
        _until_there_is_more(server, latest, min(left, _LONGEST))


def outcome_of(
    server: MockServer, criteria: Criteria, *, times: int, timeout: float | str
) -> Exchange | Exception:
    """Return what `wait_for` returns or raises, to be raised in another thread."""
    try:
        return wait_for(server, criteria, times=times, timeout=timeout)
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller raises it
        return error


def _until_there_is_more(server: MockServer, latest: Exchange | None, seconds: float) -> None:
    """Wait until there is anything after the latest exchange that was looked at."""
    query = JournalQuery() if latest is None else JournalQuery(since=latest.request_id)
    try:
        server.control.wait(1, query, round(seconds, 3))
    except ControlRefused as refused:
        if refused.status != _UNKNOWN:  # else the journal was cleared meanwhile
            raise


def _own_loop() -> str:
    """Return a hint where the wait itself may have been what the client waited for."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return ""
    return (
        "\nThe event loop of this test stood still meanwhile, and any client in it:"
        " await journal.wait_for_call_async(...) instead."
    )
