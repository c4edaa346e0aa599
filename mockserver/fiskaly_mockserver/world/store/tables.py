"""All rows of a world: the frozen baseline, and the overlay tables on top of it."""

from dataclasses import dataclass
from typing import NamedTuple

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
from fiskaly_mockserver.domain.store import (
    API_KEYS,
    BILLING_ADDRESSES,
    ENDED_TOKENS,
    MEMBERSHIPS,
    ORGANIZATIONS,
    SESSIONS,
    USERS,
    Tables,
)
from fiskaly_mockserver.world.store.base_table import FrozenTable
from fiskaly_mockserver.world.store.overlay_table import OverlayTable


class Baseline(NamedTuple):
    """The rows that a world starts with and returns to; shared by all its forks.

    `preset` and `seed` are those of the tree they come from, `None` without one: the
    secrets of its keys and users derive from the seed.
    """

    preset: str | None = None
    seed: int | None = None
    organizations: FrozenTable[OrganizationId, Organization] = FrozenTable(ORGANIZATIONS)
    api_keys: FrozenTable[ApiKeyId, ApiKey] = FrozenTable(API_KEYS)
    users: FrozenTable[UserId, User] = FrozenTable(USERS)
    memberships: FrozenTable[tuple[OrganizationId, UserId], Membership] = FrozenTable(MEMBERSHIPS)
    billing_addresses: FrozenTable[BillingAddressId, BillingAddress] = FrozenTable(
        BILLING_ADDRESSES
    )


@dataclass(slots=True, eq=False, repr=False)
class Rows:
    """The overlay tables of one world, with all of their methods.

    `baseline` is what they stand on now; another state may bring another one.
    """

    baseline: Baseline
    organizations: OverlayTable[OrganizationId, Organization]
    api_keys: OverlayTable[ApiKeyId, ApiKey]
    users: OverlayTable[UserId, User]
    memberships: OverlayTable[tuple[OrganizationId, UserId], Membership]
    billing_addresses: OverlayTable[BillingAddressId, BillingAddress]
    sessions: OverlayTable[tuple[PrincipalId, Environment], Session]
    ended_tokens: OverlayTable[str, EndedToken]

    @classmethod
    def of(cls, baseline: Baseline) -> "Rows":
        """Return the baseline's rows, unchanged, with no session open."""
        return cls(
            baseline,
            OverlayTable(baseline.organizations),
            OverlayTable(baseline.api_keys),
            OverlayTable(baseline.users),
            OverlayTable(baseline.memberships),
            OverlayTable(baseline.billing_addresses),
            OverlayTable(FrozenTable(SESSIONS)),
            OverlayTable(FrozenTable(ENDED_TOKENS)),
        )

    def fork(self) -> "Rows":
        """Return independent tables with the same rows."""
        return Rows(
            self.baseline,
            self.organizations.fork(),
            self.api_keys.fork(),
            self.users.fork(),
            self.memberships.fork(),
            self.billing_addresses.fork(),
            self.sessions.fork(),
            self.ended_tokens.fork(),
        )

    def become(self, kept: "Rows") -> None:
        """Take over other rows, which are left as they are; the tables stay the same objects."""
        self.baseline = kept.baseline
        self.organizations.become(kept.organizations)
        self.api_keys.become(kept.api_keys)
        self.users.become(kept.users)
        self.memberships.become(kept.memberships)
        self.billing_addresses.become(kept.billing_addresses)
        self.sessions.become(kept.sessions)
        self.ended_tokens.become(kept.ended_tokens)

    def tables(self) -> Tables:
        """Return the tables as the domain knows them."""
        return Tables(
            self.organizations,
            self.api_keys,
            self.users,
            self.memberships,
            self.billing_addresses,
            self.sessions,
            self.ended_tokens,
        )
