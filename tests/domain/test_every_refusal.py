"""Every refusal the domain knows is provoked here, by its own class, changing nothing."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest
from builders.accounts import (
    ADMIN,
    BRANCH,
    CAFE,
    CLERK,
    LIVE,
    NOWHERE,
    OFFICE,
    PARTNER,
    SHOP,
    SPARE,
    TEST,
    VENDOR,
    Account,
    caller_facts,
    key_id,
    principal_id,
    profile,
    uid,
)
from builders.snapshots import refused
from fiskaly_mockserver.domain.account import errors
from fiskaly_mockserver.domain.account.model import BillingOptions, KeyStatus
from fiskaly_mockserver.domain.backend import TokenUse
from fiskaly_mockserver.domain.errors import (
    DomainError,
    ExpiredToken,
    ForeignToken,
    MissingToken,
    RefreshTokenAsAccess,
    UnreadableToken,
)

Provocation = Callable[[Account], object]
Scene = Callable[[Account], object]

BILLED_TO_PARTNER = BillingOptions(bill_to_organization=PARTNER)


def _cafe_pays_for_shop(account: Account) -> None:
    options = BillingOptions(bill_to_organization=CAFE)
    shop = account.organization(SHOP)
    account.world.tables.organizations.put(replace(shop, billing_options=options))


def _cafe_owns_the_shops_address(account: Account) -> None:
    office = account.world.tables.billing_addresses.get(OFFICE)
    assert office is not None
    account.world.tables.billing_addresses.put(replace(office, organization_id=CAFE))


def _cafe_made_itself(account: Account) -> None:
    cafe = account.organization(CAFE)
    own = replace(cafe, created_by_user=principal_id("cafe_test"))
    account.world.tables.organizations.put(own)


def _cafe_has_a_tss(account: Account) -> None:
    account.world.signing.tss.create(account.by("cafe_test"), uid(0x51))


def _vendor_is_test_only(account: Account) -> None:
    account.world.tables.organizations.put(replace(account.organization(VENDOR), envs=(TEST,)))


def _later(account: Account) -> None:
    account.world.organizations.delete(account.by("vendor_test"), CAFE)


SCENES: Mapping[type[DomainError], Scene] = {
    errors.StillPays: _cafe_pays_for_shop,
    errors.StillOwnsBillingAddress: _cafe_owns_the_shops_address,
    errors.StillSigns: _cafe_has_a_tss,
    errors.OwnOrganization: _cafe_made_itself,
    errors.NoLiveClearance: _vendor_is_test_only,
    errors.OrganizationNotFound: _later,
}
"""What has to be so before the refusal."""

PROVOCATIONS: Mapping[type[DomainError], Provocation] = {
    errors.InvalidCredentials: lambda a: a.world.sessions.open_with_key("unknown", "EXAMPLE"),
    UnreadableToken: lambda a: a.world.sessions.principal("garbage"),
    ForeignToken: lambda a: a.world.sessions.principal("header.payload.signature"),
    ExpiredToken: lambda a: a.world.sessions.principal(a.token("admin", expires_at=1)),
    RefreshTokenAsAccess: lambda a: a.world.sessions.principal(
        a.token("admin", use=TokenUse.REFRESH)
    ),
    errors.NotTheAdmin: lambda a: a.world.organizations.delete(a.by("shop_test"), SHOP),
    errors.ManagedMayNotCreate: lambda a: a.world.organizations.create(
        a.by("shop_test"), profile()
    ),
    errors.ManagedMayNotAdminister: lambda a: a.world.environments.enable(
        a.by("cafe_test"), CAFE, LIVE
    ),
    errors.NoLiveClearance: lambda a: a.world.environments.enable(a.by("vendor_test"), CAFE, LIVE),
    errors.LiveNeedsLivePayer: lambda a: a.world.organizations.create(
        a.by("vendor_live"), profile()
    ),
    errors.OrganizationNotFound: lambda a: a.world.organizations.retrieve(
        a.by("vendor_test"), CAFE
    ),
    errors.ApiKeyNotFound: lambda a: a.world.api_keys.retrieve(a.by("admin"), SHOP, NOWHERE),
    errors.UserNotFound: lambda a: a.world.users.remove(a.by("admin"), SHOP, NOWHERE),
    errors.NoOpenInvitation: lambda a: a.world.sign_ups.accept_invitation(
        email="nobody@example.com", password="EXAMPLE"
    ),
    errors.BillingAddressNotFound: lambda a: a.world.billing_addresses.retrieve(
        a.by("shop_test"), SPARE
    ),
    errors.ReferenceNotFound: lambda a: a.world.organizations.create(
        a.by("admin"), profile(), managed_by=NOWHERE
    ),
    errors.OrganizationNotMain: lambda a: a.world.organizations.create(
        a.by("admin"), profile(), managed_by=BRANCH
    ),
    errors.StillManages: lambda a: a.world.organizations.delete(a.by("vendor_test"), PARTNER),
    errors.StillPays: lambda a: a.world.organizations.delete(a.by("vendor_test"), CAFE),
    errors.StillOwnsBillingAddress: lambda a: a.world.organizations.delete(
        a.by("vendor_test"), CAFE
    ),
    errors.LiveStays: lambda a: a.world.organizations.delete(a.by("vendor_test"), SHOP),
    errors.StillSigns: lambda a: a.world.organizations.delete(a.by("vendor_test"), CAFE),
    errors.OwnOrganization: lambda a: a.world.organizations.delete(a.by("cafe_test"), CAFE),
    errors.ManagerIsFixed: lambda a: a.world.organizations.update(
        a.by("vendor_test"), SHOP, {}, managed_by=PARTNER
    ),
    errors.PayerCircle: lambda a: a.world.organizations.update(
        a.by("admin"), VENDOR, {"billing_options": BILLED_TO_PARTNER}
    ),
    errors.EnvironmentAlreadyEnabled: lambda a: a.world.environments.enable(
        a.by("admin"), SHOP, TEST
    ),
    errors.ApiKeyNameTaken: lambda a: a.world.api_keys.create(
        a.by("admin"), SHOP, name="shop-test", status=KeyStatus.ENABLED
    ),
    errors.ForeignManager: lambda a: a.world.api_keys.create(
        a.by("admin"), SHOP, name="new", status=KeyStatus.ENABLED, managed_by=PARTNER
    ),
    errors.AlreadyMember: lambda a: a.world.users.invite(
        a.by("admin"), SHOP, email="clerk@example.com"
    ),
    errors.EmailTaken: lambda a: a.world.sign_ups.sign_up(
        email="clerk@example.com", password="EXAMPLE", organization=profile()
    ),
    errors.AdminStays: lambda a: a.world.users.remove(a.by("admin"), VENDOR, ADMIN),
    errors.BillingAddressInUse: lambda a: a.world.billing_addresses.delete(a.by("admin"), OFFICE),
}

ELSEWHERE = {MissingToken}
"""Refusals for which there is no call of the domain: the header is the web layer's."""


