"""Debian's Chromium without a window, before a server with pages.

One browser serves a module, in the module's own event loop; each test has a window of its own,
and fails if its pages broke their own security policy or a script of theirs failed.
"""

import shutil
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from browser.person import Person
from fiskaly_mockserver import MockServer

if TYPE_CHECKING:
    from playwright.async_api import Browser

CHROMIUM = shutil.which("chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = __file__.removesuffix("conftest.py")
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no chromium on PATH"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> "AsyncIterator[Browser]":
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        await browser.close()


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer(dashboard=True, preset="individual-customers") as server:
        yield server
        server.verify()


@pytest_asyncio.fixture(loop_scope="module")
async def person(chromium: "Browser", server: MockServer) -> AsyncIterator[Person]:
    async with Person.at(chromium, server, locale="en-US") as person:
        yield person
