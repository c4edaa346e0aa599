"""Worlds: apart from each other, and back to their baseline."""

from collections.abc import Callable

import pytest
from builders.accounts import (
    CAFE,
    GUEST,
    LIVE,
    SHOP,
    SPARE,
    START,
    VENDOR,
    Account,
    baseline,
    key_id,
    profile,
    secret_of,
)
from builders.snapshots import SEEDED, TABLES, listed, snapshot, table_of
from fiskaly_mockserver.domain.account.model import KeyStatus
from fiskaly_mockserver.domain.backend import Lifetimes
from fiskaly_mockserver.world.clock import FrozenClock, SystemClock
from fiskaly_mockserver.world.seams import SeededSource, SystemIds, SystemSecrets
from fiskaly_mockserver.world.store.tables import Baseline
from fiskaly_mockserver.world.tokens import JwtIssuer
from fiskaly_mockserver.world.world import Seams, World


def change_everything(account: Account, world: World) -> None:
    """Add, change and remove rows in every table."""
    vendor = account.by("vendor_test")
    world.organizations.create(vendor, profile(), managed_by=VENDOR)
    world.environments.enable(vendor, CAFE, LIVE)
    world.api_keys.create(vendor, SHOP, name="new", status=KeyStatus.ENABLED)
    world.api_keys.delete(vendor, SHOP, key_id("shop_test"))
    world.users.invite(vendor, CAFE, email="new@example.com")
    world.users.remove(vendor, VENDOR, GUEST)
    world.billing_addresses.delete(vendor, SPARE)
    world.sessions.open_with_password("admin@example.com", secret_of("admin"))
    world.sessions.expire(account.token("vendor_test"))


def test_every_table_is_changed_by_the_changes_used_here(account: Account) -> None:
    before = snapshot(account.world)
    change_everything(account, account.world)
    after = snapshot(account.world)
    assert [name for name in TABLES if before[name] == after[name]] == []


@pytest.mark.parametrize("direction", ["origin", "fork"])
def test_what_one_world_changes_the_other_never_sees(account: Account, direction: str) -> None:
    account.world.organizations.update(account.by("vendor_test"), SHOP, {"name": "Before"})
    fork = account.world.fork()
    changed, other = (account.world, fork) if direction == "origin" else (fork, account.world)
    before = listed(other)
    assert listed(changed) == before
    change_everything(account, changed)
    assert listed(other) == before
    assert listed(changed) != before


def test_a_fork_starts_in_the_present_state_and_resets_to_the_baseline(account: Account) -> None:
    start = listed(account.world)
    change_everything(account, account.world)
    changed = listed(account.world)
    fork = account.world.fork()
    assert listed(fork) == changed
    fork.reset()
    assert listed(fork) == start
    assert listed(account.world) == changed


def test_a_reset_returns_to_the_baseline_and_forgets_sessions(account: Account) -> None:
    start = listed(account.world)
    change_everything(account, account.world)
    account.world.reset()
    assert listed(account.world) == start
    assert snapshot(account.world)["sessions"] == {}
    account.world.reset()
    assert listed(account.world) == start


def test_a_reset_leaves_the_clock_where_it_is(account: Account) -> None:
    account.clock.advance(5)
    account.world.reset()
    assert account.clock.now() == START + 5


def _forked(world: World) -> World:
    return world.fork()


def _reset(world: World) -> World:
    world.reset()
    return world


@pytest.mark.parametrize("operation", [_forked, _reset])
def test_no_row_of_the_baseline_is_copied_or_touched(
    account: Account, operation: Callable[[World], World]
) -> None:
    shared = baseline()
    world = World.on(shared, account.world.seams)
    pristine = {name: dict(getattr(shared, name).rows) for name in SEEDED}
    change_everything(account, world)
    result = operation(world)
    for name, rows in pristine.items():
        frozen = getattr(shared, name)
        assert table_of(result, name)._base is frozen
        assert dict(frozen.rows) == rows
        assert all(frozen.rows[key] is row for key, row in rows.items())
    assert result.tables.organizations.get(VENDOR) is shared.organizations.rows[VENDOR]


def test_worlds_on_one_baseline_are_independent(account: Account) -> None:
    shared = baseline()
    one, other = World.on(shared, account.world.seams), World.on(shared, account.world.seams)
    before = listed(other)
    change_everything(account, one)
    assert listed(other) == before


def test_two_worlds_of_one_seed_do_the_same_and_know_nothing_of_each_other() -> None:
    one, other = Account.build(seed="same"), Account.build(seed="same")
    change_everything(one, one.world)
    one.clock.advance(9)
    assert other.clock.now() == START
    change_everything(other, other.world)
    before, after = snapshot(one.world), snapshot(other.world)
    assert {**before, "sessions": {}} == {**after, "sessions": {}}
    assert before["sessions"] != after["sessions"]


def test_a_fork_keeps_the_seams_unless_others_are_given(account: Account) -> None:
    assert account.world.fork().seams is account.world.seams
    other = Seams(clock=FrozenClock(1.0))
    fork = account.world.fork(other)
    assert fork.seams is other
    user = fork.users.invite(account.by("vendor_test"), CAFE, email="new@example.com")[1]
    row = fork.tables.memberships.get((CAFE, user.id))
    assert row is not None
    assert row.pending_until == 1.0 + 48 * 3600


def test_a_token_of_a_world_is_good_in_its_fork_and_nowhere_else(account: Account) -> None:
    token = account.token("vendor_test")
    assert account.world.fork().sessions.principal(token).home.id == VENDOR
    assert account.world.seams.tokens.read(token) is not None
    assert account.world.fork(Seams()).seams.tokens.read(token) is None


def test_without_seams_a_world_runs_by_the_systems_time_and_randomness() -> None:
    world = World.on(Baseline())
    assert isinstance(world.seams.clock, SystemClock)
    assert isinstance(world.seams.ids, SystemIds)
    assert isinstance(world.seams.secrets, SystemSecrets)
    assert isinstance(world.seams.tokens, JwtIssuer)
    assert world.seams.lifetimes == Lifetimes(access=86_400, refresh=172_800)
    assert all(rows == {} for rows in snapshot(world).values())


def test_two_default_worlds_sign_with_different_keys(account: Account) -> None:
    claims = account.world.seams.tokens.read(account.token("vendor_test"))
    assert claims is not None
    one, other = World.on(Baseline()), World.on(Baseline())
    assert other.seams.tokens.read(one.seams.tokens.issue(claims)) is None
    assert one.seams.tokens.read(one.seams.tokens.issue(claims)) == claims


def test_a_seeded_world_makes_the_same_ids_whatever_other_worlds_do() -> None:
    def made(disturbed: bool) -> str:  # noqa: FBT001 - one of two ways
        account = Account.build(seed="mine")
        if disturbed:
            SeededSource("mine").uuid()
            change_everything(Account.build(seed="other"), Account.build(seed="other").world)
        return account.world.organizations.create(account.by("vendor_test"), profile()).id

    assert made(disturbed=True) == made(disturbed=False)
