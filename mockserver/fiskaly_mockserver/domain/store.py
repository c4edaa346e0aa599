"""What the services need of a store: tables with keys, indexes and creation order.

The domain says which tables and indexes there are; `fiskaly_mockserver.world` keeps
the rows. Every method is synchronous: a service reads and writes without a break.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

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

Key = TypeVar("Key", bound=Hashable)
Key_contra = TypeVar("Key_contra", bound=Hashable, contravariant=True)
Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)
T = TypeVar("T")


class TableSpec(NamedTuple, Generic[Key, Row]):
    """A table's primary key and its indexes.

    An index maps a row to the values under which it is found: none, one or several.
    """

    name: str
    key: Callable[[Row], Key]
    indexes: Mapping[str, Callable[[Row], Iterable[Hashable]]]


class Selection(Protocol[Row_co]):
    """The rows under some values of an index, each once, oldest first."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Row_co]: ...

    def page(self, offset: int, limit: int, *, descending: bool = False) -> tuple[Row_co, ...]:
        """Return at most `limit` rows after the first `offset`.

        Descending, those are counted from the latest backwards.
        """
        ...

    def kept(self, name: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` works out from the rows, kept until any of them changes.

        `name` tells it from all else that is worked out from them; what `make` looks at
        beside the rows must be part of it.
        """
        ...


class Table(Protocol[Key_contra, Row]):
    """Rows by key, in the order of their creation."""

    @property
    def revision(self) -> int:
        """A number that no two states of this table have in common."""
        ...

    def get(self, key: Key_contra) -> Row | None:
        """Return the row, or `None` if there is none."""
        ...

    def put(self, row: Row) -> None:
        """Add the row, or replace the one of the same key in its old place."""
        ...

    def remove(self, key: Key_contra) -> None:
        """Drop the row of that key, which must exist."""
        ...

    def select(self, index: str, *values: Hashable) -> Selection[Row]:
        """Return the rows found under any of the values."""
        ...

    def position(self, key: Key_contra) -> int:
        """Return a number that grows with the order of creation."""
        ...


def _sight(row: Organization) -> Iterable[tuple[OrganizationId, Environment]]:
    return [(viewer, env) for viewer in row.viewers for env in row.envs]


def _branch(row: Organization) -> Iterable[tuple[OrganizationId, Environment]]:
    manager = row.managed_by_organization_id
    return [(manager, env) for env in row.envs] if manager else []


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
    "users", lambda row: row.id, {"email": lambda row: [row.email.casefold()]}
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


TABLES: tuple[TableSpec[Any, Any], ...] = (
    ORGANIZATIONS,
    API_KEYS,
    USERS,
    MEMBERSHIPS,
    BILLING_ADDRESSES,
    SESSIONS,
    ENDED_TOKENS,
)
"""Every table of a world."""


class Tables(NamedTuple):
    """All rows of a world."""

    organizations: Table[OrganizationId, Organization]
    api_keys: Table[ApiKeyId, ApiKey]
    users: Table[UserId, User]
    memberships: Table[tuple[OrganizationId, UserId], Membership]
    billing_addresses: Table[BillingAddressId, BillingAddress]
    sessions: Table[tuple[PrincipalId, Environment], Session]
    ended_tokens: Table[str, EndedToken]
