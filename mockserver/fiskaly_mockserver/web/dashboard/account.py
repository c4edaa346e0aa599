"""The pages of the account: organizations, users, API keys, billing, reference."""

from collections.abc import Mapping

from fiskaly_mockserver.domain.account.access import sees
from fiskaly_mockserver.domain.account.api_keys import ApiKeyFilter
from fiskaly_mockserver.domain.account.model import (
    Environment,
    Organization,
    PrincipalId,
)
from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.domain.store import Paging
from fiskaly_mockserver.web.api import JsonObject
from fiskaly_mockserver.web.dashboard.frame import Missing, Page, Redirect, Visit

PAGE_ROWS = 50
PAGE_DIGITS = 6
REQUIRED = ("name", "address_line1", "zip", "town", "country_code")
OPTIONAL = ("display_name", "address_line2", "state", "vat_id", "tax_number", "economy_id")


def page_number(visit: Visit) -> int:
    """Return which page of a list the address asks for, from 1."""
    given = visit.query.get("page", "1")
    known = given.isascii() and given.isdigit() and len(given) <= PAGE_DIGITS
    return max(1, int(given)) if known else 1


def organizations(visit: Visit) -> Mapping[str, object]:
    """List what the person may see, each main organization followed by what it manages."""
    number = page_number(visit)
    page = visit.world.organizations.list(
        visit.principal, Paging(limit=PAGE_ROWS, offset=(number - 1) * PAGE_ROWS)
    )
    table = visit.world.tables.organizations
    rows = [
        (row, table.get(row.managed_by_organization_id) if row.managed_by_organization_id else None)
        for row in page.rows
    ]
    visible = [
        (row, above if above and sees(visit.principal, above) else None) for row, above in rows
    ]
    return {
        "rows": visible,
        "count": page.count,
        "number": number,
        "last": max(1, -(-page.count // PAGE_ROWS)),
        **shown_once(visit),
    }


def new_organization(visit: Visit) -> Mapping[str, object]:
    """Offer the form for a further organization."""
    return {"row": None, "mains": _mains(visit), "live_offered": False, "may_sign": False}


def create_organization(visit: Visit) -> Mapping[str, object]:
    """Create one, and with it its API key where that is wanted (R5)."""
    body, form = profile_in(visit.form), visit.form
    if "managed" in form:
        body["managed_by_organization_id"] = form.get("managed_by_organization_id", "")
    made = visit.perform("createOrganization", body)
    if made is None:
        return new_organization(visit)
    organization_id = str(made["_id"])
    if "with_key" in form and "managed" in form:
        _create_key(visit, organization_id, "first-key")
    visit.session.notice = "organization_created"
    raise Redirect("/organizations")


def show_organization(visit: Visit) -> Mapping[str, object]:
    """Show one organization, in the form that changes it."""
    row = _named(visit)
    live = Environment.LIVE in row.envs
    cleared = visit.world.environments.cleared(row)
    return {
        "row": row,
        "mains": _mains(visit),
        "live_offered": not live and cleared,
        "may_sign": not live and not cleared and row.is_main and visit.may_control,
    }


def update_organization(visit: Visit) -> Mapping[str, object]:
    """Change one, by the rights of the API: its admin alone may (R4)."""
    row = _named(visit)
    body = profile_in(visit.form, current=row)
    if visit.perform("updateOrganization", body, {"organization_id": row.id}) is None:
        return show_organization(visit)
    visit.session.notice = "saved"
    raise Redirect(f"/organizations/{row.id}")


def delete_organization(visit: Visit) -> Mapping[str, object]:
    """Delete one."""
    row = _named(visit)
    if visit.perform("deleteOrganization", {}, {"organization_id": row.id}) is None:
        return show_organization(visit)
    visit.session.notice = "deleted"
    raise Redirect("/organizations")


def enable_live(visit: Visit) -> Mapping[str, object]:
    """Add LIVE to one (R7)."""
    row = _named(visit)
    path = {"organization_id": row.id}
    if visit.perform("enableEnvironment", {"env": "LIVE"}, path) is None:
        return show_organization(visit)
    visit.session.notice = "live_enabled"
    raise Redirect(f"/organizations/{row.id}")


def sign_contract(visit: Visit) -> Mapping[str, object]:
    """Play the vendor who clears a main organization once its contract is signed (R7)."""
    row = _named(visit)
    if not visit.may_control:
        raise Missing
    try:
        _, key, secret = visit.world.environments.clear(row.id)
    except DomainError as error:
        visit.refused(error)
        return show_organization(visit)
    visit.service.secrets.add(secret)
    visit.session.shown_once = {"name": key.name, "key": key.key, "secret": secret}
    visit.session.env, visit.session.organization_id = key.env, row.id
    visit.session.notice = "live_enabled"
    raise Redirect("/api-keys")


def api_keys(visit: Visit) -> Mapping[str, object]:
    """List the keys of the organization and environment in view."""
    everything = ApiKeyFilter()
    page = visit.world.api_keys.list(
        visit.principal, visit.organization.id, everything, Paging(limit=PAGE_ROWS)
    )
    return {"rows": page.rows, "count": page.count, **shown_once(visit)}


def create_api_key(visit: Visit) -> Mapping[str, object]:
    """Create one; its secret is on the next page and on no other."""
    if not _create_key(visit, visit.organization.id, visit.form.get("name", "")):
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
    row, page = visit.world.users.list(
        visit.principal, visit.organization.id, Paging(limit=PAGE_ROWS)
    )
    standing = visit.world.tables.memberships
    members = [
        (one, standing.get((row.id, one.id)), PrincipalId(one.id) == row.created_by_user)
        for one in page.rows
    ]
    return {"rows": members, "count": page.count}


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
    """Say who is billed for the organization in view, and for whom it pays (R8, R14)."""
    row, principal = visit.organization, visit.principal
    table = visit.world.tables.organizations
    options = row.billing_options
    payer = table.get(row.payer_id) if row.payer_id else None
    paid_for = [one for one in table.select("payer", row.id) if sees(principal, one)]
    return {
        "withheld": bool(options and options.withhold_billing),
        "has_payer": row.payer_id is not None,
        "payer": payer if payer and sees(principal, payer) else None,
        "paid_for": paid_for[:PAGE_ROWS],
        "count": len(paid_for),
    }


def reference(visit: Visit) -> Mapping[str, object]:
    """List the operations of each API, and where it is."""
    return {
        "apis": [
            (one.api.contract.base_path, [*one.api.contract.operations.values()])
            for one in visit.service.apis
        ]
    }


def _named(visit: Visit) -> Organization:
    """Return the organization in the address.

    Raises:
        OrganizationNotFound: It is missing or out of sight (R3).
    """
    organization_id = visit.path["organization_id"].lower()
    return visit.world.organizations.retrieve(visit.principal, organization_id)


def _mains(visit: Visit) -> list[Organization]:
    """Return the main organizations in sight that something may hang under."""
    page = visit.world.organizations.list(visit.principal, Paging(limit=PAGE_ROWS * 4))
    return [row for row in page.rows if row.is_main]


def _create_key(visit: Visit, organization_id: str, name: str) -> bool:
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
    shown, visit.session.shown_once = visit.session.shown_once, None
    return {"shown_once": shown}


def sent_in(fields: Mapping[str, str]) -> JsonObject:
    """Return what a form says of a person, as the API's body."""
    return {name: value for name, value in fields.items() if value or name == "email"}


def profile_in(form: Mapping[str, str], current: Organization | None = None) -> JsonObject:
    """Return what a form says of an organization, as the API's body; empty if nothing.

    On a change an emptied field is sent as such, so that it is cleared.
    """
    fields = {name: form[name].strip() for name in (*REQUIRED, *OPTIONAL) if name in form}
    if current is None:
        told: JsonObject = {name: value for name, value in fields.items() if value}
        if not any(name in told for name in REQUIRED if name != "country_code"):
            return {}
    else:
        told = {name: value for name, value in fields.items() if value != getattr(current, name)}
    payer = form.get("billing_options.bill_to_organization", "").strip()
    withheld = "withhold_billing" in form
    if payer or withheld:
        options: JsonObject = {"withhold_billing": withheld}
        if payer:
            options["bill_to_organization"] = payer
        told["billing_options"] = options
    elif current is not None and current.billing_options:
        told["billing_options"] = {}
    return told


PAGES = (
    Page("GET", "/organizations", organizations, "organizations.html"),
    Page("GET", "/organizations/new", new_organization, "organization.html"),
    Page("POST", "/organizations/new", create_organization, "organization.html"),
    Page("GET", "/organizations/{organization_id}", show_organization, "organization.html"),
    Page("POST", "/organizations/{organization_id}", update_organization, "organization.html"),
    Page(
        "POST", "/organizations/{organization_id}/delete", delete_organization, "organization.html"
    ),
    Page("POST", "/organizations/{organization_id}/live", enable_live, "organization.html"),
    Page("POST", "/organizations/{organization_id}/contract", sign_contract, "organization.html"),
    Page("GET", "/users", users, "users.html"),
    Page("POST", "/users", invite_user, "users.html"),
    Page("POST", "/users/{user_id}/remove", remove_user, "users.html"),
    Page("GET", "/billing", billing, "billing.html"),
    Page("GET", "/api-keys", api_keys, "api_keys.html"),
    Page("POST", "/api-keys", create_api_key, "api_keys.html"),
    Page("POST", "/api-keys/{key_id}", change_api_key, "api_keys.html"),
    Page("GET", "/reference", reference, "reference.html"),
)
"""Every page; the first one whose address fits is shown."""
