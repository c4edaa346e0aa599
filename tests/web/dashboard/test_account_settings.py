"""Signing up, sessions and sandboxes, time zones, and pages of lists."""

import re
from zoneinfo import ZoneInfoNotFoundError

import pytest
from aiohttp import CookieJar
from fiskaly_fixtures import generate
from fiskaly_mockserver.domain.account.model import Membership, UserId
from fiskaly_mockserver.server.compose import compose
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.server.listening import create_app
from fiskaly_mockserver.web.dashboard import frame
from fiskaly_mockserver.web.dashboard.site import SESSION_SECONDS
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.clock import LATEST, FrozenClock
from fiskaly_mockserver.world.seams import Seams
from pytest_aiohttp import AiohttpClient
from web.dashboard.browser import COMPANY, Browser, Shown, home_of, make, person


def hidden_on(shown: Shown) -> dict[str, str]:
    """Return what every form of a page sends along."""
    return dict(re.findall(r'name="(form_token|in_view)" value="([^"]*)"', shown.text))


@pytest.mark.parametrize("article", ["9"])
async def test_article_who_belongs_to_no_organization_has_to_create_the_first_one(
    service: Service, browser: Browser, article: str
) -> None:
    await browser.get("/sign-up")
    shown = await browser.post("/sign-up", email="new@example.com", password="a password")
    assert shown.location == "/dashboard/first-organization"
    for path in ("/overview", "/users", "/organizations/new", "/tss"):
        assert (await browser.get(path)).location == "/dashboard/first-organization"
    await browser.post("/sign-out")
    await browser.get("/sign-in")
    again = await browser.post("/sign-in", email="new@example.com", password="a password")
    assert again.location == "/dashboard/first-organization"
    refused = await browser.post("/first-organization", **{**COMPANY, "country_code": "Germany"})
    assert refused.status == 400
    assert 'id="country_code-error"' in refused.text
    made = await browser.post("/first-organization", **COMPANY)
    assert made.location == "/dashboard/overview"
    assert 'id="new-secret"' in made.text
    assert (await browser.get("/first-organization")).location == "/dashboard/overview"
    assert "Kiosk Nord" in (await browser.get("/billing")).text.partition("Billing addresses")[2]


async def test_the_billing_address_of_the_first_organization_may_stay_blank(
    service: Service, browser: Browser
) -> None:
    await browser.get("/sign-up")
    person = {"email": "new@example.com", "password": "a password"}
    await browser.post("/sign-up", **person, **COMPANY, billing_blank="yes")
    assert "No billing address yet" in (await browser.get("/billing")).text


async def test_times_are_in_the_zone_that_was_chosen(service: Service, browser: Browser) -> None:
    await browser.sign_in(person(service, managed=False).id)
    pattern = r"<td>(\d{4}-\d\d-\d\d \d\d:\d\d)</td>"
    before = re.findall(pattern, (await browser.get("/api-keys")).text)
    shown = await browser.post("/choose", zone="Asia/Tokyo", back="/api-keys?page=1")
    assert shown.location == "/dashboard/api-keys"
    after = re.findall(pattern, shown.text)
    assert len(before) == len(after) > 0
    assert before != after
    for wrong in ("Nowhere/Land", "../../etc/passwd", "", "\0"):
        refused = await browser.post("/choose", zone=wrong, back="//evil.example/")
        assert 'value="Asia/Tokyo"' in refused.text, wrong
        assert refused.location.startswith("/dashboard"), wrong


async def test_keys_and_users_are_paged(service: Service, browser: Browser) -> None:
    await browser.sign_in(person(service, managed=False).id)
    for at in range(51):
        await browser.post("/api-keys", name=f"till-{at:02}")
        await browser.post("/users", email=f"somebody-{at:02}@example.com")
    for path, ends in (("/api-keys", "till-50"), ("/users", "somebody-50@")):
        first, second = await browser.get(path), await browser.get(f"{path}?page=2")
        assert "1 / 2" in first.text
        assert (ends in first.text) is not (ends in second.text)


