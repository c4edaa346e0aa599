"""Enabling LIVE: R5, R6, R7."""

from dataclasses import replace

import pytest
from builders.accounts import (
    BOTH,
    BRANCH,
    CAFE,
    CLERK,
    LIVE,
    PARTNER,
    SHOP,
    TEST,
    VENDOR,
    Account,
    profile,
)
from builders.snapshots import refused
from fiskaly_mockserver.domain.account.errors import (
    EnvironmentAlreadyEnabled,
    ManagedMayNotAdminister,
    NoLiveClearance,
    OrganizationNotFound,
)
from fiskaly_mockserver.domain.account.model import BillingOptions, Environment, OrganizationId


def test_r6_live_is_added_beside_test(account: Account) -> None:
    enabled = account.world.environments.enable(account.by("vendor_test"), CAFE, LIVE)
    assert enabled.envs == BOTH
    assert account.organization(CAFE) == enabled


@pytest.mark.parametrize(
    ("name", "target", "env"),
    [
        ("vendor_test", CAFE, TEST),
        ("vendor_test", SHOP, LIVE),
        ("vendor_live", SHOP, LIVE),
        ("vendor_live", VENDOR, TEST),
    ],
)
def test_a_12_an_environment_that_is_enabled_already_is_refused(
    account: Account, name: str, target: str, env: Environment
) -> None:
    with refused(account.world, EnvironmentAlreadyEnabled):
        account.world.environments.enable(account.by(name), target, env)


@pytest.mark.parametrize(
    ("name", "target"),
    [("cafe_test", CAFE), ("shop_test", SHOP), ("branch_test", BRANCH), ("clerk", SHOP)],
)
def test_r5_a_managed_organizations_principal_enables_nothing(
    account: Account, name: str, target: str
) -> None:
    with refused(account.world, ManagedMayNotAdminister):
        account.world.environments.enable(account.by(name), target, LIVE)


def test_r5_a_foreign_main_membership_gives_no_right_over_a_managed_one(account: Account) -> None:
    account.join(CAFE, CLERK)
    account.join(PARTNER, CLERK)
    with refused(account.world, ManagedMayNotAdminister):
        account.world.environments.enable(account.by("clerk"), CAFE, LIVE)


def test_r6_with_a_live_token_an_organization_that_is_not_live_is_not_found(
    account: Account,
) -> None:
    with refused(account.world, OrganizationNotFound):
        account.world.environments.enable(account.by("vendor_live"), CAFE, LIVE)


def test_r7_clearance_comes_from_a_live_payer(account: Account) -> None:
    enabled = account.world.environments.enable(account.by("vendor_test"), PARTNER, LIVE)
    assert enabled.envs == BOTH


def test_r7_clearance_comes_down_over_manager_and_payers(account: Account) -> None:
    enabled = account.world.environments.enable(account.by("partner_test"), BRANCH, LIVE)
    assert enabled.envs == BOTH


def test_r7_a_managed_ones_own_payer_clears_it_too(account: Account) -> None:
    world, vendor = account.world, account.by("vendor_test")
    middle = world.organizations.create(vendor, profile())
    options = BillingOptions(bill_to_organization=VENDOR)
    lower = world.organizations.create(
        vendor, profile(billing_options=options), managed_by=middle.id
    )
    assert world.environments.enable(vendor, lower.id, LIVE).envs == BOTH


def _make_test_only(account: Account, target: OrganizationId) -> None:
    account.world.tables.organizations.put(replace(account.organization(target), envs=(TEST,)))


def test_r7_without_a_live_main_organization_above_live_is_refused(account: Account) -> None:
    _make_test_only(account, VENDOR)
    for name, target in (
        ("vendor_test", VENDOR),
        ("vendor_test", CAFE),
        ("vendor_test", PARTNER),
        ("partner_test", BRANCH),
    ):
        with refused(account.world, NoLiveClearance):
            account.world.environments.enable(account.by(name), target, LIVE)


def test_r7_a_main_organization_that_nobody_pays_for_has_no_clearance(account: Account) -> None:
    other = account.world.organizations.create(account.by("vendor_test"), profile())
    with refused(account.world, NoLiveClearance):
        account.world.environments.enable(account.by("vendor_test"), other.id, LIVE)


def test_r7_a_live_managed_organization_clears_nobody(account: Account) -> None:
    _make_test_only(account, VENDOR)
    assert account.organization(SHOP).envs == BOTH
    with refused(account.world, NoLiveClearance):
        account.world.environments.enable(account.by("vendor_test"), CAFE, LIVE)


def test_r7_looking_for_clearance_ends_in_a_damaged_tree_too(account: Account) -> None:
    _make_test_only(account, VENDOR)
    vendor = account.organization(VENDOR)
    circle = BillingOptions(bill_to_organization=PARTNER)
    account.world.tables.organizations.put(replace(vendor, billing_options=circle))
    with refused(account.world, NoLiveClearance):
        account.world.environments.enable(account.by("partner_test"), BRANCH, LIVE)
    account.world.tables.organizations.remove(VENDOR)
    with refused(account.world, NoLiveClearance):
        account.world.environments.enable(account.by("partner_test"), BRANCH, LIVE)
