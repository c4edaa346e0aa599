"""API keys: R1, R5, R6, R12."""

import re

import pytest
from builders.accounts import (
    BRANCH,
    CAFE,
    LIVE,
    NOWHERE,
    OUTPOST,
    PARTNER,
    SHOP,
    START,
    STRANGER,
    TEST,
    VENDOR,
    Account,
    key_id,
    principal_id,
)
from builders.snapshots import refused, snapshot
from fiskaly_mockserver.domain.account.api_keys import SORT_KEYS, ApiKeyFilter
from fiskaly_mockserver.domain.account.errors import (
    ApiKeyNameTaken,
    ApiKeyNotFound,
    ForeignManager,
    OrganizationNotFound,
    ReferenceNotFound,
)
from fiskaly_mockserver.domain.account.model import (
    EMPTY_METADATA,
    Environment,
    KeyStatus,
    hash_secret,
)
from fiskaly_mockserver.domain.store import Paging

ON, OFF = KeyStatus.ENABLED, KeyStatus.DISABLED


@pytest.mark.parametrize(
    ("name", "target", "env"),
    [
        ("vendor_test", VENDOR, TEST),
        ("vendor_live", VENDOR, LIVE),
        ("vendor_test", SHOP, TEST),
        ("vendor_live", SHOP, LIVE),
        ("vendor_test", PARTNER, TEST),
        ("vendor_test", BRANCH, TEST),
        ("shop_test", SHOP, TEST),
        ("shop_live", SHOP, LIVE),
        ("clerk", SHOP, TEST),
    ],
)
def test_r6_a_new_key_has_the_environment_of_the_token_that_made_it(
    account: Account, name: str, target: str, env: Environment
) -> None:
    key, _ = account.world.api_keys.create(account.by(name), target, name="till-1", status=ON)
    assert key.env is env
    assert (key.organization_id, key.created_by_user) == (target, principal_id(name))
    assert key.created_at == int(START)
    assert account.world.api_keys.retrieve(account.by(name), target, key.id) == key


def test_r6_a_live_token_makes_no_key_where_live_is_not_enabled(account: Account) -> None:
    with refused(account.world, OrganizationNotFound):
        account.world.api_keys.create(account.by("vendor_live"), CAFE, name="early", status=ON)


@pytest.mark.parametrize("target", [VENDOR, CAFE, PARTNER, OUTPOST])
def test_r5_a_managed_organizations_key_makes_keys_for_itself_only(
    account: Account, target: str
) -> None:
    with refused(account.world, OrganizationNotFound):
        account.world.api_keys.create(account.by("shop_test"), target, name="new", status=ON)


def test_a_46_the_key_is_environment_random_part_and_name(account: Account) -> None:
    create = account.world.api_keys.create
    test, secret = create(account.by("vendor_test"), SHOP, name="till-1", status=ON)
    live, other = create(account.by("vendor_live"), SHOP, name="till-1", status=ON)
    assert re.fullmatch(r"test_[0-9a-z]{25}_till-1", test.key)
    assert re.fullmatch(r"live_[0-9a-z]{25}_till-1", live.key)
    assert re.fullmatch(r"[0-9A-Za-z]{42,43}", secret)
    assert secret != other


def test_r5_the_secret_is_kept_as_a_hash_only(account: Account) -> None:
    key, secret = account.world.api_keys.create(
        account.by("vendor_test"), SHOP, name="till-1", status=ON
    )
    assert key.secret_hash == hash_secret(secret)
    assert secret not in repr(snapshot(account.world))
    for row in snapshot(account.world)["api_keys"].values():
        assert secret not in [getattr(row, name) for name in type(row).__slots__]


def test_r5_hashes_do_not_show_in_a_representation(account: Account) -> None:
    key = account.key("vendor_test")
    assert "secret_hash" not in repr(key)


def test_a_37_the_principal_of_a_key_is_not_the_keys_id(account: Account) -> None:
    key, _ = account.world.api_keys.create(account.by("vendor_test"), SHOP, name="new", status=ON)
    assert key.principal_id not in {key.id, principal_id("vendor_test")}


def test_a_11_a_name_is_taken_once_in_an_organization_and_environment(account: Account) -> None:
    create = account.world.api_keys.create
    create(account.by("vendor_test"), SHOP, name="till-1", status=ON)
    for name in ("vendor_test", "shop_test"):
        with refused(account.world, ApiKeyNameTaken):
            create(account.by(name), SHOP, name="till-1", status=OFF)
    create(account.by("vendor_live"), SHOP, name="till-1", status=ON)
    create(account.by("vendor_test"), CAFE, name="till-1", status=ON)


