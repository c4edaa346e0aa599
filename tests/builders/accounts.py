"""Two small accounts in one world, built row by row.

The first account:

    vendor      main, TEST and LIVE, made by `admin`; owns two billing addresses
      shop      managed, TEST and LIVE, billed to the vendor's office
      cafe      managed, TEST
    partner     main, TEST, made by the vendor's TEST key, billed to the vendor, withheld
      branch    managed, TEST, made by the partner's key

The second account, which nobody of the first may ever see:

    stranger    main, TEST and LIVE; owns a billing address
      outpost   managed, TEST and LIVE
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict, Unpack

from fiskaly_mockserver.domain.account.access import Principal, viewers_of
from fiskaly_mockserver.domain.account.model import (
    ApiKey,
    ApiKeyId,
    BillingAddress,
    BillingAddressId,
    BillingOptions,
    Environment,
    KeyStatus,
    Membership,
    Organization,
    OrganizationId,
    OrganizationType,
    PrincipalId,
    PrincipalKind,
    User,
    UserId,
    hash_secret,
)
from fiskaly_mockserver.domain.account.organizations import Profile
from fiskaly_mockserver.domain.backend import Claims, Lifetimes, TokenUse
from fiskaly_mockserver.world.clock import FrozenClock
from fiskaly_mockserver.world.seams import SeededSource
from fiskaly_mockserver.world.store.tables import Baseline
from fiskaly_mockserver.world.world import Seams, World

START = 1_760_000_000.0
NOWHERE = "99999999-9999-4999-8999-999999999999"
TEST, LIVE = Environment.TEST, Environment.LIVE
BOTH = (TEST, LIVE)


def uid(number: int) -> str:
    """Return an id that tells on sight that it is a test's."""
    return f"00000000-0000-4000-8000-{number:012x}"


def profile(**changes: Unpack[Profile]) -> Profile:
    """Return the required fields of an organization, and `changes`."""
    required: Profile = {
        "name": "Bakery",
        "address_line1": "Ring 1",
        "zip": "1010",
        "town": "Wien",
        "country_code": "AUT",
    }
    return {**required, **changes}


VENDOR = OrganizationId(uid(0x10))
SHOP = OrganizationId(uid(0x11))
CAFE = OrganizationId(uid(0x12))
PARTNER = OrganizationId(uid(0x20))
BRANCH = OrganizationId(uid(0x21))
STRANGER = OrganizationId(uid(0x30))
OUTPOST = OrganizationId(uid(0x31))

ADMIN = UserId(uid(0x40))
CLERK = UserId(uid(0x41))
GUEST = UserId(uid(0x42))
BOSS = UserId(uid(0x43))

OFFICE = BillingAddressId(uid(0x50))
SPARE = BillingAddressId(uid(0x51))
ABROAD = BillingAddressId(uid(0x52))

HOMES: Mapping[str, tuple[OrganizationId, Environment]] = {
    "vendor_test": (VENDOR, TEST),
    "vendor_live": (VENDOR, LIVE),
    "shop_test": (SHOP, TEST),
    "shop_live": (SHOP, LIVE),
    "cafe_test": (CAFE, TEST),
    "partner_test": (PARTNER, TEST),
    "branch_test": (BRANCH, TEST),
    "stranger_test": (STRANGER, TEST),
    "stranger_live": (STRANGER, LIVE),
    "outpost_test": (OUTPOST, TEST),
    "outpost_live": (OUTPOST, LIVE),
}
"""The keys: whose each is, and its environment."""

USER_IDS: Mapping[str, UserId] = {"admin": ADMIN, "clerk": CLERK, "guest": GUEST, "boss": BOSS}
FIRST_ACCOUNT = (VENDOR, SHOP, CAFE, PARTNER, BRANCH)
SECOND_ACCOUNT = (STRANGER, OUTPOST)


def principal_id(name: str) -> PrincipalId:
    """Return the principal id of a key or user."""
    if name in USER_IDS:
        return PrincipalId(USER_IDS[name])
    return PrincipalId(uid(0x200 + list(HOMES).index(name)))


def key_id(name: str) -> ApiKeyId:
    """Return the id of a key, which is not its principal's."""
    return ApiKeyId(uid(0x100 + list(HOMES).index(name)))


def secret_of(name: str) -> str:
    """Return the secret of a key or the password of a user, visibly made up."""
    return f"EXAMPLE{name.replace('_', '')}".ljust(43, "0")


