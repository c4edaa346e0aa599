"""Users and invitations: R3, R5, R9."""

import pytest
from builders.accounts import (
    ADMIN,
    BOSS,
    BRANCH,
    CAFE,
    CLERK,
    GUEST,
    NOWHERE,
    PARTNER,
    SHOP,
    START,
    STRANGER,
    VENDOR,
    Account,
    profile,
)
from builders.snapshots import refused, snapshot
from fiskaly_mockserver.domain.account.errors import (
    AdminStays,
    AlreadyMember,
    ManagedMayNotAdminister,
    OrganizationNotFound,
    UserNotFound,
)
from fiskaly_mockserver.domain.account.model import Membership, User, UserId
from fiskaly_mockserver.domain.account.users import INVITATION_LIFETIME, SORT_KEYS
from fiskaly_mockserver.domain.store import Paging

TWO_DAYS = 48 * 3600


def _listed(account: Account, name: str, target: str, **paging: object) -> list[str]:
    _, page = account.world.users.list(
        account.by(name),
        target,
        Paging(**paging),  # type: ignore[arg-type]
    )
    return [user.id for user in page.rows]


def _membership(account: Account, target: object, user_id: object) -> Membership:
    row = account.world.tables.memberships.get((target, user_id))  # type: ignore[arg-type]
    assert row is not None
    return row


def test_members_and_open_invitations_are_listed_with_their_organization(account: Account) -> None:
    organization, page = account.world.users.list(account.by("vendor_test"), VENDOR, Paging())
    assert organization == account.organization(VENDOR)
    assert [user.id for user in page.rows] == [ADMIN, GUEST]
    assert page.count == 2


@pytest.mark.parametrize(("name", "target"), [("vendor_test", SHOP), ("shop_test", SHOP)])
def test_r5_main_and_managed_keys_read_the_users(account: Account, name: str, target: str) -> None:
    assert _listed(account, name, target) == [CLERK]


@pytest.mark.parametrize("target", [VENDOR, CAFE, STRANGER, NOWHERE])
def test_r3_users_of_an_unseen_organization_are_not_listed(account: Account, target: str) -> None:
    with refused(account.world, OrganizationNotFound):
        account.world.users.list(account.by("shop_test"), target, Paging())


def test_r9_an_invitation_lapses_at_the_second_its_time_is_over(account: Account) -> None:
    account.clock.advance(3_599.5)
    assert _listed(account, "admin", VENDOR) == [ADMIN, GUEST]
    account.clock.advance(0.5)
    assert _listed(account, "admin", VENDOR) == [ADMIN]


def test_r9_a_known_email_is_a_member_at_once(account: Account) -> None:
    organization, user = account.world.users.invite(
        account.by("vendor_test"), CAFE, email="clerk@example.com"
    )
    assert organization == account.organization(CAFE)
    assert user.id == CLERK
    assert _membership(account, CAFE, CLERK).pending_until is None
    assert account.by("clerk").organization_ids == (SHOP, CAFE)


@pytest.mark.parametrize("email", ["CLERK@Example.com", "clerk@EXAMPLE.COM"])
def test_r9_emails_are_compared_without_regard_to_case(account: Account, email: str) -> None:
    _, user = account.world.users.invite(account.by("vendor_test"), CAFE, email=email)
    assert (user.id, user.email) == (CLERK, "clerk@example.com")


def test_r9_a_registered_user_keeps_its_own_names(account: Account) -> None:
    before = account.world.tables.users.get(CLERK)
    _, user = account.world.users.invite(
        account.by("vendor_test"),
        CAFE,
        email="clerk@example.com",
        first_name="Other",
        last_name="Name",
    )
    assert user == before == account.world.tables.users.get(CLERK)


def test_r9_letters_that_only_fold_alike_are_two_emails(account: Account) -> None:
    caller = account.by("vendor_test")
    made = [
        account.world.users.invite(caller, CAFE, email=email)[1]
        for email in ("stra\u00dfe@b.c", "strasse@b.c")
    ]
    assert made[0].id != made[1].id


def test_r9_an_unknown_email_is_pending_for_48_hours(account: Account) -> None:
    _, user = account.world.users.invite(
        account.by("vendor_test"), CAFE, email="New@example.com", first_name="N", last_name="Ew"
    )
    assert (user.email, user.first_name, user.last_name) == ("New@example.com", "N", "Ew")
    assert (user.registered, user.password_hash) == (False, None)
    assert _membership(account, CAFE, user.id).pending_until == START + TWO_DAYS
    assert INVITATION_LIFETIME == TWO_DAYS
    assert _listed(account, "vendor_test", CAFE) == [user.id]
    account.clock.advance(TWO_DAYS)
    assert _listed(account, "vendor_test", CAFE) == []


def test_r9_a_member_is_not_invited_again(account: Account) -> None:
    for email in ("clerk@example.com", "CLERK@example.com"):
        with refused(account.world, AlreadyMember):
            account.world.users.invite(account.by("vendor_test"), SHOP, email=email)


def test_r9_an_open_invitation_is_not_repeated_but_a_lapsed_one_is_renewed(
    account: Account,
) -> None:
    with refused(account.world, AlreadyMember):
        account.world.users.invite(account.by("vendor_test"), VENDOR, email="guest@example.com")
    account.clock.advance(3_600)
    _, user = account.world.users.invite(
        account.by("vendor_test"), VENDOR, email="guest@example.com"
    )
    assert user.id == GUEST
    assert _membership(account, VENDOR, GUEST).pending_until == START + 3_600 + TWO_DAYS


