"""Overview, TSS, clients, transactions and exports over HTTP, without JavaScript."""

import re
import tarfile
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from aiohttp import CookieJar
from fiskaly_mockserver.domain.signing.audit import OPEN_FOR
from fiskaly_mockserver.domain.signing.model import (
    MAX_ACTIVE_TEST_TSS,
    ExportFilter,
    ExportState,
    TransactionState,
    Tss,
    TssId,
    TssState,
)
from fiskaly_mockserver.server.listening import create_app
from fiskaly_mockserver.web.dashboard.overview import shares
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.seeding import Seeded
from pytest_aiohttp import AiohttpClient
from web.dashboard.browser import COMPANY, Browser, as_api_key, home_of, key_on, make, person

PIN = "123456"
OF_A_TILL: dict[str, Any] = {"tills": 1, "receipts": 3, "size": 2}


@pytest.fixture
def tree() -> dict[str, Any]:
    return OF_A_TILL


async def at_a_shop(service: Service, browser: Browser) -> Tss:
    """Sign the admin in, look at the first customer, and return its TSS."""
    await browser.sign_in(person(service, managed=False).id)
    tss: Tss = next(iter(service.world.rows.tss))
    await browser.post("/choose", organization_id=tss.organization_id)
    return tss


def pin_of(service: Service, tss: Tss) -> str:
    for organization in Seeded(service.world.baseline).organizations():
        for one in organization.tss:
            if one.id == tss.id:
                return str(one.admin_pin)
    raise LookupError


def state_of(service: Service, tss_id: str) -> TssState:
    row = service.world.rows.tss.get(TssId(tss_id))
    assert isinstance(row, Tss)
    return row.state


async def test_a_tss_from_its_creation_to_a_client_and_to_its_end(
    service: Service, browser: Browser
) -> None:
    await browser.sign_in(person(service, managed=False).id)
    assert "No TSS yet" in (await browser.get("/tss")).text
    created = await browser.post("/tss")
    tss_id = created.location.rpartition("/")[2]
    puk = re.search(r'id="puk">(\d{10})<', created.text)
    assert puk
    deployed = await browser.post(f"/tss/{tss_id}/state", state="UNINITIALIZED")
    assert puk[1] not in deployed.text
    for admin_puk, pin, told in (("9081726354", PIN, 401), (puk[1], "12345", 401)):
        refused = await browser.post(f"/tss/{tss_id}/pin", admin_puk=admin_puk, new_admin_pin=pin)
        assert refused.status == told
        assert 'role="alert"' in refused.text
    await browser.post(f"/tss/{tss_id}/pin", admin_puk=puk[1], new_admin_pin=PIN)
    wrong = await browser.post(f"/tss/{tss_id}/state", state="INITIALIZED", admin_pin="654321")
    assert (wrong.status, state_of(service, tss_id)) == (401, TssState.UNINITIALIZED)
    assert 'id="INITIALIZED-admin_pin-error"' in wrong.text
    await browser.post(
        f"/tss/{tss_id}/state", state="INITIALIZED", admin_pin=PIN, description="Shop"
    )
    assert state_of(service, tss_id) is TssState.INITIALIZED
    client = {"serial_number": "KASSE-7", "admin_pin": PIN}
    registered = await browser.post(f"/tss/{tss_id}/clients", **client)
    assert "KASSE-7" in registered.text
    assert not [*service.world.rows.admin_sessions.select("tss", TssId(tss_id))]
    again = await browser.post(f"/tss/{tss_id}/clients", **client)
    assert again.status == 400
    assert "serial_number" in again.text
    address = re.search(rf"/tss/{tss_id}/clients/[0-9a-f-]+", registered.text)
    assert address
    assert "DEREGISTERED" in (await browser.get(address[0])).text
    off = await browser.post(address[0], state="DEREGISTERED", admin_pin=PIN)
    assert "state-deregistered" in off.text
    await browser.post(f"/tss/{tss_id}/state", state="DISABLED", admin_pin=PIN)
    assert state_of(service, tss_id) is TssState.DISABLED
    assert "No step leads on" in (await browser.get(f"/tss/{tss_id}")).text


