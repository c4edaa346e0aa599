"""Deleting organizations: R1, R4, R7, R8, R10, S13."""

from dataclasses import replace

import pytest
from builders.accounts import (
    ADMIN,
    BRANCH,
    CAFE,
    LIVE,
    OFFICE,
    PARTNER,
    SHOP,
    SPARE,
    VENDOR,
    Account,
    principal_id,
    profile,
    uid,
)
from builders.snapshots import refused, snapshot
from fiskaly_mockserver.domain.account.errors import (
    LiveStays,
    NotTheAdmin,
    OrganizationNotFound,
    OwnOrganization,
    StillManages,
    StillOwnsBillingAddress,
    StillPays,
    StillSigns,
)
from fiskaly_mockserver.domain.account.model import BillingOptions, KeyStatus
from fiskaly_mockserver.domain.signing.model import ExportFilter, TransactionState, TssState
from fiskaly_mockserver.domain.signing.process_data import NO_DATA
from fiskaly_mockserver.domain.signing.tables import SigningTables
from fiskaly_mockserver.domain.signing.transactions import Call
from fiskaly_mockserver.domain.store import Paging


def test_r4_the_admin_deletes_an_organization_for_everybody(account: Account) -> None:
    account.world.organizations.delete(account.by("vendor_test"), CAFE)
    with refused(account.world, OrganizationNotFound):
        account.world.organizations.retrieve(account.by("vendor_test"), CAFE)
    page = account.world.organizations.list(account.by("admin"), Paging())
    assert CAFE not in {row.id for row in page.rows}


def test_deleting_twice_finds_nothing_the_second_time(account: Account) -> None:
    account.world.organizations.delete(account.by("vendor_test"), CAFE)
    with refused(account.world, OrganizationNotFound):
        account.world.organizations.delete(account.by("vendor_test"), CAFE)


@pytest.mark.parametrize("name", ["vendor_live", "shop_test", "admin", "clerk"])
def test_r4_nobody_but_the_admin_deletes_an_organization(account: Account, name: str) -> None:
    with refused(account.world, NotTheAdmin):
        account.world.organizations.delete(account.by(name), SHOP)


def test_a_17_keys_members_and_addresses_go_with_the_organization_and_nothing_else(
    account: Account,
) -> None:
    world, vendor = account.world, account.by("vendor_test")
    gone = world.organizations.create(vendor, profile())
    before = snapshot(world)
    key, secret = world.api_keys.create(vendor, gone.id, name="own", status=KeyStatus.ENABLED)
    owner = world.sessions.principal(
        world.sessions.open_with_key(key.key, secret).session.access_token
    )
    world.billing_addresses.create(
        owner,
        {
            "recipient": "Mail",
            "address_line1": "Ring 2",
            "zip": "1010",
            "town": "Wien",
            "country_code": "AUT",
        },
    )
    world.users.invite(vendor, gone.id, email="clerk@example.com")
    assert snapshot(world) != before
    world.organizations.delete(vendor, gone.id)
    after = snapshot(world)
    assert gone.id not in after["organizations"]
    expected = {**before, "sessions": after["sessions"], "organizations": after["organizations"]}
    assert after == expected
    assert {*after["organizations"], gone.id} == set(before["organizations"])


def test_r1_one_that_still_manages_others_stays(account: Account) -> None:
    with refused(account.world, StillManages):
        account.world.organizations.delete(account.by("vendor_test"), PARTNER)
    account.world.organizations.delete(account.by("partner_test"), BRANCH)
    account.world.organizations.delete(account.by("vendor_test"), PARTNER)


def test_r7_a_live_one_stays(account: Account) -> None:
    with refused(account.world, LiveStays):
        account.world.organizations.delete(account.by("vendor_test"), SHOP)


def test_r7_one_that_turned_live_stays(account: Account) -> None:
    account.world.environments.enable(account.by("vendor_test"), CAFE, LIVE)
    with refused(account.world, LiveStays):
        account.world.organizations.delete(account.by("vendor_test"), CAFE)


