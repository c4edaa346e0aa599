"""Changing organizations: R4, R8, R11, R12."""

import pytest
from builders.accounts import (
    ABROAD,
    BOSS,
    CAFE,
    CLERK,
    GUEST,
    NOWHERE,
    PARTNER,
    SHOP,
    SPARE,
    STRANGER,
    VENDOR,
    Account,
    profile,
)
from builders.snapshots import refused
from fiskaly_mockserver.domain.account.errors import (
    ManagerIsFixed,
    NotTheAdmin,
    OrganizationNotMain,
    PayerCircle,
    ReferenceNotFound,
)
from fiskaly_mockserver.domain.account.model import BillingOptions, OrganizationId
from fiskaly_mockserver.domain.store import Paging


def billed_to(payer: str) -> BillingOptions:
    return BillingOptions(bill_to_organization=OrganizationId(payer))


def test_r4_the_admin_changes_what_it_names_and_nothing_else(account: Account) -> None:
    before = account.organization(SHOP)
    after = account.world.organizations.update(
        account.by("vendor_test"), SHOP, {"name": "Renamed", "state": "Tirol"}
    )
    assert (after.name, after.state) == ("Renamed", "Tirol")
    assert account.organization(SHOP) == after
    same = {"name": before.name, "state": before.state}
    assert {**_fields(after), **same} == _fields(before)


def _fields(row: object) -> dict[str, object]:
    return {name: getattr(row, name) for name in type(row).__slots__}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("vendor_live", SHOP),
        ("shop_test", SHOP),
        ("admin", SHOP),
        ("vendor_test", VENDOR),
        ("partner_test", PARTNER),
    ],
)
def test_r4_nobody_but_the_admin_changes_an_organization(
    account: Account, name: str, target: str
) -> None:
    with refused(account.world, NotTheAdmin):
        account.world.organizations.update(account.by(name), target, {"name": "Mine now"})


def test_r4_a_user_who_made_the_organization_is_its_admin(account: Account) -> None:
    changed = account.world.organizations.update(account.by("admin"), VENDOR, {"town": "Graz"})
    assert changed.town == "Graz"


def test_r11_the_current_main_organization_may_be_sent_along(account: Account) -> None:
    changed = account.world.organizations.update(
        account.by("vendor_test"), SHOP, profile(town="Graz"), managed_by=VENDOR
    )
    assert changed.managed_by_organization_id == VENDOR
    assert changed.town == "Graz"


@pytest.mark.parametrize(
    ("target", "manager"),
    [(SHOP, PARTNER), (SHOP, NOWHERE), (SHOP, STRANGER), (PARTNER, VENDOR), (PARTNER, "")],
)
def test_r11_another_main_organization_is_refused(
    account: Account, target: str, manager: str
) -> None:
    with refused(account.world, ManagerIsFixed):
        account.world.organizations.update(
            account.by("vendor_test"), target, {"name": "Moved"}, managed_by=manager
        )


def test_r12_metadata_is_replaced_whole(account: Account) -> None:
    update = account.world.organizations.update
    update(account.by("vendor_test"), SHOP, {"metadata": {"a": "1", "b": "2"}})
    changed = update(account.by("vendor_test"), SHOP, {"metadata": {"c": "3"}})
    assert changed.metadata == {"c": "3"}


def test_r12_billing_options_are_replaced_whole(account: Account) -> None:
    changed = account.world.organizations.update(
        account.by("vendor_test"), PARTNER, {"billing_options": BillingOptions(gln="4012345000009")}
    )
    assert changed.billing_options == BillingOptions(gln="4012345000009")
    assert changed.payer_id is None


def test_a_34_references_that_an_update_leaves_are_not_looked_up_again(account: Account) -> None:
    caller = account.by("vendor_test")
    made = account.world.organizations.create(
        caller,
        profile(
            contact_person_id=GUEST, billing_address_id=SPARE, billing_options=billed_to(PARTNER)
        ),
        managed_by=VENDOR,
    )
    for table, key in (("users", GUEST), ("billing_addresses", SPARE), ("organizations", PARTNER)):
        getattr(account.world.tables, table).remove(key)
    changed = account.world.organizations.update(
        caller,
        made.id,
        {
            "contact_person_id": GUEST,
            "billing_address_id": SPARE,
            "billing_options": billed_to(PARTNER),
            "name": "Same references",
        },
    )
    assert changed.name == "Same references"


