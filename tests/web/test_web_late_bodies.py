"""Bodies that come when the head was long there: what was looked up before them is old by then."""

import asyncio
import threading
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime

import pytest
from builders.accounts import START, VENDOR, profile
from fiskaly_contracts import CheckedRequest, Checker, RequestData
from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.sessions import Sessions
from fiskaly_mockserver.web import endpoint
from fiskaly_mockserver.web.endpoint import caller_of
from web.api import BASE, Answer, Api, answer_of, wire

BODY = wire(profile() | {"managed_by_organization_id": VENDOR})


async def created(api: Api, body: AsyncIterator[bytes]) -> Answer:
    headers = {"Authorization": f"Bearer {api.account.token('vendor_test')}"}
    headers["Content-Type"] = "application/json"
    path = f"{BASE}/organizations"
    return await answer_of(await api.client.post(path, data=body, headers=headers))


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Tell when the server has first looked up who calls."""
    event = asyncio.Event()

    def observed(header: str | None, sessions: Sessions, at: float | None = None) -> Principal:
        try:
            return caller_of(header, sessions, at)
        finally:
            event.set()

    monkeypatch.setattr(endpoint, "caller_of", observed)
    return event


async def test_a_body_that_comes_in_pieces_is_read(api: Api, looked_up: asyncio.Event) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield BODY[:20]
        await looked_up.wait()
        yield BODY[20:]

    assert (await created(api, pieces())).status == 200


async def test_an_answer_to_a_late_body_has_the_time_of_its_end(
    api: Api, looked_up: asyncio.Event
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield BODY[:20]
        await looked_up.wait()
        api.account.clock.advance(3_600)
        yield BODY[20:]

    late = await created(api, pieces())
    assert parsedate_to_datetime(late.headers["Date"]).timestamp() == START + 3_600


async def test_a_token_that_ended_before_its_body_came_is_refused(
    api: Api, looked_up: asyncio.Event
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield BODY[:20]
        await looked_up.wait()
        api.account.world.sessions.expire(api.account.token("vendor_test"))
        yield BODY[20:]

    answer = await created(api, pieces())
    assert (answer.status, answer.body["message"]) == (401, "the token has expired")


async def test_a_token_that_ended_while_a_large_body_was_checked_is_refused(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    check, sessions = Checker.check, api.account.world.sessions
    token = api.account.token("vendor_test")

    def checked(self: Checker, data: RequestData) -> CheckedRequest:
        sessions.expire(token)
        return check(self, data)

    monkeypatch.setattr(endpoint, "LARGE", 1)
    monkeypatch.setattr(Checker, "check", checked)
    body = profile() | {"managed_by_organization_id": VENDOR}
    answer = await api.post("/organizations", body)
    assert (answer.status, answer.message) == (401, "the token has expired")


@pytest.mark.parametrize("size", [10, endpoint.LARGE])
async def test_only_a_large_body_is_checked_beside_the_loop(
    api: Api, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    check, threads = Checker.check, list[threading.Thread]()

    def noted(self: Checker, data: RequestData) -> CheckedRequest:
        threads.append(threading.current_thread())
        return check(self, data)

    monkeypatch.setattr(Checker, "check", noted)
    answer = await api.post("/organizations", profile(name="x" * size) | {"x": 1})
    assert answer.status == 400
    assert "'x'" in answer.message
    assert (threads[-1] is threading.current_thread()) == (size == 10)


async def test_a_state_that_was_replaced_while_a_large_body_was_checked_is_left_alone(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    check, world, loop = Checker.check, api.account.world, asyncio.get_running_loop()

    async def reset() -> None:
        world.reset()

    def checked(self: Checker, data: RequestData) -> CheckedRequest:
        found = check(self, data)
        asyncio.run_coroutine_threadsafe(reset(), loop).result(60)
        return found

    monkeypatch.setattr(endpoint, "LARGE", 1)
    monkeypatch.setattr(Checker, "check", checked)
    before = len(world.rows.organizations)
    body = profile() | {"managed_by_organization_id": VENDOR}
    assert (await api.post("/organizations", body)).status == 503
    assert len(world.rows.organizations) == before
