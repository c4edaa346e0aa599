"""Sentences of the public article about the Dashboard that no other test names, by their number."""

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fiskaly_mockserver.web.service import Service
from web.dashboard.browser import COMPANY, Browser, home_of, key_on, person

OF_A_TILL: dict[str, Any] = {"tills": 2, "receipts": 3, "size": 2}
BRANCH = {**COMPANY, "name": "Filiale West"}


@pytest.fixture
def tree() -> dict[str, Any]:
    return OF_A_TILL


@pytest.mark.parametrize("article", ["5"])
async def test_article_the_tss_and_clients_that_were_created_are_listed(
    service: Service, browser: Browser, article: str
) -> None:
    tss = next(iter(service.world.rows.tss))
    await browser.sign_in(person(service, managed=False).id)
    await browser.post("/choose", organization_id=tss.organization_id)
    assert tss.id in (await browser.get("/tss")).text
    text = (await browser.get("/clients")).text
    clients = [row for row in service.world.rows.clients if row.tss_id == tss.id]
    assert len(clients) == 2
    assert all(row.serial_number in text for row in clients)


@pytest.mark.parametrize("article", ["6"])
async def test_article_the_data_is_drawn_at_a_glance(
    service: Service, browser: Browser, article: str
) -> None:
    tss = next(iter(service.world.rows.tss))
    await browser.sign_in(person(service, managed=False).id)
    await browser.post("/choose", organization_id=tss.organization_id)
    text = (await browser.get("/overview")).text
    assert text.count("<svg") == 3
    assert "The charts show the latest" not in text
    assert "<dd>6</dd>" in text.partition("<main")[2].partition("Transactions</a>")[2][:40]


def test_article_every_sentence_that_asks_for_a_page_has_a_test() -> None:
    """The sentences that the APIs alone do not make true; 11, 12 and 53 lead elsewhere."""
    texts = [path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    found = re.findall(r'parametrize\("article", \[(.*?)\]\)', "".join(texts))
    named = {int(number) for line in found for number in re.findall(r"\d+", line)}
    assert {1, *range(3, 11), 13, 16, *range(21, 24), 28, 30, 31, 34, 35, 38, 39, 42, 43} <= named
    assert {48, 49} <= named


async def branch_without_key(browser: Browser, main_id: str) -> str:
    """Create a managed organization without its key, look at it, and return its id."""
    made = await browser.post(
        "/organizations/new", managed="yes", managed_by_organization_id=main_id, **BRANCH
    )
    assert "new-secret" not in made.text
    row_id = made.text.partition('">Filiale West<')[0].rpartition("/")[2]
    await browser.post("/choose", organization_id=row_id)
    return row_id


@pytest.mark.parametrize("article", ["38"])
async def test_article_an_organization_without_key_is_told_to_create_one(
    service: Service, browser: Browser, article: str
) -> None:
    one = person(service, managed=False)
    await browser.sign_in(one.id)
    await branch_without_key(browser, home_of(one))
    step = '<a href="/dashboard/api-keys">'
    assert step in (await browser.get("/overview")).text.partition("<main")[2]
    assert "No API key yet" in (await browser.get("/api-keys")).text
    await browser.post("/api-keys", name="till")
    assert step not in (await browser.get("/overview")).text.partition("<main")[2]


@pytest.mark.parametrize("article", ["42"])
async def test_article_a_managed_organizations_own_key_creates_its_tss(
    service: Service, browser: Browser, article: str
) -> None:
    one = person(service, managed=False)
    await browser.sign_in(one.id)
    row_id = await branch_without_key(browser, home_of(one))
    key, secret = key_on((await browser.post("/api-keys", name="till")).text)
    body = {"api_key": key, "api_secret": secret}
    async with browser.client.post("/api/v2/auth", json=body) as answer:
        bearer = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
    tss_id = str(uuid4())
    async with browser.client.put(f"/api/v2/tss/{tss_id}", json={}, headers=bearer) as answer:
        assert answer.status == 200
    assert tss_id in (await browser.get("/tss")).text
    for other in (home_of(one), next(iter(service.world.rows.tss)).organization_id):
        await browser.post("/choose", organization_id=other)
        assert tss_id not in (await browser.get("/tss")).text, row_id
