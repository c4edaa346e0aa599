"""Signing up and accepting invitations: R2, R4, R5, R9."""

import pytest
from builders.accounts import (
    CAFE,
    GUEST,
    LIVE,
    PARTNER,
    SHOP,
    START,
    TEST,
    VENDOR,
    Account,
    principal_id,
    profile,
)
from builders.snapshots import listed, refused
from fiskaly_mockserver.domain.account.errors import (
    EmailTaken,
    InvalidCredentials,
    NoOpenInvitation,
    OrganizationNotFound,
    ReferenceNotFound,
)
from fiskaly_mockserver.domain.account.model import (
    BillingOptions,
    KeyStatus,
    Membership,
    OrganizationType,
    PrincipalId,
    User,
    UserId,
)
from fiskaly_mockserver.domain.account.onboarding import Registered, SignedUp
from fiskaly_mockserver.domain.account.organizations import Profile
from fiskaly_mockserver.domain.store import Paging
from fiskaly_mockserver.world.store.tables import Baseline
from fiskaly_mockserver.world.world import World

NEW = "ada@example.com"
PASSWORD = "EXAMPLE-password"
HOUR = 3_600


def _sign_up(world: World, email: str = NEW, **changes: str) -> SignedUp:
    return world.sign_ups.sign_up(
        email=email, password=PASSWORD, organization=profile(name="First"), **changes
    )


def _accept(account: Account, email: str = "guest@example.com", **changes: str) -> Registered:
    return account.world.sign_ups.accept_invitation(email=email, password=PASSWORD, **changes)


def _places(account: Account, user_id: UserId) -> dict[str, float | None]:
    rows = account.world.tables.memberships.select("user", user_id)
    return {row.organization_id: row.pending_until for row in rows}


def test_r2_an_account_begins_with_a_main_organization_its_admin_and_a_test_key() -> None:
    world = World.on(Baseline())
    made = _sign_up(world, first_name="Ada", last_name="Example")
    organization, user, key = made.organization, made.user, made.api_key
    assert (organization.type, organization.envs) == (OrganizationType.MAIN, (TEST,))
    assert organization.name == "First"
    assert organization.managed_by_organization_id is None
    assert organization.created_by_organization_id is None
    assert organization.viewers == (organization.id,)
    assert organization.created_by_user == PrincipalId(user.id)
    assert (user.email, user.first_name, user.last_name) == (NEW, "Ada", "Example")
    assert user.registered
    assert (key.organization_id, key.env, key.name) == (organization.id, TEST, "first-key")
    assert key.created_by_user == PrincipalId(user.id)
    assert key.status is KeyStatus.ENABLED
    assert key.key.startswith("test_")
    assert key.key.endswith("_first-key")
    assert made.accepted == ()
    assert list(world.rows.organizations) == [organization]
    assert list(world.rows.users) == [user]
    assert list(world.rows.api_keys) == [key]
    assert list(world.rows.memberships) == [
        Membership(organization_id=organization.id, user_id=user.id)
    ]


def test_r2_key_and_password_of_a_sign_up_open_sessions_and_begin_an_account() -> None:
    world = World.on(Baseline())
    made = _sign_up(world)
    by_key = world.sessions.open_with_key(made.api_key.key, made.secret).session
    assert (by_key.organization_id, by_key.env) == (made.organization.id, TEST)
    by_user = world.sessions.open_with_password(NEW.upper(), PASSWORD).session
    assert (by_user.organization_id, by_user.env) == (made.organization.id, TEST)
    caller = world.sessions.principal(by_key.access_token)
    managed = world.organizations.create(caller, profile(), managed_by=made.organization.id)
    admin = world.sessions.principal(by_user.access_token)
    page = world.organizations.list(admin, Paging())
    assert [row.id for row in page.rows] == [made.organization.id, managed.id]
    changed = world.organizations.update(admin, made.organization.id, {"name": "Renamed"})
    assert changed.name == "Renamed"


def test_of_the_secret_and_the_password_only_hashes_are_kept() -> None:
    world = World.on(Baseline())
    made = _sign_up(world)
    assert made.secret not in repr(made)
    for kept in (*world.rows.api_keys, *world.rows.users):
        assert made.secret not in repr(kept)
        assert PASSWORD not in repr(kept)
    with pytest.raises(InvalidCredentials):
        world.sessions.open_with_password(NEW, PASSWORD.upper())
    with pytest.raises(InvalidCredentials):
        world.sessions.open_with_key(made.api_key.key, made.secret[:-1])


def test_r3_two_accounts_never_see_each_other(account: Account) -> None:
    made = _sign_up(account.world)
    opened = account.world.sessions.open_with_key(made.api_key.key, made.secret)
    stranger = account.world.sessions.principal(opened.session.access_token)
    page = account.world.organizations.list(stranger, Paging())
    assert list(page.rows) == [made.organization]
    with refused(account.world, OrganizationNotFound):
        account.world.organizations.retrieve(stranger, VENDOR)
    with refused(account.world, OrganizationNotFound):
        account.world.organizations.retrieve(account.by("vendor_test"), made.organization.id)


def test_r9_signing_up_accepts_every_standing_invitation_under_the_same_id(
    account: Account,
) -> None:
    account.world.users.invite(account.by("vendor_test"), CAFE, email="GUEST@example.com")
    made = _sign_up(account.world, "Guest@Example.com")
    assert made.user.id == GUEST
    assert made.user.email == "guest@example.com"
    assert made.accepted == (VENDOR, CAFE)
    assert _places(account, GUEST) == {VENDOR: None, CAFE: None, made.organization.id: None}
    session = account.world.sessions.open_with_password("guest@example.com", PASSWORD).session
    member = account.world.sessions.principal(session.access_token)
    assert member.organization_ids == (VENDOR, CAFE, made.organization.id)


