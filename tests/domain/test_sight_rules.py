"""R3 and R6: who sees which organization."""

from collections.abc import Hashable

import pytest
from builders.accounts import (
    ABROAD,
    BOTH,
    BRANCH,
    CAFE,
    CLERK,
    LIVE,
    NOWHERE,
    OUTPOST,
    PARTNER,
    SHOP,
    STRANGER,
    TEST,
    VENDOR,
    Account,
    main,
    managed,
    profile,
    uid,
)
from builders.snapshots import refused
from fiskaly_mockserver.domain.account.access import viewers_of
from fiskaly_mockserver.domain.account.errors import (
    ApiKeyNotFound,
    BillingAddressNotFound,
    OrganizationNotFound,
)
from fiskaly_mockserver.domain.account.model import KeyStatus, OrganizationId
from fiskaly_mockserver.domain.store import Paging
from fiskaly_mockserver.world.store.table import OverlayTable

EVERYTHING = {
    "vendor_test": (VENDOR, SHOP, CAFE, PARTNER, BRANCH),
    "vendor_live": (VENDOR, SHOP),
    "admin": (VENDOR, SHOP, CAFE, PARTNER, BRANCH),
    "shop_test": (SHOP,),
    "shop_live": (SHOP,),
    "clerk": (SHOP,),
    "cafe_test": (CAFE,),
    "partner_test": (PARTNER, BRANCH),
    "branch_test": (BRANCH,),
    "stranger_test": (STRANGER, OUTPOST),
    "stranger_live": (STRANGER, OUTPOST),
    "boss": (STRANGER, OUTPOST),
    "outpost_test": (OUTPOST,),
    "outpost_live": (OUTPOST,),
}
ALL = (VENDOR, SHOP, CAFE, STRANGER, PARTNER, BRANCH, OUTPOST)


@pytest.mark.parametrize("name", EVERYTHING)
def test_r3_everybody_lists_its_own_account_downwards_in_order_of_creation(
    account: Account, name: str
) -> None:
    page = account.world.organizations.list(account.by(name), Paging())
    assert tuple(row.id for row in page.rows) == EVERYTHING[name]
    assert page.count == len(EVERYTHING[name])


@pytest.mark.parametrize("target", ALL)
@pytest.mark.parametrize("name", EVERYTHING)
def test_r3_retrieving_succeeds_for_what_is_listed_and_for_nothing_else(
    account: Account, name: str, target: OrganizationId
) -> None:
    caller = account.by(name)
    if target in EVERYTHING[name]:
        assert account.world.organizations.retrieve(caller, target).id == target
    else:
        with refused(account.world, OrganizationNotFound):
            account.world.organizations.retrieve(caller, target)


@pytest.mark.parametrize("target", [VENDOR, CAFE, STRANGER, NOWHERE])
def test_r3_nothing_under_an_unseen_organization_is_reached(account: Account, target: str) -> None:
    caller, world = account.by("shop_test"), account.world
    calls = (
        lambda: world.organizations.update(caller, target, profile()),
        lambda: world.organizations.delete(caller, target),
        lambda: world.environments.enable(caller, target, LIVE),
        lambda: world.api_keys.create(caller, target, name="new", status=KeyStatus.ENABLED),
        lambda: world.users.list(caller, target, Paging()),
        lambda: world.users.invite(caller, target, email="new@example.com"),
        lambda: world.users.remove(caller, target, uid(0x40)),
    )
    for call in calls:
        with refused(world, OrganizationNotFound):
            call()


def test_r3_a_key_of_another_organization_is_not_reached_through_a_seen_one(
    account: Account,
) -> None:
    with refused(account.world, ApiKeyNotFound):
        account.world.api_keys.retrieve(
            account.by("vendor_test"), SHOP, account.key("cafe_test").id
        )


def test_r3_an_address_of_another_account_is_missing(account: Account) -> None:
    with refused(account.world, BillingAddressNotFound):
        account.world.billing_addresses.retrieve(account.by("vendor_test"), ABROAD)


