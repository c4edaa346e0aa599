"""All rows of a world: the frozen baseline, and the overlay tables on top of it."""

from dataclasses import dataclass, field

from fiskaly_mockserver.domain.model import (
    ApiKey,
    ApiKeyId,
    BillingAddress,
    BillingAddressId,
    Environment,
    Membership,
    Organization,
    OrganizationId,
    PrincipalId,
    Session,
    User,
    UserId,
)
from fiskaly_mockserver.domain.store import (
    API_KEYS,
    BILLING_ADDRESSES,
    MEMBERSHIPS,
    ORGANIZATIONS,
    SESSIONS,
    USERS,
    Tables,
)
from fiskaly_mockserver.world.overlay import FrozenTable, OverlayTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The rows that a world starts with and returns to; shared by all its forks."""

    organizations: FrozenTable[OrganizationId, Organization] = field(
        default_factory=lambda: FrozenTable(ORGANIZATIONS)
    )
    api_keys: FrozenTable[ApiKeyId, ApiKey] = field(default_factory=lambda: FrozenTable(API_KEYS))
    users: FrozenTable[UserId, User] = field(default_factory=lambda: FrozenTable(USERS))
    memberships: FrozenTable[tuple[OrganizationId, UserId], Membership] = field(
        default_factory=lambda: FrozenTable(MEMBERSHIPS)
    )
    billing_addresses: FrozenTable[BillingAddressId, BillingAddress] = field(
        default_factory=lambda: FrozenTable(BILLING_ADDRESSES)
    )


@dataclass(frozen=True, slots=True)
class Rows:
    """The overlay tables of one world, with all of their methods."""

    organizations: OverlayTable[OrganizationId, Organization]
    api_keys: OverlayTable[ApiKeyId, ApiKey]
    users: OverlayTable[UserId, User]
    memberships: OverlayTable[tuple[OrganizationId, UserId], Membership]
    billing_addresses: OverlayTable[BillingAddressId, BillingAddress]
    sessions: OverlayTable[tuple[PrincipalId, Environment], Session]

    @classmethod
    def of(cls, baseline: Baseline) -> "Rows":
        """Return the baseline's rows, unchanged, with no session open."""
        return cls(
            OverlayTable(baseline.organizations),
            OverlayTable(baseline.api_keys),
            OverlayTable(baseline.users),
            OverlayTable(baseline.memberships),
            OverlayTable(baseline.billing_addresses),
            OverlayTable(FrozenTable(SESSIONS)),
        )

    def fork(self) -> "Rows":
        """Return independent tables with the same rows."""
        return Rows(
            self.organizations.fork(),
            self.api_keys.fork(),
            self.users.fork(),
            self.memberships.fork(),
            self.billing_addresses.fork(),
            self.sessions.fork(),
        )

    def reset(self) -> None:
        """Return to the baseline's rows."""
        self.organizations.reset()
        self.api_keys.reset()
        self.users.reset()
        self.memberships.reset()
        self.billing_addresses.reset()
        self.sessions.reset()

    def tables(self) -> Tables:
        """Return the tables as the domain knows them."""
        return Tables(
            self.organizations,
            self.api_keys,
            self.users,
            self.memberships,
            self.billing_addresses,
            self.sessions,
        )
