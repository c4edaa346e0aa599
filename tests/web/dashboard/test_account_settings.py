"""What the account's pages set beside the rest: logo, metadata, billing addresses, time zone."""

import re
from base64 import b64decode
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfoNotFoundError

import pytest
from aiohttp import CookieJar, FormData
from fiskaly_fixtures import generate
from fiskaly_mockserver.domain.account.model import (
    BillingOptions,
    Environment,
    Organization,
    OrganizationId,
)
from fiskaly_mockserver.domain.signing.model import TssId
from fiskaly_mockserver.server.compose import compose
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.server.listening import create_app
from fiskaly_mockserver.web.dashboard import frame
from fiskaly_mockserver.web.dashboard.site import SESSION_SECONDS
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.clock import FrozenClock
from fiskaly_mockserver.world.seams import Seams
from pytest_aiohttp import AiohttpClient
from web.dashboard.browser import COMPANY, Browser, Shown, home_of, make, person

if TYPE_CHECKING:
    from fiskaly_mockserver.domain.signing.model import Tss

PNG = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
JPEG = b"\xff\xd8\xff\xe0 what is between is left to the browser \xff\xd9"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9" fill="#123"/></svg>'
START = b'<svg xmlns="http://www.w3.org/2000/svg"'
NO_LOGOS = {
    "nothing": b"",
    "another kind": b"GIF89a",
    "a PNG cut off": PNG[:-4],
    "a PNG with a wrong check sum": PNG[:40] + b"\x00" + PNG[41:],
    "a PNG without chunks": PNG[:8],
    "too large": PNG + bytes(300_000),
    "a JPEG cut off": b"\xff\xd8\xff\xe0 cut off",
    "HTML": b"<html/>",
    "broken XML": b"<svg",
    "a script": START + b"><script>alert(1)</script></svg>",
    "a script of HTML": START + b'><x:script xmlns:x="http://www.w3.org/1999/xhtml"/></svg>',
    "a handler": START + b' onload="alert(1)"/>',
    "a link": START + b'><use href="https://example.com/#a"/></svg>',
    "an import": START + b'><style>@import "x"</style></svg>',
    "a foreign picture": START + b'><rect fill="url(//x)"/></svg>',
    "foreign content": START + b"><foreignObject/></svg>",
    "an entity": b'<!DOCTYPE svg [<!ENTITY a "b">]>' + START + b">&a;</svg>",
}
RECIPIENT = {"recipient": "Buchhaltung", **{k: v for k, v in COMPANY.items() if k != "name"}}


async def uploaded(browser: Browser, organization_id: str, content: bytes) -> Shown:
    form = FormData({"form_token": browser.token})
    form.add_field("logo", BytesIO(content), filename="logo.png", content_type="image/png")
    return await browser._shown("POST", f"/organizations/{organization_id}/logo", data=form)


@pytest.mark.parametrize("article", ["22"])
@pytest.mark.parametrize(
    ("content", "kind"), [(PNG, "image/png"), (SVG, "image/svg+xml"), (JPEG, "image/jpeg")]
)
async def test_article_a_logo_is_stored_shown_and_removed(
    service: Service, browser: Browser, article: str, content: bytes, kind: str
) -> None:
    home = home_of(person(service, managed=False))
    await browser.sign_in(person(service, managed=False).id)
    path = f"/organizations/{home}/logo"
    assert (await browser.get(path)).status == 404
    shown = await uploaded(browser, home, content)
    assert f'src="/dashboard{path}"' in shown.text
    async with browser.client.get(f"/dashboard{path}") as answer:
        assert (answer.content_type, await answer.read()) == (kind, content)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"] == "attachment"
    assert path not in (await browser.post(f"{path}/remove")).text.replace(
        f'action="/dashboard{path}', ""
    )
    assert (await browser.get(path)).status == 404


@pytest.mark.parametrize("content", NO_LOGOS.values(), ids=NO_LOGOS)
async def test_what_is_no_logo_or_runs_script_is_refused(
    service: Service, browser: Browser, content: bytes
) -> None:
    home = home_of(person(service, managed=False))
    await browser.sign_in(person(service, managed=False).id)
    shown = await uploaded(browser, home, content)
    assert shown.status == 400
    assert 'id="logo-error"' in shown.text
    row = service.world.tables.organizations.get(OrganizationId(home))
    assert row
    assert row.logo is None


async def test_an_upload_beyond_all_bounds_is_refused(service: Service, browser: Browser) -> None:
    home = home_of(person(service, managed=False))
    await browser.sign_in(person(service, managed=False).id)
    shown = await uploaded(browser, home, PNG + bytes(2_000_000))
    assert shown.status == 413
    assert "too large" in shown.text


