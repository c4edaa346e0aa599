"""Every address as all kinds of people, and every form with hostile texts.

All of it follows from `PAGES`: whoever adds a page is told here what it lacks.
"""

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest
from aiohttp import CookieJar
from fiskaly_mockserver.domain.account.model import OrganizationId
from fiskaly_mockserver.server.listening import create_app
from fiskaly_mockserver.web.dashboard import exchanges, mock
from fiskaly_mockserver.web.dashboard.frame import Page
from fiskaly_mockserver.web.dashboard.site import PAGES
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.export.export import export_world
from pytest_aiohttp import AiohttpClient
from web.dashboard.browser import Browser, Shown, home_of, make, person
from web.dashboard.forms import Form, forms_on

OF_A_TILL: dict[str, Any] = {"tills": 1, "receipts": 2, "size": 2}
NOBODYS = str(UUID(int=1, version=4))
MOCK = {page.path for page in (*exchanges.PAGES, *mock.PAGES)}
OPEN = {"/sign-in", "/sign-up", "/sign-out", "/choose", "/sandbox/{sandbox}", "/"}
"""What needs nobody to be signed in, or only leads elsewhere."""
NO_PAGES = {"/stream", "/coverage/file", "/sandbox/{sandbox}"}
OWN = "/first-organization"
HIDDEN = {"form_token", "in_view"}
"""What every form sends along."""


@pytest.fixture
def tree() -> dict[str, Any]:
    return OF_A_TILL


def first(rows: Iterable[Any], organization_id: str, name: str = "id") -> str:
    """Return the id of an organization's first row, or one that nothing has."""
    found = (getattr(row, name) for row in rows if row.organization_id == organization_id)
    return next(found, NOBODYS)


def ids_of(service: Service, organization_id: str) -> dict[str, str]:
    """Return what stands in addresses, of one organization and its first TSS."""
    rows = service.world.rows
    return {
        "organization_id": organization_id,
        "key_id": first(rows.api_keys, organization_id),
        "user_id": first(rows.memberships, organization_id, "user_id"),
        "address_id": first(rows.billing_addresses, organization_id),
        "tss_id": first(rows.tss, organization_id),
        "client_id": first(rows.clients, organization_id),
        "tx_id": first(rows.transactions, organization_id),
        "export_id": NOBODYS,
        "request_id": NOBODYS,
        "sandbox": "mine",
    }


def shop_of(service: Service) -> str:
    """Return the organization that has the first TSS; one more is managed beside it."""
    return str(next(iter(service.world.rows.tss)).organization_id)


async def visited(browser: Browser, page: Page, ids: dict[str, str]) -> Shown:
    path = page.path.format(**ids)
    return await (browser.get(path) if page.method == "GET" else browser.post(path))


async def sign_in(service: Service, browser: Browser, who: str) -> None:
    """Sign in as one kind of person; none of them but the admin may see the shop."""
    await browser.get("/sign-up")
    if who == "stranger":
        fields = {"name": "Xyz", "address_line1": "Xyz", "zip": "12345", "town": "Xyz"}
        new = {"email": "x@example.com", "password": "x"}
        made = await browser.post("/sign-up", **new, **fields, country_code="DEU")
        assert made.location == "/dashboard/overview"
    elif who == "of no organization":
        await browser.post("/sign-up", email="x@example.com", password="x")
    elif who == "neighbor":
        for membership in service.world.rows.memberships:
            row = service.world.tables.organizations.get(membership.organization_id)
            if row and not row.is_main and row.id != shop_of(service):
                await browser.sign_in(membership.user_id)
                assert (await browser.get("/users")).status == 200
                break
        else:
            raise LookupError
    elif who == "admin":
        await browser.sign_in(person(service, managed=False).id)
        await browser.get("/overview")
        await browser.post("/choose", organization_id=shop_of(service))


async def test_the_admin_sees_every_page(service: Service, browser: Browser) -> None:
    await sign_in(service, browser, "admin")
    ids = ids_of(service, shop_of(service))
    for page in PAGES:
        if page.method == "GET" and page.path not in {*NO_PAGES, OWN} | OPEN:
            seen = await visited(browser, page, ids)
            absent = ("logo", "{export_id}/file", "{request_id}", "/unlock")
            assert seen.status == (404 if page.path.endswith(absent) else 200), page.path


def rows_of(organization_id: str, state: dict[str, Any]) -> dict[str, list[object]]:
    """Return an organization's part of an exported world."""
    return {
        table: [
            row for row in rows if organization_id in (row.get("id"), row.get("organization_id"))
        ]
        for table, rows in state.items()
        if isinstance(rows, list)
    }


