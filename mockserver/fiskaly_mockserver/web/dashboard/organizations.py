"""The pages of organizations: the list, the form of one, its logo, and what leads to LIVE."""

from collections.abc import Iterator, Mapping, Sequence

from fiskaly_mockserver.domain.account.access import sees
from fiskaly_mockserver.domain.account.logos import NoLogo, logo_of
from fiskaly_mockserver.domain.account.model import Environment, Organization, OrganizationType
from fiskaly_mockserver.domain.account.organizations import OrganizationFilter
from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.domain.store import Paging
from fiskaly_mockserver.web.api import Download, JsonObject
from fiskaly_mockserver.web.dashboard.account import (
    PAGE_ROWS,
    create_key,
    paged,
    paging,
    shown_once,
)
from fiskaly_mockserver.web.dashboard.frame import Missing, Page, Redirect, Visit

REQUIRED = ("name", "address_line1", "zip", "town", "country_code")
OPTIONAL = ("display_name", "address_line2", "state", "vat_id", "tax_number", "economy_id")

MOST_MAINS = 200
"""Main organizations that a form offers; of others the id is sent by API."""
METADATA_LINES = 20
METADATA_BLANK = 3
"""Empty lines for metadata that the form offers below those that are filled in."""


def organizations(visit: Visit) -> Mapping[str, object]:
    """List what the person may see, each main organization followed by what it manages."""
    page = visit.world.organizations.list(visit.principal, paging(visit))
    table = visit.world.tables.organizations
    rows = [
        (row, table.get(row.managed_by_organization_id) if row.managed_by_organization_id else None)
        for row in page.rows
    ]
    visible = [
        (row, above if above and sees(visit.principal, above) else None) for row, above in rows
    ]
    return {"rows": visible, **paged(visit, page.count), **shown_once(visit)}


def new_organization(visit: Visit) -> Mapping[str, object]:
    """Offer the form for a further organization."""
    return {"row": None, "live_offered": False, "may_sign": False, **_choices(visit)}


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
        create_key(visit, organization_id, "first-key")
    visit.session.notice = "organization_created"
    raise Redirect("/organizations")


def show_organization(visit: Visit) -> Mapping[str, object]:
    """Show one organization, in the form that changes it."""
    row = _named(visit)
    live = Environment.LIVE in row.envs
    cleared = visit.world.environments.cleared(row)
    return {
        "row": row,
        **_choices(visit, row),
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


def set_logo(visit: Visit) -> Mapping[str, object]:
    """Store the logo that was uploaded (R13)."""
    row = _named(visit)
    try:
        logo = logo_of(visit.files.get("logo", b""))
        visit.world.organizations.set_logo(visit.principal, row.id, logo)
    except NoLogo as error:
        visit.errors["logo"], visit.status = str(error), 400
        return show_organization(visit)
    except DomainError as error:
        visit.refused(error)
        return show_organization(visit)
    visit.session.notice = "saved"
    raise Redirect(f"/organizations/{row.id}")


def remove_logo(visit: Visit) -> Mapping[str, object]:
    """Take it away."""
    row = _named(visit)
    try:
        visit.world.organizations.set_logo(visit.principal, row.id, None)
    except DomainError as error:
        visit.refused(error)
        return show_organization(visit)
    visit.session.notice = "deleted"
    raise Redirect(f"/organizations/{row.id}")


def logo(visit: Visit) -> Download:
    """Send the picture.

    Raises:
        Missing: The organization has none.
    """
    found = _named(visit).logo
    if found is None:
        raise Missing
    return Download(found.media_type, [found.content])


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


def _named(visit: Visit) -> Organization:
    """Return the organization in the address.

    Raises:
        OrganizationNotFound: It is missing or out of sight (R3).
    """
    organization_id = visit.path["organization_id"].lower()
    return visit.world.organizations.retrieve(visit.principal, organization_id)


def _choices(visit: Visit, row: Organization | None = None) -> Mapping[str, object]:
    """Return what the form offers to choose from, and the lines of its metadata."""
    form = visit.form
    metadata = list(row.metadata.items()) if row else []
    if "metadata.name.0" in form:
        metadata = list(_lines_in(form))
    metadata += [("", "")] * METADATA_BLANK
    addresses = visit.world.billing_addresses.list(visit.principal, Paging(limit=PAGE_ROWS)).rows
    return {
        "mains": _mains(visit),
        "addresses": addresses,
        "metadata": metadata[:METADATA_LINES],
    }


def _mains(visit: Visit) -> Sequence[Organization]:
    """Return the main organizations in sight that something may hang under."""
    mains = OrganizationFilter(type=OrganizationType.MAIN)
    return visit.world.organizations.list(visit.principal, Paging(limit=MOST_MAINS), mains).rows


def profile_in(form: Mapping[str, str], current: Organization | None = None) -> JsonObject:
    """Return what a form says of an organization, as the API's body; empty if nothing.

    On a change an emptied field is sent as such, so that it is cleared; what a field cannot
    show, as a line break, is no change.
    """
    fields = {name: form[name].strip() for name in (*REQUIRED, *OPTIONAL) if name in form}
    if current is None:
        told: JsonObject = {name: value for name, value in fields.items() if value}
        if not any(name in told for name in REQUIRED if name != "country_code"):
            return {}
    else:
        told = {
            name: value
            for name, value in fields.items()
            if value != _in_a_field(getattr(current, name)).strip()
        }
    if "metadata.name.0" in form:
        known = {} if current is None else current.metadata
        shown = {(one.strip(), _in_a_field(text)): (one, text) for one, text in known.items()}
        metadata: JsonObject = dict(shown.get(line, line) for line in _lines_in(form))
        if metadata or current:
            told["metadata"] = metadata
    if "billing_address_id" in form and (current or form["billing_address_id"]):
        told["billing_address_id"] = form["billing_address_id"]
    payer = form.get("billing_options.bill_to_organization", "").strip()
    withheld = "withhold_billing" in form
    before = current.billing_options if current else None
    options: JsonObject = {"withhold_billing": withheld} if payer or withheld else {}
    if payer:
        options["bill_to_organization"] = payer
    if before and before.gln:  # which the form does not show
        options["gln"] = before.gln
    if options or before:
        told["billing_options"] = options
    return told


def _in_a_field(text: str) -> str:
    """Return a text as a field of one line sends it back."""
    return text.replace("\r", "").replace("\n", "")


def _lines_in(form: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the metadata of a form, whose lines are numbered; a line without name is none."""
    start = "metadata.name."
    for line, name in form.items():
        if line.startswith(start) and name.strip():
            yield name.strip(), form.get(f"metadata.value.{line.removeprefix(start)}", "")


PAGES = (
    Page("GET", "/organizations", organizations, "organizations.html"),
    Page("GET", "/organizations/new", new_organization, "organization.html"),
    Page("POST", "/organizations/new", create_organization, "organization.html"),
    Page("GET", "/organizations/{organization_id}", show_organization, "organization.html"),
    Page("POST", "/organizations/{organization_id}", update_organization, "organization.html"),
    Page(
        "POST", "/organizations/{organization_id}/delete", delete_organization, "organization.html"
    ),
    Page("GET", "/organizations/{organization_id}/logo", logo),
    Page("POST", "/organizations/{organization_id}/logo", set_logo, "organization.html"),
    Page("POST", "/organizations/{organization_id}/logo/remove", remove_logo, "organization.html"),
    Page("POST", "/organizations/{organization_id}/live", enable_live, "organization.html"),
    Page("POST", "/organizations/{organization_id}/contract", sign_contract, "organization.html"),
)
"""Every page of organizations."""