async def test_a_logo_is_in_an_export_and_comes_back(service: Service, browser: Browser) -> None:
    home = home_of(person(service, managed=False))
    await browser.sign_in(person(service, managed=False).id)
    await uploaded(browser, home, PNG)
    async with browser.client.get("/_mock/state") as answer:
        state = await answer.json()
    service.world.reset()
    async with browser.client.put("/_mock/state", json=state) as answer:
        assert answer.status == 200
    row = service.world.tables.organizations.get(OrganizationId(home))
    assert row
    assert row.logo
    assert row.logo.content == PNG
    broken = {**state, "organizations": [{**state["organizations"][0], "logo": "bm8="}]}
    async with browser.client.put("/_mock/state", json=broken) as answer:
        assert answer.status == 409
        assert "/organizations/0/logo" in await answer.text()


async def test_only_the_admin_sets_a_logo(service: Service, browser: Browser) -> None:
    one = person(service, managed=True)
    await browser.sign_in(one.id)
    await browser.get("/organizations")
    assert (await uploaded(browser, home_of(one), PNG)).status == 403
    assert (await browser.post(f"/organizations/{home_of(one)}/logo/remove")).status == 403


async def test_metadata_is_edited_in_lines(service: Service, browser: Browser) -> None:
    await browser.sign_in(person(service, managed=False).id)
    shown = await browser.post(
        "/organizations/new", **COMPANY, **{"metadata.name.0": "shop", "metadata.value.0": "7"}
    )
    found = re.search(r'/organizations/([0-9a-f-]{36})">Kiosk Nord', shown.text)
    assert found
    path = f"/organizations/{found[1]}"
    lines = {
        "metadata.name.0": "",
        "metadata.value.0": "7",
        "metadata.name.1": " a ",
        "metadata.value.1": "b",
    }
    assert 'value="shop"' in (await browser.get(path)).text
    shown = await browser.post(path, **COMPANY, **lines)
    assert 'name="metadata.name.0" value="a"' in shown.text
    row = service.world.tables.organizations.get(OrganizationId(found[1]))
    assert row
    assert dict(row.metadata) == {"a": "b"}
    long = {"metadata.name.0": "k" * 41, "metadata.value.0": "v"}
    refused = await browser.post(path, **COMPANY, **long)
    assert refused.status == 400
    assert "k" * 41 in refused.text


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
    hidden = await signed_in(browser, payee.id, "/billing")
    assert "2023-1" not in hidden.text
    assert "withheld" in hidden.text


async def signed_in(browser: Browser, user_id: str, path: str) -> Shown:
    await browser.sign_in(user_id)
    return await browser.get(path)


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
    clock.advance(SESSION_SECONDS + 1)
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


async def test_live_is_enabled_below_a_main_organization_that_is_cleared(
    service: Service, browser: Browser
) -> None:
    one = person(service, managed=False)
    await browser.sign_in(one.id)
    below = next(row for row in service.world.rows.organizations if row.managed_by_organization_id)
    assert "Enable LIVE" not in (await browser.get(f"/organizations/{below.id}")).text
    assert (await browser.post(f"/organizations/{below.id}/live")).status == 403
    assert (await browser.post(f"/organizations/{below.id}/contract")).status == 409
    await browser.post(f"/organizations/{home_of(one)}/contract")
    await browser.post("/choose", env="TEST")
    assert "Enable LIVE" in (await browser.get(f"/organizations/{below.id}")).text
    shown = await browser.post(f"/organizations/{below.id}/live")
    assert "LIVE is enabled" in shown.text
    assert Environment.LIVE in (await _row(service, below.id)).envs


async def test_a_form_keeps_the_gln_that_it_does_not_show(
    service: Service, browser: Browser
) -> None:
    one = person(service, managed=False)
    await browser.sign_in(one.id)
    row = await _row(service, home_of(one))
    options = BillingOptions(gln="4012345000009")
    service.world.tables.organizations.put(replace(row, billing_options=options))
    payer = {"billing_options.bill_to_organization": "", "town": "Kiel"}
    assert (await browser.post(f"/organizations/{row.id}", **payer)).status == 200
    changed = await _row(service, row.id)
    assert changed.town == "Kiel"
    assert changed.billing_options == options


async def _row(service: Service, organization_id: str) -> Organization:
    row = service.world.tables.organizations.get(OrganizationId(organization_id))
    assert row
    return row


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