def test_r8_one_that_is_billed_for_others_stays_until_it_is_not(account: Account) -> None:
    world, vendor = account.world, account.by("vendor_test")
    payer = world.organizations.create(vendor, profile())
    options = BillingOptions(bill_to_organization=payer.id)
    world.organizations.update(vendor, CAFE, {"billing_options": options})
    with refused(world, StillPays):
        world.organizations.delete(vendor, payer.id)
    world.organizations.update(vendor, CAFE, {"billing_options": None})
    world.organizations.delete(vendor, payer.id)


def test_r10_one_whose_address_another_uses_stays(account: Account) -> None:
    row = account.world.tables.billing_addresses.get(SPARE)
    assert row is not None
    account.world.tables.billing_addresses.put(replace(row, organization_id=CAFE))
    account.world.organizations.update(account.by("vendor_test"), CAFE, {"name": "Owner"})
    shop = account.organization(SHOP)
    account.world.tables.organizations.put(replace(shop, billing_address_id=SPARE))
    with refused(account.world, StillOwnsBillingAddress):
        account.world.organizations.delete(account.by("vendor_test"), CAFE)


def test_r10_an_address_that_only_its_owner_uses_goes_with_it(account: Account) -> None:
    row = account.world.tables.billing_addresses.get(SPARE)
    assert row is not None
    account.world.tables.billing_addresses.put(replace(row, organization_id=CAFE))
    cafe = account.organization(CAFE)
    account.world.tables.organizations.put(replace(cafe, billing_address_id=SPARE))
    account.world.organizations.delete(account.by("vendor_test"), CAFE)
    assert account.world.tables.billing_addresses.get(SPARE) is None
    assert account.world.tables.billing_addresses.get(OFFICE) is not None


def test_s13_one_that_signs_stays_until_its_tss_are_disabled_and_go_with_it(
    account: Account,
) -> None:
    world, cafe, shop = account.world, account.by("cafe_test"), account.by("shop_test")
    signing = world.signing
    for caller, tss, client in ((shop, uid(0x50), uid(0xC0)), (cafe, uid(0x51), uid(0xC1))):
        puk = signing.tss.create(caller, tss).admin_puk
        signing.tss.change_state(caller, tss, TssState.UNINITIALIZED)
        signing.tss.change_pin(caller, tss, puk=puk, pin="123456")
        signing.tss.log_in(caller, tss, pin="123456")
        signing.tss.change_state(caller, tss, TssState.INITIALIZED)
        signing.clients.create(caller, tss, client, serial_number="KASSE-01")
        start = Call(1, TransactionState.ACTIVE, client, NO_DATA, {})
        signing.transactions.upsert(caller, tss, uid(0x71), start)
        signing.exports.trigger(caller, tss, uid(0xE1), ExportFilter())
    with refused(world, StillSigns):
        world.organizations.delete(account.by("vendor_test"), CAFE)
    signing.tss.change_state(cafe, uid(0x51), TssState.DISABLED)
    world.organizations.delete(account.by("vendor_test"), CAFE)
    tables = world.rows.tables(SigningTables, SigningTables._fields)
    for name in SigningTables._fields:
        left = {row.id if name == "tss" else row.tss_id for row in getattr(tables, name)}
        assert left == {uid(0x50)}, name


def test_r4_nobody_deletes_its_own_organization_though_it_made_it(account: Account) -> None:
    cafe = account.organization(CAFE)
    made_by_own_key = replace(cafe, created_by_user=principal_id("cafe_test"))
    account.world.tables.organizations.put(made_by_own_key)
    with refused(account.world, OwnOrganization):
        account.world.organizations.delete(account.by("cafe_test"), CAFE)


def test_r4_an_admin_who_is_a_member_too_does_not_delete_it(account: Account) -> None:
    made = account.world.organizations.create(account.by("admin"), profile(), managed_by=VENDOR)
    account.join(made.id, ADMIN)
    with refused(account.world, OwnOrganization):
        account.world.organizations.delete(account.by("admin"), made.id)
    assert account.organization(VENDOR).created_by_user == principal_id("admin")