def test_the_name_of_a_deleted_key_is_free_again(account: Account) -> None:
    caller = account.by("vendor_test")
    first, _ = account.world.api_keys.create(caller, SHOP, name="till-1", status=ON)
    account.world.api_keys.delete(caller, SHOP, first.id)
    second, _ = account.world.api_keys.create(caller, SHOP, name="till-1", status=ON)
    assert {first.id, first.key, first.principal_id}.isdisjoint(
        {second.id, second.key, second.principal_id}
    )


@pytest.mark.parametrize("name", ["vendor_test", "shop_test"])
def test_a_43_the_managing_organization_may_be_named_even_unseen(
    account: Account, name: str
) -> None:
    key, _ = account.world.api_keys.create(
        account.by(name), SHOP, name="till-1", status=ON, managed_by=VENDOR
    )
    assert key.managed_by_organization_id == VENDOR


def test_a_key_made_without_naming_the_manager_does_not_show_it(account: Account) -> None:
    key, _ = account.world.api_keys.create(account.by("vendor_test"), SHOP, name="new", status=ON)
    assert key.managed_by_organization_id is None


@pytest.mark.parametrize(
    ("target", "manager"), [(SHOP, PARTNER), (VENDOR, VENDOR), (PARTNER, VENDOR), (SHOP, SHOP)]
)
def test_r1_another_seen_organization_is_not_the_keys_manager(
    account: Account, target: str, manager: str
) -> None:
    with refused(account.world, ForeignManager):
        account.world.api_keys.create(
            account.by("vendor_test"), target, name="new", status=ON, managed_by=manager
        )


@pytest.mark.parametrize(
    ("name", "target", "manager"),
    [
        ("vendor_test", SHOP, STRANGER),
        ("vendor_test", SHOP, NOWHERE),
        ("shop_test", SHOP, PARTNER),
        ("partner_test", PARTNER, VENDOR),
    ],
)
def test_r3_an_unseen_manager_is_not_found(
    account: Account, name: str, target: str, manager: str
) -> None:
    with refused(account.world, ReferenceNotFound) as caught:
        account.world.api_keys.create(
            account.by(name), target, name="new", status=ON, managed_by=manager
        )
    assert caught.value.field == "managed_by_organization_id"


@pytest.mark.parametrize(
    ("name", "target", "key"),
    [
        ("vendor_test", SHOP, key_id("shop_live")),
        ("vendor_live", SHOP, key_id("shop_test")),
        ("vendor_test", SHOP, key_id("cafe_test")),
        ("vendor_test", SHOP, key_id("outpost_test")),
        ("shop_test", SHOP, key_id("vendor_test")),
        ("shop_test", SHOP, NOWHERE),
        ("shop_test", SHOP, principal_id("shop_test")),
    ],
)
def test_r6_keys_of_another_place_are_neither_read_nor_changed(
    account: Account, name: str, target: str, key: str
) -> None:
    keys, caller = account.world.api_keys, account.by(name)
    with refused(account.world, ApiKeyNotFound):
        keys.retrieve(caller, target, key)
    with refused(account.world, ApiKeyNotFound):
        keys.update(caller, target, key, status=OFF)
    with refused(account.world, ApiKeyNotFound):
        keys.delete(caller, target, key)


def test_a_key_is_found_under_its_own_organization_only(account: Account) -> None:
    with refused(account.world, ApiKeyNotFound):
        account.world.api_keys.retrieve(account.by("vendor_test"), VENDOR, key_id("shop_test"))


def test_an_update_changes_what_it_names_and_r12_metadata_whole(account: Account) -> None:
    keys, caller, target = account.world.api_keys, account.by("vendor_test"), key_id("shop_test")
    before = account.key("shop_test")
    changed = keys.update(caller, SHOP, target, metadata={"a": "1"})
    assert (changed.status, changed.metadata) == (before.status, {"a": "1"})
    changed = keys.update(caller, SHOP, target, status=OFF)
    assert (changed.status, changed.metadata) == (OFF, {"a": "1"})
    changed = keys.update(caller, SHOP, target, metadata={}, status=ON)
    assert (changed.status, changed.metadata) == (ON, {})
    assert account.key("shop_test") == changed


