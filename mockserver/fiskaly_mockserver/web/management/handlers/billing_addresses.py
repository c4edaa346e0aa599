"""Billing addresses of the caller's own organization."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from fiskaly_mockserver.web.api import Call, Handler, JsonObject
from fiskaly_mockserver.web.management.presenters import SUCCESS, billing_address, listing

if TYPE_CHECKING:
    from fiskaly_mockserver.domain.account.billing_addresses import Recipient


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


HANDLERS: Mapping[str, Handler] = {
    "listBillingAddresses": list_billing_addresses,
    "createBillingAddress": create_billing_address,
    "retrieveBillingAddress": retrieve_billing_address,
    "updateBillingAddress": update_billing_address,
    "deleteBillingAddress": delete_billing_address,
}