def test_r3_sight_goes_one_main_organization_deep(account: Account) -> None:
    world = account.world
    deeper = world.organizations.create(account.by("partner_test"), profile(name="Deeper"))
    assert world.organizations.retrieve(account.by("partner_test"), deeper.id) == deeper
    with refused(world, OrganizationNotFound):
        world.organizations.retrieve(account.by("vendor_test"), deeper.id)


def test_r3_a_member_of_several_sees_each_organization_once_in_order_of_creation(
    account: Account,
) -> None:
    account.join(STRANGER, CLERK)
    account.join(VENDOR, CLERK)
    page = account.world.organizations.list(account.by("clerk"), Paging())
    assert tuple(row.id for row in page.rows) == ALL
    assert page.count == len(ALL)


def test_r3_a_pending_invitation_gives_no_sight(account: Account) -> None:
    account.world.users.invite(account.by("vendor_test"), CAFE, email="later@example.com")
    account.world.users.invite(account.by("vendor_test"), CAFE, email="clerk@example.com")
    seen = account.world.organizations.list(account.by("clerk"), Paging()).rows
    assert [row.id for row in seen] == [SHOP, CAFE]


def test_r3_what_a_member_of_a_managed_organization_makes_elsewhere_stays_out_of_its_sight(
    account: Account,
) -> None:
    account.join(VENDOR, CLERK)
    clerk = account.by("clerk", organization_id=SHOP)
    made = account.world.organizations.create(clerk, profile(name="Further"))
    with refused(account.world, OrganizationNotFound):
        account.world.organizations.retrieve(account.by("shop_test"), made.id)
    assert account.world.organizations.retrieve(account.by("vendor_test"), made.id) == made
    assert account.world.organizations.retrieve(clerk, made.id) == made


def test_r3_a_managed_organization_stays_out_of_the_sight_of_its_makers_other_memberships(
    account: Account,
) -> None:
    account.world.users.remove(account.by("vendor_test"), SHOP, CLERK)
    account.join(STRANGER, CLERK)
    account.join(VENDOR, CLERK)
    clerk = account.by("clerk", organization_id=STRANGER)
    made = account.world.organizations.create(clerk, profile(), managed_by=VENDOR)
    assert account.world.organizations.retrieve(account.by("vendor_test"), made.id) == made
    with refused(account.world, OrganizationNotFound):
        account.world.organizations.retrieve(account.by("stranger_test"), made.id)


def test_r6_a_live_token_sees_an_organization_once_it_is_live(account: Account) -> None:
    with refused(account.world, OrganizationNotFound):
        account.world.organizations.retrieve(account.by("vendor_live"), CAFE)
    account.world.environments.enable(account.by("vendor_test"), CAFE, LIVE)
    page = account.world.organizations.list(account.by("vendor_live"), Paging())
    assert [row.id for row in page.rows] == [VENDOR, SHOP, CAFE]


def test_an_unseen_organization_takes_as_many_look_ups_as_a_missing_one(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Hashable] = []
    get = OverlayTable.get

    def counting(table: "OverlayTable[Hashable, object]", key: Hashable) -> object:
        asked.append(key)
        return get(table, key)

    caller = account.by("shop_test")
    monkeypatch.setattr(OverlayTable, "get", counting)
    for target in (STRANGER, NOWHERE):
        with pytest.raises(OrganizationNotFound):
            account.world.organizations.retrieve(caller, target)
    assert asked == [STRANGER, NOWHERE]


def test_viewers_are_the_organization_its_main_one_and_the_main_ones_maker() -> None:
    upper = main("Upper", VENDOR, by="admin", envs=BOTH)
    middle = main("Middle", PARTNER, by="vendor_test", envs=(TEST,))
    lower = managed("Lower", BRANCH, middle, by="partner_test", envs=(TEST,))
    assert upper.viewers == (VENDOR,)
    assert middle.viewers == (PARTNER, VENDOR)
    assert lower.viewers == (BRANCH, PARTNER, VENDOR)


def test_viewers_name_nobody_twice() -> None:
    again = main("Own", VENDOR, by="vendor_test", envs=BOTH)
    assert viewers_of(SHOP, manager=again, creator_home=None) == (SHOP, VENDOR)
