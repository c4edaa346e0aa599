"""The page of billing: addresses, and what is counted for whom."""

import re
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import CookieJar
from fiskaly_mockserver.domain.account.model import Environment, OrganizationId
from fiskaly_mockserver.domain.signing.model import Tss, TssId
from fiskaly_mockserver.server.listening import create_app
from fiskaly_mockserver.web.service import Service
from pytest_aiohttp import AiohttpClient
from web.dashboard.browser import COMPANY, Browser, Shown, home_of, make, person

RECIPIENT = {"recipient": "Buchhaltung", **{k: v for k, v in COMPANY.items() if k != "name"}}


async def test_billing_addresses_are_added_named_and_deleted(
    service: Service, browser: Browser
) -> None:
    one = person(service, managed=False)
    await browser.sign_in(one.id)
    refused = await browser.post("/billing", recipient="", **COMPANY)
    assert refused.status == 400
    assert 'value="Weg 1"' in refused.text
    shown = await browser.post("/billing", **RECIPIENT)
    assert "Buchhaltung" in shown.text
    found = re.search(r'/billing/([0-9a-f-]{36})/delete" ?>.*?: Buchhaltung', shown.text, re.DOTALL)
    assert found
    address_id = re.findall(r"/billing/([0-9a-f-]{36})/delete", shown.text)[-1]
    made = await browser.post("/organizations/new", **COMPANY, billing_address_id=address_id)
    assert made.status == 200
    assert (await browser.post(f"/billing/{address_id}/delete")).status == 409
    row = next(one for one in service.world.rows.organizations if one.name == "Kiosk Nord")
    await browser.post(f"/organizations/{row.id}", **COMPANY, billing_address_id="")
    shown = await browser.post(f"/billing/{address_id}/delete")
    assert "Buchhaltung" not in shown.text
    assert (await browser.post(f"/billing/{address_id}/delete")).status == 404


async def test_addresses_of_an_organization_that_is_only_looked_at_are_left_alone(
    service: Service, browser: Browser
) -> None:
    await browser.sign_in(person(service, managed=False).id)
    below = home_of(person(service, managed=True))
    await browser.post("/choose", organization_id=below)
    assert "New billing address" not in (await browser.get("/billing")).text
    assert (await browser.post("/billing", **RECIPIENT)).status == 404


def with_live_tss(service: Service, organization_id: str, **times: Any) -> None:
    """Add a LIVE TSS to an organization, as if it had been signing since then."""
    row: Tss = next(iter(service.world.rows.tss))
    place: dict[str, Any] = {
        "organization_id": OrganizationId(organization_id),
        "env": Environment.LIVE,
    }
    service.world.rows.tss.put(replace(row, id=TssId(f"live-{organization_id}"), **place, **times))


@pytest.mark.parametrize("article", ["1", "48", "49"])
async def test_article_what_is_billed_is_counted_for_the_payer_and_hidden_from_the_payee(
    aiohttp_client: AiohttpClient, article: str
) -> None:
    service = make({"tills": 1, "size": 2})
    browser = Browser(await aiohttp_client(create_app(service), cookie_jar=CookieJar(unsafe=True)))
    payer, payee = (person(service, managed=managed) for managed in (False, True))
    assert "no LIVE TSS" in (await signed_in(browser, payer.id, "/billing")).text
    with_live_tss(service, home_of(payee), time_init=1_700_000_000, time_disable=1_704_100_000)
    shown = await signed_in(browser, payer.id, "/billing")
    assert re.findall(r"<td>(\d{4}-\d\d)</td><td>[^<]+</td><td>(\d+)</td>", shown.text) == [
        ("2023-11", "1"),
        ("2023-12", "1"),
        ("2024-01", "1"),
    ]
    assert "withheld" in shown.text
    with_live_tss(service, home_of(payee), time_init=1_600_000_000, time_disable=1_704_100_000)
    months = re.findall(r"<td>(2\d{3}-\d\d)</td>", (await browser.get("/billing")).text)
    assert (len(months), months[0], months[-1]) == (12, "2023-02", "2024-01")
    hidden = await signed_in(browser, payee.id, "/billing")
    assert "2023-1" not in hidden.text
    assert "withheld" in hidden.text


async def signed_in(browser: Browser, user_id: str, path: str) -> Shown:
    await browser.sign_in(user_id)
    return await browser.get(path)
