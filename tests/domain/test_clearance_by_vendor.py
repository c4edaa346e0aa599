"""Clearance for LIVE, which the vendor gives and no caller: R5, R6, R7."""

import pytest
from builders.accounts import (
    BOTH,
    BRANCH,
    CAFE,
    LIVE,
    NOWHERE,
    PARTNER,
    SHOP,
    TEST,
    VENDOR,
    Account,
    principal_id,
    profile,
)
from builders.snapshots import refused
from fiskaly_mockserver.domain.account.api_keys import ApiKeyFilter
from fiskaly_mockserver.domain.account.errors import (
    EnvironmentAlreadyEnabled,
    NoLiveClearance,
    OrganizationNotFound,
    OrganizationNotMain,
)
from fiskaly_mockserver.domain.account.model import KeyStatus
from fiskaly_mockserver.domain.store import Paging


def test_r7_clearance_makes_a_main_organization_live_and_hands_out_its_first_live_key(
    account: Account,
) -> None:
    live, key, secret = account.world.environments.clear(PARTNER)
    assert live == account.organization(PARTNER)
    assert live.envs == BOTH
    assert (key.organization_id, key.env, key.name) == (PARTNER, LIVE, "first-live-key")
    assert key.status is KeyStatus.ENABLED
    assert key.key.startswith("live_")
    session = account.world.sessions.open_with_key(key.key, secret).session
    assert (session.organization_id, session.env) == (PARTNER, LIVE)


def test_r4_the_key_is_made_by_the_admin_and_is_a_principal_of_its_own(account: Account) -> None:
    live, key, _ = account.world.environments.clear(PARTNER)
    assert key.created_by_user == live.created_by_user == principal_id("vendor_test")
    assert key.principal_id not in {principal_id("vendor_test"), key.id, live.id}


def test_r6_the_live_key_stands_among_the_live_keys_only(account: Account) -> None:
    _, key, secret = account.world.environments.clear(PARTNER)
    token = account.world.sessions.open_with_key(key.key, secret).session.access_token
    world, caller = account.world, account.world.sessions.principal(token)
    page = world.api_keys.list(caller, PARTNER, ApiKeyFilter(), Paging())
    assert list(page.rows) == [key]
    page = world.api_keys.list(account.by("partner_test"), PARTNER, ApiKeyFilter(), Paging())
    assert key not in page.rows
    assert [row.id for row in world.organizations.list(caller, Paging()).rows] == [PARTNER]


def test_r7_before_clearance_nobody_below_becomes_live_and_after_it_they_do(
    account: Account,
) -> None:
    vendor = account.by("vendor_test")
    first = account.world.organizations.create(vendor, profile())
    below = account.world.organizations.create(vendor, profile(), managed_by=first.id)
    with refused(account.world, NoLiveClearance):
        account.world.environments.enable(vendor, below.id, LIVE)
    account.world.environments.clear(first.id)
    assert account.world.environments.enable(vendor, below.id, LIVE).envs == BOTH


@pytest.mark.parametrize("target", [SHOP, CAFE, BRANCH])
def test_r7_a_managed_organization_is_not_cleared_itself(account: Account, target: str) -> None:
    with refused(account.world, OrganizationNotMain) as caught:
        account.world.environments.clear(target)
    assert caught.value.field == "organization_id"
    assert caught.value.facts["reference"] == target


@pytest.mark.parametrize("target", [NOWHERE, "", "no id at all"])
def test_an_unknown_organization_is_not_cleared(account: Account, target: str) -> None:
    with refused(account.world, OrganizationNotFound):
        account.world.environments.clear(target)


def test_a_live_organization_is_not_cleared_again(account: Account) -> None:
    with refused(account.world, EnvironmentAlreadyEnabled):
        account.world.environments.clear(VENDOR)
    account.world.environments.clear(PARTNER)
    with refused(account.world, EnvironmentAlreadyEnabled):
        account.world.environments.clear(PARTNER)


def test_a_cleared_organization_keeps_its_test_side(account: Account) -> None:
    before = account.organization(PARTNER)
    account.world.environments.clear(PARTNER)
    caller = account.by("partner_test")
    row = account.world.organizations.retrieve(caller, PARTNER)
    assert (row.name, row.viewers, row.billing_options) == (
        before.name,
        before.viewers,
        before.billing_options,
    )
    assert caller.env is TEST
