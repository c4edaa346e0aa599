"""The pages of the fake itself over HTTP: requests, faults, clock, worlds, coverage, contract."""

import asyncio
import json
import re
from typing import Any

import pytest
from aiohttp import CookieJar
from fiskaly_mockserver.server.listening import InFlight, create_app
from fiskaly_mockserver.web.dashboard import exchanges, mock
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.seeding import Seeded
from pytest_aiohttp import AiohttpClient
from web.dashboard.browser import Browser, make, person

HOSTILE = "<script>alert(1)</script>"
CALLS = {
    f"{page.method} {page.path}": page.path.replace("{request_id}", "none")
    for page in (*exchanges.PAGES, *mock.PAGES)
    if page.path not in ("/stream", "/unlock")
}


@pytest.fixture
async def browser(browser: Browser) -> Browser:
    """A browser that has the form token of its first page."""
    await browser.get("/requests")
    return browser


async def call(browser: Browser, method: str, path: str, **how: Any) -> int:
    async with browser.client.request(method, path, **how) as answer:
        await answer.read()
        return answer.status


async def log_in(browser: Browser, service: Service, **how: Any) -> str:
    key = next(Seeded(service.world.baseline).organizations()).api_keys[0]
    said = {"api_key": key.key, "api_secret": key.secret}
    async with browser.client.post("/api/v0/auth", json=said, **how) as answer:
        token: str = (await answer.json())["access_token"]
        return token


def ids_on(text: str) -> list[str]:
    return re.findall(r'href="/dashboard/requests/([0-9a-f]{32})"', text)


async def test_requests_are_listed_latest_first_and_narrowed(
    service: Service, browser: Browser
) -> None:
    assert "Nothing came yet" in (await browser.get("/requests")).text
    await log_in(browser, service)
    await call(browser, "GET", "/api/v0/organizations")
    await call(browser, "POST", "/api/v0/auth", json={"api_key": "a"})
    kept = [exchange.request_id for exchange in service.world.journal]
    assert ids_on((await browser.get("/requests")).text) == kept[::-1]
    for query, wanted in (
        ("operation=authenticate", [kept[2], kept[0]]),
        ("status=2", [kept[0]]),
        ("status=4", [kept[2], kept[1]]),
        ("broke=yes", [kept[2]]),
        ("text=ACCESS_token", [kept[0]]),
        (f"text={kept[1]}", [kept[1]]),
        ("operation=authenticate&status=4", [kept[2]]),
    ):
        assert ids_on((await browser.get(f"/requests?{query}")).text) == wanted, query


async def test_the_pages_of_requests_keep_what_the_list_is_narrowed_to(
    service: Service, browser: Browser
) -> None:
    for _ in range(51):
        await call(browser, "GET", "/api/v0/organizations")
    await call(browser, "GET", "/api/v0/users")
    kept = [exchange.request_id for exchange in service.world.journal][50::-1]
    narrowed = "/requests?operation=listOrganizations&status=4"
    first = await browser.get(narrowed)
    assert ids_on(first.text) == kept[:50]
    assert "51 in all" in first.text
    assert 'href="?operation=listOrganizations&status=4&page=2"' in first.text
    assert ids_on((await browser.get(f"{narrowed}&page=2")).text) == kept[50:]
    assert "were dropped" not in first.text


async def test_a_request_is_shown_with_all_that_is_known_of_it(
    service: Service, browser: Browser
) -> None:
    key = next(Seeded(service.world.baseline).organizations()).api_keys[0]
    token = await log_in(browser, service)
    await call(
        browser,
        "POST",
        "/api/v0/organizations",
        json={"name": HOSTILE, "town": 5},
        headers={"Authorization": f"Bearer {token}", "X-Note": HOSTILE},
    )
    first, second = service.world.journal
    text = (await browser.get(f"/requests/{first.request_id}")).text
    assert key.secret not in text
    assert token not in text
    assert "assert_called('authenticate'" in text
    async with browser.client.get(f"/dashboard/requests/{second.request_id}") as answer:
        raw = await answer.text()
    assert HOSTILE not in raw
    shown = (await browser.get(f"/requests/{second.request_id}")).text
    assert "/town" in shown
    assert "curl -X POST" in shown
    assert "Why" in shown
    async with browser.client.get(f"/_mock/explain/{second.request_id}") as answer:
        page = (await answer.json())["page"]
    assert page.endswith(f"/dashboard/requests/{second.request_id}")
    armed = await browser.post(
        "/faults", operation="createOrganization", kind="status", status="503", first="1"
    )
    assert armed.location == "/dashboard/faults"
    assert [one.rule.operation for one in service.world.faults.armed()] == ["createOrganization"]


