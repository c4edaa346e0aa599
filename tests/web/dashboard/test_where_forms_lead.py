"""Where each form of the account and of SIGN DE leads, and what the page after it tells."""

import re
from typing import Any

import pytest
from fiskaly_mockserver.domain.signing.model import ExportFilter, ExportState
from fiskaly_mockserver.web.service import Service
from web.dashboard.browser import COMPANY, Browser, Shown, as_api_key, home_of, person

SAVED, REMOVED, LIVE = "Saved.", "Removed.", "LIVE is enabled."
RECIPIENT = {"recipient": "Accounts", **{k: v for k, v in COMPANY.items() if k != "name"}}
EXPORT = "00000000-0000-4000-8000-000000000002"


@pytest.fixture
def tree() -> dict[str, Any]:
    return {"tills": 1, "receipts": 1, "size": 1}


def leads(shown: Shown, location: str, notice: str = "") -> bool:
    """Tell whether a form led to a page that tells just that."""
    told = re.findall(r'role="status"[^>]*>([^<]*)<', shown.text)
    assert (shown.status, shown.location) == (200, f"/dashboard{location}")
    return [one.partition(". ")[0].rstrip(".") for one in told if one] == (
        [notice.rstrip(".")] if notice else []
    )


async def test_of_the_account(service: Service, admin: Browser) -> None:
    home = f"/organizations/{home_of(person(service, managed=False))}"
    assert leads(await admin.post("/billing", **RECIPIENT), "/billing", SAVED)
    address = [*service.world.rows.billing_addresses][-1].id
    assert leads(await admin.post(f"/billing/{address}/delete"), "/billing", REMOVED)
    made = await admin.post("/organizations/new", **COMPANY)
    assert leads(made, "/organizations", "The organization was created.")
    path = f"/organizations/{[*service.world.rows.organizations][-1].id}"
    assert leads(await admin.post(path, town="Kiel"), path, SAVED)
    assert leads(await admin.post(f"{path}/logo/remove"), path, REMOVED)
    assert leads(await admin.post(f"{path}/delete"), "/organizations", REMOVED)
    assert leads(await admin.post("/api-keys", name="till"), "/api-keys")
    key = [*service.world.rows.api_keys][-1].id
    assert leads(await admin.post(f"/api-keys/{key}", change="disabled"), "/api-keys", SAVED)
    assert leads(await admin.post("/users", email="a@example.com"), "/users", "Invited.")
    user = [*service.world.rows.users][-1].id
    assert leads(await admin.post(f"/users/{user}/remove"), "/users", REMOVED)
    assert leads(await admin.post(f"{home}/contract"), "/api-keys", LIVE)
    await admin.post("/choose", env="TEST")
    below = next(row for row in service.world.rows.organizations if not row.is_main)
    path = f"/organizations/{below.id}"
    assert leads(await admin.post(f"{path}/live"), path, LIVE)


async def test_of_sign_de(service: Service, admin: Browser) -> None:
    row = next(iter(service.world.rows.tss))
    await admin.post("/choose", organization_id=row.organization_id)
    created = await admin.post("/tss")
    path = created.location.removeprefix("/dashboard")
    assert leads(created, path, "The TSS was created.")
    assert leads(await admin.post(f"{path}/state", state="UNINITIALIZED"), path, SAVED)
    puk = [*service.world.rows.tss][-1].admin_puk
    pin = {"admin_puk": puk, "new_admin_pin": "123456"}
    assert leads(await admin.post(f"{path}/pin", **pin), path, SAVED)
    form = {"serial_number": "K-1", "admin_pin": "123456"}
    assert leads(await admin.post(f"{path}/clients", **form), path, SAVED)
    client = [*service.world.rows.clients][-1].id
    off = {"state": "DEREGISTERED", "admin_pin": "123456"}
    assert leads(await admin.post(f"{path}/clients/{client}", **off), path, SAVED)
    assert leads(await admin.post("/exports", tss_id=row.id), "/exports")
    exports = service.world.signing.exports
    caller = as_api_key(service, row.organization_id)
    exports.trigger(caller, row.id, EXPORT, ExportFilter(start_date=1))
    exports.hold(row.id, EXPORT, ExportState.WORKING)
    assert leads(await admin.post(f"/exports/{row.id}/{EXPORT}/cancel"), "/exports")
