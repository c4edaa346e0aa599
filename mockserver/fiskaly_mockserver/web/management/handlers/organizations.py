"""Organizations and their environments."""

from collections.abc import Mapping
from typing import cast

from fiskaly_mockserver.domain.account.model import (
    BillingOptions,
    Environment,
    ManagedConfiguration,
    OrganizationType,
)
from fiskaly_mockserver.domain.account.organizations import OrganizationFilter, Profile
from fiskaly_mockserver.web.api import Call, Handler, JsonObject, PresentedRow, PresentedRows
from fiskaly_mockserver.web.management.presenters import SUCCESS, listing_of, organization


def list_organizations(call: Call) -> PresentedRows:
    """List the organizations in the caller's sight."""
    env, kind = call.asked("env"), call.asked("type")
    narrowed = OrganizationFilter(
        env=None if env is None else Environment(env),
        type=None if kind is None else OrganizationType(kind),
        managed_by_organization_id=call.asked("managed_by_organization_id"),
    )
    page = call.world.organizations.list(call.principal, call.paging, narrowed)
    return listing_of("ORGANIZATION_LIST", organization, page.rows, page.count)


def create_organization(call: Call) -> PresentedRow:
    """Create a managed organization, or a further main one."""
    row = call.world.organizations.create(
        call.principal,
        profile_of(call.body),
        managed_by=call.sent("managed_by_organization_id"),
    )
    return PresentedRow(organization, row)


def retrieve_organization(call: Call) -> PresentedRow:
    """Show one organization."""
    row = call.world.organizations.retrieve(call.principal, call.organization_id)
    return PresentedRow(organization, row)


def update_organization(call: Call) -> PresentedRow:
    """Change an organization."""
    row = call.world.organizations.update(
        call.principal,
        call.organization_id,
        profile_of(call.body),
        managed_by=call.sent("managed_by_organization_id"),
    )
    return PresentedRow(organization, row)


def delete_organization(call: Call) -> JsonObject:
    """Delete an organization."""
    call.world.organizations.delete(call.principal, call.organization_id)
    return dict(SUCCESS)


def enable_environment(call: Call) -> JsonObject:
    """Add an environment to an organization."""
    env = Environment(call.text("env"))
    call.world.environments.enable(call.principal, call.organization_id, env)
    return dict(SUCCESS)


def profile_of(body: JsonObject) -> Profile:
    """Return what a checked body says about an organization."""
    fields: dict[str, object] = dict(body)
    fields.pop("managed_by_organization_id", None)
    if "billing_options" in body:
        options = cast("dict[str, object]", body["billing_options"])
        fields["billing_options"] = BillingOptions(**options) if options else None  # type: ignore[arg-type]
    if "managed_configuration" in body:
        configuration = cast("dict[str, bool]", body["managed_configuration"])
        fields["managed_configuration"] = (
            ManagedConfiguration(**configuration) if configuration else None
        )
    return cast("Profile", fields)


HANDLERS: Mapping[str, Handler] = {
    "listOrganizations": list_organizations,
    "createOrganization": create_organization,
    "retrieveOrganization": retrieve_organization,
    "updateOrganization": update_organization,
    "deleteOrganization": delete_organization,
    "enableEnvironment": enable_environment,
}
