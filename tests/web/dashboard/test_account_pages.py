"""The account's pages over HTTP, without a browser and without JavaScript."""

import json
from importlib import resources
from typing import Any
from uuid import UUID

import pytest
from aiohttp import CookieJar
from fiskaly_mockserver.domain.account.model import Environment
from fiskaly_mockserver.server.listening import create_app
from fiskaly_mockserver.web.dashboard.frame import LANGUAGES
from fiskaly_mockserver.web.dashboard.site import PAGES
from fiskaly_mockserver.web.service import Service
from pytest_aiohttp import AiohttpClient
from web.dashboard.browser import COMPANY, Browser, as_api_key, home_of, key_on, make, person

SHOWN = [
    page
    for page in PAGES
    if page.method == "GET" and page.template and "{" not in page.path and page.path != "/unlock"
]
"""Pages that anybody who is signed in gets, where control is free."""
HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}"


async def authenticated(browser: Browser, key: str, secret: str) -> int:
    body = {"api_key": key, "api_secret": secret}
    async with browser.client.post("/api/v0/auth", json=body) as answer:
        return answer.status


async def test_who_is_not_signed_in_is_led_to_sign_in_and_back(
    service: Service, browser: Browser
) -> None:
    assert (await browser.get("/billing")).location == "/dashboard/sign-in"
    shown = await browser.sign_in(person(service, managed=False).id)
    assert shown.location == "/dashboard/billing"


async def test_a_password_signs_in_and_a_wrong_one_leaves_the_form_filled_in(
    service: Service, browser: Browser
) -> None:
    one = person(service, managed=False)
    await browser.get("/sign-in")
    wrong = await browser.post("/sign-in", email=one.email, password="wrong")
    assert (wrong.status, wrong.location) == (401, "/dashboard/sign-in")
    assert one.email in wrong.text
    assert "Invalid credentials" in wrong.text
    right = await browser.post("/sign-in", email=one.email, password=one.password)
    assert right.location == "/dashboard/overview"
    await browser.post("/sign-out")
    assert (await browser.get("/users")).location == "/dashboard/sign-in"


async def test_only_who_is_seeded_signs_in_by_one_click(service: Service, browser: Browser) -> None:
    await browser.get("/sign-up")
    await browser.post("/sign-up", email="new@example.com", password="a password", **COMPANY)
    new = next(iter(service.world.tables.users.select("email", "new@example.com")))
    await browser.post("/sign-out")
    for user_id in (new.id, "0", "z"):
        await browser.get("/sign-in")
        assert (await browser.post("/sign-in", user_id=user_id)).status == 404
        assert (await browser.get("/users")).location == "/dashboard/sign-in"


@pytest.mark.parametrize("article", ["7", "9", "13", "16"])
async def test_article_an_account_and_its_first_main_organization(
    browser: Browser, article: str
) -> None:
    await browser.get("/sign-up")
    email = f"new-{article}@example.com"
    shown = await browser.post("/sign-up", email=email, password="a password", **COMPANY)
    assert shown.location == "/dashboard/overview"
    assert "Kiosk Nord" in shown.text
    assert await authenticated(browser, *key_on(shown.text)) == 200
    again = await browser.get("/organizations")
    assert "new-secret" not in again.text


async def test_a_sign_up_that_is_refused_comes_back_with_a_message_at_each_field(
    browser: Browser,
) -> None:
    await browser.get("/sign-up")
    bad = {**COMPANY, "country_code": "Germany", "name": "Kiosk"}
    shown = await browser.post("/sign-up", email="none", password="", **bad)
    assert shown.status == 400
    assert "Kiosk" in shown.text
    for field in ("email", "password", "country_code"):
        assert f'id="{field}-error"' in shown.text


@pytest.mark.parametrize("article", ["10", "30", "31", "35", "36", "39", "43"])
async def test_article_a_managed_organization_with_its_key_made_automatically(
    service: Service, browser: Browser, article: str
) -> None:
    one = person(service, managed=False)
    await browser.sign_in(one.id)
    await browser.get("/organizations/new")
    shown = await browser.post(
        "/organizations/new",
        managed="yes",
        with_key="yes",
        managed_by_organization_id=home_of(one),
        **{**COMPANY, "name": f"Filiale {article}"},
    )
    assert shown.location == "/dashboard/organizations"
    assert f"Filiale {article}" in shown.text
    assert "managed</span>" in shown.text
    assert await authenticated(browser, *key_on(shown.text)) == 200