@pytest.mark.parametrize("article", ["4", "51"])
async def test_article_the_overview_counts_what_a_shop_signed(
    service: Service, browser: Browser, article: str
) -> None:
    await at_a_shop(service, browser)
    text = (await browser.get("/overview")).text
    assert "1 INITIALIZED" in text
    assert text.count("<rect") > 30
    assert "<title>" in text.partition("<svg")[2]
    assert "What to do next" not in text


async def test_each_step_of_the_onboarding_is_done_by_what_it_asks_for(browser: Browser) -> None:
    async def steps() -> str:
        """Return the steps in their order: x for what is done, "" where nothing is told."""
        text = (await browser.get("/overview")).text.partition("<ol>")[2].partition("</ol>")[0]
        return "".join("x" if "good" in one else "-" for one in text.split("<li>")[1:])

    await browser.get("/sign-up")
    person = {"email": "new@example.com", "password": "a password"}
    await browser.post("/sign-up", **person, **COMPANY)
    assert await steps() == "-x----"
    main = re.search(r'/organizations/([0-9a-f-]{36})"', (await browser.get("/organizations")).text)
    assert main
    below = {**COMPANY, "managed": "yes", "managed_by_organization_id": main[1]}
    await browser.post("/organizations/new", **below)
    assert await steps() == "xx----"
    rows = re.findall(
        r'/organizations/([0-9a-f-]{36})"', (await browser.get("/organizations")).text
    )
    [shop] = {*rows} - {main[1]}
    await browser.post("/choose", organization_id=shop)
    assert await steps() == "x-----"
    key, secret = key_on((await browser.post("/api-keys", name="till")).text)
    created = await browser.post("/tss")
    assert await steps() == "xxx---"
    tss = created.location.removeprefix("/dashboard")
    puk = re.search(r'id="puk">(\d{10})<', created.text)
    assert puk
    await browser.post(f"{tss}/state", state="UNINITIALIZED")
    await browser.post(f"{tss}/pin", admin_puk=puk[1], new_admin_pin=PIN)
    assert await steps() == "xxx---"
    await browser.post(f"{tss}/state", state="INITIALIZED", admin_pin=PIN)
    assert await steps() == "xxxx--"
    registered = await browser.post(f"{tss}/clients", serial_number="K-1", admin_pin=PIN)
    assert await steps() == "xxxxx-"
    client = re.search(rf"{tss}/clients/([0-9a-f-]+)", registered.text)
    assert client
    token = await asked(browser, "POST", "/auth", {"api_key": key, "api_secret": secret})
    path = f"{tss}/tx/00000000-0000-4000-8000-000000000001?tx_revision=1"
    body = {"state": "ACTIVE", "client_id": client[1]}
    await asked(browser, "PUT", path, body, token["access_token"])
    assert not await steps()
    await browser.get("/clients")
    await browser.post(client[0], state="DEREGISTERED", admin_pin=PIN)
    assert await steps() == "xxxx-x"


async def test_who_begins_is_told_the_next_step(service: Service, browser: Browser) -> None:
    await browser.sign_in(person(service, managed=False).id)
    text = (await browser.get("/overview")).text
    assert 'href="/dashboard/tss">Create a TSS' in text
    assert "No transaction yet" in text


def test_shares_add_up_and_the_largest_comes_first(service: Service) -> None:
    rows = [*service.world.rows.transactions]
    found = shares(rows, "amounts_per_vat_rate", "vat_rate")
    assert sum(one.percent for one in found) == pytest.approx(100)
    assert [one.amount for one in found] == sorted((one.amount for one in found), reverse=True)
    paid = shares(rows, "amounts_per_payment_type", "payment_type")
    assert sum(one.amount for one in found) == sum(one.amount for one in paid) > Decimal(0)


async def test_a_transaction_shows_its_receipt_its_code_and_that_it_verifies(
    service: Service, browser: Browser
) -> None:
    await at_a_shop(service, browser)
    row = next(iter(service.world.rows.transactions))
    path = f"/transactions/{row.tss_id}/{row.id}"
    text = (await browser.get(path)).text
    assert "the signature is right" in text
    assert 'id="qr">V0;' in text
    assert 'src="data:image/svg+xml' in text
    assert "RECEIPT" in text
    first = (await browser.get(f"{path}?revision=1")).text
    assert "state-active" in first
    assert 'id="qr"' not in first
    assert row.revisions[0].signature in first
    for wrong in ("0", "9", "x", "²"):
        assert (await browser.get(f"{path}?revision={wrong}")).status == 404


