"""Waiting for exchanges ends when there are enough, when time is up, or with the server."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from fiskaly_mockserver.web.control.journal import Waited, wait
from fiskaly_mockserver.world.journal.containment import REDACTED
from fiskaly_mockserver.world.journal.journal import (
    Exchange,
    HiddenField,
    Journal,
    JournalQuery,
    Overflowed,
    UnknownRequest,
)

KEYS = JournalQuery(operation="createApiKey")
LONG = 30.0


def exchange(number: int, **changes: Any) -> Exchange:
    usual: dict[str, Any] = {
        "request_id": f"{number:032x}",
        "at": 0.0,
        "method": "POST",
        "path": "/",
        "operation_id": "createApiKey",
        "status": 200,
    }
    return Exchange(**{**usual, **changes})


async def while_waiting(waiting: "asyncio.Task[Waited]", *steps: Callable[[], object]) -> Waited:
    """Take the steps one after the other, none of them before the wait began."""
    for step in steps:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not waiting.done()
        step()
    async with asyncio.timeout(5):
        return await waiting


def waiting_for(
    journal: Journal,
    times: int,
    *,
    query: JournalQuery = KEYS,
    timeout: float = LONG,
    stopped: asyncio.Event | None = None,
) -> "asyncio.Task[Waited]":
    return asyncio.create_task(wait(journal, query, times, timeout, stopped))


async def test_what_is_there_already_counts() -> None:
    journal = Journal()
    journal.add(exchange(1))
    assert await wait(journal, KEYS, 1, LONG) == Waited(reached=True, count=1)


async def test_it_ends_with_the_last_matching_exchange() -> None:
    journal = Journal()
    waited = await while_waiting(
        waiting_for(journal, 2),
        lambda: journal.add(exchange(1)),
        lambda: journal.add(exchange(2, operation_id="listApiKeys")),
        lambda: journal.add(exchange(3)),
    )
    assert waited == Waited(reached=True, count=2)


async def test_when_time_is_up_it_tells_how_many_there_are() -> None:
    journal = Journal()
    journal.add(exchange(1))
    assert await wait(journal, KEYS, 2, 0.01) == Waited(reached=False, count=1)


async def test_no_time_at_all_only_looks() -> None:
    journal = Journal()
    assert await wait(journal, KEYS, 1, 0) == Waited(reached=False, count=0)
    assert await wait(journal, KEYS, 0, 0) == Waited(reached=True, count=0)


async def test_a_server_that_stops_ends_it_at_once() -> None:
    stopped = asyncio.Event()
    began = time.monotonic()
    waited = await while_waiting(waiting_for(Journal(), 1, stopped=stopped), stopped.set)
    assert waited == Waited(reached=False, count=0)
    assert time.monotonic() - began < LONG / 2


async def test_exchanges_that_are_dropped_meanwhile_still_count() -> None:
    journal = Journal(capacity=1)
    waited = await while_waiting(
        waiting_for(journal, 3), *[lambda n=n: journal.add(exchange(n)) for n in range(3)]
    )
    assert waited.reached
    assert waited.count == Overflowed(dropped=2, capacity=1, at_least=1)


async def test_a_clearing_begins_from_zero() -> None:
    journal = Journal()
    journal.add(exchange(0))
    waited = await while_waiting(
        waiting_for(journal, 2, query=JournalQuery(since=f"{0:032x}")),
        lambda: journal.add(exchange(1)),
        journal.clear,
        lambda: journal.add(exchange(2)),
        lambda: journal.add(exchange(3)),
    )
    assert waited == Waited(reached=True, count=2)


async def test_what_came_before_a_clearing_does_not_count() -> None:
    journal = Journal()
    waited = await while_waiting(
        waiting_for(journal, 2),
        lambda: journal.add(exchange(1)),
        journal.clear,
        lambda: journal.add(exchange(2)),
        lambda: journal.add(exchange(3)),
    )
    assert waited == Waited(reached=True, count=2)


async def test_a_value_that_is_not_kept_is_told_to_who_waits_and_not_to_who_calls() -> None:
    journal = Journal()
    query = JournalQuery(body={"api_secret": "x"})
    task = waiting_for(journal, 1, query=query)
    with pytest.raises(HiddenField):
        await while_waiting(
            task, lambda: journal.add(exchange(1, request_body={"api_secret": REDACTED}))
        )
    assert len(journal) == 1


async def test_an_unknown_request_id_is_told_at_once() -> None:
    with pytest.raises(UnknownRequest):
        await wait(Journal(), JournalQuery(since="nobody"), 1, LONG)


@pytest.mark.parametrize("ended", ["by time", "by force"])
async def test_nothing_is_left_behind(ended: str) -> None:
    journal, before = Journal(), asyncio.all_tasks()
    timeout = 0.01 if ended == "by time" else LONG
    task = waiting_for(journal, 1, timeout=timeout, stopped=asyncio.Event())
    await asyncio.sleep(0)
    assert journal._listeners
    if ended == "by force":
        task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert journal._listeners == {}
    assert asyncio.all_tasks() == before


async def test_many_wait_for_one_journal() -> None:
    journal = Journal()
    tasks = [waiting_for(journal, times) for times in (1, 2, 3)]
    for number in range(3):
        await asyncio.sleep(0)
        journal.add(exchange(number))
    assert [waited.reached for waited in await asyncio.gather(*tasks)] == [True, True, True]