async def test_a_form_refused_by_the_contract_comes_back_filled_in(
    service: Service, browser: Browser
) -> None:
    one = person(service, managed=False)
    await browser.sign_in(one.id)
    shown = await browser.post(
        "/organizations/new",
        managed="yes",
        managed_by_organization_id=home_of(one),
        **{**COMPANY, "country_code": "Germany"},
    )
    assert shown.status == 400
    assert 'value="Kiosk Nord"' in shown.text
    assert 'id="country_code-error"' in shown.text


async def test_an_organization_is_changed_and_deleted(service: Service, browser: Browser) -> None:
    one = person(service, managed=False)
    await browser.sign_in(one.id)
    await browser.post("/organizations/new", **COMPANY)
    world = service.world
    seen = world.tables.organizations.select("sight", (home_of(one), Environment.TEST))
    made = next(row for row in seen if row.name == "Kiosk Nord")
    shown = await browser.post(f"/organizations/{made.id}", **{**COMPANY, "town": "Kiel"})
    assert 'value="Kiel"' in shown.text
    shown = await browser.post(f"/organizations/{made.id}/delete")
    assert "Kiosk Nord" not in shown.text
    refused = await browser.post(f"/organizations/{home_of(one)}/delete")
    assert refused.status == 409


async def test_keys_are_made_disabled_enabled_and_deleted(
    service: Service, browser: Browser
) -> None:
    await browser.sign_in(person(service, managed=False).id)
    key, secret = key_on((await browser.post("/api-keys", name="till")).text)
    row = next(iter(service.world.tables.api_keys.select("key", key)))
    for name, status in (("", 400), ("till", 409)):
        refused = await browser.post("/api-keys", name=name)
        assert (refused.status, 'role="alert"' in refused.text) == (status, status == 409)
        assert ('id="name-error"' in refused.text) is (status == 400)
    for change, status in (("disabled", 401), ("enabled", 200), ("delete", 401)):
        shown = await browser.post(f"/api-keys/{row.id}", change=change)
        assert shown.status == 200
        assert secret not in shown.text
        assert await authenticated(browser, key, secret) == status
    assert (await browser.post(f"/api-keys/{row.id}", change="delete")).status == 404


@pytest.mark.parametrize("article", ["3", "23"])
async def test_article_users_are_invited_and_removed(
    service: Service, browser: Browser, article: str
) -> None:
    await browser.sign_in(person(service, managed=False).id)
    email = f"colleague-{article}@example.com"
    shown = await browser.post("/users", email=email)
    assert email in shown.text
    assert "Invited until" in shown.text
    assert (await browser.post("/users", email=email)).status == 409
    row = next(iter(service.world.tables.users.select("email", email)))
    assert email not in (await browser.post(f"/users/{row.id}/remove")).text


@pytest.mark.parametrize("article", ["8", "21"])
async def test_article_the_contract_is_signed_and_live_can_be_chosen(
    service: Service, browser: Browser, article: str
) -> None:
    one = person(service, managed=False)
    await browser.sign_in(one.id)
    shown = await browser.post(f"/organizations/{home_of(one)}/contract")
    assert shown.location == "/dashboard/api-keys"
    assert key_on(shown.text)[0].startswith("live_")
    assert 'value="LIVE" aria-pressed="true"' in shown.text
    assert 'value="TEST" aria-pressed="true"' in (await browser.post("/choose", env="TEST")).text


@pytest.mark.parametrize("article", ["34"])
async def test_article_what_a_person_may_not_see_is_on_no_page(
    service: Service, browser: Browser, article: str
) -> None:
    """Walk every address with an id as a managed organization's person (R3)."""
    above = home_of(person(service, managed=False))
    await browser.sign_in(person(service, managed=True).id)
    key = next(iter(service.world.tables.api_keys.select("organization", above)))
    tss_id = str(UUID(int=1, version=4))
    service.world.signing.tss.create(as_api_key(service, above), tss_id)
    names = {"organization_id": above, "key_id": key.id, "user_id": above, "tss_id": tss_id}
    others = ("client_id", "tx_id", "export_id", "request_id", "address_id")
    names |= dict.fromkeys(others, tss_id)
    walked = 0
    for page in PAGES:
        if "{" in page.path and "{sandbox}" not in page.path:
            path, walked = page.path.format(**names), walked + 1
            send = browser.get if page.method == "GET" else browser.post
            shown = await send(path)
            # to change users at all is refused before it is looked for whom
            assert shown.status in ((403, 404) if "user_id" in page.path else (404, 400)), path
    assert walked > 5
    assert (await browser.post("/choose", organization_id=above)).status == 404
    for page in PAGES:
        if page in SHOWN:
            name = service.world.tables.organizations.get(above).name  # type: ignore[union-attr, arg-type]
            assert f">{name}<" not in (await browser.get(page.path)).text, page.path


