"""Waiting for a client that works in another thread, and in the test's own event loop."""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fiskaly_mockserver import MockServer
from plugin.raw_client import RawClient
from pytest_fiskaly import BadCriterion, JournalAssertions


@pytest.fixture(scope="module")
def waited_server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def api(waited_server: MockServer) -> RawClient:
    waited_server.reset()
    return RawClient(waited_server).log_in()


@pytest.fixture
def journal(waited_server: MockServer, api: RawClient) -> JournalAssertions:
    return JournalAssertions(waited_server)


def later(*steps: Any) -> threading.Thread:
    def work() -> None:
        for step in steps:
            time.sleep(0.02)
            step()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_it_returns_as_soon_as_the_call_is_there(
    journal: JournalAssertions, api: RawClient
) -> None:
    thread = later(lambda: api.create_key(name="other"), lambda: api.create_key(name="till-9"))
    began = time.monotonic()
    call = journal.wait_for_call("createApiKey", body={"name": "till-9"}, timeout=30)
    assert time.monotonic() - began < 10
    thread.join()
    assert call.body == {"name": "till-9", "status": "enabled", "metadata": {"shop": "Café"}}


def test_calls_that_are_there_already_count(journal: JournalAssertions, api: RawClient) -> None:
    api.create_key()
    thread = later(lambda: api.create_key(name="till-2"))
    call = journal.wait_for_call("createApiKey", times=2, timeout="30s")
    thread.join()
    assert call == journal.last


def test_a_journal_that_is_cleared_meanwhile_starts_over(
    journal: JournalAssertions, api: RawClient
) -> None:
    thread = later(journal.clear, api.create_key)
    journal.wait_for_call("createApiKey", timeout=30)
    thread.join()


def test_an_empty_journal_is_waited_on(journal: JournalAssertions, api: RawClient) -> None:
    journal.clear()
    thread = later(api.create_key)
    journal.wait_for_call(timeout=30)
    thread.join()


def test_what_does_not_come_in_time_fails_with_the_nearest_calls(
    journal: JournalAssertions, api: RawClient
) -> None:
    api.create_key()
    with pytest.raises(AssertionError) as failed:
        journal.wait_for_call("createApiKey", body={"name": "till-2"}, timeout="50ms")
    text = str(failed.value)
    assert text.startswith("expected a call of createApiKey within 0.05 s, but none of the 2 calls")
    assert 'body/name: expected "till-2", got "till-1"' in text
    assert "event loop" not in text
    with pytest.raises(AssertionError, match="expected 2 calls of createApiKey within 0 s"):
        journal.wait_for_call("createApiKey", times=2, timeout=0)


@pytest.mark.parametrize("asked", [{"times": 0}, {"times": True}, {"timeout": "soon"}], ids=str)
def test_a_wait_that_makes_no_sense_is_refused(
    journal: JournalAssertions, asked: dict[str, Any]
) -> None:
    with pytest.raises(BadCriterion, match=r"times is a number of calls|timeout: "):
        journal.wait_for_call("createApiKey", **asked)


async def test_a_client_in_the_event_loop_of_the_test_is_waited_for(
    journal: JournalAssertions, api: RawClient
) -> None:
    async def work() -> None:
        await asyncio.sleep(0.02)
        await asyncio.to_thread(api.create_key)

    task = asyncio.create_task(work())
    call = await journal.wait_for_call_async("createApiKey", timeout=30)
    await task
    assert call.status == 200


async def test_a_wait_that_stops_the_event_loop_says_so(journal: JournalAssertions) -> None:
    with pytest.raises(AssertionError, match=r"await journal\.wait_for_call_async"):
        journal.wait_for_call("createApiKey", timeout=0.01)