async def test_a_transaction_left_open_for_a_day_is_told_on_its_latest_revision_alone(
    service: Service, browser: Browser
) -> None:
    await at_a_shop(service, browser)
    world = service.world
    row = next(iter(world.rows.transactions))
    begun = int(world.clock.now()) + 60
    first, *_, last = (one._replace(log=replace(one.log, time=begun)) for one in row.revisions)
    left = last._replace(state=TransactionState.ACTIVE)
    world.rows.transactions.put(row._replace(revisions=(first, left)))
    path = f"/transactions/{row.tss_id}/{row.id}"
    for later, told in ((OPEN_FOR - 1, False), (OPEN_FOR, True)):
        world.clock.freeze(begun + later)
        text = (await browser.get(path)).text
        assert ("should be FINISHED or CANCELLED, not ACTIVE" in text) is told
        assert 'id="qr"' not in text
    assert "An auditor would say" not in (await browser.get(f"{path}?revision=1")).text


async def test_what_an_auditor_would_reject_is_said_on_the_page(
    service: Service, browser: Browser
) -> None:
    tss = await at_a_shop(service, browser)
    key = next(iter(service.world.tables.api_keys.select("organization", tss.organization_id)))
    secret = next(
        one.secret
        for organization in Seeded(service.world.baseline).organizations()
        for one in organization.api_keys
        if one.key == key.key
    )
    token = await asked(browser, "POST", "/auth", {"api_key": key.key, "api_secret": secret})
    client = next(iter(service.world.rows.clients.select("tss", tss.id)))
    path = f"/tss/{tss.id}/tx/00000000-0000-4000-8000-000000000001"
    schema = {"raw": {"process_type": "Mystery", "process_data": "aGk="}}
    body: dict[str, Any] = {"state": "ACTIVE", "client_id": client.id}
    await asked(browser, "PUT", f"{path}?tx_revision=1", body, token["access_token"])
    body |= {"state": "FINISHED", "schema": schema}
    await asked(browser, "PUT", f"{path}?tx_revision=2", body, token["access_token"])
    text = (await browser.get(path.replace("/tss/", "/transactions/").replace("/tx/", "/"))).text
    assert "An auditor would say" in text
    assert "Mystery" in text