def caller_facts(name: str, **more: str) -> dict[str, str]:
    """Return what a refusal tells of who calls, and `more`."""
    home, env = HOMES.get(name, (VENDOR, TEST))
    caller = {"caller": principal_id(name), "caller_organization": home, "caller_environment": env}
    return {**caller, **more}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A world with both accounts in it, and its clock."""

    world: World
    clock: FrozenClock

    @classmethod
    def build(cls, *, lifetimes: Lifetimes | None = None, seed: str = "account") -> "Account":
        """Return both accounts in a world of their own."""
        clock, source = FrozenClock(START), SeededSource(seed)
        seams = Seams(clock=clock, ids=source, secrets=source, lifetimes=lifetimes or Lifetimes())
        return cls(world=World.on(baseline(), seams), clock=clock)

    def organization(self, organization_id: str) -> Organization:
        """Return an organization's row as it stands, whoever sees it."""
        row = self.world.tables.organizations.get(OrganizationId(organization_id))
        assert row is not None
        return row

    def key(self, name: str) -> ApiKey:
        """Return a key's row as it stands."""
        row = self.world.tables.api_keys.get(key_id(name))
        assert row is not None
        return row

    def token(self, name: str, **changes: Unpack["ClaimChanges"]) -> str:
        """Return a token of a key or user that opens no session, so changes no row."""
        now = int(self.clock.now())
        user = name in USER_IDS
        home, env = (VENDOR, TEST) if user else HOMES[name]
        claims = Claims(
            use=changes.get("use", TokenUse.ACCESS),
            principal_id=principal_id(name),
            kind=PrincipalKind.USER if user else PrincipalKind.API_KEY,
            organization_id=changes.get("organization_id", home),
            env=changes.get("env", env),
            session_id=uid(0x900),
            token_id=uid(0x901),
            issued_at=now,
            expires_at=changes.get("expires_at", now + 60),
        )
        return self.world.seams.tokens.issue(claims)

    def by(self, name: str, **changes: Unpack["ClaimChanges"]) -> Principal:
        """Return the principal behind a key or user, as a call of its own would see it."""
        return self.world.sessions.principal(self.token(name, **changes))

    def join(self, organization_id: OrganizationId, user_id: UserId) -> None:
        """Make a user a confirmed member, as the Dashboard would."""
        self.world.tables.memberships.put(
            Membership(organization_id=organization_id, user_id=user_id)
        )


class ClaimChanges(TypedDict, total=False):
    """What a test may want a token to say instead."""

    use: TokenUse
    organization_id: OrganizationId
    env: Environment
    expires_at: int


def baseline() -> Baseline:
    """Return the rows of both accounts."""
    return Baseline(
        organizations=_organizations(),
        api_keys=[_key(name) for name in HOMES],
        users=[_user(name) for name in USER_IDS],
        memberships=_memberships(),
        billing_addresses=_billing_addresses(),
    )


def _organizations() -> list[Organization]:
    vendor = main("Vendor", VENDOR, by="admin", envs=BOTH)
    bill = BillingOptions(bill_to_organization=VENDOR, withhold_billing=True)
    partner = main("Partner", PARTNER, by="vendor_test", envs=(TEST,), options=bill)
    stranger = main("Stranger", STRANGER, by="boss", envs=BOTH)
    return [
        vendor,
        managed("Shop", SHOP, vendor, by="vendor_test", envs=BOTH, billing_address=OFFICE),
        managed("Cafe", CAFE, vendor, by="vendor_test", envs=(TEST,)),
        stranger,
        partner,
        managed("Branch", BRANCH, partner, by="partner_test", envs=(TEST,)),
        managed("Outpost", OUTPOST, stranger, by="stranger_test", envs=BOTH),
    ]


def main(
    name: str,
    new_id: OrganizationId,
    *,
    by: str,
    envs: tuple[Environment, ...],
    options: BillingOptions | None = None,
) -> Organization:
    """Return a main organization, made by a key or (a first one) by a user."""
    home = HOMES[by][0] if by in HOMES else None
    return Organization(
        **profile(name=name, billing_options=options),
        id=new_id,
        type=OrganizationType.MAIN,
        envs=envs,
        created_by_user=principal_id(by),
        created_by_organization_id=home,
        viewers=viewers_of(new_id, manager=None, creator_home=home),
    )


def managed(
    name: str,
    new_id: OrganizationId,
    manager: Organization,
    *,
    by: str,
    envs: tuple[Environment, ...],
    billing_address: str = "",
) -> Organization:
    """Return an organization that `manager` manages, made by a key."""
    home = HOMES[by][0]
    return Organization(
        **profile(name=name, billing_address_id=billing_address),
        id=new_id,
        type=OrganizationType.MANAGED,
        envs=envs,
        managed_by_organization_id=manager.id,
        created_by_user=principal_id(by),
        created_by_organization_id=home,
        viewers=viewers_of(new_id, manager=manager, creator_home=home),
    )


def _key(name: str) -> ApiKey:
    home, env = HOMES[name]
    label = name.replace("_", "-")
    return ApiKey(
        id=key_id(name),
        principal_id=principal_id(name),
        organization_id=home,
        env=env,
        key=f"{env.lower()}_{'0' * 25}_{label}",
        secret_hash=hash_secret(secret_of(name)),
        created_at=int(START) - 1_000,
        created_by_user=principal_id("admin"),
        name=label,
        status=KeyStatus.ENABLED,
    )


def _user(name: str) -> User:
    registered = name != "guest"
    return User(
        id=USER_IDS[name],
        email=f"{name}@example.com",
        first_name=name.title(),
        last_name="Example",
        registered=registered,
        password_hash=hash_secret(secret_of(name)) if registered else None,
    )


def _memberships() -> list[Membership]:
    return [
        Membership(organization_id=VENDOR, user_id=ADMIN),
        Membership(organization_id=SHOP, user_id=CLERK),
        Membership(organization_id=VENDOR, user_id=GUEST, pending_until=START + 3_600),
        Membership(organization_id=STRANGER, user_id=BOSS),
    ]


def _billing_addresses() -> list[BillingAddress]:
    owners = {OFFICE: VENDOR, SPARE: VENDOR, ABROAD: STRANGER}
    return [
        BillingAddress(
            id=address_id,
            organization_id=owner,
            recipient="Accounting",
            address_line1="Ring 1",
            zip="1010",
            town="Wien",
            country_code="AUT",
        )
        for address_id, owner in owners.items()
    ]
