"""What refusals read where more, or less, is there to read than `test_every_refusal` has."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from builders.accounts import (
    ABROAD,
    ADMIN,
    BOSS,
    CAFE,
    GUEST,
    LIVE,
    NOWHERE,
    PARTNER,
    SHOP,
    STRANGER,
    TEST,
    VENDOR,
    Account,
    caller_facts,
    key_id,
    secret_of,
)
from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.model import BillingOptions, KeyStatus
from fiskaly_mockserver.domain.backend import TokenUse
from fiskaly_mockserver.domain.errors import DomainError

Call = Callable[[Account], object]
MANAGER = "managed_by_organization_id"


def _refreshed(name: str) -> Call:
    return lambda a: a.world.sessions.refresh(a.token(name, use=TokenUse.REFRESH))


def _with_disabled_key(a: Account) -> object:
    a.world.api_keys.update(
        a.by("vendor_test"), SHOP, key_id("shop_test"), status=KeyStatus.DISABLED
    )
    return a.world.sessions.open_with_key(a.key("shop_test").key, secret_of("shop_test"))


def _refreshed_by_a_deleted_key(a: Account) -> object:
    a.world.api_keys.delete(a.by("vendor_test"), SHOP, key_id("shop_test"))
    return _refreshed("shop_test")(a)


def _refreshed_by_a_disabled_key(a: Account) -> object:
    a.world.api_keys.update(
        a.by("vendor_test"), SHOP, key_id("shop_test"), status=KeyStatus.DISABLED
    )
    return _refreshed("shop_test")(a)


def _without_organization(a: Account, then: Call) -> object:
    a.world.tables.memberships.remove((VENDOR, ADMIN))
    return then(a)


def _invited_too_long_ago(a: Account) -> object:
    a.clock.advance(3_600)
    return a.world.sign_ups.accept_invitation(email="guest@example.com", password="EXAMPLE")


def _with_payer_of_partner_in_test(a: Account) -> Principal:
    a.world.tables.organizations.put(replace(a.organization(VENDOR), envs=(TEST,)))
    return a.by("vendor_test")


_REFRESHING = {
    "credential": "refresh_token",
    "issued_here": "yes",
    "use": "refresh",
    "expires_at": "1760000060",
    "now": "1760000000",
}

FACTS: Mapping[str, tuple[Call, Mapping[str, str]]] = {
    "a wrong secret": (
        lambda a: a.world.sessions.open_with_key(a.key("shop_test").key, "EXAMPLE"),
        {
            "credential": "api_key",
            "exists": "yes",
            "secret_matches": "no",
            "api_key": key_id("shop_test"),
            "status": "enabled",
        },
    ),
    "a disabled key": (
        _with_disabled_key,
        {
            "credential": "api_key",
            "exists": "yes",
            "secret_matches": "yes",
            "api_key": key_id("shop_test"),
            "status": "disabled",
        },
    ),
    "an unknown e-mail": (
        lambda a: a.world.sessions.open_with_password("nobody@example.com", "EXAMPLE"),
        {"credential": "password", "exists": "no", "secret_matches": "no", "user": ""},
    ),
    "a wrong password": (
        lambda a: a.world.sessions.open_with_password("admin@example.com", "EXAMPLE"),
        {"credential": "password", "exists": "yes", "secret_matches": "no", "user": ADMIN},
    ),
    "a person of no organization": (
        lambda a: _without_organization(
            a,
            lambda a: a.world.sessions.open_with_password("admin@example.com", secret_of("admin")),
        ),
        {
            "credential": "password",
            "exists": "yes",
            "secret_matches": "yes",
            "user": ADMIN,
            "organizations": "0",
        },
    ),
    "a refresh token of a person of no organization": (
        lambda a: _without_organization(a, _refreshed("admin")),
        caller_facts("admin", **_REFRESHING, organizations="0"),
    ),
    "an access token of a person of no organization": (
        lambda a: _without_organization(a, lambda a: a.by("admin")),
        caller_facts(
            "admin",
            issued_here="yes",
            use="access",
            expires_at="1760000060",
            now="1760000000",
            organizations="0",
        ),
    ),
    "a refresh token of a deleted key": (
        _refreshed_by_a_deleted_key,
        caller_facts("shop_test", **_REFRESHING, api_key="", status="deleted"),
    ),
    "a refresh token of a disabled key": (
        _refreshed_by_a_disabled_key,
        caller_facts("shop_test", **_REFRESHING, api_key=key_id("shop_test"), status="disabled"),
    ),
    "no refresh token": (
        lambda a: a.world.sessions.refresh("garbage"),
        {"credential": "refresh_token", "issued_here": "no"},
    ),
    "an unseen organization": (
        lambda a: a.world.organizations.retrieve(a.by("shop_test"), VENDOR),
        caller_facts("shop_test", organization=VENDOR, exists="yes", environments="TEST LIVE"),
    ),
    "no organization to clear": (
        lambda a: a.world.environments.clear(NOWHERE),
        {"organization": NOWHERE, "exists": "no"},
    ),
    "a managed organization to clear": (
        lambda a: a.world.environments.clear(CAFE),
        {"field": "organization_id", "reference": CAFE, "managed_by": VENDOR},
    ),
    "a LIVE organization to clear": (
        lambda a: a.world.environments.clear(VENDOR),
        {"organization": VENDOR, "environments": "TEST LIVE", "environment": "LIVE"},
    ),
    "no clearance, though another pays": (
        lambda a: a.world.environments.enable(_with_payer_of_partner_in_test(a), PARTNER, LIVE),
        {"organization": PARTNER, "managed_by": "", "payer": VENDOR},
    ),
    "an unseen payer": (
        lambda a: a.world.organizations.update(
            a.by("admin"),
            VENDOR,
            {"billing_options": BillingOptions(bill_to_organization=STRANGER)},
        ),
        caller_facts(
            "admin",
            field="billing_options.bill_to_organization",
            reference=STRANGER,
            exists="yes",
            environments="TEST LIVE",
        ),
    ),
    "a managed payer": (
        lambda a: a.world.organizations.update(
            a.by("admin"), VENDOR, {"billing_options": BillingOptions(bill_to_organization=SHOP)}
        ),
        {
            "field": "billing_options.bill_to_organization",
            "reference": SHOP,
            "managed_by": VENDOR,
        },
    ),
    "an unknown contact": (
        lambda a: a.world.organizations.update(
            a.by("admin"), VENDOR, {"contact_person_id": NOWHERE}
        ),
        caller_facts("admin", field="contact_person_id", reference=NOWHERE, exists="no"),
    ),
    "an unseen contact": (
        lambda a: a.world.organizations.update(a.by("admin"), VENDOR, {"contact_person_id": BOSS}),
        caller_facts("admin", field="contact_person_id", reference=BOSS, exists="yes"),
    ),
    "an unknown billing address": (
        lambda a: a.world.organizations.update(
            a.by("admin"), VENDOR, {"billing_address_id": NOWHERE}
        ),
        caller_facts("admin", field="billing_address_id", reference=NOWHERE, exists="no", owner=""),
    ),
    "another's billing address": (
        lambda a: a.world.organizations.update(
            a.by("admin"), VENDOR, {"billing_address_id": ABROAD}
        ),
        caller_facts(
            "admin", field="billing_address_id", reference=ABROAD, exists="yes", owner=STRANGER
        ),
    ),
    "a billing address that is none": (
        lambda a: a.world.billing_addresses.retrieve(a.by("admin"), NOWHERE),
        caller_facts("admin", billing_address=NOWHERE, exists="no", owner=""),
    ),
    "a manager of a main organization": (
        lambda a: a.world.organizations.update(a.by("admin"), VENDOR, {}, managed_by=PARTNER),
        {"organization": VENDOR, "managed_by": "", "reference": PARTNER},
    ),
    "an unseen manager of a key": (
        lambda a: a.world.api_keys.create(
            a.by("admin"), SHOP, name="new", status=KeyStatus.ENABLED, managed_by=STRANGER
        ),
        caller_facts(
            "admin", field=MANAGER, reference=STRANGER, exists="yes", environments="TEST LIVE"
        ),
    ),
    "a manager of a main organization's key": (
        lambda a: a.world.api_keys.create(
            a.by("admin"), VENDOR, name="new", status=KeyStatus.ENABLED, managed_by=PARTNER
        ),
        {"organization": VENDOR, "managed_by": "", "reference": PARTNER},
    ),
    "a key of the other environment": (
        lambda a: a.world.api_keys.retrieve(a.by("admin"), SHOP, key_id("shop_live")),
        caller_facts(
            "admin",
            organization=SHOP,
            api_key=key_id("shop_live"),
            exists="yes",
            owner=SHOP,
            environment="LIVE",
        ),
    ),
    "somebody who is no member": (
        lambda a: a.world.users.remove(a.by("admin"), SHOP, BOSS),
        {"organization": SHOP, "user": BOSS, "exists": "yes"},
    ),
    "somebody invited already": (
        lambda a: a.world.users.invite(a.by("admin"), VENDOR, email="guest@example.com"),
        {"organization": VENDOR, "user": GUEST, "registered": "no"},
    ),
    "an invitation that lapsed": (_invited_too_long_ago, {"user": GUEST, "exists": "yes"}),
}


@pytest.mark.parametrize("case", FACTS)
def test_a_refusal_tells_what_it_read(account: Account, case: str) -> None:
    call, facts = FACTS[case]
    with pytest.raises(DomainError) as caught:
        call(account)
    assert caught.value.facts == facts
