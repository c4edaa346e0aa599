"""Bodies that come when the head was long there: what was looked up before them is old by then."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from builders.accounts import VENDOR, profile
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

    def observed(header: str | None, sessions: Sessions) -> Principal:
        try:
            return caller_of(header, sessions)
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