async def test_markup_in_names_is_shown_as_text(service: Service, browser: Browser) -> None:
    one = person(service, managed=False)
    await browser.sign_in(one.id)
    fields = {**COMPANY, "name": HOSTILE}
    async with browser.client.post(
        "/dashboard/organizations/new", data={"form_token": browser.token, **fields}
    ) as answer:
        raw = await answer.text()
    assert "<script>alert" not in raw
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in raw


async def test_a_change_needs_the_form_token(service: Service, browser: Browser) -> None:
    await browser.sign_in(person(service, managed=False).id)
    assert (await browser.post("/api-keys", token="x", name="till")).status == 403
    assert (await browser.post("/api-keys", token="ü", name="till")).status == 403


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Sec-Fetch-Site": "cross-site"}],
)
async def test_other_peoples_pages_are_refused(browser: Browser, headers: dict[str, str]) -> None:
    assert (await browser.get("/sign-in", **headers)).status == 403


async def test_the_cookie_is_strict_and_names_the_port(browser: Browser) -> None:
    async with browser.client.get("/dashboard/sign-in") as answer:
        (cookie,) = answer.headers.getall("Set-Cookie")
        assert f"fiskaly_mock_{answer.url.port}=" in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]


async def test_a_reset_ends_the_sessions(service: Service, browser: Browser) -> None:
    await browser.sign_in(person(service, managed=False).id)
    service.world.reset()
    assert (await browser.get("/users")).location == "/dashboard/sign-in"


@pytest.mark.parametrize("settings", [{"control": False}, {"control_token": "a-control-token"}])
async def test_without_free_control_there_is_no_one_click(
    settings: dict[str, Any], aiohttp_client: AiohttpClient
) -> None:
    service = make(**settings)
    client = await aiohttp_client(create_app(service), cookie_jar=CookieJar(unsafe=True))
    browser = Browser(client)
    one = person(service, managed=False)
    assert "one click" not in (await browser.get("/sign-in")).text
    assert (await browser.post("/sign-in", user_id=one.id)).status == 404
    await browser.get("/sign-in")
    await browser.post("/sign-in", email=one.email, password=one.password)
    shown = await browser.get(f"/organizations/{home_of(one)}")
    assert (shown.status, "Sign the contract" in shown.text) == (200, False)
    assert (await browser.post(f"/organizations/{home_of(one)}/contract")).status == 404
    stream = "/dashboard/stream"
    async with client.get(stream, allow_redirects=False) as answer:
        assert answer.status == 200  # whoever is signed in has pages that refresh
    await browser.post("/sign-out")
    async with client.get(stream, allow_redirects=False) as answer:
        assert answer.status == 404


async def test_every_page_is_there_in_german(service: Service, browser: Browser) -> None:
    await browser.sign_in(person(service, managed=False).id)
    await browser.post("/choose", language="de")
    for page in PAGES:
        if page in SHOWN:
            shown = await browser.get(page.path)
            assert shown.status == 200, page.path
            assert 'lang="de"' in shown.text
            assert "inoffiziell" in shown.text


async def test_the_catalogs_say_the_same_things_and_the_files_are_small(browser: Browser) -> None:
    folder = resources.files("fiskaly_mockserver.web.dashboard")
    texts = [
        json.loads(folder.joinpath("texts", f"{name}.json").read_text("utf-8"))
        for name in LANGUAGES
    ]
    assert [*texts[0]] == [*texts[1]]
    assert all(text for catalog in texts for text in catalog.values())
    sizes = []
    for name in ("dashboard.css", "dashboard.js"):
        async with browser.client.get(f"/dashboard/static/{name}") as answer:
            assert answer.status == 200
            sizes.append(len(await answer.read()))
    assert sum(sizes) < 60_000
    assert (await browser.get("/static/../frame.py")).status == 404