async def asked(
    browser: Browser, method: str, path: str, body: object, token: str = ""
) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    address = f"/api/v2{path}"
    async with browser.client.request(method, address, json=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        found: dict[str, Any] = await answer.json()
        return found


@pytest.mark.parametrize("page", ["/tss", "/clients", "/transactions", "/exports"])
async def test_a_list_takes_the_orders_and_states_of_the_api_and_no_others(
    service: Service, browser: Browser, page: str
) -> None:
    await at_a_shop(service, browser)
    text = (await browser.get(page)).text
    selects = re.findall(r'<select name="(?:order_by|state)">(.*?)</select>', text, re.DOTALL)
    states, orders = (re.findall(r"<option(?: selected)?>([^<]+)<", found) for found in selects)
    for order in orders:
        assert (await browser.get(f"{page}?order_by={order}&order=asc")).status == 200
    for state in states:
        assert (await browser.get(f"{page}?state={state}")).status == 200
    wrong = await browser.get(f"{page}?state=NONE")
    assert wrong.status == 400
    assert 'role="alert"' in wrong.text


async def test_a_list_is_paged_and_keeps_what_it_is_narrowed_to(
    aiohttp_client: AiohttpClient,
) -> None:
    service = make({"tills": 1, "receipts": 60, "size": 1})
    jar = CookieJar(unsafe=True)
    browser = Browser(await aiohttp_client(create_app(service), cookie_jar=jar))
    await at_a_shop(service, browser)
    first = await browser.get("/transactions?state=FINISHED&order_by=number&order=asc")
    following = re.search(r'href="(\?[^"]*page=2[^"]*)"', first.text)
    assert following
    second = await browser.get(f"/transactions{following[1]}")
    beyond = await browser.get(f"/transactions{following[1].replace('page=2', 'page=9')}")
    numbers = [
        [int(number) for number in re.findall(r'/transactions/[^"]+">(\d+)<', shown.text)]
        for shown in (first, second, beyond)
    ]
    assert numbers == [[*range(1, 51)], [*range(51, 61)], [*range(51, 61)]]


async def test_an_export_is_triggered_downloaded_and_one_that_is_held_cancelled(
    service: Service, browser: Browser
) -> None:
    tss = await at_a_shop(service, browser)
    done = await browser.post("/exports", tss_id=tss.id)
    link = re.search(r'href="/dashboard(/exports/[^"]+/file)"', done.text)
    assert link
    async with browser.client.get(f"/dashboard{link[1]}") as answer:
        assert answer.headers["Content-Disposition"] == "attachment"
        with tarfile.open(fileobj=BytesIO(await answer.read())) as archive:
            assert "info.csv" in archive.getnames()
    wrong = await browser.post("/exports", tss_id=tss.id, start_transaction_number="x")
    assert wrong.status == 400
    assert "start_transaction_number" in wrong.text
    caller = as_api_key(service, tss.organization_id)
    export_id = "00000000-0000-4000-8000-000000000002"
    exports = service.world.signing.exports
    exports.trigger(caller, tss.id, export_id, ExportFilter(start_date=1))
    exports.hold(tss.id, export_id, ExportState.WORKING)
    held = await browser.get("/exports")
    assert f"/exports/{tss.id}/{export_id}/cancel" in held.text
    assert (await browser.get(f"/exports/{tss.id}/{export_id}/file")).status == 404
    await browser.post(f"/exports/{tss.id}/{export_id}/cancel")
    assert exports.find(caller, tss.id, export_id).state is ExportState.CANCELLED


async def test_what_sign_de_refuses_leads_nowhere(service: Service, browser: Browser) -> None:
    tss = await at_a_shop(service, browser)
    client = next(iter(service.world.rows.clients.select("tss", tss.id)))
    path = f"/tss/{tss.id}/clients/{client.id}"
    wrong = await browser.post(path, state="DEREGISTERED", admin_pin="000000")
    assert (wrong.status, 'id="admin_pin-error"' in wrong.text) == (401, True)
    assert "state-registered" in (await browser.get(path)).text
    await browser.post("/exports", tss_id=tss.id)
    export = next(iter(service.world.rows.exports))
    await browser.get("/exports")
    ended = await browser.post(f"/exports/{tss.id}/{export.id}/cancel")
    assert (ended.status, 'role="alert"' in ended.text) == (400, True)
    rows = service.world.rows.tss
    for at in range(MAX_ACTIVE_TEST_TSS):
        rows.put(replace(tss, id=TssId(f"t{at}")))
    full = await browser.post("/tss")
    assert (full.status, 'role="alert"' in full.text) == (403, True)


async def test_disabling_asks_for_the_admin_pin(service: Service, browser: Browser) -> None:
    tss = await at_a_shop(service, browser)
    without = await browser.post(f"/tss/{tss.id}/state", state="DISABLED", admin_pin="")
    assert without.status in (400, 401)
    assert state_of(service, tss.id) is TssState.INITIALIZED
    right = await browser.post(
        f"/tss/{tss.id}/state", state="DISABLED", admin_pin=pin_of(service, tss)
    )
    assert "state-disabled" in right.text


async def test_another_organizations_tss_is_on_no_page(service: Service, browser: Browser) -> None:
    first, *_, last = service.world.rows.tss
    await browser.sign_in(person(service, managed=False).id)
    assert (await browser.get(f"/tss/{first.id}")).status == 404
    await browser.post("/choose", organization_id=first.organization_id)
    assert (await browser.get(f"/tss/{first.id}")).status == 200
    assert (await browser.get(f"/tss/{last.id}")).status == 404
    assert last.id not in (await browser.get("/tss")).text


async def test_without_sign_de_there_are_no_such_pages(aiohttp_client: AiohttpClient) -> None:
    service = make(sign_de=False)
    jar = CookieJar(unsafe=True)
    browser = Browser(await aiohttp_client(create_app(service), cookie_jar=jar))
    shown = await browser.sign_in(person(service, managed=False).id)
    assert "Technical Security Systems" not in shown.text
    home = home_of(person(service, managed=False))
    for path in ("/tss", "/clients", "/transactions", "/exports", f"/transactions/{home}/{home}"):
        assert (await browser.get(path)).status == 404
    assert (await browser.post("/tss")).status == 404
