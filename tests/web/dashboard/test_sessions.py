"""Browsers that are remembered, and what every answer of the pages carries."""

from typing import Any

import pytest
from aiohttp import CookieJar
from fiskaly_mockserver.server.listening import create_app
from fiskaly_mockserver.web.dashboard import site
from fiskaly_mockserver.web.service import Service
from pytest_aiohttp import AiohttpClient
from web.dashboard.browser import Browser, person


async def test_the_oldest_of_too_many_browsers_is_forgotten_first(
    service: Service, aiohttp_client: AiohttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "MOST_SESSIONS", 2)
    client = await aiohttp_client(create_app(service), cookie_jar=CookieJar(unsafe=True))
    browser, one = Browser(client), person(service, managed=False)
    cookies = []
    for _ in range(3):
        client.session.cookie_jar.clear()
        await browser.sign_in(one.id)
        cookies.append({cookie.key: cookie.value for cookie in client.session.cookie_jar})
    where = []
    for cookie in reversed(cookies):
        client.session.cookie_jar.clear()
        shown = await browser._shown("GET", "/users", cookies=cookie)
        where.append(shown.location.rpartition("/")[2])
    assert where == ["users", "users", "sign-in"]


async def test_a_new_id_comes_with_every_sign_in_and_the_old_one_is_nobody(
    service: Service, browser: Browser
) -> None:
    await browser.get("/sign-in")
    jar = browser.client.session.cookie_jar
    before = {cookie.key: cookie.value for cookie in jar}
    await browser.sign_in(person(service, managed=False).id)
    after = {cookie.key: cookie.value for cookie in jar}
    assert [*before] == [*after]
    assert before != after
    jar.clear()
    assert (await browser._shown("GET", "/users", cookies=before)).location.endswith("/sign-in")


@pytest.mark.parametrize(
    ("method", "path", "status", "kept"),
    [
        ("GET", "/sign-in", 200, "no-store"),
        ("HEAD", "/sign-in", 200, "no-store"),
        ("GET", "/sign-in/", 200, "no-store"),
        ("GET", "/users", 303, "no-store"),
        ("GET", "/nowhere", 404, "no-store"),
        ("POST", "/static/dashboard.css", 404, "no-store"),
        ("POST", "/sign-in", 403, "no-store"),
        ("PUT", "/sign-in", 404, "no-store"),
        ("GET", "/static/dashboard.css", 200, "no-cache"),
    ],
)
async def test_every_answer_says_what_a_browser_may_do_with_it(
    browser: Browser, method: str, path: str, status: int, kept: str
) -> None:
    how: dict[str, Any] = {"allow_redirects": False}
    async with browser.client.request(method, f"/dashboard{path}", **how) as answer:
        assert answer.status == status
        assert answer.headers["Cache-Control"] == kept
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("path", "location"),
    [("/", "/dashboard"), ("/s/mine/dashboard", "/dashboard/sandbox/mine")],
)
async def test_the_pages_are_found_from_above_and_may_move(
    browser: Browser, path: str, location: str
) -> None:
    async with browser.client.get(path, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, location)


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("method", "content_type", "status"),
    [
        ("POST", f"{FORM}; charset=nonsense", 400),
        ("POST", FORM, 400),
        ("POST", "multipart/form-data", 400),
        ("POST", "text/plain", 403),
        ("PUT", f"{FORM}; charset=nonsense", 404),
    ],
)
async def test_what_is_no_form_changes_nothing_and_is_told_in_the_browsers_language(
    browser: Browser, method: str, content_type: str, status: int
) -> None:
    headers = {"Content-Type": content_type, "Accept-Language": "de"}
    address = "/dashboard/sign-in"
    async with browser.client.request(method, address, data=b"a=\xff", headers=headers) as answer:
        assert answer.status == status
        assert '<html lang="de"' in await answer.text()


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/users/00000000-0000-4000-8000-000000000001/remove", "/users"),
        ("/api-keys", "/api-keys"),
        ("/tss/00000000-0000-4000-8000-000000000001/pin", "/tss/00000000"),
    ],
)
async def test_who_sends_a_form_signed_out_comes_back_to_its_page(
    service: Service, browser: Browser, path: str, wanted: str
) -> None:
    assert (await browser.post(path)).location == "/dashboard/sign-in"
    back = await browser.post("/sign-in", user_id=person(service, managed=False).id)
    assert back.location.startswith(f"/dashboard{wanted}")


async def test_who_signs_in_comes_to_the_page_that_was_asked_for_as_it_was(
    service: Service, browser: Browser
) -> None:
    await browser.get("/transactions?state=FINISHED")
    one, fields = person(service, managed=False), {"form_token": browser.token}
    async with browser.client.post(
        "/dashboard/sign-in", data={**fields, "user_id": one.id}, allow_redirects=False
    ) as answer:
        assert answer.headers["Location"] == "/dashboard/transactions?state=FINISHED"