def test_references_are_cleared_by_empty_text(account: Account) -> None:
    changed = account.world.organizations.update(
        account.by("vendor_test"), SHOP, {"billing_address_id": "", "contact_person_id": ""}
    )
    assert changed.billing_address_id == ""


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"billing_options": billed_to(STRANGER)}, "billing_options.bill_to_organization"),
        ({"billing_options": billed_to(NOWHERE)}, "billing_options.bill_to_organization"),
        ({"contact_person_id": BOSS}, "contact_person_id"),
        ({"billing_address_id": ABROAD}, "billing_address_id"),
        ({"billing_address_id": NOWHERE}, "billing_address_id"),
    ],
    ids=["foreign payer", "missing payer", "foreign contact", "foreign address", "no address"],
)
def test_r3_a_newly_named_reference_must_be_in_sight(
    account: Account, change: dict[str, object], field: str
) -> None:
    with refused(account.world, ReferenceNotFound) as caught:
        account.world.organizations.update(account.by("vendor_test"), SHOP, change)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_a_newly_named_contact_and_address_in_sight_are_taken(account: Account) -> None:
    changed = account.world.organizations.update(
        account.by("vendor_test"), SHOP, {"contact_person_id": CLERK, "billing_address_id": SPARE}
    )
    assert (changed.contact_person_id, changed.billing_address_id) == (CLERK, SPARE)


def test_r8_a_managed_payer_is_refused_on_update_too(account: Account) -> None:
    with refused(account.world, OrganizationNotMain):
        account.world.organizations.update(
            account.by("vendor_test"), SHOP, {"billing_options": billed_to(CAFE)}
        )


def test_r8_nobody_pays_for_itself(account: Account) -> None:
    with refused(account.world, PayerCircle):
        account.world.organizations.update(
            account.by("vendor_test"), PARTNER, {"billing_options": billed_to(PARTNER)}
        )


def test_r8_a_chain_of_payers_closes_no_circle(account: Account) -> None:
    with refused(account.world, PayerCircle):
        account.world.organizations.update(
            account.by("admin"), VENDOR, {"billing_options": billed_to(PARTNER)}
        )


def test_r8_a_longer_chain_of_payers_closes_no_circle_either(account: Account) -> None:
    third = account.world.organizations.create(
        account.by("vendor_test"), profile(billing_options=billed_to(PARTNER))
    )
    with refused(account.world, PayerCircle):
        account.world.organizations.update(
            account.by("admin"), VENDOR, {"billing_options": billed_to(third.id)}
        )


def test_r8_a_payer_whose_own_payer_is_gone_ends_the_chain(account: Account) -> None:
    made = account.world.organizations.create(
        account.by("vendor_test"), profile(billing_options=billed_to(PARTNER))
    )
    other = account.world.organizations.create(account.by("vendor_test"), profile())
    account.world.tables.organizations.remove(PARTNER)
    changed = account.world.organizations.update(
        account.by("vendor_test"), other.id, {"billing_options": billed_to(made.id)}
    )
    assert changed.payer_id == made.id


def test_r8_another_payer_that_closes_no_circle_is_taken(account: Account) -> None:
    other = account.world.organizations.create(account.by("vendor_test"), profile())
    changed = account.world.organizations.update(
        account.by("vendor_test"), PARTNER, {"billing_options": billed_to(other.id)}
    )
    assert changed.payer_id == other.id


def test_a_change_keeps_the_place_in_the_list(account: Account) -> None:
    caller = account.by("vendor_test")
    before = [row.id for row in account.world.organizations.list(caller, Paging()).rows]
    account.world.organizations.update(caller, SHOP, {"name": "Zzz"})
    page = account.world.organizations.list(caller, Paging())
    assert [row.id for row in page.rows] == before
