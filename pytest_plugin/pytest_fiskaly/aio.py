"""The asynchronous fixture. Only where pytest-asyncio is active is this module imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import ClientSession

    from pytest_fiskaly.mock import FiskalyMock


@pytest_asyncio.fixture
async def fiskaly_session(fiskaly_mock: FiskalyMock) -> AsyncIterator[ClientSession]:
    """Give a test an aiohttp session with the token of the first main organization's key.

    Paths are relative to the base URL, without a slash before them:
    `await fiskaly_session.get("organizations")`.
    """
    from aiohttp import ClientSession

    from pytest_fiskaly.failures import or_fail

    key = or_fail(lambda: fiskaly_mock.credentials, "fiskaly_session")
    token = fiskaly_mock.token_for(key)
    headers = {"Authorization": f"Bearer {token}"}
    async with ClientSession(f"{fiskaly_mock.base_url}/", headers=headers) as session:
        yield session