async def test_a_sandboxs_address_leads_to_pages_and_sessions_of_its_own(
    service: Service, browser: Browser
) -> None:
    one = person(service, managed=False)
    await browser.sign_in(one.id)
    shown = await browser._shown("GET", "", prefix="/s/mine/dashboard")
    assert shown.location == "/dashboard/sign-in"
    assert "mine" in (await browser.post("/sign-in", user_id=one.id)).text
    await browser.post("/api-keys", name="of-the-sandbox")
    names = [row.name for row in service.worlds.get("mine").rows.api_keys]
    assert "of-the-sandbox" in names
    assert "of-the-sandbox" not in [row.name for row in service.world.rows.api_keys]
    assert (await browser._shown("GET", "", prefix="/s/mine/dashboard")).location.endswith(
        "/overview"
    )
    assert (await browser._shown("GET", "", prefix="/s/no%20name/dashboard")).status == 404


async def test_where_the_sandbox_in_view_is_gone_nothing_is_done_to_the_default_world(
    service: Service, browser: Browser
) -> None:
    await browser._shown("GET", "", prefix="/s/mine/dashboard")
    assert "mine" in (await browser.get("/worlds")).text
    service.worlds.drop("mine")
    shown = await browser.post("/worlds/reset")
    assert shown.status == 404
    assert "The sandbox that you looked into is gone." in shown.text
    assert service.world.generation == 0
    assert (await browser.get("/worlds")).status == 404
    assert (await browser.get("")).location == "/dashboard/sign-in"
    await browser.get("/worlds")
    assert (await browser.post("/worlds/reset")).status == 200
    assert service.world.generation == 1


async def test_a_form_is_of_no_use_once_another_tab_looks_at_something_else(
    service: Service, browser: Browser
) -> None:
    await browser.sign_in(person(service, managed=False).id)
    of_this_tab = hidden_on(await browser.get("/api-keys"))
    shop = next(row.id for row in service.world.rows.organizations if not row.is_main)
    await browser.post("/choose", organization_id=shop)
    before = len(service.world.rows.api_keys)
    shown = await browser.post("/api-keys", **of_this_tab, name="till-1")
    assert shown.status == 404
    assert "Another tab looks at something else by now." in shown.text
    assert len(service.world.rows.api_keys) == before
    assert (await browser.post("/choose", **of_this_tab, language="de")).status == 200
    again = hidden_on(await browser.get("/api-keys"))
    assert (await browser.post("/api-keys", **again, name="till-2")).status == 200
    assert [*service.world.rows.api_keys][-1].organization_id == shop


async def test_a_form_of_the_mock_is_of_any_organization_but_of_one_world(
    service: Service, browser: Browser
) -> None:
    await browser.sign_in(person(service, managed=False).id)
    how = hidden_on(await browser.get("/worlds"))
    shop = next(row.id for row in service.world.rows.organizations if not row.is_main)
    await browser.post("/choose", organization_id=shop)
    assert (await browser.post("/worlds/reset", **how)).status == 200
    mine = service.worlds.get("mine")
    await browser.post("/worlds/sandbox", name="mine", change="look")
    assert (await browser.post("/worlds/reset", **how)).status == 404
    assert (service.world.generation, mine.generation) == (1, 0)


async def test_the_page_of_a_request_is_found_in_whatever_world_it_came_to(
    service: Service, browser: Browser
) -> None:
    one = person(service, managed=False)
    await browser.sign_in(one.id)
    pages = []
    for sandbox in ("", "mine"):
        headers = {"X-Mock-Sandbox": sandbox} if sandbox else {}
        refused = {"api_key": "none"}
        async with browser.client.post("/api/v0/auth", json=refused, headers=headers) as answer:
            request_id = answer.headers["X-Request-Id"]
        address = f"/_mock/explain/{request_id}"
        async with browser.client.get(address, headers=headers) as answer:
            pages.append((await answer.json())["page"].partition("/dashboard")[2])
    for page, sandbox in zip(pages[::-1], ("mine", ""), strict=True):
        shown = await browser.get(page)
        assert shown.status == 200
        assert ("X-Mock-Sandbox: mine" in shown.text) is bool(sandbox)
    assert (await browser.get("/users")).location == "/dashboard/users"
    assert (await browser.get(f"/requests/{'0' * 32}")).status == 404


async def test_no_time_is_too_late_for_a_page(service: Service, browser: Browser) -> None:
    service.world.clock.set(LATEST)
    await browser.sign_in(person(service, managed=False).id)
    await browser.get("/users")
    shown = await browser.post("/users", email="late@example.com")
    assert "9999-12-31 23:59" in shown.text
    for path in ("/overview", "/billing", "/api-keys", "/tss", "/clock"):
        assert (await browser.get(path)).status == 200


