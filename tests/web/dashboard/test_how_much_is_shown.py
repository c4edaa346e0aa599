"""How much each page shows, what it offers, and to whom."""

import re
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import CookieJar
from fiskaly_mockserver.domain.account.model import BillingOptions, Organization, OrganizationId
from fiskaly_mockserver.domain.signing.model import (
    ClientId,
    ClientState,
    ExportFilter,
    ExportState,
    TransactionId,
    Tss,
    TssState,
)
from fiskaly_mockserver.server.listening import create_app
from fiskaly_mockserver.web.dashboard import organizations
from fiskaly_mockserver.web.dashboard.organizations import METADATA_LINES
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.seeding import Seeded
from pytest_aiohttp import AiohttpClient
from web.dashboard.browser import Browser, as_api_key, home_of, make, person

BILL_TO = "bill_to_organization</span>"


@pytest.fixture
def tree() -> dict[str, Any]:
    return {"tills": 1, "receipts": 1, "size": 2}


def home(service: Service, *, managed: bool = False) -> Organization:
    row = service.world.tables.organizations.get(
        OrganizationId(home_of(person(service, managed=managed)))
    )
    assert row
    return row


def add_organization(service: Service, number: int, **changes: Any) -> Organization:
    """Add a copy of the admin's main organization, which sees it."""
    main, new = home(service), OrganizationId(f"00000000-0000-4000-8000-{number:012x}")
    given = {"name": f"Shop {number:03}", "display_name": "", "viewers": (new, main.id), **changes}
    row = replace(main, id=new, **given)
    service.world.tables.organizations.put(row)
    return row


async def at_a_shop(service: Service, admin: Browser, **changes: Any) -> Tss:
    """Look at the shop that has a TSS, which is changed; return that."""
    row: Tss = replace(next(iter(service.world.rows.tss)), **changes)
    service.world.rows.tss.put(row)
    await admin.post("/choose", organization_id=row.organization_id)
    return row


# ---------------------------------------------------------------------------------- the account


async def test_the_first_eight_seeded_people_sign_in_by_one_click(
    aiohttp_client: AiohttpClient,
) -> None:
    service = make({"size": 12})
    browser = Browser(await aiohttp_client(create_app(service), cookie_jar=CookieJar(unsafe=True)))
    offered = re.findall(r'name="user_id" value="([^"]+)"', (await browser.get("/sign-in")).text)
    assert offered == [one.id for one in Seeded(service.world.baseline).users()][:8]


async def test_who_is_admin_member_or_invited(service: Service, admin: Browser) -> None:
    await admin.post("/users", email="new@example.com")
    main, tables = home(service), service.world.tables
    joined = [*tables.memberships.select("organization", main.id)][-1]
    assert joined.pending_until is not None
    for pending, told in ((joined.pending_until, "Invited until"), (None, "Member")):
        tables.memberships.put(replace(joined, pending_until=pending))
        rows = (await admin.get("/users")).text.partition("<tbody>")[2].split("</tr>")[:-1]
        [of_admin] = [row for row in rows if person(service, managed=False).email in row]
        [of_other] = [row for row in rows if "new@example.com" in row]
        assert "★" in of_admin
        assert "/remove" not in of_admin
        assert told in of_other
        assert "/remove" in of_other
        assert "★" not in of_other


async def test_what_an_organization_hangs_below_is_named_to_who_sees_it(
    service: Service, admin: Browser
) -> None:
    main, below = home(service), home(service, managed=True)
    shown = main.display_name or main.name

    async def beside_it() -> str:
        text = (await admin.get("/organizations")).text
        found = re.search(rf"/{below.id}\">.*?</td>\s*<td>([^<]*)</td>", text, re.DOTALL)
        assert found
        return found[1]

    assert await beside_it() == shown
    await admin.sign_in(person(service, managed=True).id)
    assert await beside_it() == "\N{EN DASH}"


@pytest.mark.parametrize(("kept", "lines"), [(0, 3), (2, 5), (17, 20), (18, 20), (20, 20)])
async def test_a_form_has_three_empty_lines_of_metadata_where_there_is_room(
    service: Service, admin: Browser, kept: int, lines: int
) -> None:
    row = replace(home(service), metadata={f"name-{at}": "value" for at in range(kept)})
    service.world.tables.organizations.put(row)
    text = (await admin.get(f"/organizations/{row.id}")).text
    names = re.findall(r'name="metadata\.name\.(\d+)" value="([^"]*)"', text)
    assert names == [
        (str(at), f"name-{at}" if at < kept else "") for at in range(min(lines, METADATA_LINES))
    ]