async def test_a_fault_is_armed_strikes_and_is_disarmed(service: Service, browser: Browser) -> None:
    await browser.post("/faults", kind="status", status="503", operation="authenticate")
    said = {"api_key": "any", "api_secret": "any"}
    assert await call(browser, "POST", "/api/v0/auth", json=said) == 503
    text = (await browser.get("/faults")).text
    assert "1 / 1" in text
    [one] = service.world.faults.armed()
    await browser.post("/faults/disarm", fault_id=one.id)
    assert not service.world.faults.armed()
    await browser.post("/faults", rule='{"effect": {"kind": "no_answer"}, "operation": "signUp"}')
    wrong = await browser.post("/faults", rule="{")
    assert wrong.status == 400
    assert 'id="rule-error"' in wrong.text
    bad = await browser.post("/faults", kind="status", status="none")
    assert bad.status == 400
    assert 'role="alert"' in bad.text or 'id="status-error"' in bad.text
    assert not service.world.faults.armed()
    await browser.post("/faults/recipe", name="rate-limited")
    assert service.world.faults.armed()
    await browser.post("/faults/disarm")
    assert not service.world.faults.armed()
    assert (await browser.post("/faults/recipe", name="nonsense")).status == 404


async def test_the_clock_is_moved(service: Service, browser: Browser) -> None:
    clock = service.world.clock
    await browser.post("/clock", change="freeze")
    before = clock.now()
    assert clock.state()["frozen"]
    await browser.post("/clock", change="advance", advance="25h")
    assert clock.now() == before + 25 * 3600
    back = await browser.post("/clock", change="set", set="2001-01-01T00:00:00Z")
    assert back.status == 409
    assert 'id="set-error"' in back.text
    await browser.post("/clock", change="resume")
    await browser.post("/clock", change="scale", scale="60")
    assert clock.state()["scale"] == 60
    assert (await browser.post("/clock", change="nonsense")).status == 404


async def test_a_world_is_reset_seeded_kept_and_restored(
    service: Service, browser: Browser
) -> None:
    await browser.post("/worlds/snapshots", name="before")
    await browser.post("/worlds/seed", preset="enterprise", size="3", seed="7")
    assert (service.world.preset, service.world.seed) == ("enterprise", 7)
    wrong = await browser.post("/worlds/seed", size="many")
    assert wrong.status == 400
    assert 'id="size-error"' in wrong.text
    await browser.post("/worlds/snapshots", name="after")
    generation = service.world.generation
    await browser.post("/worlds/snapshot", name="after", change="restore")
    assert service.world.generation > generation
    await browser.post("/worlds/snapshot", name="after", change="drop")
    assert "after" not in service.world.snapshots()
    await browser.post("/worlds/reset")
    assert (await browser.post("/worlds/snapshot", name="none", change="restore")).status == 404


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/faults/disarm", {"fault_id": "fault-9"}, 404),
        ("/faults/recipe", {"name": "none"}, 404),
        ("/faults", {"kind": "malformed_json", "phase": "before"}, 409),
        ("/faults", {"rule": "[" * 100_000}, 400),
        ("/clock", {"change": "advance", "advance": "soon"}, 400),
        ("/worlds/seed", {"preset": "none"}, 404),
        ("/worlds/snapshots", {"name": "no name"}, 400),
        ("/worlds/snapshot", {"name": "none"}, 404),
        ("/worlds/snapshot", {"name": "none", "change": "drop"}, 404),
        ("/worlds/sandbox", {"name": "none", "change": "drop"}, 404),
    ],
)
async def test_what_control_refuses_is_told_on_the_page_of_the_form(
    browser: Browser, path: str, form: dict[str, str], status: int
) -> None:
    shown = await browser.post(path, **form)
    assert shown.status == status
    assert shown.location == f"/dashboard{path}"
    told = re.findall(r'(?:class="error"|role="alert")[^>]*>([^<]+)<', shown.text)
    assert any(value in one or "is no JSON" in one for one in told for value in form.values())


