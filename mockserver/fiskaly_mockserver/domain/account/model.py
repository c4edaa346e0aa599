"""The rows and tables of an account: organizations, keys, users, billing addresses, sessions.

Rows are frozen and replaced, never mutated, so any number of worlds can share them.
Optional text is `""` where unset; optional objects and references are `None`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from itertools import product
from types import MappingProxyType
from typing import Any, NamedTuple, NewType

from fiskaly_mockserver.domain.store import Table, TableSpec

OrganizationId = NewType("OrganizationId", str)
ApiKeyId = NewType("ApiKeyId", str)
UserId = NewType("UserId", str)
BillingAddressId = NewType("BillingAddressId", str)
PrincipalId = NewType("PrincipalId", str)

EMPTY_METADATA: Mapping[str, str] = MappingProxyType({})


class Environment(StrEnum):
    """The two modes of an account, with their wire values."""

    TEST = "TEST"
    LIVE = "LIVE"


class OrganizationType(StrEnum):
    """Main organizations and managed ones, with their wire values."""

    MAIN = "ORGANIZATION"
    MANAGED = "MANAGED_ORGANIZATION"


class KeyStatus(StrEnum):
    """Whether an API key may open new sessions."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class PrincipalKind(StrEnum):
    """Whether a token belongs to an API key or a user."""

    API_KEY = "API_KEY"
    USER = "USER"


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingOptions:
    """Who is billed for an organization (R8); `None` where a field was not given."""

    gln: str | None = None
    withhold_billing: bool | None = None
    bill_to_organization: OrganizationId | None = None

    def __bool__(self) -> bool:
        parts = self.gln, self.withhold_billing, self.bill_to_organization
        return parts != (None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedConfiguration:
    """The deprecated predecessor of billing options: stored and shown, without effect.

    Source: assumption (A-50).
    """

    withhold_billing: bool | None = None

    def __bool__(self) -> bool:
        return self.withhold_billing is not None


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture that stands for an organization (R13), such as `image/png`."""

    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """A main or managed organization.

    `viewers` are the organizations whose principals see it (R3), fixed at creation:
    itself, its main organization, and the organization that created the main one.
    `created_by_organization_id` is the home of the creating principal and never
    appears on the wire; it is `None` for the first main organization of an account.
    """

    id: OrganizationId
    type: OrganizationType
    envs: tuple[Environment, ...]
    name: str
    address_line1: str
    zip: str
    town: str
    country_code: str
    display_name: str = ""
    vat_id: str = ""
    contact_person_id: str = ""
    address_line2: str = ""
    state: str = ""
    tax_number: str = ""
    economy_id: str = ""
    billing_options: BillingOptions | None = None
    billing_address_id: str = ""
    metadata: Mapping[str, str] = field(default_factory=lambda: EMPTY_METADATA)
    managed_configuration: ManagedConfiguration | None = None
    managed_by_organization_id: OrganizationId | None = None
    created_by_user: PrincipalId
    created_by_organization_id: OrganizationId | None = None
    logo: Logo | None = None
    viewers: tuple[OrganizationId, ...] = field(default=(), repr=False)

    @property
    def is_main(self) -> bool:
        """Tell whether this is a main organization (R1)."""
        return self.type is OrganizationType.MAIN

    @property
    def payer_id(self) -> OrganizationId | None:
        """The main organization that is billed instead of this one, if any (R8)."""
        return self.billing_options.bill_to_organization if self.billing_options else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key of one organization in one environment (R5).

    `principal_id` is the identity its tokens carry and its creations name as
    `created_by_user`; it differs from `id`. Source: assumption (A-37).
    `created_at` is in unix seconds. Of the secret only `secret_hash` is stored.
    """

    id: ApiKeyId
    principal_id: PrincipalId
    organization_id: OrganizationId
    env: Environment
    key: str
    secret_hash: bytes = field(repr=False)
    created_at: int
    created_by_user: PrincipalId
    name: str
    status: KeyStatus
    metadata: Mapping[str, str] = field(default_factory=lambda: EMPTY_METADATA)
    managed_by_organization_id: OrganizationId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person with an e-mail; `registered` once they signed up.

    A user's principal id is its `id`. Source: assumption (A-37).
    """

    id: UserId
    email: str
    first_name: str = ""
    last_name: str = ""
    registered: bool
    password_hash: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A user's place in an organization.

    `pending_until` (unix seconds) is set for an invitation that was not yet accepted.
    """

    organization_id: OrganizationId
    user_id: UserId
    pending_until: float | None = None

    def is_valid(self, now: float) -> bool:
        """Tell whether the membership is confirmed or its invitation has not lapsed."""
        return self.pending_until is None or now < self.pending_until


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingAddress:
    """An address that bills of the owning organization can be sent to (R10)."""

    id: BillingAddressId
    organization_id: OrganizationId
    recipient: str
    address_line1: str
    zip: str
    town: str
    country_code: str
    address_line2: str = ""
    display_name: str = ""
    vat_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The pair of tokens that a principal holds in one environment.

    All `*_expires_at` are whole unix seconds.
    """

    principal_id: PrincipalId
    organization_id: OrganizationId
    env: Environment
    access_token: str = field(repr=False)
    access_expires_at: int
    refresh_token: str = field(repr=False)
    refresh_expires_at: int


@dataclass(frozen=True, slots=True)
class EndedToken:
    """An access token that was made to expire before its time, by its `jti`."""

    token_id: str


# ------------------------------------------------------------------ secrets and passwords

# Secrets are 256 random bits and passwords of seeded users are derived from the seed,
# so one round of SHA-256 is enough: there is nothing to guess. A password that a test
# makes up for a sign-up is only as good as itself; an exported world shows its hash.

_NOBODY = bytes(32)


def hash_secret(secret: str) -> bytes:
    """Return the hash under which a secret or password is stored."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def matches(secret: str, hashed: bytes | None) -> bool:
    """Tell whether the secret has that hash, at the same cost whether there is one."""
    same = compare_digest(hash_secret(secret), _NOBODY if hashed is None else hashed)
    return same and hashed is not None


# --------------------------------------------- the tables, and what their rows are found by


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
