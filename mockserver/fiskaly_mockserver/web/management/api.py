"""The Management API as the server knows it."""

from collections.abc import Iterator

from fiskaly_contracts import Contract

from fiskaly_mockserver.domain.account.model import Environment
from fiskaly_mockserver.web.api import Api, JsonObject
from fiskaly_mockserver.web.management import presenters
from fiskaly_mockserver.web.management.errors import ManagementErrors
from fiskaly_mockserver.web.management.handlers import HANDLERS
from fiskaly_mockserver.world.world import World

_ENVS = (Environment.TEST,)
"""Stands for those of the organization that a user or address is presented for."""


def management_api() -> Api:
    """Return the Management API, with the bundled contract."""
    return Api(
        name="management",
        contract=Contract.bundled(),
        handlers=HANDLERS,
        errors=ManagementErrors(),
        rows=presented_rows,
    )


def presented_rows(world: World) -> Iterator[tuple[str, str, JsonObject]]:
    """Yield every row of a world: its place, the name of its schema, and its JSON."""
    rows = world.rows
    for at, organization in enumerate(rows.organizations):
        schema = "Organization" if organization.is_main else "ManagedOrganization"
        yield f"organizations[{at}]", schema, presenters.organization(organization)
    for at, key in enumerate(rows.api_keys):
        schema = "ManagedApiKey" if key.managed_by_organization_id else "ApiKey"
        yield f"api_keys[{at}]", schema, presenters.api_key(key)
    for at, user in enumerate(rows.users):
        yield f"users[{at}]", "User", presenters.user(user, _ENVS)
    for at, address in enumerate(rows.billing_addresses):
        presented = presenters.billing_address(address, _ENVS)
        yield f"billing_addresses[{at}]", "BillingAddress", presented
