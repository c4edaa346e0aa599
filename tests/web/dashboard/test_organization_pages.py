"""What the page of an organization sets beside its fields: logo, metadata, LIVE, billing."""

import re
from base64 import b64decode
from dataclasses import replace
from io import BytesIO
from zlib import crc32

import pytest
from aiohttp import FormData
from fiskaly_mockserver.domain.account.model import (
    BillingOptions,
    Environment,
    Organization,
    OrganizationId,
)
from fiskaly_mockserver.web.service import Service
from web.dashboard.browser import COMPANY, Browser, Shown, home_of, person

PNG = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def png(*kinds: bytes) -> bytes:
    """Return a PNG of some empty chunks, each with its check sum."""
    return PNG[:8] + b"".join(bytes(4) + kind + crc32(kind).to_bytes(4, "big") for kind in kinds)


JPEG = b"\xff\xd8\xff\xe0 what is between is left to the browser \xff\xd9"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9" fill="#123"/></svg>'
START = b'<svg xmlns="http://www.w3.org/2000/svg"'
NO_LOGOS = {
    "nothing": b"",
    "another kind": b"GIF89a",
    "a PNG cut off": PNG[:-4],
    "a PNG with a wrong check sum": PNG[:40] + b"\x00" + PNG[41:],
    "a PNG without chunks": PNG[:8],
    "a PNG without a head": png(b"IDAT", b"IHDR", b"IEND"),
    "a PNG without a picture": png(b"IHDR", b"IEND"),
    "a PNG without an end": png(b"IHDR", b"IDAT"),
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


async def uploaded(browser: Browser, organization_id: str, content: bytes) -> Shown:
    form = FormData({"form_token": browser.token})
    form.add_field("logo", BytesIO(content), filename="logo.png", content_type="image/png")
    return await browser._shown("POST", f"/organizations/{organization_id}/logo", data=form)


@pytest.mark.parametrize("article", ["22"])
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG, "image/png"),
        (png(b"IHDR", b"tEXt", b"IDAT", b"IEND"), "image/png"),
        (PNG + b"of no picture", "image/png"),
        (JPEG + bytes(3), "image/jpeg"),
        (b"\xef\xbb\xbf\r\n " + SVG, "image/svg+xml"),
        (SVG, "image/svg+xml"),
        (JPEG, "image/jpeg"),
    ],
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


async def test_live_is_enabled_below_a_main_organization_that_is_cleared(
    service: Service, browser: Browser
) -> None:
    one = person(service, managed=False)
    await browser.sign_in(one.id)
    below = next(row for row in service.world.rows.organizations if row.managed_by_organization_id)
    assert "Enable LIVE" not in (await browser.get(f"/organizations/{below.id}")).text
    assert (await browser.post(f"/organizations/{below.id}/live")).status == 403
    assert (await browser.post(f"/organizations/{below.id}/contract")).status == 409
    own = f"/organizations/{home_of(one)}"
    assert "Sign the contract" in (await browser.get(own)).text
    await browser.post(f"{own}/contract")
    assert "Sign the contract" not in (await browser.get(own)).text
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
