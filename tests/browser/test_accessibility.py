"""Every page before axe-core: light and wide, dark and narrow, and no page scrolls sideways."""

from collections.abc import AsyncIterator, Iterator
from typing import Literal

import httpx
import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from browser.person import Person
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.handles import OrganizationHandle
from fiskaly_mockserver.web.dashboard.site import PAGES
from playwright.async_api import Browser, Page

LOOKS: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", 1280), ("dark", 390))


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    """One for all pages: nothing is changed here."""
    with MockServer(dashboard=True, size=2, tills=1, receipts=3) as server:
        httpx.post(f"{server.base_url}/auth", json={"api_key": "none", "api_secret": "none"})
        httpx.get(f"{server.base_url}/{'x' * 400}")
        yield server
        server.verify()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signed_in(chromium: Browser, server: MockServer) -> AsyncIterator[Person]:
    """The admin, looking at a customer whose till has signed receipts."""
    async with Person.at(chromium, server, locale="en-US") as person:
        await person.sign_in()
        await person.look_at(shop_of(server).organization_id)
        yield person


@pytest_asyncio.fixture(loop_scope="module")
async def nobody(chromium: Browser, server: MockServer) -> AsyncIterator[Person]:
    async with Person.at(chromium, server, locale="de-DE") as person:
        yield person


async def serious_in(page: Page) -> dict[str, list[str]]:
    """Return what axe-core finds serious, with the elements that it is about."""
    found = (await Axe().run(page)).response["violations"]
    return {
        one["id"]: [node["html"] for node in one["nodes"]]
        for one in found
        if one["impact"] in ("serious", "critical")
    }


async def demand_usable(person: Person, path: str) -> None:
    page = person.page
    assert await person.go(path) == (404 if path == "/nowhere" else 200)
    for scheme, width in LOOKS:
        await page.emulate_media(color_scheme=scheme)
        await page.set_viewport_size({"width": width, "height": 900})
        assert await serious_in(page) == {}, f"{scheme} {width}"
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


def shop_of(server: MockServer) -> OrganizationHandle:
    return next(one for one in server.tree.managed if one.all_tss)


def shown(server: MockServer) -> dict[str, str]:
    """Return what stands in addresses, by its name there."""
    shop = shop_of(server)
    rows = server._service.world.rows
    return {
        "organization_id": shop.organization_id,
        "tss_id": shop.tss.tss_id,
        "client_id": shop.tss.clients[0].client_id,
        "tx_id": next(iter(rows.transactions.select("tss", shop.tss.tss_id))).id,
        "request_id": next(iter(server._service.world.journal)).request_id,
    }


@pytest.mark.parametrize(
    "path", [page.path for page in PAGES if page.template and page.method == "GET"]
)
async def test_a_page_is_usable_by_everybody(signed_in: Person, path: str) -> None:
    if path.endswith("/file") or path == "/unlock":
        return  # a download; and where control is free there is nothing to unlock
    await demand_usable(signed_in, path.format(**shown(signed_in.server)))


async def test_so_is_the_page_of_a_request_with_a_very_long_address(signed_in: Person) -> None:
    *_, latest = signed_in.server.journal
    await demand_usable(signed_in, f"/requests/{latest.request_id}")


REACHABLE = """() => {
    const all = [...document.querySelectorAll(
        "a[href],button:enabled,input:not([type=hidden]),select,textarea,summary,[tabindex='0']"
    )].filter(one => one.checkVisibility());
    globalThis.reached = new Set(), globalThis.unmarked = new Set();
    document.addEventListener("focusin", ({ target }) => {
        reached.add(target);
        if (getComputedStyle(target).outlineStyle === "none") unmarked.add(target.outerHTML);
    });
    globalThis.missed = () => all.filter(one => !reached.has(one)).map(one => one.outerHTML);
    return all.length;
}"""
"""Counts what can be focused, and from then on keeps what was and whether that was seen."""


@pytest.mark.parametrize("path", ["/overview", "/organizations/new", "/transactions", "/faults"])
async def test_the_tab_key_reaches_everything_and_shows_where_it_is(
    signed_in: Person, path: str
) -> None:
    await signed_in.go(path)
    page = signed_in.page
    for _ in range(await page.evaluate(REACHABLE) + 1):
        await page.keyboard.press("Tab")
    assert await page.evaluate("missed()") == []
    assert await page.evaluate("[...unmarked]") == []


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up", "/nowhere"])
async def test_so_is_what_nobody_in_particular_sees(nobody: Person, path: str) -> None:
    await demand_usable(nobody, path)


async def test_so_is_a_form_that_came_back_and_the_page_of_who_has_no_organization(
    nobody: Person,
) -> None:
    await nobody.go("/sign-up")
    await nobody.fill(email="new@example.com", password="a password", name="x")
    await nobody.page.locator("main form button").click()
    await nobody.page.locator("main .error").first.wait_for()
    assert await serious_in(nobody.page) == {}
    await nobody.fill(name="", password="a password", country_code="")
    await nobody.page.locator("main form button").click()
    await nobody.page.wait_for_url("**/first-organization")
    await demand_usable(nobody, "/first-organization")


async def test_a_page_that_is_not_would_be_seen(nobody: Person) -> None:
    await nobody.page.set_content('<html lang="de"><title>x</title><main><input></main></html>')
    assert "label" in await serious_in(nobody.page)