def test_r9_someone_invited_elsewhere_is_the_same_person_and_still_pending(
    account: Account,
) -> None:
    _, user = account.world.users.invite(
        account.by("vendor_test"), CAFE, email="guest@example.com", last_name="Married"
    )
    assert (user.id, user.first_name, user.last_name) == (GUEST, "Guest", "Married")
    assert account.world.tables.users.get(GUEST) == user
    assert _membership(account, CAFE, GUEST).pending_until == START + TWO_DAYS
    _, again = account.world.users.invite(
        account.by("vendor_test"), SHOP, email="guest@example.com", first_name="G."
    )
    assert (again.first_name, again.last_name) == ("G.", "Married")


def test_r9_without_names_an_invitation_leaves_the_known_ones(account: Account) -> None:
    before = account.world.tables.users.get(GUEST)
    account.world.users.invite(account.by("vendor_test"), CAFE, email="guest@example.com")
    assert account.world.tables.users.get(GUEST) == before


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("vendor_test", VENDOR),
        ("vendor_live", VENDOR),
        ("vendor_test", SHOP),
        ("vendor_live", SHOP),
        ("vendor_test", PARTNER),
        ("vendor_test", BRANCH),
        ("partner_test", BRANCH),
        ("admin", SHOP),
    ],
)
def test_r9_who_sees_it_through_a_main_organization_invites_and_removes(
    account: Account, name: str, target: str
) -> None:
    _, user = account.world.users.invite(account.by(name), target, email="boss@example.com")
    assert user.id == BOSS
    assert BOSS in _listed(account, name, target)
    account.world.users.remove(account.by(name), target, BOSS)
    assert BOSS not in _listed(account, name, target)


@pytest.mark.parametrize("name", ["shop_test", "shop_live", "clerk"])
def test_r5_a_managed_organizations_principal_changes_no_users(account: Account, name: str) -> None:
    with refused(account.world, ManagedMayNotAdminister):
        account.world.users.invite(account.by(name), SHOP, email="boss@example.com")
    for user_id in (CLERK, NOWHERE):
        with refused(account.world, ManagedMayNotAdminister):
            account.world.users.remove(account.by(name), SHOP, user_id)


@pytest.mark.parametrize("user_id", [ADMIN, GUEST, BOSS, NOWHERE])
def test_only_a_member_is_removed(account: Account, user_id: str) -> None:
    with refused(account.world, UserNotFound):
        account.world.users.remove(account.by("vendor_test"), SHOP, user_id)


def test_a_lapsed_invitation_is_not_there_to_be_removed(account: Account) -> None:
    account.clock.advance(3_600)
    with refused(account.world, UserNotFound):
        account.world.users.remove(account.by("vendor_test"), VENDOR, GUEST)


def test_r9_the_admin_is_not_removed(account: Account) -> None:
    with refused(account.world, AdminStays):
        account.world.users.remove(account.by("vendor_test"), VENDOR, ADMIN)


def test_r9_who_is_admin_elsewhere_only_may_be_removed(account: Account) -> None:
    account.join(CAFE, ADMIN)
    account.world.users.remove(account.by("vendor_test"), CAFE, ADMIN)
    assert account.by("admin").organization_ids == (VENDOR,)


def test_a_removed_member_stays_known(account: Account) -> None:
    account.world.users.remove(account.by("vendor_test"), SHOP, CLERK)
    assert account.world.tables.users.get(CLERK) is not None
    assert _listed(account, "vendor_test", SHOP) == []


def test_someone_invited_who_never_signed_up_is_forgotten_with_the_last_invitation(
    account: Account,
) -> None:
    vendor = account.by("vendor_test")
    before = snapshot(account.world)
    _, user = account.world.users.invite(vendor, CAFE, email="new@example.com")
    account.world.users.invite(vendor, SHOP, email="new@example.com")
    account.world.users.remove(vendor, CAFE, user.id)
    assert account.world.tables.users.get(user.id) is not None
    account.world.users.remove(vendor, SHOP, user.id)
    assert snapshot(account.world) == before


def test_a_user_who_made_an_organization_is_no_member_of_it_by_that(account: Account) -> None:
    made = account.world.organizations.create(account.by("admin"), profile(), managed_by=VENDOR)
    assert _listed(account, "admin", made.id) == []


def test_a_membership_without_its_user_is_not_listed(account: Account) -> None:
    account.world.tables.users.remove(CLERK)
    assert _listed(account, "vendor_test", SHOP) == []


@pytest.mark.parametrize("order_by", SORT_KEYS)
@pytest.mark.parametrize("descending", [False, True], ids=["asc", "desc"])
def test_a_18_users_are_ordered_by_email_and_names(
    account: Account, order_by: str, *, descending: bool
) -> None:
    users = (("m", "", "b"), ("a", "x", "c"), ("z", "y", ""))
    for email, first, last in users:
        account.world.tables.users.put(
            User(
                id=UserId(email),
                email=f"{email}@example.com",
                first_name=first,
                last_name=last,
                registered=True,
            )
        )
        account.join(CAFE, UserId(email))
    expected = {"email": "amz", "first_name": "azm", "last_name": "maz"}[order_by]
    if descending:
        expected = {"email": "zma", "first_name": "zam", "last_name": "amz"}[order_by]
    got = _listed(account, "vendor_test", CAFE, order_by=order_by, descending=descending)
    assert "".join(got) == expected
    assert _listed(account, "vendor_test", CAFE, limit=1, offset=1) == ["a"]