@pytest.mark.parametrize("article", ["28, 33, 34"])
@pytest.mark.parametrize("who", ["nobody", "stranger", "neighbor", "of no organization"])
async def test_article_what_somebody_may_not_see_is_on_no_page_and_not_changed(
    service: Service, browser: Browser, who: str, article: str
) -> None:
    await sign_in(service, browser, who)
    shop = shop_of(service)
    ids = ids_of(service, shop)
    row = service.world.tables.organizations.get(OrganizationId(shop))
    assert row
    before = rows_of(shop, export_world(service.world))
    for page in PAGES:
        if page.path in MOCK | OPEN:
            continue
        seen = await visited(browser, page, ids)
        for hidden in (row.name, ids["tss_id"], ids["key_id"]):
            # what was asked for is in the address that a form leads back to
            assert hidden in page.path.format(**ids) or hidden not in seen.text, page.path
        if who in ("nobody", "of no organization"):
            led = {"nobody": "/sign-in", "of no organization": "/first-organization"}[who]
            assert seen.location == f"/dashboard{led}" or page.path == OWN, page.path
        elif "{" in page.path:
            assert seen.status in (400, 403, 404), page.path
    assert rows_of(shop, export_world(service.world)) == before


@pytest.mark.parametrize("settings", [{"control": False}, {"control_token": "a-control-token"}])
async def test_the_part_mock_is_closed_without_control(
    settings: dict[str, object], aiohttp_client: AiohttpClient
) -> None:
    service = make(OF_A_TILL, **settings)
    jar = CookieJar(unsafe=True)
    browser = Browser(await aiohttp_client(create_app(service), cookie_jar=jar))
    one = person(service, managed=False)
    await browser.get("/sign-in")
    await browser.post("/sign-in", email=one.email, password=one.password)
    ids, before = ids_of(service, home_of(one)), export_world(service.world)
    for page in PAGES:
        if page.path in MOCK - {"/unlock", "/stream"}:
            assert (await visited(browser, page, ids)).status == 404, page.path
    assert export_world(service.world) == before


PIECES = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onfocus=alert(1) autofocus='",
    "{{ 7*7 }}{% raise %}",
    "javascript:alert(1)",
    "'; DROP TABLE organizations; --",
    "\u202e\u2066\ufeff",
    "\x00\x1b[31m",
    "../../../../etc/passwd",
    "//evil.example/%0d%0aSet-Cookie:a=b",
    "😀" * 40,
    "9" * 400,
    "-1",
    "NaN",
    "\r\nLocation: x",
    "%s%n{0}${x}",
    '{"effect": {"kind": []}}',
    "A" * 5_000,
    "ÿ\ud7ff",
)
HOSTILE = [f"{piece}{at}" * (1 + at % 2) for at in range(10) for piece in PIECES]
RAW = re.compile(r"<script>alert|<img src=x|<svg onload|' onfocus=alert")


async def every_form(service: Service, browser: Browser) -> dict[str, Form]:
    """Return each form of every page, by its address and fields."""
    await sign_in(service, browser, "admin")
    ids = ids_of(service, shop_of(service))
    found: dict[str, Form] = {}
    paths = [page.path for page in PAGES if page.method == "GET" and page.path not in NO_PAGES]
    for path in ["/sign-up", *paths]:
        async with browser.client.get(f"/dashboard{path.format(**ids)}") as answer:
            for form in forms_on(await answer.text()):
                if set(form.fields) - {*HIDDEN, "back"}:
                    where = form.action.replace(ids["tss_id"], "TSS")
                    found.setdefault(f"{where} {sorted(form.fields)}", form)
    return found


@pytest.mark.parametrize("texts", [2 * len(PIECES), pytest.param(200, marks=pytest.mark.slow)])
async def test_hostile_texts_in_every_field_run_nowhere_and_break_nothing(
    service: Service, browser: Browser, texts: int
) -> None:
    forms = await every_form(service, browser)
    assert len({form.action for form in forms.values()}) > 15
    hostile_texts = HOSTILE[:texts]
    assert len(hostile_texts) == texts
    turn = 0
    for at, hostile in enumerate(hostile_texts):
        for form in forms.values():
            names = [name for name in form.fields if name not in HIDDEN]
            # all fields at once, and in the next round one alone beside what stands in the others
            turn += 1
            chosen = names if (at + at // len(PIECES)) % 2 else [names[turn % len(names)]]
            fields = {**form.fields, **dict.fromkeys(chosen, hostile), "form_token": browser.token}
            async with browser.client.post(form.action, data=fields, allow_redirects=False) as one:
                text = await one.text()
                assert one.status < 500, (form.action, hostile)
                assert not RAW.search(text), (form.action, hostile)
                assert one.headers.get("Location", "/dashboard").startswith("/dashboard")
            if one.status in {303, 403}:
                await sign_in(service, browser, "admin")
    for page in PAGES:
        if page.method == "GET" and page.path not in NO_PAGES:
            path = page.path.format(**ids_of(service, shop_of(service)))
            async with browser.client.get(f"/dashboard{path}") as answer:
                assert answer.status < 500, path
                assert not RAW.search(await answer.text()), path