def test_r9_an_invitation_is_accepted_without_an_organization_of_ones_own(
    account: Account,
) -> None:
    before = len(account.world.rows.organizations)
    accepted = _accept(account)
    assert accepted.user.id == GUEST
    assert accepted.user.registered
    assert accepted.accepted == (VENDOR,)
    assert len(account.world.rows.organizations) == before
    account.clock.advance(72 * HOUR)
    _, page = account.world.users.list(account.by("vendor_test"), VENDOR, Paging())
    assert GUEST in [user.id for user in page.rows]
    session = account.world.sessions.open_with_password("guest@example.com", PASSWORD).session
    assert session.organization_id == VENDOR


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({}, ("Guest", "Example")),
        ({"first_name": "Ada"}, ("Ada", "Example")),
        ({"last_name": "Lovelace"}, ("Guest", "Lovelace")),
    ],
)
def test_the_names_of_an_invitation_stay_where_none_is_given(
    account: Account, names: dict[str, str], expected: tuple[str, str]
) -> None:
    user = _accept(account, **names).user
    assert (user.first_name, user.last_name) == expected


def test_r9_a_lapsed_invitation_is_not_accepted_and_is_forgotten(account: Account) -> None:
    account.clock.advance(HOUR)
    account.world.users.invite(account.by("vendor_test"), SHOP, email="guest@example.com")
    made = _sign_up(account.world, "guest@example.com")
    assert made.user.id == GUEST
    assert made.accepted == (SHOP,)
    assert _places(account, GUEST) == {SHOP: None, made.organization.id: None}


def test_r9_an_invitation_can_be_accepted_up_to_its_last_moment(account: Account) -> None:
    account.clock.advance(HOUR - 0.5)
    assert _accept(account).accepted == (VENDOR,)


def test_r9_with_lapsed_invitations_only_there_is_nothing_to_accept(account: Account) -> None:
    account.clock.advance(HOUR)
    with refused(account.world, NoOpenInvitation) as caught:
        _accept(account)
    assert caught.value.facts == {"user": GUEST, "exists": "yes"}


def test_r9_an_email_that_nobody_invited_has_nothing_to_accept(account: Account) -> None:
    with refused(account.world, NoOpenInvitation) as caught:
        _accept(account, NEW)
    assert caught.value.facts == {"user": "", "exists": "no"}


@pytest.mark.parametrize("email", ["clerk@example.com", "CLERK@EXAMPLE.COM"])
def test_r9_an_email_signs_up_once(account: Account, email: str) -> None:
    with refused(account.world, EmailTaken):
        _sign_up(account.world, email)
    with refused(account.world, EmailTaken):
        _accept(account, email)


def test_r9_who_signed_up_is_known_and_invited_at_once(account: Account) -> None:
    user = _sign_up(account.world).user
    account.world.users.invite(account.by("vendor_test"), CAFE, email=NEW)
    assert _places(account, user.id)[CAFE] is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (
            {"billing_options": BillingOptions(bill_to_organization=VENDOR)},
            "billing_options.bill_to_organization",
        ),
        ({"contact_person_id": principal_id("admin")}, "contact_person_id"),
        ({"billing_address_id": "00000000-0000-4000-8000-000000000050"}, "billing_address_id"),
    ],
)
def test_a_34_a_first_organization_has_nothing_that_it_could_name(
    account: Account, changes: Profile, field: str
) -> None:
    named = profile(**changes)
    with refused(account.world, ReferenceNotFound) as caught:
        account.world.sign_ups.sign_up(email=NEW, password=PASSWORD, organization=named)
    assert caught.value.field == field


def test_a_first_organization_keeps_what_is_said_of_it(account: Account) -> None:
    options = BillingOptions(gln="9520000000004")
    said = profile(billing_options=options, metadata={"a": "b"}, contact_person_id="")
    made = account.world.sign_ups.sign_up(email=NEW, password=PASSWORD, organization=said)
    assert made.organization.billing_options == options
    assert made.organization.metadata == {"a": "b"}


def test_r4_a_sign_up_is_the_admin_and_stays(account: Account) -> None:
    made = _sign_up(account.world)
    row = account.world.tables.users.get(made.user.id)
    assert row == made.user
    assert isinstance(row, User)
    assert account.organization(made.organization.id).created_by_user == PrincipalId(made.user.id)


def test_a_sign_up_touches_nothing_of_the_accounts_there_are(account: Account) -> None:
    before = dict(listed(account.world))
    _sign_up(account.world)
    after = dict(listed(account.world))
    for name, rows in before.items():
        assert after[name][: len(rows)] == rows


def test_the_world_tells_the_time_of_a_sign_up(account: Account) -> None:
    account.clock.advance(7)
    assert _sign_up(account.world).api_key.created_at == int(START) + 7


def test_r7_a_signed_up_organization_has_no_live_key_before_it_is_cleared() -> None:
    world = World.on(Baseline())
    made = _sign_up(world)
    assert LIVE not in made.organization.envs
    live, key, _ = world.environments.clear(made.organization.id)
    assert live.envs == (TEST, LIVE)
    assert key.env is LIVE


def test_r9_a_partners_invitation_is_as_good_as_the_vendors(account: Account) -> None:
    account.world.users.invite(account.by("partner_test"), PARTNER, email=NEW, first_name="Ada")
    assert _accept(account, NEW).accepted == (PARTNER,)
