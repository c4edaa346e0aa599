"""A server with pages and a browser without JavaScript before it."""

from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import CookieJar
from fiskaly_mockserver.server.listening import create_app
from fiskaly_mockserver.web.service import Service
from pytest_aiohttp import AiohttpClient
from web.dashboard.browser import Browser, make, person


@pytest.fixture
def tree() -> dict[str, Any]:
    """What the server's tree is made from; a module may have its own."""
    return {}


@pytest.fixture
def service(tree: dict[str, Any]) -> Iterator[Service]:
    service = make(tree)
    yield service
    assert not service.defects


@pytest.fixture
async def browser(service: Service, aiohttp_client: AiohttpClient) -> Browser:
    jar = CookieJar(unsafe=True)
    return Browser(await aiohttp_client(create_app(service), cookie_jar=jar))


@pytest.fixture
async def admin(service: Service, browser: Browser) -> Browser:
    """A browser in which the admin of a main organization is signed in."""
    await browser.sign_in(person(service, managed=False).id)
    return browser
