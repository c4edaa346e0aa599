"""One function per operation of the Management API, by operationId."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from fiskaly_mockserver.domain.account.api_keys import ApiKeyFilter
from fiskaly_mockserver.domain.account.model import (
    BillingOptions,
    Environment,
    KeyStatus,
    ManagedConfiguration,
    OrganizationType,
)
from fiskaly_mockserver.domain.account.organizations import OrganizationFilter, Profile
from fiskaly_mockserver.web.api import Call, Handler, JsonObject, PresentedRow, PresentedRows
from fiskaly_mockserver.web.management.presenters import (
    SUCCESS,
    api_key,
    billing_address,
    listing,
    listing_of,
    organization,
    session,
    user,
)

if TYPE_CHECKING:
    from fiskaly_mockserver.domain.account.billing_addresses import Recipient


def authenticate(call: Call) -> JsonObject:
    """Open or continue a session by key, by refresh token, or by e-mail and password."""
    sessions = call.world.sessions
    if "api_key" in call.body:
        return session(sessions.open_with_key(call.text("api_key"), call.text("api_secret")))
    if "refresh_token" in call.body:
        return session(sessions.refresh(call.text("refresh_token")))
    return session(sessions.open_with_password(call.text("email"), call.text("password")))


_AUTH: Mapping[str, Handler] = {"authenticate": authenticate}


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
        managed_by=cast("str | None", call.body.get("managed_by_organization_id")),
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


_ORGANIZATIONS: Mapping[str, Handler] = {
    "listOrganizations": list_organizations,
    "createOrganization": create_organization,
    "retrieveOrganization": retrieve_organization,
    "updateOrganization": update_organization,
    "deleteOrganization": delete_organization,
    "enableEnvironment": enable_environment,
}


def list_api_keys(call: Call) -> PresentedRows:
    """List an organization's keys of the caller's environment."""
    narrowed = ApiKeyFilter(
        statuses=[KeyStatus(status) for status in call.asked_all("status")],
        kinds=[Environment(kind.upper()) for kind in call.asked_all("kind")],
    )
    page = call.world.api_keys.list(call.principal, call.organization_id, narrowed, call.paging)
    return listing_of("API_KEY_LIST", api_key, page.rows, page.count)


def create_api_key(call: Call) -> JsonObject:
    """Create a key; the answer is the only one that shows its secret."""
    row, secret = call.world.api_keys.create(
        call.principal,
        call.organization_id,
        name=call.text("name"),
        status=KeyStatus(call.text("status")),
        metadata=cast("Mapping[str, str]", call.body.get("metadata", {})),
        managed_by=call.sent("managed_by_organization_id"),
    )
    return api_key(row, secret=secret)


def retrieve_api_key(call: Call) -> PresentedRow:
    """Show one key, without its secret."""
    row = call.world.api_keys.retrieve(call.principal, call.organization_id, call.path["key_id"])
    return PresentedRow(api_key, row)


def update_api_key(call: Call) -> PresentedRow:
    """Change a key's status or metadata."""
    status = call.sent("status")
    row = call.world.api_keys.update(
        call.principal,
        call.organization_id,
        call.path["key_id"],
        status=None if status is None else KeyStatus(status),
        metadata=cast("Mapping[str, str] | None", call.body.get("metadata")),
    )
    return PresentedRow(api_key, row)


def delete_api_key(call: Call) -> JsonObject:
    """Delete a key."""
    call.world.api_keys.delete(call.principal, call.organization_id, call.path["key_id"])
    return dict(SUCCESS)


_API_KEYS: Mapping[str, Handler] = {
    "listApiKeys": list_api_keys,
    "createApiKey": create_api_key,
    "retrieveApiKey": retrieve_api_key,
    "updateApiKey": update_api_key,
    "deleteApiKey": delete_api_key,
}


def list_users(call: Call) -> JsonObject:
    """List an organization's members and open invitations."""
    organization, page = call.world.users.list(call.principal, call.organization_id, call.paging)
    rows = (user(row, organization.envs) for row in page.rows)
    return listing("USER_LIST", rows, page.count)


def invite_user(call: Call) -> JsonObject:
    """Add a known user, or invite an unknown one."""
    organization, row = call.world.users.invite(
        call.principal,
        call.organization_id,
        email=call.text("email"),
        first_name=call.text("first_name"),
        last_name=call.text("last_name"),
    )
    return user(row, organization.envs)


def remove_user(call: Call) -> JsonObject:
    """Take a user out of an organization."""
    call.world.users.remove(call.principal, call.organization_id, call.path["user_id"])
    return dict(SUCCESS)


_USERS: Mapping[str, Handler] = {
    "listUsers": list_users,
    "inviteUser": invite_user,
    "removeUser": remove_user,
}


def list_billing_addresses(call: Call) -> JsonObject:
    """List the caller's billing addresses."""
    page = call.world.billing_addresses.list(call.principal, call.paging)
    rows = (billing_address(row, call.principal.home.envs) for row in page.rows)
    return listing("BILLING_ADDRESS_LIST", rows, page.count)


def create_billing_address(call: Call) -> JsonObject:
    """Add a billing address."""
    row = call.world.billing_addresses.create(call.principal, cast("Recipient", call.body))
    return billing_address(row, call.principal.home.envs)


def retrieve_billing_address(call: Call) -> JsonObject:
    """Show one billing address."""
    row = call.world.billing_addresses.retrieve(call.principal, call.path["address_id"])
    return billing_address(row, call.principal.home.envs)


def update_billing_address(call: Call) -> JsonObject:
    """Change a billing address."""
    row = call.world.billing_addresses.update(
        call.principal, call.path["address_id"], cast("Recipient", call.body)
    )
    return billing_address(row, call.principal.home.envs)


def delete_billing_address(call: Call) -> JsonObject:
    """Delete a billing address that nobody uses."""
    call.world.billing_addresses.delete(call.principal, call.path["address_id"])
    return dict(SUCCESS)


_BILLING_ADDRESSES: Mapping[str, Handler] = {
    "listBillingAddresses": list_billing_addresses,
    "createBillingAddress": create_billing_address,
    "retrieveBillingAddress": retrieve_billing_address,
    "updateBillingAddress": update_billing_address,
    "deleteBillingAddress": delete_billing_address,
}

HANDLERS: Mapping[str, Handler] = {
    **_AUTH,
    **_ORGANIZATIONS,
    **_API_KEYS,
    **_USERS,
    **_BILLING_ADDRESSES,
}
