"""The pages of the account: API keys, users, billing, reference."""

from collections import Counter
from collections.abc import Mapping
from urllib.parse import urlencode

from fiskaly_mockserver.domain.account.access import sees
from fiskaly_mockserver.domain.account.api_keys import ApiKeyFilter
from fiskaly_mockserver.domain.account.model import (
    Environment,
    Organization,
    PrincipalId,
)
from fiskaly_mockserver.domain.store import Paging
from fiskaly_mockserver.web.api import JsonObject
from fiskaly_mockserver.web.dashboard.frame import Missing, Page, Redirect, Visit

PAGE_ROWS = 50
REFRESH_HEADER = "X-Dashboard-Refresh"
PAGE_DIGITS = 6
ADDRESS_REQUIRED = ("recipient", "address_line1", "zip", "town", "country_code")
ADDRESS = (*ADDRESS_REQUIRED, "address_line2", "display_name", "vat_id")


def page_number(visit: Visit) -> int:
    """Return which page of a list the address asks for, from 1."""
    given = visit.query.get("page", "1")
    known = given.isascii() and given.isdigit() and len(given) <= PAGE_DIGITS
    return max(1, int(given)) if known else 1


def paging(visit: Visit) -> Paging:
    """Return the rows of a list that the address asks for."""
    return Paging(limit=PAGE_ROWS, offset=(page_number(visit) - 1) * PAGE_ROWS)


