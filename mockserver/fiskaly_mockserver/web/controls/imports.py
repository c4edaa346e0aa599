"""Imported worlds against the contract: what the API could not show is not let in."""

from collections.abc import Iterator

from fiskaly_contracts import Checker, explain

from fiskaly_mockserver.domain.model import Environment
from fiskaly_mockserver.web import presenters
from fiskaly_mockserver.web.call import JsonObject
from fiskaly_mockserver.world.states import StateError
from fiskaly_mockserver.world.world import World

_ENVS = (Environment.TEST,)
"""Stands for those of the organization that a user or address is shown for."""


def demand_presentable(world: World, checker: Checker) -> None:
    """Demand that every row can be shown as the contract has it.

    Raises:
        StateError: One cannot; the message names row, field and rule.
    """
    for place, schema, shown in _shown(world):
        violations = checker.value(schema, shown)
        if violations:
            raise StateError(f"{place}: {explain(violations)}")


def _shown(world: World) -> Iterator[tuple[str, str, JsonObject]]:
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
        shown = presenters.billing_address(address, _ENVS)
        yield f"billing_addresses[{at}]", "BillingAddress", shown
