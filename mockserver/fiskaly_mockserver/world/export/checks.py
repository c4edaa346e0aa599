"""What has to hold between the rows of an exported world, so that the services stand on it.

What may be gone in a living world may be gone here too: the principal that created
something, the organization that created another one, a contact person.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from fiskaly_mockserver.domain.account.model import (
    ApiKey,
    BillingAddress,
    Membership,
    Organization,
    OrganizationId,
    User,
    UserId,
)
from fiskaly_mockserver.world.export.rows import StateError
from fiskaly_mockserver.world.names import shown

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRows:
    """The rows of an exported world, in the order of the export."""

    organizations: list[Organization]
    api_keys: list[ApiKey]
    users: list[User]
    memberships: list[Membership]
    billing_addresses: list[BillingAddress]


def check_rows(rows: ReadRows) -> None:
    """Demand unique ids, references that lead somewhere, and R1, R5, R6 and R8.

    Raises:
        StateError: Something does not fit; it names the first place.
    """
    organizations = _by_id(rows.organizations, "organizations")
    addresses = _unique((row.id for row in rows.billing_addresses), "/billing_addresses/{}/id")
    users = _unique((row.id for row in rows.users), "/users/{}/id")
    _unique((row.email.lower() for row in rows.users), "/users/{}/email")
    for at, row in enumerate(rows.organizations):
        _check_place(f"/organizations/{at}", row, organizations)
        if row.billing_address_id:
            _known(row.billing_address_id, addresses, f"/organizations/{at}/billing_address_id")
    _check_payers(rows.organizations, organizations)
    _check_keys(rows.api_keys, organizations, users)
    for at, address in enumerate(rows.billing_addresses):
        _known(address.organization_id, organizations, f"/billing_addresses/{at}/organization_id")
    _unique(((row.organization_id, row.user_id) for row in rows.memberships), "/memberships/{}")
    for at, membership in enumerate(rows.memberships):
        _known(membership.organization_id, organizations, f"/memberships/{at}/organization_id")
        _known(membership.user_id, users, f"/memberships/{at}/user_id")
    for at, user in enumerate(rows.users):
        if user.registered != (user.password_hash is not None):
            raise StateError(
                f"/users/{at}/registered is {shown(user.registered)}, but a user with"
                " password_hash or seeded is registered, and one without is not"
            )


def _by_id(rows: list[Organization], table: str) -> Mapping[OrganizationId, Organization]:
    _unique((row.id for row in rows), f"/{table}/{{}}/id")
    return {row.id: row for row in rows}


def _unique(values: Iterable[T], path: str) -> Mapping[T, int]:
    """Return the values with their first places, of which each may have one."""
    seen: dict[T, int] = {}
    for at, value in enumerate(values):
        if seen.setdefault(value, at) != at:
            first = path.format(seen[value])
            raise StateError(f"{path.format(at)} is {shown(value)}, but so is {first} already")
    return seen


def _known(reference: Hashable, known: Mapping[T, object], path: str) -> None:
    if reference not in known:
        raise StateError(f"{path} is {shown(reference)}, but there is nothing with that id")


def _check_place(
    path: str, row: Organization, organizations: Mapping[OrganizationId, Organization]
) -> None:
    manager_id = row.managed_by_organization_id
    path += "/managed_by_organization_id"
    if row.is_main:
        if manager_id is not None:
            raise StateError(f"{path} is {shown(manager_id)}, but a main one has none (R1)")
        return
    if manager_id is None:
        raise StateError(f"{path} is missing, but a managed organization has one (R1)")
    _known(manager_id, organizations, path)
    if not organizations[manager_id].is_main:
        raise StateError(f"{path} is {shown(manager_id)}, but that is managed itself (R1)")


def _check_payers(
    rows: list[Organization], organizations: Mapping[OrganizationId, Organization]
) -> None:
    for at, row in enumerate(rows):
        path = f"/organizations/{at}/billing_options/bill_to_organization"
        passed, payer_id = {row.id}, row.payer_id
        while payer_id:
            _known(payer_id, organizations, path)
            if not organizations[payer_id].is_main:
                raise StateError(f"{path} is {shown(payer_id)}, but a managed one cannot pay (R8)")
            if payer_id in passed:
                raise StateError(f"{path} is {shown(row.payer_id)}, but payers form a circle (R8)")
            passed.add(payer_id)
            payer_id = organizations[payer_id].payer_id


def _check_keys(
    rows: list[ApiKey],
    organizations: Mapping[OrganizationId, Organization],
    users: Mapping[UserId, int],
) -> None:
    path = "/api_keys/{}"
    _unique((row.id for row in rows), f"{path}/id")
    _unique((row.key for row in rows), f"{path}/key")
    _unique((row.principal_id for row in rows), f"{path}/principal_id")
    _unique(((row.organization_id, row.env, row.name) for row in rows), f"{path}/name")
    for at, row in enumerate(rows):
        here = path.format(at)
        user_id = UserId(row.principal_id)
        if user_id in users:
            raise StateError(
                f"{here}/principal_id is {shown(user_id)}, but so is"
                f" /users/{users[user_id]}/id already"
            )
        _known(row.organization_id, organizations, f"{here}/organization_id")
        owner = organizations[row.organization_id]
        if row.env not in owner.envs:
            raise StateError(
                f"{here}/env is {shown(row.env)}, but its organization has {shown(owner.envs)} (R6)"
            )
        if row.managed_by_organization_id not in (None, owner.managed_by_organization_id):
            raise StateError(
                f"{here}/managed_by_organization_id is {shown(row.managed_by_organization_id)},"
                f" but its organization's is {shown(owner.managed_by_organization_id)}"
            )