def test_metadata_of_a_new_key_is_empty_unless_given(account: Account) -> None:
    create, caller = account.world.api_keys.create, account.by("vendor_test")
    assert create(caller, SHOP, name="one", status=ON)[0].metadata == EMPTY_METADATA
    assert create(caller, SHOP, name="two", status=OFF, metadata={"a": "1"})[0].metadata == {
        "a": "1"
    }


def test_a_deleted_key_is_gone_for_everybody(account: Account) -> None:
    account.world.api_keys.delete(account.by("shop_test"), SHOP, key_id("shop_test"))
    with refused(account.world, ApiKeyNotFound):
        account.world.api_keys.retrieve(account.by("vendor_test"), SHOP, key_id("shop_test"))
    with refused(account.world, ApiKeyNotFound):
        account.world.api_keys.delete(account.by("vendor_test"), SHOP, key_id("shop_test"))


def _names(
    account: Account, name: str, narrowed: ApiKeyFilter | None = None, **paging: object
) -> list[str]:
    page = account.world.api_keys.list(
        account.by(name),
        SHOP,
        narrowed or ApiKeyFilter(),
        Paging(**paging),  # type: ignore[arg-type]
    )
    return [row.name for row in page.rows]


def test_r6_a_list_holds_the_keys_of_the_tokens_environment_in_order_of_creation(
    account: Account,
) -> None:
    for key in ("zz-top", "aa-bottom"):
        account.world.api_keys.create(account.by("shop_test"), SHOP, name=key, status=ON)
    assert _names(account, "vendor_test") == ["shop-test", "zz-top", "aa-bottom"]
    assert _names(account, "shop_live") == ["shop-live"]


def test_filters_of_status_and_kind_combine(account: Account) -> None:
    account.world.api_keys.create(account.by("shop_test"), SHOP, name="off", status=OFF)
    assert _names(account, "shop_test", ApiKeyFilter(statuses=[ON])) == ["shop-test"]
    assert _names(account, "shop_test", ApiKeyFilter(statuses=[OFF])) == ["off"]
    assert _names(account, "shop_test", ApiKeyFilter(statuses=[ON, OFF])) == ["shop-test", "off"]
    assert _names(account, "shop_test", ApiKeyFilter(kinds=[TEST])) == ["shop-test", "off"]
    assert _names(account, "shop_test", ApiKeyFilter(kinds=[LIVE])) == []
    assert _names(account, "shop_test", ApiKeyFilter(statuses=[OFF], kinds=[LIVE, TEST])) == ["off"]


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ("name", ["b-on", "c-off", "shop-test"]),
        ("kind", ["shop-test", "c-off", "b-on"]),
        ("status", ["c-off", "shop-test", "b-on"]),
        ("created_at", ["shop-test", "c-off", "b-on"]),
    ],
)
def test_a_45_keys_are_ordered_by_the_fields_of_both_sources(
    account: Account, order_by: str, expected: list[str]
) -> None:
    account.clock.advance(1)
    account.world.api_keys.create(account.by("shop_test"), SHOP, name="c-off", status=OFF)
    account.clock.advance(1)
    account.world.api_keys.create(account.by("shop_test"), SHOP, name="b-on", status=ON)
    assert _names(account, "shop_test", order_by=order_by) == expected
    assert set(SORT_KEYS) == {"name", "kind", "status", "created_at"}


def test_count_of_a_key_list_is_that_of_the_filtered_whole(account: Account) -> None:
    account.world.api_keys.create(account.by("shop_test"), SHOP, name="off", status=OFF)
    page = account.world.api_keys.list(
        account.by("shop_test"), SHOP, ApiKeyFilter(), Paging(limit=1)
    )
    assert ([row.name for row in page.rows], page.count) == (["shop-test"], 2)
    narrowed = ApiKeyFilter(statuses=[OFF])
    page = account.world.api_keys.list(account.by("shop_test"), SHOP, narrowed, Paging(limit=1))
    assert ([row.name for row in page.rows], page.count) == (["off"], 1)


@pytest.mark.parametrize("target", [VENDOR, CAFE, STRANGER])
def test_r3_keys_of_an_unseen_organization_are_not_listed(account: Account, target: str) -> None:
    with refused(account.world, OrganizationNotFound):
        account.world.api_keys.list(account.by("shop_test"), target, ApiKeyFilter(), Paging())