@pytest.mark.parametrize(
    ("path", "form", "location", "notice"),
    [
        ("/faults", {"kind": "no_answer"}, "/faults", "The fault is armed."),
        ("/faults/recipe", {"name": "rate-limited"}, "/faults", "The fault is armed."),
        ("/faults/disarm", {"fault_id": "f1"}, "/faults", "Removed."),
        ("/faults/disarm", {}, "/faults", "Removed."),
        ("/clock", {"change": "resume"}, "/clock", "Saved."),
        ("/worlds/reset", {}, "/worlds", "The world was replaced."),
        ("/worlds/seed", {"preset": "single"}, "/worlds", "The world was replaced."),
        ("/worlds/snapshots", {"name": "new"}, "/worlds", "Saved."),
        ("/worlds/snapshot", {"name": "kept"}, "/worlds", "The world was replaced."),
        ("/worlds/snapshot", {"name": "kept", "change": "drop"}, "/worlds", "Removed."),
        ("/worlds/sandbox", {"name": "mine", "change": "drop"}, "/worlds", "Removed."),
        ("/worlds/sandbox", {"name": "mine"}, "/worlds", ""),
        ("/requests/clear", {}, "/requests", ""),
    ],
)
async def test_what_was_done_is_told_on_the_page_it_leads_to(  # noqa: PLR0917 - a row of the table
    service: Service,
    browser: Browser,
    path: str,
    form: dict[str, str],
    location: str,
    notice: str,
) -> None:
    await browser.post("/faults", kind="no_answer")
    [armed] = service.world.faults.armed()
    await browser.post("/worlds/snapshots", name="kept")
    service.worlds.get("mine")
    await browser.get("/requests")
    sent = {name: value.replace("f1", armed.id) for name, value in form.items()}
    shown = await browser.post(path, **sent)
    assert (shown.status, shown.location) == (200, f"/dashboard{location}")
    told = re.findall(r'role="status"[^>]*>([^<]*)<', shown.text)
    assert any(one.startswith(notice) for one in told) if notice else not any(told)


async def test_a_sandbox_is_looked_into_with_nobody_signed_in(
    service: Service, browser: Browser
) -> None:
    await browser.sign_in(person(service, managed=False).id)
    await log_in(browser, service, headers={"X-Mock-Sandbox": "mine"})
    assert ids_on((await browser.get("/requests")).text) == []
    looked = await browser.post("/worlds/sandbox", name="mine", change="look")
    assert "mine" in looked.text
    assert len(ids_on((await browser.get("/requests")).text)) == 1
    assert (await browser.get("/organizations")).location == "/dashboard/sign-in"
    await browser.sign_in(person(service, managed=False).id)
    await browser.post(
        "/organizations/new",
        name="Only here",
        address_line1="1",
        zip="1",
        town="T",
        country_code="DEU",
    )
    assert "Only here" in (await browser.get("/organizations")).text
    assert all(row.name != "Only here" for row in service.world.rows.organizations)
    await browser.get("/worlds")
    await browser.post("/worlds/sandbox", name="mine", change="drop")
    assert service.worlds.names() == ()
    assert (await browser.get("/organizations")).location == "/dashboard/sign-in"
    assert (await browser.post("/worlds/sandbox", name="none", change="look")).status == 404


async def test_coverage_is_shown_and_downloaded_and_the_contract_listed(
    service: Service, browser: Browser
) -> None:
    await log_in(browser, service)
    text = (await browser.get("/coverage")).text
    assert "<td>authenticate</td><td>1</td>" in text
    async with browser.client.get("/dashboard/coverage/file") as answer:
        document = json.loads(await answer.read())
    assert document["contracts"]["management"]["operations"]["authenticate"]["calls"] == 1
    contract = (await browser.get("/contract")).text
    for served in service.apis:
        for name in served.api.contract.operations:
            assert f"<td>{name}</td>" in contract


