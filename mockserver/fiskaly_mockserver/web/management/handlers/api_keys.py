"""API keys of an organization."""

from collections.abc import Mapping
from typing import cast

from fiskaly_mockserver.domain.account.api_keys import ApiKeyFilter
from fiskaly_mockserver.domain.account.model import Environment, KeyStatus
from fiskaly_mockserver.web.api import Call, Handler, JsonObject, PresentedRow, PresentedRows
from fiskaly_mockserver.web.management.presenters import SUCCESS, api_key, listing_of


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


HANDLERS: Mapping[str, Handler] = {
    "listApiKeys": list_api_keys,
    "createApiKey": create_api_key,
    "retrieveApiKey": retrieve_api_key,
    "updateApiKey": update_api_key,
    "deleteApiKey": delete_api_key,
}