def paged(visit: Visit, count: int) -> Mapping[str, object]:
    """Return what leads to the other pages of a list of so many rows.

    Raises:
        Redirect: The address asks for a page beyond the last one.
    """
    number, last = page_number(visit), max(1, -(-count // PAGE_ROWS))
    if number > last and visit.address:
        path = visit.address.partition("?")[0]
        raise Redirect(f"{path}?{urlencode({**visit.query, 'page': str(last)})}")
    return {"count": count, "number": number, "last": last}


def api_keys(visit: Visit) -> Mapping[str, object]:
    """List the keys of the organization and environment in view."""
    page = visit.world.api_keys.list(
        visit.principal, visit.organization.id, ApiKeyFilter(), paging(visit)
    )
    return {"rows": page.rows, **paged(visit, page.count), **shown_once(visit)}


def create_api_key(visit: Visit) -> Mapping[str, object]:
    """Create one; its secret is on the next page and on no other."""
    if not create_key(visit, visit.organization.id, visit.form.get("name", "")):
        return api_keys(visit)
    raise Redirect("/api-keys")


def change_api_key(visit: Visit) -> Mapping[str, object]:
    """Enable, disable or delete one."""
    path = {"organization_id": visit.organization.id, "key_id": visit.path["key_id"]}
    change = visit.form.get("change", "")
    if change == "delete":
        done = visit.perform("deleteApiKey", {}, path)
    else:
        done = visit.perform("updateApiKey", {"status": change}, path)
    if done is None:
        return api_keys(visit)
    visit.session.notice = "deleted" if change == "delete" else "saved"
    raise Redirect("/api-keys")


def users(visit: Visit) -> Mapping[str, object]:
    """List members and open invitations of the organization in view (R9)."""
    row, page = visit.world.users.list(visit.principal, visit.organization.id, paging(visit))
    standing = visit.world.tables.memberships
    members = [
        (one, standing.get((row.id, one.id)), PrincipalId(one.id) == row.created_by_user)
        for one in page.rows
    ]
    return {"rows": members, **paged(visit, page.count)}


def invite_user(visit: Visit) -> Mapping[str, object]:
    """Invite somebody."""
    body = {name: visit.form.get(name, "") for name in ("email", "first_name", "last_name")}
    path = {"organization_id": visit.organization.id}
    if visit.perform("inviteUser", sent_in(body), path) is None:
        return users(visit)
    visit.session.notice = "invited"
    raise Redirect("/users")


def remove_user(visit: Visit) -> Mapping[str, object]:
    """Take somebody out, or call an invitation back."""
    path = {"organization_id": visit.organization.id, "user_id": visit.path["user_id"]}
    if visit.perform("removeUser", {}, path) is None:
        return users(visit)
    visit.session.notice = "deleted"
    raise Redirect("/users")


def billing(visit: Visit) -> Mapping[str, object]:
    """Say who is billed for the organization in view, for whom it pays, and for what (R8, R14)."""
    row, principal = visit.organization, visit.principal
    table = visit.world.tables.organizations
    options = row.billing_options
    payer = table.get(row.payer_id) if row.payer_id else None
    paid_for = [one for one in table.select("payer", row.id) if sees(principal, one)]
    withheld = bool(options and options.withhold_billing)
    hidden = withheld and not (payer and sees(principal, payer))
    billed = [*([] if hidden else [row]), *paid_for[:PAGE_ROWS]]
    found: dict[str, object] = {
        "withheld": withheld,
        "hidden": hidden,
        "has_payer": row.payer_id is not None,
        "payer": payer if payer and sees(principal, payer) else None,
        "paid_for": paid_for[:PAGE_ROWS],
        "paid_for_count": len(paid_for),
        "billed": [(one, months) for one in billed if (months := _billed_months(visit, one))],
    }
    if row in visit.memberships:
        page = visit.world.billing_addresses.list(principal, paging(visit))
        found |= {"addresses": page.rows, **paged(visit, page.count)}
    return found


def _billed_months(visit: Visit, row: Organization) -> list[tuple[str, int]]:
    """Return how many LIVE TSS were active in each of the last twelve months with any (R14).

    A TSS is active from its initialization until it is disabled; nothing of TEST is billed.
    """
    place = (row.id, Environment.LIVE)
    now = visit.world.clock.now()
    counts: Counter[tuple[int, int]] = Counter()
    for tss in visit.world.rows.tss.select("place", place):
        if tss.time_init:
            first, last = (visit.local(at) for at in (tss.time_init, tss.time_disable or now))
            begin, end = (12 * at.year + at.month - 1 for at in (first, last))
            counts.update(divmod(month, 12) for month in range(max(begin, end - 11), end + 1))
    return [
        (f"{year}-{month + 1:02}", count) for (year, month), count in sorted(counts.items())[-12:]
    ]


def create_billing_address(visit: Visit) -> Mapping[str, object]:
    """Add a billing address to the organization in view (R10)."""
    body: JsonObject = {
        name: value
        for name in ADDRESS
        if (value := visit.form.get(name, "").strip()) or name in ADDRESS_REQUIRED
    }
    _demand_member(visit)
    if visit.perform("createBillingAddress", body) is None:
        return billing(visit)
    visit.session.notice = "saved"
    raise Redirect("/billing")


def delete_billing_address(visit: Visit) -> Mapping[str, object]:
    """Delete one that nobody is billed to."""
    _demand_member(visit)
    path = {"address_id": visit.path["address_id"]}
    if visit.perform("deleteBillingAddress", {}, path) is None:
        return billing(visit)
    visit.session.notice = "deleted"
    raise Redirect("/billing")


def _demand_member(visit: Visit) -> None:
    """Demand that the person belongs to the organization in view: its addresses are theirs.

    Raises:
        Missing: They do not.
    """
    if visit.organization not in visit.memberships:
        raise Missing


def reference(visit: Visit) -> Mapping[str, object]:
    """List the operations of each API, and where it is."""
    return {
        "apis": [
            (one.api.contract.base_path, [*one.api.contract.operations.values()])
            for one in visit.service.apis
        ]
    }


def create_key(visit: Visit, organization_id: str, name: str) -> bool:
    """Create an API key, which the next page shows; `False`, with errors, if refused."""
    made = visit.perform(
        "createApiKey", {"name": name, "status": "enabled"}, {"organization_id": organization_id}
    )
    if made is None:
        return False
    visit.service.secrets.add(made["secret"])
    visit.session.shown_once = {
        "name": str(made["name"]),
        "key": str(made["key"]),
        "secret": str(made["secret"]),
    }
    return True


def shown_once(visit: Visit) -> Mapping[str, object]:
    """Return a new API key for this page, and for no other."""
    if looks_again(visit):
        return {"shown_once": None}
    shown, visit.session.shown_once = visit.session.shown_once, None
    return {"shown_once": shown}


def looks_again(visit: Visit) -> bool:
    """Tell whether an open page refreshes itself: nobody reads there what is shown once."""
    return REFRESH_HEADER in visit.request.headers


def sent_in(fields: Mapping[str, str]) -> JsonObject:
    """Return what a form says of a person, as the API's body."""
    return {name: value for name, value in fields.items() if value or name == "email"}


PAGES = (
    Page("GET", "/users", users, "users.html"),
    Page("POST", "/users", invite_user, "users.html"),
    Page("POST", "/users/{user_id}/remove", remove_user, "users.html"),
    Page("GET", "/billing", billing, "billing.html"),
    Page("POST", "/billing", create_billing_address, "billing.html"),
    Page("POST", "/billing/{address_id}/delete", delete_billing_address, "billing.html"),
    Page("GET", "/api-keys", api_keys, "api_keys.html"),
    Page("POST", "/api-keys", create_api_key, "api_keys.html"),
    Page("POST", "/api-keys/{key_id}", change_api_key, "api_keys.html"),
    Page("GET", "/reference", reference, "reference.html"),
)
"""Every page; the first one whose address fits is shown."""
