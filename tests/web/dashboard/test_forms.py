"""What a form becomes, to the last field, and where it leads."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from fiskaly_mockserver.domain.account.model import BillingOptions, OrganizationId
from fiskaly_mockserver.web.dashboard.account import REFRESH_HEADER
from fiskaly_mockserver.web.dashboard.organizations import profile_in
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.seeding import Seeded
from web.dashboard.browser import COMPANY, Browser, home_of, person

OPTIONS = "billing_options.bill_to_organization"
LINES = {
    "metadata.name.0": " shop ",
    "metadata.value.0": "7",
    "metadata.name.1": " ",
    "metadata.value.1": "lost",
    "metadata.name.2": "till",
}


# -------------------------------------------------------------------------------- organizations


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ({}, {}),
        ({"country_code": "DEU", "vat_id": "DE1"}, {}),
        ({**COMPANY, "vat_id": " ", "state": " HH "}, {**COMPANY, "state": "HH"}),
        ({**COMPANY, "form_token": "x"}, COMPANY),
        ({**COMPANY, **LINES}, {**COMPANY, "metadata": {"shop": "7", "till": ""}}),
        ({**COMPANY, "metadata.name.0": ""}, COMPANY),
        ({**COMPANY, "billing_address_id": "a"}, {**COMPANY, "billing_address_id": "a"}),
        ({**COMPANY, "billing_address_id": ""}, COMPANY),
        ({**COMPANY, OPTIONS: " "}, COMPANY),
        (
            {**COMPANY, OPTIONS: " payer "},
            {
                **COMPANY,
                "billing_options": {"withhold_billing": False, "bill_to_organization": "payer"},
            },
        ),
        (
            {**COMPANY, "withhold_billing": "on"},
            {**COMPANY, "billing_options": {"withhold_billing": True}},
        ),
    ],
)
def test_the_form_of_a_new_organization_says_what_was_filled_in(
    form: dict[str, str], body: dict[str, Any]
) -> None:
    assert profile_in(form) == body


@pytest.mark.parametrize(
    ("options", "form", "body"),
    [
        (None, {}, {}),
        (None, {"town": "Kiel", "state": ""}, {"town": "Kiel"}),
        (None, {"display_name": ""}, {"display_name": ""}),
        (None, {"metadata.name.0": ""}, {"metadata": {}}),
        (None, LINES, {"metadata": {"shop": "7", "till": ""}}),
        (None, {"billing_address_id": ""}, {"billing_address_id": ""}),
        (BillingOptions(), {}, {}),
        (BillingOptions(withhold_billing=True), {}, {"billing_options": {}}),
        (BillingOptions(gln="4"), {}, {"billing_options": {"gln": "4"}}),
        (
            BillingOptions(gln="4", withhold_billing=True),
            {OPTIONS: "payer", "withhold_billing": "on"},
            {
                "billing_options": {
                    "withhold_billing": True,
                    "bill_to_organization": "payer",
                    "gln": "4",
                }
            },
        ),
    ],
)
def test_the_form_of_a_known_organization_says_what_changed(
    service: Service, options: BillingOptions | None, form: dict[str, str], body: dict[str, Any]
) -> None:
    home = service.world.tables.organizations.get(
        OrganizationId(home_of(person(service, managed=False)))
    )
    assert home
    current = replace(home, billing_options=options, display_name="Shown", state="")
    same = {"name": home.name, "town": home.town}
    assert profile_in({**same, **form}, current) == body


def test_what_a_field_cannot_show_is_no_change_of_who_saves_another_one(service: Service) -> None:
    home = service.world.tables.organizations.get(
        OrganizationId(home_of(person(service, managed=False)))
    )
    assert home
    metadata = {"lines": "a\r\nb", " till ": " 1", "old": "x"}
    current = replace(home, town=" Bad\nVilbel ", metadata=metadata)
    lines = (("lines", "ab"), ("till", " 1"), ("old", "y"))
    form = {
        f"metadata.{what}.{at}": text
        for at, line in enumerate(lines)
        for what, text in zip(("name", "value"), line, strict=True)
    }
    form |= {"town": "BadVilbel", "name": "Another"}
    assert profile_in(form, current) == {
        "name": "Another",
        "metadata": {"lines": "a\r\nb", " till ": " 1", "old": "y"},
    }


async def test_a_managed_organization_gets_a_key_only_where_both_are_wanted(
    service: Service, admin: Browser
) -> None:
    main = home_of(person(service, managed=False))
    managed = {"managed": "on", "managed_by_organization_id": main}
    for more, keys in (({"with_key": "on"}, 0), (managed, 0), ({"with_key": "on", **managed}, 1)):
        shown = await admin.post("/organizations/new", **COMPANY, **more)
        assert "The organization was created." in shown.text
        row = [*service.world.rows.organizations][-1]
        assert row.name == COMPANY["name"]
        assert row.managed_by_organization_id == more.get("managed_by_organization_id")
        assert len(service.world.tables.api_keys.select("organization", row.id)) == keys
        assert ('id="new-secret"' in shown.text) is bool(keys)
    assert 'id="new-secret"' not in (await admin.get("/organizations")).text


async def test_an_open_page_that_refreshes_takes_nothing_that_is_shown_once(
    admin: Browser,
) -> None:
    script = (await admin.get("/static/dashboard.js")).text
    assert f'"{REFRESH_HEADER}"' in script
    form = {"form_token": admin.token, "name": "till-1"}
    how: dict[str, Any] = {"data": form, "allow_redirects": False}
    async with admin.client.post("/dashboard/api-keys", **how) as answer:
        assert answer.status == 303
    how = {"data": {"form_token": admin.token, "zone": "none"}, "allow_redirects": False}
    async with admin.client.post("/dashboard/choose", **how) as answer:
        assert answer.status == 303
    again = await admin.get("/overview", **{REFRESH_HEADER: "1"})
    assert 'id="new-secret"' not in again.text
    shown = await admin.get("/api-keys")
    assert 'id="new-secret"' in shown.text
    assert 'class="notice"' in shown.text


async def test_a_notice_tells_what_was_done_once(service: Service, admin: Browser) -> None:
    home = home_of(person(service, managed=False))
    assert "Saved." in (await admin.post(f"/organizations/{home}", town="Kiel")).text
    assert "Saved." not in (await admin.get(f"/organizations/{home}")).text
    await admin.post("/api-keys", name="till-1")
    key = [*service.world.rows.api_keys][-1]
    for change, told, left in (("disabled", "Saved.", 1), ("delete", "Removed.", 0)):
        assert told in (await admin.post(f"/api-keys/{key.id}", change=change)).text
        assert sum(row.id == key.id for row in service.world.rows.api_keys) == left
    assert "Invited." in (await admin.post("/users", email="new@example.com")).text
    user = [*service.world.rows.users][-1]
    assert "Invited until" in (await admin.get("/users")).text
    assert "Removed." in (await admin.post(f"/users/{user.id}/remove")).text


# -------------------------------------------------------------------------------- pages of lists


@pytest.mark.parametrize(
    ("page", "number"),
    [
        ("", 1),
        ("1", 1),
        ("2", 2),
        ("000003", 3),
        ("0", 1),
        ("-1", 1),
        ("²", 1),
        ("x", 1),
        ("0000002", 1),
        ("4", 3),
        ("999999", 3),
    ],
)
async def test_a_list_has_pages_of_50_and_begins_with_the_first(
    service: Service, admin: Browser, page: str, number: int
) -> None:
    table = service.world.tables.organizations
    home = table.get(OrganizationId(home_of(person(service, managed=False))))
    assert home
    mine = [row for row in service.world.rows.organizations if home.id in row.viewers]
    for at in range(101 - len(mine)):
        new = OrganizationId(f"00000000-0000-4000-8000-{at:012x}")
        viewers = (new, home.id)
        table.put(replace(home, id=new, name=f"Shop {at:03}", viewers=viewers))
    text = (await admin.get(f"/organizations?page={page}")).text
    assert f"{number} / 3" in text
    rows = re.findall(r'<td[^>]*><a href="/dashboard/organizations/[0-9a-f-]{36}">', text)
    assert len(rows) == (50, 50, 1)[number - 1]


# ---------------------------------------------------------------------------- what is of the mock


@pytest.mark.parametrize(
    ("form", "rule"),
    [
        ({"kind": "no_answer"}, {"effect": {"kind": "no_answer"}}),
        (
            {
                "kind": "no_answer",
                "operation": "createTss",
                "first": "2",
                "phase": "after",
                "seconds": "",
                "status": "",
            },
            {
                "operation": "createTss",
                "phase": "after",
                "when": {"first": 2},
                "effect": {"kind": "no_answer"},
            },
        ),
        (
            {"kind": "delay", "seconds": "0.5", "first": "1"},
            {"when": {"first": 1}, "effect": {"kind": "delay", "seconds": 0.5}},
        ),
        (
            {"kind": "status", "status": "503", "seconds": "", "operation": "", "first": ""},
            {"effect": {"kind": "status", "status": 503}},
        ),
        (
            {"kind": "status", "rule": '{"effect": {"kind": "unauthorized"}}'},
            {"effect": {"kind": "unauthorized"}},
        ),
    ],
)
async def test_the_form_of_a_fault_is_the_rule_that_is_armed(
    service: Service, admin: Browser, form: dict[str, str], rule: dict[str, Any]
) -> None:
    shown = await admin.post("/faults", **form)
    assert "The fault is armed." in shown.text
    [armed] = service.world.faults.armed()
    told: Any = armed.as_json()["rule"]
    assert {name: told[name] for name in rule} == rule
    assert told["phase"] == rule.get("phase", "before")
    assert json.dumps(told, ensure_ascii=False) in shown.text


async def test_the_clock_takes_what_its_forms_say(service: Service, admin: Browser) -> None:
    clock = service.world.clock
    later = "2030-01-01T00:00:00Z"
    assert "Saved." in (await admin.post("/clock", change="freeze", freeze=later)).text
    assert (clock.state()["frozen"], clock.now()) == (True, 1_893_456_000)
    await admin.post("/clock", change="advance", advance=" 90s ")
    assert clock.now() == 1_893_456_090
    await admin.post("/clock", change="resume")
    await admin.post("/clock", change="scale", scale="0.5")
    assert (clock.state()["frozen"], clock.state()["scale"]) == (False, 0.5)
    wrong = await admin.post("/clock", change="scale", scale="fast")
    assert wrong.status == 400
    assert 'id="scale-error"' in wrong.text


async def test_a_world_is_seeded_with_all_that_the_form_says(
    service: Service, admin: Browser
) -> None:
    shown = await admin.post(
        "/worlds/seed", preset="individual-customers", country="AT", size="2", tills="", seed="9"
    )
    assert shown.location == "/dashboard/worlds"
    assert "The world was replaced." in shown.text
    rows = service.world.rows
    assert {row.country_code for row in rows.organizations} == {"AUT"}
    assert not [*rows.tss]
    await admin.get("/worlds")
    await admin.post("/worlds/seed", size="2", tills="1", receipts="2")
    assert len([*service.world.rows.transactions]) == 2 * len([*service.world.rows.tss]) > 0


async def test_a_request_is_shown_as_an_assertion_and_as_curl(
    service: Service, admin: Browser
) -> None:
    sent = {"name": "x", "zip": 5, "metadata": {"a": "b"}}
    key = next(Seeded(service.world.baseline).organizations()).api_keys[0]
    token = service.world.sessions.open_with_key(key.key, key.secret).session.access_token
    headers = {"Authorization": f"Bearer {token}"}
    for method, path, body in (
        ("POST", "/api/v0/organizations?a=1%202", sent),
        ("GET", "/api/v0/organizations", None),
        ("POST", "/api/v0/auth", ["name"]),
        ("GET", "/api/v0/nowhere", None),
    ):
        async with admin.client.request(method, path, json=body, headers=headers) as answer:
            await answer.read()
    shown = [(await admin.get(f"/requests/{one.request_id}")).text for one in service.world.journal]
    told = [re.findall(r'<pre id="assertion">([^<]*)<', text) for text in shown]
    called = "fiskaly_mock.journal.assert_called"
    assert told == [
        [f"{called}('createOrganization', body={{'name': 'x', 'zip': 5}}, status=400)"],
        [f"{called}('listOrganizations', status=200)"],
        [f"{called}('authenticate', status=400)"],
        [],
    ]
    assert f"<pre>{json.dumps(sent, indent=2)}</pre>" in shown[0]
    [curl] = re.findall(r'<pre id="curl">([^<]*)<', shown[0])
    assert curl.startswith("curl -X POST ")
    assert "/api/v0/organizations?a=%5Bundeclared%5D' -H" in curl
    assert json.dumps(sent, separators=(",", ":")) in curl
    assert "?" not in re.findall(r'<pre id="curl">([^<]*)<', shown[1])[0]


# --------------------------------------------------------------------------------- what is chosen


@pytest.mark.parametrize(
    ("form", "location"),
    [
        ({"language": "de", "back": "/users"}, "/dashboard/users"),
        ({"language": "de", "back": "users"}, "/dashboard/overview"),
        ({"language": "de"}, "/dashboard/overview"),
        ({"zone": "UTC", "back": "/api-keys"}, "/dashboard/api-keys"),
        ({"env": "TEST"}, "/dashboard/overview"),
    ],
)
async def test_a_choice_leads_back_to_where_it_was_made(
    admin: Browser, form: dict[str, str], location: str
) -> None:
    assert (await admin.post("/choose", **form)).location == location


async def test_a_choice_leads_back_to_what_a_list_was_narrowed_to(admin: Browser) -> None:
    shown = await admin.post("/choose", language="de", back="/requests?text=caf%C3%A9+%2B&status=4")
    assert 'name="text" value="café +"' in shown.text


async def test_a_language_that_is_not_spoken_is_english(admin: Browser) -> None:
    assert '<html lang="de"' in (await admin.post("/choose", language="de")).text
    assert '<html lang="en"' in (await admin.post("/choose", language="fr")).text


@pytest.mark.parametrize(
    ("wanted", "language"),
    [("de-AT,de;q=0.9", "de"), ("DE", "de"), ("fr-FR,de", "en"), ("", "en")],
)
async def test_the_first_language_of_the_browser_is_spoken_if_it_is_known(
    browser: Browser, wanted: str, language: str
) -> None:
    shown = await browser.get("/sign-in", **{"Accept-Language": wanted})
    assert f'<html lang="{language}"' in shown.text


async def test_only_what_the_person_sees_in_that_environment_is_chosen(
    service: Service, admin: Browser
) -> None:
    home = home_of(person(service, managed=False))
    assert (await admin.post("/choose", env="LIVE")).status == 404
    stranger = "99999999-9999-4999-8999-999999999999"
    assert (await admin.post("/choose", organization_id=stranger)).status == 404
    assert (await admin.post("/choose", organization_id=home, env="none")).status == 200
