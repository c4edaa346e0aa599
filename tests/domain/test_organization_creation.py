"""Making organizations: R1, R2, R4, R6, R8, R11 and the references of the body."""

import pytest
from builders.accounts import (
    ABROAD,
    ADMIN,
    BOSS,
    BOTH,
    BRANCH,
    CAFE,
    CLERK,
    GUEST,
    LIVE,
    NOWHERE,
    OFFICE,
    PARTNER,
    SHOP,
    SPARE,
    STRANGER,
    TEST,
    VENDOR,
    Account,
    principal_id,
    profile,
)
from builders.snapshots import refused, snapshot
from fiskaly_mockserver.domain.account.errors import (
    LiveNeedsLivePayer,
    ManagedMayNotCreate,
    OrganizationNotMain,
    ReferenceNotFound,
)
from fiskaly_mockserver.domain.account.model import (
    BillingOptions,
    ManagedConfiguration,
    OrganizationId,
    OrganizationType,
)


def billed_to(payer: str) -> BillingOptions:
    return BillingOptions(bill_to_organization=OrganizationId(payer))


def test_r1_one_made_under_a_main_organization_is_managed_by_it(account: Account) -> None:
    made = account.world.organizations.create(
        account.by("vendor_test"), profile(), managed_by=VENDOR
    )
    assert made.type is OrganizationType.MANAGED
    assert made.managed_by_organization_id == VENDOR
    assert account.organization(made.id) == made


def test_r1_one_made_without_a_parent_is_a_main_one(account: Account) -> None:
    made = account.world.organizations.create(account.by("vendor_test"), profile())
    assert made.type is OrganizationType.MAIN
    assert made.is_main
    assert made.managed_by_organization_id is None


@pytest.mark.parametrize("parent", [SHOP, BRANCH])
def test_r1_a_managed_organization_manages_none(account: Account, parent: OrganizationId) -> None:
    with refused(account.world, OrganizationNotMain) as caught:
        account.world.organizations.create(account.by("vendor_test"), profile(), managed_by=parent)
    assert caught.value.field == "managed_by_organization_id"


def test_r1_a_main_organization_of_the_account_may_be_filled_from_above(account: Account) -> None:
    made = account.world.organizations.create(
        account.by("vendor_test"), profile(), managed_by=PARTNER
    )
    assert made.viewers == (made.id, PARTNER, VENDOR)


@pytest.mark.parametrize("parent", [STRANGER, NOWHERE, ""])
def test_r3_an_unseen_parent_is_not_found_like_a_missing_one(account: Account, parent: str) -> None:
    with refused(account.world, ReferenceNotFound) as caught:
        account.world.organizations.create(account.by("vendor_test"), profile(), managed_by=parent)
    assert caught.value.field == "managed_by_organization_id"


def test_r3_a_managed_parent_of_another_account_is_not_found_either(account: Account) -> None:
    with refused(account.world, ReferenceNotFound):
        account.world.organizations.create(account.by("stranger_test"), profile(), managed_by=SHOP)


def test_r6_a_live_token_does_not_find_a_parent_that_is_not_live(account: Account) -> None:
    account.world.organizations.create(account.by("vendor_test"), profile(), managed_by=PARTNER)
    with refused(account.world, ReferenceNotFound):
        account.world.organizations.create(account.by("vendor_live"), profile(), managed_by=PARTNER)


@pytest.mark.parametrize("name", ["vendor_test", "admin"])
def test_r4_the_caller_becomes_the_admin_under_its_principal_id(
    account: Account, name: str
) -> None:
    made = account.world.organizations.create(account.by(name), profile(), managed_by=VENDOR)
    assert made.created_by_user == principal_id(name)
    assert made.created_by_organization_id == VENDOR


@pytest.mark.parametrize("name", ["shop_test", "shop_live", "branch_test", "clerk"])
@pytest.mark.parametrize("parent", [None, VENDOR, SHOP])
def test_r5_a_managed_organizations_principal_creates_no_organization(
    account: Account, name: str, parent: str | None
) -> None:
    with refused(account.world, ManagedMayNotCreate):
        account.world.organizations.create(account.by(name), profile(), managed_by=parent)


def test_r5_no_key_and_no_membership_is_made_with_an_organization(account: Account) -> None:
    before = snapshot(account.world)
    made = account.world.organizations.create(account.by("vendor_test"), profile())
    after = snapshot(account.world)
    assert set(after["organizations"]) - set(before["organizations"]) == {made.id}
    assert {**after, "organizations": {}} == {**before, "organizations": {}}


def test_r6_a_test_token_makes_a_test_organization_even_under_a_live_one(
    account: Account,
) -> None:
    made = account.world.organizations.create(
        account.by("vendor_test"), profile(), managed_by=VENDOR
    )
    assert made.envs == (TEST,)


def test_r7_a_live_token_makes_a_managed_organization_live_from_the_start(
    account: Account,
) -> None:
    made = account.world.organizations.create(
        account.by("vendor_live"), profile(), managed_by=VENDOR
    )
    assert made.envs == BOTH


def test_r8_a_live_token_makes_a_main_organization_live_if_a_live_one_pays(
    account: Account,
) -> None:
    made = account.world.organizations.create(
        account.by("vendor_live"), profile(billing_options=billed_to(VENDOR))
    )
    assert made.envs == BOTH
    assert made.payer_id == VENDOR


@pytest.mark.parametrize("options", [None, BillingOptions(), BillingOptions(gln="4012345000009")])
def test_r8_a_live_token_makes_no_main_organization_without_a_payer(
    account: Account, options: BillingOptions | None
) -> None:
    with refused(account.world, LiveNeedsLivePayer):
        account.world.organizations.create(
            account.by("vendor_live"), profile(billing_options=options)
        )