@pytest.mark.parametrize("name", CALLS)
async def test_without_control_there_is_no_such_page(
    name: str, aiohttp_client: AiohttpClient
) -> None:
    app = create_app(make(control=False))
    browser = Browser(await aiohttp_client(app, cookie_jar=CookieJar(unsafe=True)))
    assert "Faults" not in (await browser.get("/sign-in")).text
    send = browser.get if name.startswith("GET") else browser.post
    assert (await send(CALLS[name])).status == 404
    assert (await browser.post("/unlock", control_token="")).status == 404


async def test_the_control_token_opens_the_part_and_a_wrong_one_does_not(
    aiohttp_client: AiohttpClient,
) -> None:
    service = make(control_token="a-control-token")
    client = await aiohttp_client(create_app(service), cookie_jar=CookieJar(unsafe=True))
    browser = Browser(client)
    assert (await browser.get("/requests")).status == 404
    assert (await browser.get("/unlock")).status == 200
    assert "Control token" in (await browser.get("/sign-in")).text
    wrong = await browser.post("/unlock", control_token="none")
    assert wrong.status == 401
    assert (await browser.get("/faults")).status == 404
    opened = await browser.post("/unlock", control_token="a-control-token")
    assert opened.location == "/dashboard/requests"
    assert (await browser.get("/unlock")).status == 404
    assert "one click" in (await browser.get("/sign-in")).text


async def test_who_is_signed_in_still_is_after_the_control_token(
    aiohttp_client: AiohttpClient,
) -> None:
    service = make(control_token="a-control-token")
    client = await aiohttp_client(create_app(service), cookie_jar=CookieJar(unsafe=True))
    browser, one = Browser(client), person(service, managed=False)
    await browser.get("/sign-in")
    await browser.post("/sign-in", email=one.email, password=one.password)
    shop = next(row.id for row in service.world.rows.organizations if not row.is_main)
    await browser.post("/choose", organization_id=shop)
    await browser.get("/unlock")
    before, token = [one.value for one in client.session.cookie_jar], browser.token
    assert "Sign out" in (await browser.post("/unlock", control_token="a-control-token")).text
    assert before != [one.value for one in client.session.cookie_jar]
    assert browser.token != token
    assert f'value="/{shop}/TEST"' in (await browser.get("/users")).text


async def test_an_open_page_hears_of_requests_together_and_ends_with_the_server(
    service: Service, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchanges, "BATCH", 0.05)
    async with browser.client.get("/dashboard/stream") as stream:
        assert stream.content_type == "text/event-stream"
        await asyncio.gather(*(call(browser, "GET", "/api/v0/organizations") for _ in range(5)))
        told, line = 0, ""
        while told < 5:
            line = (await stream.content.readline()).decode()
            if line.startswith("data: "):
                told += int(line.removeprefix("data: "))
        assert told == 5
        app = browser.client.app
        assert app is not None
        await app.shutdown()
        while line:
            line = (await stream.content.readline()).decode()


async def test_what_came_while_a_page_waits_is_told_it_at_once_when_the_server_ends(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchanges, "BATCH", 600)
    async with browser.client.get("/dashboard/stream") as stream:
        await call(browser, "GET", "/api/v0/organizations")
        assert await stream.content.readline() == b"data: 1\n"
        assert await stream.content.readline() == b"\n"
        for _ in range(3):
            await call(browser, "GET", "/api/v0/organizations")
        app = browser.client.app
        assert app is not None
        await app.shutdown()
        assert await stream.content.readline() == b"data: 3\n"


async def test_for_a_page_that_was_closed_nobody_listens(
    service: Service, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchanges, "ALIVE", 0.01)  # as if nothing came for long
    stream = await browser.client.get("/dashboard/stream")
    for _ in range(2):
        assert await stream.content.readline() == b": nothing came\n"
        assert await stream.content.readline() == b"\n"
    assert len(service.world.journal._listeners) == 1
    stream.close()
    async with asyncio.timeout(60):
        while service.world.journal._listeners:
            await browser.get("/sign-in")


async def test_an_open_page_is_nothing_that_a_server_waits_for() -> None:
    flight, release = InFlight(), asyncio.Event()

    class Request:
        path = "/dashboard/stream"

    async def answer(_: Any) -> Any:
        await release.wait()

    task = asyncio.ensure_future(flight.counted(answer)(Request()))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert flight.under_way == 0
    release.set()
    await task