FACTS: Mapping[type[DomainError], Mapping[str, str]] = {
    errors.InvalidCredentials: {
        "credential": "api_key",
        "exists": "no",
        "secret_matches": "no",
        "api_key": "",
        "status": "",
    },
    UnreadableToken: {"parts": "1"},
    ForeignToken: {"issued_here": "no"},
    ExpiredToken: caller_facts(
        "admin", issued_here="yes", use="access", expires_at="1", now="1760000000"
    ),
    RefreshTokenAsAccess: caller_facts(
        "admin", issued_here="yes", use="refresh", expires_at="1760000060", now="1760000000"
    ),
    errors.NotTheAdmin: caller_facts(
        "shop_test", organization=SHOP, admin=principal_id("vendor_test")
    ),
    errors.ManagedMayNotCreate: caller_facts("shop_test"),
    errors.ManagedMayNotAdminister: caller_facts("cafe_test", organization=CAFE),
    errors.NoLiveClearance: {"organization": CAFE, "managed_by": VENDOR, "payer": ""},
    errors.LiveNeedsLivePayer: caller_facts("vendor_live"),
    errors.OrganizationNotFound: caller_facts(
        "vendor_test", organization=CAFE, exists="no", environments=""
    ),
    errors.ApiKeyNotFound: caller_facts(
        "admin", organization=SHOP, api_key=NOWHERE, exists="no", owner="", environment=""
    ),
    errors.UserNotFound: {"organization": SHOP, "user": NOWHERE, "exists": "no"},
    errors.NoOpenInvitation: {"user": "", "exists": "no"},
    errors.BillingAddressNotFound: caller_facts(
        "shop_test", billing_address=SPARE, exists="yes", owner=VENDOR
    ),
    errors.ReferenceNotFound: caller_facts(
        "admin", field="managed_by_organization_id", reference=NOWHERE, exists="no", environments=""
    ),
    errors.OrganizationNotMain: {
        "field": "managed_by_organization_id",
        "reference": BRANCH,
        "managed_by": PARTNER,
    },
    errors.StillManages: {"organization": PARTNER, "managed": BRANCH},
    errors.StillPays: {"organization": CAFE, "billed": SHOP},
    errors.StillOwnsBillingAddress: {
        "organization": CAFE,
        "billing_address": OFFICE,
        "billed": SHOP,
    },
    errors.LiveStays: {"organization": SHOP, "environments": "TEST LIVE"},
    errors.StillSigns: {"organization": CAFE, "tss": uid(0x51), "state": "CREATED"},
    errors.OwnOrganization: caller_facts("cafe_test", organization=CAFE),
    errors.ManagerIsFixed: {"organization": SHOP, "managed_by": VENDOR, "reference": PARTNER},
    errors.PayerCircle: {"organization": VENDOR, "payer": PARTNER},
    errors.EnvironmentAlreadyEnabled: {
        "organization": SHOP,
        "environments": "TEST LIVE",
        "environment": "TEST",
    },
    errors.ApiKeyNameTaken: {
        "organization": SHOP,
        "environment": "TEST",
        "api_key": key_id("shop_test"),
        "status": "enabled",
    },
    errors.ForeignManager: {"organization": SHOP, "managed_by": VENDOR, "reference": PARTNER},
    errors.AlreadyMember: {"organization": SHOP, "user": CLERK, "registered": "yes"},
    errors.EmailTaken: {"user": CLERK},
    errors.AdminStays: {"organization": VENDOR, "admin": ADMIN},
    errors.BillingAddressInUse: {"billing_address": OFFICE, "billed": SHOP},
}
"""What each refusal read, as its explanation tells it."""


