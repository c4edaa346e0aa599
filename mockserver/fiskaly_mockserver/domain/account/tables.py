"""The tables of an account: what rows are found by."""

from collections.abc import Iterable
from itertools import product
from typing import Any, NamedTuple

from fiskaly_mockserver.domain.account.model import (
    ApiKey,
    ApiKeyId,
    BillingAddress,
    BillingAddressId,
    EndedToken,
    Environment,
    Membership,
    Organization,
    OrganizationId,
    PrincipalId,
    Session,
    User,
    UserId,
)
from fiskaly_mockserver.domain.store import Table, TableSpec


def _sight(row: Organization) -> Iterable[tuple[OrganizationId, Environment]]:
    return product(row.viewers, row.envs)


def _branch(row: Organization) -> Iterable[tuple[OrganizationId, Environment]]:
    manager = row.managed_by_organization_id
    return product((manager,), row.envs) if manager else ()


ORGANIZATIONS: TableSpec[OrganizationId, Organization] = TableSpec(
    "organizations",
    lambda row: row.id,
    {
        "sight": _sight,
        "branch": _branch,
        "payer": lambda row: _some(row.payer_id),
        "billing_address": lambda row: _some(row.billing_address_id),
    },
)
API_KEYS: TableSpec[ApiKeyId, ApiKey] = TableSpec(
    "api_keys",
    lambda row: row.id,
    {
        "organization": lambda row: [row.organization_id],
        "place": lambda row: [(row.organization_id, row.env)],
        "name": lambda row: [(row.organization_id, row.env, row.name)],
        "key": lambda row: [row.key],
        "principal": lambda row: [row.principal_id],
    },
)
USERS: TableSpec[UserId, User] = TableSpec(
    "users", lambda row: row.id, {"email": lambda row: [row.email.lower()]}
)
MEMBERSHIPS: TableSpec[tuple[OrganizationId, UserId], Membership] = TableSpec(
    "memberships",
    lambda row: (row.organization_id, row.user_id),
    {"organization": lambda row: [row.organization_id], "user": lambda row: [row.user_id]},
)
BILLING_ADDRESSES: TableSpec[BillingAddressId, BillingAddress] = TableSpec(
    "billing_addresses", lambda row: row.id, {"organization": lambda row: [row.organization_id]}
)
SESSIONS: TableSpec[tuple[PrincipalId, Environment], Session] = TableSpec(
    "sessions", lambda row: (row.principal_id, row.env), {}
)

ENDED_TOKENS: TableSpec[str, EndedToken] = TableSpec("ended_tokens", lambda row: row.token_id, {})


def _some(value: str | None) -> Iterable[str]:
    return [value] if value else []


ACCOUNT_TABLES: tuple[TableSpec[Any, Any], ...] = (
    ORGANIZATIONS,
    API_KEYS,
    USERS,
    MEMBERSHIPS,
    BILLING_ADDRESSES,
    SESSIONS,
    ENDED_TOKENS,
)
"""Every table of an account."""


class Tables(NamedTuple):
    """All rows of an account."""

    organizations: Table[OrganizationId, Organization]
    api_keys: Table[ApiKeyId, ApiKey]
    users: Table[UserId, User]
    memberships: Table[tuple[OrganizationId, UserId], Membership]
    billing_addresses: Table[BillingAddressId, BillingAddress]
    sessions: Table[tuple[PrincipalId, Environment], Session]
    ended_tokens: Table[str, EndedToken]