async def test_a_form_offers_the_main_organizations_in_sight_up_to_a_limit(
    service: Service, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_organization(service, 1)
    add_organization(service, 2, viewers=(OrganizationId("somebody-elses"),))
    offered = rf'<option value="({home(service).id}|0{{8}}-[^"]+)"'
    for limit, ids in ((3, 2), (1, 1)):
        monkeypatch.setattr(organizations, "MOST_MAINS", limit)
        text = (await admin.get("/organizations/new")).text
        found = re.findall(offered, text.partition("bill_to_organization")[0])
        assert len(found) == ids
        assert "Shop 002" not in text


async def test_the_organization_itself_is_not_offered_as_its_payer(
    service: Service, admin: Browser
) -> None:
    other = add_organization(service, 1)
    for row, offered in ((home(service), other), (other, home(service))):
        text = (await admin.get(f"/organizations/{row.id}")).text.partition('id="payer"')[2]
        found = re.findall(r'<option value="([^"]*)"', text.partition("</select>")[0])
        assert found == ["", offered.id]


async def test_of_very_many_who_are_paid_for_fifty_are_named_and_all_counted(
    service: Service, admin: Browser
) -> None:
    main = home(service)
    before = [*service.world.tables.organizations.select("payer", main.id)]
    paid = {"billing_options": BillingOptions(bill_to_organization=main.id)}
    for at in range(51 - len(before)):
        add_organization(service, at, **paid)
    add_organization(service, 99, **paid, viewers=(OrganizationId("somebody-elses"),))
    text = (await admin.get("/billing")).text
    assert len(re.findall(r"<li>(?:Shop \d+|[^<]+<span class=\"badge\">managed)", text)) == 50
    assert "51 in all" in text


@pytest.mark.parametrize("withhold", [True, False])
async def test_a_payer_is_named_to_who_sees_it_and_hidden_from_whom_it_withholds_the_bill(
    service: Service, admin: Browser, *, withhold: bool
) -> None:
    main, below = home(service), home(service, managed=True)
    options = BillingOptions(bill_to_organization=main.id, withhold_billing=withhold)
    service.world.tables.organizations.put(replace(below, billing_options=options))
    await admin.post("/choose", organization_id=below.id)
    text = (await admin.get("/billing")).text
    assert (
        f'<strong>{main.display_name or main.name}</strong> <span class="badge">{BILL_TO}' in text
    )
    assert ("withheld from it" in text.partition(BILL_TO)[2][:60]) is withhold
    await admin.sign_in(person(service, managed=True).id)
    text = (await admin.get("/billing")).text
    assert main.name not in text
    assert (f"<strong>{main.id}</strong>" in text) is not withhold
    assert "is billed itself" not in text


# --------------------------------------------------------------------------------------- SIGN DE


@pytest.mark.parametrize(
    ("state", "steps", "forms"),
    [
        (TssState.CREATED, ["UNINITIALIZED"], ["state"]),
        (
            TssState.UNINITIALIZED,
            ["INITIALIZED", "DISABLED"],
            ["pin", "state", "clients", "state"],
        ),
        (TssState.INITIALIZED, ["DISABLED"], ["pin", "clients", "state"]),
        (TssState.DISABLED, [], []),
        (TssState.DEFECTIVE, [], []),
    ],
)
async def test_a_tss_offers_what_its_state_allows(
    service: Service, admin: Browser, state: TssState, steps: list[str], forms: list[str]
) -> None:
    row = await at_a_shop(service, admin, state=state)
    text = (await admin.get(f"/tss/{row.id}")).text
    assert re.findall(r'name="state" value="(\w+)"', text) == steps
    assert re.findall(rf'action="/dashboard/tss/{row.id}/(\w+)"', text) == forms
    assert ('id="puk"' in text) is (state is TssState.CREATED)
    assert ("No step leads on" in text) is (not steps)
    client = next(iter(service.world.rows.clients))
    text = (await admin.get(f"/tss/{row.id}/clients/{client.id}")).text
    may = state in {TssState.UNINITIALIZED, TssState.INITIALIZED}
    assert ('value="DEREGISTERED"' in text) is may
    service.world.rows.clients.put(replace(client, state=ClientState.DEREGISTERED))
    text = (await admin.get(f"/tss/{row.id}/clients/{client.id}")).text
    assert ('value="REGISTERED"' in text) is may
    exportable = state in {TssState.INITIALIZED, TssState.DISABLED}
    text = (await admin.get("/exports")).text
    assert (f'<option value="{row.id}"' in text) is exportable


async def test_a_tss_tells_whether_its_admin_pin_is_set(service: Service, admin: Browser) -> None:
    row = await at_a_shop(service, admin)
    assert "A PIN is set." in (await admin.get(f"/tss/{row.id}")).text
    await at_a_shop(service, admin, pin_hash=None)
    assert "No PIN is set yet." in (await admin.get(f"/tss/{row.id}")).text


async def test_of_very_many_clients_and_transactions_fifty_are_shown_and_all_counted(
    service: Service, admin: Browser
) -> None:
    rows = service.world.rows
    row = await at_a_shop(service, admin)
    client, signed = next(iter(rows.clients)), next(iter(rows.transactions))
    for at in range(2, 53):
        serial_number = f"KASSE-{at:02}"
        rows.clients.put(replace(client, id=ClientId(f"c{at}"), serial_number=serial_number))
        rows.transactions.put(signed._replace(id=TransactionId(f"t{at}"), number=at))
    text = (await admin.get(f"/tss/{row.id}")).text
    shown = re.findall(rf'/tss/{row.id}/clients/[^"]+">([^<]+)<', text)
    assert shown == [client.serial_number, *(f"KASSE-{at:02}" for at in range(2, 51))]
    assert "52 in all" in text
    assert "<dd>1 / 199</dd>" in text
    assert "<dd>0 / 2000</dd>" in text
    text = (await admin.get(f"/tss/{row.id}/clients/{client.id}")).text
    numbers = re.findall(r'/transactions/[^"]+">(\d+)<', text)
    assert numbers == [str(number) for number in range(52, 2, -1)]
    assert "52 in all" in text


async def test_an_export_is_downloaded_until_it_expires(service: Service, admin: Browser) -> None:
    row = await at_a_shop(service, admin)
    export_id = "00000000-0000-4000-8000-000000000002"
    exports = service.world.signing.exports
    caller = as_api_key(service, row.organization_id)
    exports.trigger(caller, row.id, export_id, ExportFilter())
    assert "/file" in (await admin.get("/exports")).text
    found = exports.find(caller, row.id, export_id)
    assert found.state is ExportState.COMPLETED
    for before, offered in ((1, True), (0, False)):
        service.world.clock.freeze(found.time_expiration - before)
        assert ("/file" in (await admin.get("/exports")).text) is offered
