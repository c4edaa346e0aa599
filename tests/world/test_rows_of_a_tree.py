"""From an organization tree to rows: nothing lost, secrets derived, sight as if created."""

from dataclasses import replace

import pytest
from builders.accounts import START, uid
from builders.oracle import Oracle
from builders.snapshots import snapshot
from fiskaly_fixtures import (
    PRESETS,
    BillingOptionsSpec,
    ManagedConfigurationSpec,
    MembershipSpec,
    OrganizationSpec,
    OrganizationTree,
    UserSpec,
    generate,
    password_of,
    secret_of,
)
from fiskaly_mockserver.domain.account.errors import InvalidCredentials
from fiskaly_mockserver.domain.account.model import (
    BillingOptions,
    ManagedConfiguration,
    OrganizationId,
    UserId,
)
from fiskaly_mockserver.domain.store import Paging
from fiskaly_mockserver.world.clock import FrozenClock
from fiskaly_mockserver.world.seeding import Seeded, baseline_of
from fiskaly_mockserver.world.world import Seams, World


def world_of(tree: OrganizationTree) -> World:
    return World.on(baseline_of(tree, started_at=START), Seams(clock=FrozenClock(START)))


@pytest.mark.parametrize("preset", PRESETS)
def test_every_thing_of_a_tree_is_a_row_in_the_same_order(preset: str) -> None:
    tree = generate(preset, size=6)
    rows = snapshot(world_of(tree))
    organizations = tree.organizations
    assert list(rows["organizations"]) == [one.id for one in organizations]
    assert list(rows["api_keys"]) == [key.id for one in organizations for key in one.api_keys]
    assert list(rows["billing_addresses"]) == [
        address.id for one in organizations for address in one.billing_addresses
    ]
    assert list(rows["users"]) == [user.id for user in tree.users]
    assert list(rows["memberships"]) == [
        (one.organization_id, user.id) for user in tree.users for one in user.memberships
    ]


@pytest.mark.parametrize("preset", PRESETS)
def test_secrets_and_passwords_of_a_tree_derive_from_its_seed(preset: str) -> None:
    tree = generate(preset, size=6, seed=7)
    world = world_of(tree)
    for organization in tree.organizations:
        for key in organization.api_keys:
            secret = secret_of(7, key.id)
            if key.status == "enabled":
                session = world.sessions.open_with_key(key.key, secret).session
                assert (session.organization_id, session.env) == (organization.id, key.env)
                assert session.principal_id == key.principal_id
            else:
                with pytest.raises(InvalidCredentials):
                    world.sessions.open_with_key(key.key, secret)
    for user in tree.users:
        if user.registered and any(one.invited_seconds_ago is None for one in user.memberships):
            world.sessions.open_with_password(user.email, password_of(7, user.id))
        else:
            with pytest.raises(InvalidCredentials):
                world.sessions.open_with_password(user.email, password_of(7, user.id))


@pytest.mark.parametrize("preset", PRESETS)
def test_r3_keys_of_a_tree_see_what_the_rules_say(preset: str) -> None:
    tree = generate(preset, size=6)
    world = world_of(tree)
    rows = snapshot(world)
    oracle = Oracle()
    oracle.learn_keys(rows)
    oracle.learn_organizations(rows)
    for organization in tree.organizations:
        for key in organization.api_keys:
            if key.status == "enabled":
                opened = world.sessions.open_with_key(key.key, secret_of(tree.seed, key.id))
                caller = world.sessions.principal(opened.session.access_token)
                seen = world.organizations.list(caller, Paging()).rows
                assert [row.id for row in seen] == oracle.sight(rows, caller.id, caller.env)


