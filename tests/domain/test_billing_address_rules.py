"""Billing addresses: R10."""

from typing import TYPE_CHECKING, Unpack

import pytest
from builders.accounts import (
    ABROAD,
    NOWHERE,
    OFFICE,
    SHOP,
    SPARE,
    VENDOR,
    Account,
    profile,
)
from builders.snapshots import refused, snapshot
from fiskaly_mockserver.domain.account.billing_addresses import SORT_KEYS, Recipient
from fiskaly_mockserver.domain.account.errors import BillingAddressInUse, BillingAddressNotFound
from fiskaly_mockserver.domain.store import Paging

if TYPE_CHECKING:
    from fiskaly_mockserver.domain.account.model import BillingAddressId


def recipient(**changes: Unpack[Recipient]) -> Recipient:
    fields: Recipient = {
        "recipient": "Mail Room",
        "address_line1": "Ring 2",
        "zip": "1020",
        "town": "Wien",
        "country_code": "AUT",
    }
    return {**fields, **changes}


@pytest.mark.parametrize("name", ["vendor_test", "vendor_live", "admin"])
def test_the_addresses_of_the_callers_organization_are_listed(account: Account, name: str) -> None:
    page = account.world.billing_addresses.list(account.by(name), Paging())
    assert ([row.id for row in page.rows], page.count) == ([OFFICE, SPARE], 2)


@pytest.mark.parametrize("name", ["shop_test", "partner_test", "branch_test", "clerk"])
def test_r10_no_other_organization_lists_them_whatever_it_sees(account: Account, name: str) -> None:
    page = account.world.billing_addresses.list(account.by(name), Paging())
    assert (list(page.rows), page.count) == ([], 0)


def test_an_address_belongs_to_the_organization_of_the_token_that_made_it(account: Account) -> None:
    made = account.world.billing_addresses.create(
        account.by("shop_test"), recipient(display_name="Post", vat_id="ATU1", address_line2="2")
    )
    assert made.organization_id == SHOP
    assert (made.display_name, made.vat_id, made.address_line2) == ("Post", "ATU1", "2")
    assert account.world.billing_addresses.retrieve(account.by("shop_live"), made.id) == made
    with refused(account.world, BillingAddressNotFound):
        account.world.billing_addresses.retrieve(account.by("vendor_test"), made.id)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("vendor_test", ABROAD),
        ("stranger_test", OFFICE),
        ("shop_test", OFFICE),
        ("partner_test", SPARE),
        ("vendor_test", NOWHERE),
    ],
)
def test_r10_an_address_of_another_organization_is_neither_read_nor_changed(
    account: Account, name: str, address: str
) -> None:
    addresses, caller = account.world.billing_addresses, account.by(name)
    with refused(account.world, BillingAddressNotFound):
        addresses.retrieve(caller, address)
    with refused(account.world, BillingAddressNotFound):
        addresses.update(caller, address, recipient())
    with refused(account.world, BillingAddressNotFound):
        addresses.delete(caller, address)


def test_an_update_changes_what_it_names(account: Account) -> None:
    before = account.world.billing_addresses.retrieve(account.by("vendor_test"), OFFICE)
    after = account.world.billing_addresses.update(
        account.by("vendor_test"), OFFICE, {"town": "Graz"}
    )
    assert (after.town, after.zip, after.recipient) == ("Graz", before.zip, before.recipient)
    assert account.world.billing_addresses.retrieve(account.by("admin"), OFFICE) == after


def test_an_unused_address_is_deleted_alone(account: Account) -> None:
    before = snapshot(account.world)
    account.world.billing_addresses.delete(account.by("vendor_test"), SPARE)
    after = snapshot(account.world)
    assert set(before["billing_addresses"]) - set(after["billing_addresses"]) == {SPARE}
    assert {**after, "billing_addresses": {}} == {**before, "billing_addresses": {}}


def test_r10_an_address_in_use_stays_until_it_is_unlinked(account: Account) -> None:
    caller = account.by("vendor_test")
    with refused(account.world, BillingAddressInUse):
        account.world.billing_addresses.delete(caller, OFFICE)
    account.world.organizations.update(caller, SHOP, {"billing_address_id": ""})
    account.world.billing_addresses.delete(caller, OFFICE)


def test_r10_an_address_stays_while_any_organization_uses_it(account: Account) -> None:
    caller, world = account.by("vendor_test"), account.world
    made = world.organizations.create(caller, profile(billing_address_id=OFFICE), managed_by=VENDOR)
    world.organizations.update(caller, SHOP, {"billing_address_id": SPARE})
    with refused(world, BillingAddressInUse):
        world.billing_addresses.delete(caller, OFFICE)
    world.organizations.delete(caller, made.id)
    world.billing_addresses.delete(caller, OFFICE)


@pytest.mark.parametrize("order_by", SORT_KEYS)
def test_a_20_addresses_are_ordered_by_their_fields(account: Account, order_by: str) -> None:
    caller = account.by("cafe_test")
    values: dict[BillingAddressId, str] = {}
    for value in ("B", "a", "C"):
        fields = recipient()
        fields[order_by] = value  # type: ignore[literal-required]
        values[account.world.billing_addresses.create(caller, fields).id] = value
    rows = account.world.billing_addresses.list(caller, Paging(order_by=order_by)).rows
    assert [values[row.id] for row in rows] == ["B", "C", "a"]
    rows = account.world.billing_addresses.list(caller, Paging(limit=1, offset=1)).rows
    assert [values[row.id] for row in rows] == ["a"]