async def test_who_is_taken_out_of_what_is_in_view_is_still_told_that_there_is_no_such_page(
    aiohttp_client: AiohttpClient,
) -> None:
    service = compose(ServerConfig(dashboard=True), generate("live"))
    browser = Browser(await aiohttp_client(create_app(service), cookie_jar=CookieJar(unsafe=True)))
    one = person(service, managed=False)
    await browser.sign_in(one.id)
    await browser.post("/choose", env="LIVE")
    tables, user_id = service.world.tables, UserId(one.id)
    home, *others = [row.id for row in service.world.rows.organizations]
    tables.memberships.put(Membership(organization_id=others[0], user_id=user_id))
    tables.memberships.remove((home, user_id))
    assert (await browser.get("/no-such-page")).status == 404


async def test_what_an_open_page_listens_to_is_no_page_to_come_back_to(
    aiohttp_client: AiohttpClient,
) -> None:
    service = make(control=False)
    browser = Browser(await aiohttp_client(create_app(service), cookie_jar=CookieJar(unsafe=True)))
    one = person(service, managed=False)
    assert (await browser.get("/stream")).status == 404
    await browser.get("/sign-in")
    shown = await browser.post("/sign-in", email=one.email, password=one.password)
    assert shown.location == "/dashboard/overview"


async def test_an_expired_session_leads_to_sign_in_and_back(
    aiohttp_client: AiohttpClient,
) -> None:
    clock = FrozenClock(1_700_000_000)
    service = compose(
        ServerConfig(dashboard=True), generate("individual-customers"), Seams(clock=clock)
    )
    browser = Browser(await aiohttp_client(create_app(service), cookie_jar=CookieJar(unsafe=True)))
    one = person(service, managed=False)
    await browser.sign_in(one.id)
    clock.advance(SESSION_SECONDS)
    assert (await browser.get("/users?page=1")).location == "/dashboard/users"
    clock.advance(1)
    assert (await browser.get("/users?page=1")).location == "/dashboard/sign-in"
    again = await browser.post("/sign-in", user_id=one.id)
    assert again.location == "/dashboard/users"
    clock.advance(SESSION_SECONDS + 1)
    assert (await browser.post("/users/somebody/remove")).location == "/dashboard/sign-in"
    assert (await browser.post("/sign-in", user_id=one.id)).location == "/dashboard/users"


async def test_signing_up_accepts_an_open_invitation(service: Service, browser: Browser) -> None:
    one = person(service, managed=False)
    await browser.sign_in(one.id)
    await browser.get("/users")
    await browser.post("/users", email="invited@example.com")
    await browser.post("/sign-out")
    await browser.get("/sign-up")
    new = {"email": "Invited@example.com", "password": "a password"}
    joined = await browser.post("/sign-up", **new)
    assert joined.location == "/dashboard/overview"
    assert "invited@example.com" in (await browser.get("/users")).text
    await browser.post("/sign-out")
    await browser.get("/sign-up")
    taken = await browser.post("/sign-up", **new)
    assert taken.status == 409


async def test_a_machine_without_time_zones_shows_utc(
    service: Service, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def known_nowhere(key: str) -> None:
        raise ZoneInfoNotFoundError(key)

    monkeypatch.setattr(frame, "ZoneInfo", known_nowhere)
    await browser.sign_in(person(service, managed=False).id)
    shown = await browser.get("/api-keys")
    assert shown.status == 200
    assert 'name="zone" value="UTC"' in shown.text


async def test_a_sign_up_takes_no_more_than_its_form_has(
    service: Service, browser: Browser
) -> None:
    await browser.get("/sign-up")
    payer = {"billing_options.bill_to_organization": home_of(person(service, managed=False))}
    lines = {"metadata.name.0": "a", "metadata.value.0": "b", "withhold_billing": "yes"}
    new = {"email": "new@example.com", "password": "a password"}
    assert (await browser.post("/sign-up", **new, **COMPANY, **payer, **lines)).status == 200
    row = next(row for row in service.world.rows.organizations if row.name == COMPANY["name"])
    assert row.billing_options is None
    assert not row.metadata