def _descendants(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)


LEAVES = {
    kind
    for kind in _descendants(DomainError)
    if not kind.__subclasses__() and kind.__module__ in (errors.__name__, DomainError.__module__)
}


def test_every_leaf_of_the_error_tree_is_provoked_or_known_to_be_raised_elsewhere() -> None:
    assert {*PROVOCATIONS, *ELSEWHERE} == LEAVES
    assert {*FACTS} == {*PROVOCATIONS}
    assert ELSEWHERE.isdisjoint(PROVOCATIONS)
    assert set(SCENES) <= set(PROVOCATIONS)


@pytest.mark.parametrize("kind", PROVOCATIONS, ids=lambda kind: kind.__name__)
def test_the_refusal_has_its_own_class_and_facts_and_changes_nothing(
    account: Account, kind: type[DomainError]
) -> None:
    if kind in SCENES:
        SCENES[kind](account)
    with refused(account.world, kind) as caught:
        PROVOCATIONS[kind](account)
    assert caught.value.facts == FACTS[kind]


@pytest.mark.parametrize("kind", SCENES, ids=lambda kind: kind.__name__)
def test_without_its_scene_the_same_call_is_not_refused_that_way(
    account: Account, kind: type[DomainError]
) -> None:
    try:
        PROVOCATIONS[kind](account)
    except DomainError as error:
        assert type(error) is not kind  # noqa: PT017 - it may also succeed


@pytest.mark.parametrize("kind", sorted(LEAVES, key=str), ids=lambda kind: kind.__name__)
def test_every_refusal_names_the_rule_behind_it(kind: type[DomainError]) -> None:
    assert re.fullmatch(r"R([1-9]|1[0-2])|S13", kind.rule)