TOP, LOWER, PERSON, LATE = uid(1), uid(2), uid(3), uid(4)
HAND_MADE = OrganizationTree(
    preset="by hand",
    seed=1,
    size=1,
    country="AT",
    organizations=(
        OrganizationSpec(
            id=TOP,
            type="ORGANIZATION",
            envs=("TEST", "LIVE"),
            name="Top",
            created_by_user=PERSON,
            address_line1="Ring 1",
            zip="1010",
            town="Wien",
            country_code="AUT",
        ),
        OrganizationSpec(
            id=LOWER,
            type="MANAGED_ORGANIZATION",
            name="Lower",
            created_by_user=PERSON,
            created_by_organization_id=TOP,
            managed_by_organization_id=TOP,
            address_line1="Ring 2",
            address_line2="Tür 3",
            zip="1020",
            town="Graz",
            state="Steiermark",
            country_code="AUT",
            display_name="Unten",
            vat_id="ATU12345678",
            contact_person_id=PERSON,
            tax_number="09 123/4567",
            economy_id="12345",
            billing_options=BillingOptionsSpec(
                gln="4012345000009", withhold_billing=True, bill_to_organization=TOP
            ),
            metadata={"branch": "7"},
            managed_configuration=ManagedConfigurationSpec(withhold_billing=False),
        ),
    ),
    users=(
        UserSpec(
            id=PERSON, email="p@example.com", memberships=(MembershipSpec(organization_id=TOP),)
        ),
        UserSpec(
            id=LATE,
            email="late@example.com",
            registered=False,
            memberships=(
                MembershipSpec(organization_id=TOP, invited_seconds_ago=3_600),
                MembershipSpec(organization_id=LOWER, invited_seconds_ago=200_000),
            ),
        ),
    ),
)


def test_every_field_of_an_organization_is_taken_over() -> None:
    world = world_of(HAND_MADE)
    lower = world.tables.organizations.get(OrganizationId(LOWER))
    assert lower is not None
    spec = HAND_MADE.organizations[1]
    for field in (
        *("id", "type", "envs", "name", "display_name", "vat_id", "contact_person_id"),
        *("address_line1", "address_line2", "zip", "town", "state", "country_code"),
        *("tax_number", "economy_id", "metadata", "managed_by_organization_id"),
        *("created_by_user", "created_by_organization_id"),
    ):
        assert getattr(lower, field) == getattr(spec, field)
    assert lower.billing_options == BillingOptions(
        gln="4012345000009", withhold_billing=True, bill_to_organization=OrganizationId(TOP)
    )
    assert lower.managed_configuration == ManagedConfiguration(withhold_billing=False)
    assert lower.viewers == (LOWER, TOP)


def test_what_a_tree_leaves_out_is_unset() -> None:
    top = world_of(HAND_MADE).tables.organizations.get(OrganizationId(TOP))
    assert top is not None
    assert (top.display_name, top.vat_id, top.state, top.billing_address_id) == ("", "", "", "")
    assert top.billing_options is None
    assert top.managed_configuration is None
    assert top.managed_by_organization_id is top.created_by_organization_id is None
    assert top.viewers == (TOP,)


def test_billing_options_without_a_payer_name_none() -> None:
    tree = generate("kitchen-sink")
    rows = snapshot(world_of(tree))["organizations"]
    payers = {
        one.id: one.billing_options.bill_to_organization
        for one in tree.organizations
        if one.billing_options
    }
    assert payers
    assert {key: rows[key].payer_id for key in payers} == payers


def test_r9_the_age_of_an_invitation_counts_back_from_the_start_of_the_world() -> None:
    memberships = snapshot(world_of(HAND_MADE))["memberships"]
    assert memberships[TOP, PERSON].pending_until is None
    assert memberships[TOP, LATE].pending_until == START - 3_600 + 48 * 3_600
    lapsed = memberships[LOWER, LATE]
    assert not lapsed.is_valid(START)
    late = world_of(HAND_MADE).tables.users.get(UserId(LATE))
    assert late is not None
    assert (late.registered, late.password_hash) == (False, None)


def test_a_pinned_secret_logs_in_and_is_told_with_the_seeded_ones() -> None:
    tree = generate("single")
    vendor = tree.organizations[0]
    key = replace(vendor.api_keys[0], secret="hard-coded-in-a-suite")
    pinned = replace(tree, organizations=(replace(vendor, api_keys=(key,)),))
    world = world_of(pinned)
    assert world.sessions.open_with_key(key.key, "hard-coded-in-a-suite")
    with pytest.raises(InvalidCredentials):
        world.sessions.open_with_key(key.key, secret_of(tree.seed, key.id))
    (told,) = Seeded(world.baseline).organizations()
    assert told.api_keys[0].secret == "hard-coded-in-a-suite"