def test_r8_a_payer_that_is_not_live_is_not_found_with_a_live_token(account: Account) -> None:
    with refused(account.world, ReferenceNotFound) as caught:
        account.world.organizations.create(
            account.by("vendor_live"), profile(billing_options=billed_to(PARTNER))
        )
    assert caught.value.field == "billing_options.bill_to_organization"


@pytest.mark.parametrize("parent", [None, VENDOR])
def test_r8_a_managed_payer_is_refused(account: Account, parent: str | None) -> None:
    with refused(account.world, OrganizationNotMain) as caught:
        account.world.organizations.create(
            account.by("vendor_test"), profile(billing_options=billed_to(SHOP)), managed_by=parent
        )
    assert caught.value.field == "billing_options.bill_to_organization"


@pytest.mark.parametrize("payer", [STRANGER, NOWHERE])
def test_r8_an_unseen_payer_is_not_found(account: Account, payer: str) -> None:
    with refused(account.world, ReferenceNotFound):
        account.world.organizations.create(
            account.by("vendor_test"), profile(billing_options=billed_to(payer))
        )


def test_r8_a_managed_organization_may_have_another_payer_than_its_main_one(
    account: Account,
) -> None:
    made = account.world.organizations.create(
        account.by("vendor_test"), profile(billing_options=billed_to(VENDOR)), managed_by=PARTNER
    )
    assert (made.managed_by_organization_id, made.payer_id) == (PARTNER, VENDOR)


@pytest.mark.parametrize("contact", [ADMIN, CLERK, GUEST])
def test_a_contact_is_any_user_in_sight_invited_ones_too(account: Account, contact: str) -> None:
    made = account.world.organizations.create(
        account.by("vendor_test"), profile(contact_person_id=contact)
    )
    assert made.contact_person_id == contact


@pytest.mark.parametrize("contact", [BOSS, NOWHERE, SHOP])
def test_r3_an_unseen_contact_is_not_found(account: Account, contact: str) -> None:
    with refused(account.world, ReferenceNotFound) as caught:
        account.world.organizations.create(
            account.by("vendor_test"), profile(contact_person_id=contact)
        )
    assert caught.value.field == "contact_person_id"


def test_r9_a_contact_whose_invitation_lapsed_is_not_found(account: Account) -> None:
    account.clock.advance(3_600)
    with refused(account.world, ReferenceNotFound):
        account.world.organizations.create(
            account.by("vendor_test"), profile(contact_person_id=GUEST)
        )


@pytest.mark.parametrize("address", [OFFICE, SPARE])
def test_r10_an_address_of_the_callers_organization_is_linked(
    account: Account, address: str
) -> None:
    made = account.world.organizations.create(
        account.by("vendor_test"), profile(billing_address_id=address)
    )
    assert made.billing_address_id == address


@pytest.mark.parametrize(("name", "address"), [("vendor_test", ABROAD), ("partner_test", OFFICE)])
def test_r10_an_address_of_somebody_else_is_not_found(
    account: Account, name: str, address: str
) -> None:
    with refused(account.world, ReferenceNotFound) as caught:
        account.world.organizations.create(account.by(name), profile(billing_address_id=address))
    assert caught.value.field == "billing_address_id"


def test_empty_references_count_as_unset(account: Account) -> None:
    made = account.world.organizations.create(
        account.by("vendor_test"), profile(contact_person_id="", billing_address_id="")
    )
    assert (made.contact_person_id, made.billing_address_id) == ("", "")


def test_r11_names_need_not_be_unique(account: Account) -> None:
    create = account.world.organizations.create
    first = create(account.by("vendor_test"), profile(name="Twin"), managed_by=VENDOR)
    second = create(account.by("vendor_test"), profile(name="Twin"), managed_by=VENDOR)
    assert first.id != second.id
    assert first.name == second.name


def test_every_field_of_the_profile_is_kept(account: Account) -> None:
    given = profile(
        display_name="Bäckerei",
        vat_id="ATU12345678",
        contact_person_id=ADMIN,
        address_line2="Tür 2",
        state="Wien",
        tax_number="09 123/4567",
        economy_id="12345",
        billing_options=BillingOptions(
            gln="4012345000009", withhold_billing=True, bill_to_organization=VENDOR
        ),
        billing_address_id=SPARE,
        metadata={"branch": "7"},
        managed_configuration=ManagedConfiguration(withhold_billing=False),
    )
    made = account.world.organizations.create(account.by("vendor_test"), given, managed_by=VENDOR)
    assert {field: getattr(made, field) for field in given} == given


def test_a_user_of_a_managed_and_a_main_organization_creates_through_the_main_one(
    account: Account,
) -> None:
    account.join(PARTNER, CLERK)
    made = account.world.organizations.create(account.by("clerk"), profile(), managed_by=PARTNER)
    assert made.managed_by_organization_id == PARTNER


def test_a_managed_organization_made_by_another_than_its_main_one_is_seen_through_that(
    account: Account,
) -> None:
    made = account.world.organizations.create(
        account.by("vendor_test"), profile(), managed_by=PARTNER
    )
    assert account.world.organizations.retrieve(account.by("partner_test"), made.id) == made
    assert CAFE not in made.viewers


def test_live_is_never_made_with_a_test_token_even_with_a_live_payer(account: Account) -> None:
    made = account.world.organizations.create(
        account.by("vendor_test"), profile(billing_options=billed_to(VENDOR))
    )
    assert LIVE not in made.envs
