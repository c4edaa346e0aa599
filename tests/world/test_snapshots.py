"""Named states of a world, resets, and new baselines."""

import pytest
from builders.accounts import CAFE, SHOP, START, TEST, VENDOR, Account, profile, secret_of
from builders.changes import Driver
from builders.snapshots import listed
from fiskaly_fixtures import generate
from fiskaly_mockserver.world.export.export import export_world, import_world
from fiskaly_mockserver.world.faults import Target
from fiskaly_mockserver.world.faults.rules import FaultRule
from fiskaly_mockserver.world.journal.journal import Exchange
from fiskaly_mockserver.world.names import NAME_RULE
from fiskaly_mockserver.world.rate_limits import RateLimit
from fiskaly_mockserver.world.seeding import baseline_of
from fiskaly_mockserver.world.snapshots import (
    MOST_SNAPSHOTS,
    BadSnapshotName,
    SnapshotError,
    Snapshots,
    TooManySnapshots,
    UnknownSnapshot,
)
from fiskaly_mockserver.world.world import World, WorldSettings
from hypothesis import given, settings
from hypothesis import strategies as st

FAULT = FaultRule.from_json({"effect": {"kind": "status", "status": 503}})
SETTINGS = WorldSettings(
    operations={"createApiKey": Target(method="POST", path="/api-keys", secured=True)},
    rate_limit=RateLimit(requests=1, window=60),
    journal_capacity=3,
)


@pytest.fixture
def world(account: Account) -> World:
    return World.on(account.world.baseline, account.world.seams, settings=SETTINGS)


def _change(world: World, account: Account) -> None:
    """Change everything that a test can change, but for the clock of the seams."""
    world.organizations.create(account.by("vendor_test"), profile(), managed_by=VENDOR)
    world.organizations.delete(account.by("vendor_test"), CAFE)
    world.sessions.open_with_password("admin@example.com", secret_of("admin"))
    world.clock.freeze(world.clock.now() + 100)
    world.faults.arm(FAULT)
    world.limits.check("somebody", world.clock.now())
    world.journal.add(Exchange(request_id="1", at=0.0, method="GET", path="/"))


def _seen(world: World) -> tuple[object, ...]:
    """Return what a snapshot brings back, without disturbing it."""
    return (
        listed(world),
        world.clock.state(),
        [one.as_json() for one in world.faults.armed()],
        world.limits.copy().check("somebody", world.clock.now()),
    )


def test_a_restore_brings_back_rows_sessions_clock_faults_and_limits(
    account: Account, world: World
) -> None:
    start = _seen(world)
    world.snapshot("start")
    _change(world, account)
    changed = _seen(world)
    assert all(one != other for one, other in zip(start, changed, strict=True))
    world.snapshot("changed")
    world.restore("start")
    assert _seen(world) == start
    world.restore("changed")
    assert _seen(world) == changed
    world.restore("start")
    assert _seen(world) == start


def test_a_restore_leaves_the_journal_as_it_is(account: Account, world: World) -> None:
    world.snapshot("start")
    _change(world, account)
    world.restore("start")
    assert len(world.journal) == 1


def test_a_snapshot_is_no_further_touched_by_the_world_it_was_taken_of(
    account: Account, world: World
) -> None:
    _change(world, account)
    kept = _seen(world)
    world.snapshot("kept")
    world.restore("kept")
    world.organizations.update(account.by("vendor_test"), SHOP, {"name": "Later"})
    world.faults.clear()
    world.clock.advance(5)
    world.limits.reset()
    world.restore("kept")
    assert _seen(world) == kept


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), before=st.integers(0, 20), after=st.integers(0, 20))
def test_whatever_happens_in_between_a_restore_brings_the_state_back(
    seed: int, before: int, after: int
) -> None:
    world = Account.build().world
    driver = Driver(world, seed)
    driver.run(before)
    kept = _seen(world)
    world.snapshot("kept")
    fork = world.fork()
    driver.run(after)
    world.restore("kept")
    assert _seen(world) == kept
    assert _seen(fork) == kept
    driver.run(after)
    assert _seen(fork) == kept


def test_whoever_holds_the_tables_sees_the_restored_rows(account: Account, world: World) -> None:
    tables, rows = world.tables, world.rows
    world.snapshot("start")
    world.organizations.delete(account.by("vendor_test"), CAFE)
    world.restore("start")
    assert tables.organizations.get(CAFE) is not None
    assert world.tables is tables
    assert world.rows is rows
    world.reset()
    assert tables.organizations.get(CAFE) is not None


def test_a_reset_brings_back_everything_a_test_can_change_but_keeps_snapshots(
    account: Account, world: World
) -> None:
    start = _seen(world)
    _change(world, account)
    world.snapshot("changed")
    changed = _seen(world)
    world.reset()
    assert _seen(world) == start
    assert len(world.journal) == 0
    assert world.snapshots() == ("changed",)
    world.restore("changed")
    assert _seen(world) == changed


def test_a_reset_returns_to_the_time_of_the_seams(account: Account, world: World) -> None:
    world.clock.freeze(START + 1_000)
    account.clock.advance(7)
    world.reset()
    assert world.clock.now() == START + 7
    made = world.organizations.create(account.by("vendor_test"), profile())
    assert world.tables.organizations.get(made.id) == made


def test_the_services_obey_the_worlds_clock_also_after_a_restore(
    account: Account, world: World
) -> None:
    world.snapshot("start")
    world.clock.freeze(START + 500)
    caller = account.by("vendor_test")
    user = world.users.invite(caller, CAFE, email="new@example.com")[1]
    row = world.tables.memberships.get((CAFE, user.id))
    assert row is not None
    assert row.pending_until == START + 500 + 48 * 3_600
    world.restore("start")
    user = world.users.invite(caller, CAFE, email="new@example.com")[1]
    row = world.tables.memberships.get((CAFE, user.id))
    assert row is not None
    assert row.pending_until == START + 48 * 3_600


def test_every_replacement_of_the_state_is_a_new_generation_on_the_same_clock(
    world: World,
) -> None:
    clock, state = world.clock, export_world(world)
    world.snapshot("start")
    assert world.generation == 0
    world.reset()
    assert (world.generation, world.clock) == (1, clock)
    world.restore("start")
    assert (world.generation, world.clock) == (2, clock)
    import_world(world, state)
    assert (world.generation, world.clock) == (3, clock)
    world.reseed(world.baseline)
    assert (world.generation, world.clock) == (4, clock)


def test_a_reseed_moves_the_baseline_and_drops_the_snapshots(
    account: Account, world: World
) -> None:
    _change(world, account)
    world.snapshot("old")
    tree = generate("live", seed=9, size=2)
    baseline = baseline_of(tree, started_at=START)
    world.reseed(baseline)
    ids = [row.id for row in tree.organizations]
    assert [row.id for row in world.rows.organizations] == ids
    assert (world.preset, world.seed, world.baseline) == ("live", 9, baseline)
    assert world.snapshots() == ()
    assert world.clock.now() == START
    assert len(world.journal) == len(world.faults.waiting) == 0
    world.sign_ups.sign_up(email="a@example.com", password="EXAMPLE", organization=profile())
    world.reset()
    assert [row.id for row in world.rows.organizations] == ids
    assert [row.id for row in world.fork().rows.organizations] == ids


def test_snapshots_are_named_in_their_order_and_replaced_in_their_place(world: World) -> None:
    for name in ("b", "a", "c", "a"):
        world.snapshot(name)
    assert world.snapshots() == ("b", "a", "c")
    world.drop_snapshot("b")
    assert world.snapshots() == ("a", "c")


def test_an_unknown_snapshot_is_refused_with_the_known_names(
    account: Account, world: World
) -> None:
    world.snapshot("one")
    world.snapshot("two")
    _change(world, account)
    before = _seen(world)
    for call in (world.restore, world.drop_snapshot):
        with pytest.raises(UnknownSnapshot, match=r'no snapshot "three"; there are: one, two'):
            call("three")
    assert _seen(world) == before
    assert world.snapshots() == ("one", "two")
    with pytest.raises(UnknownSnapshot, match="there are: none"):
        world.fork().restore("one")


@pytest.mark.parametrize(
    "name", ["", "a b", "a/b", "ä", "a\n", "x" * 65], ids=lambda name: repr(name)[:12]
)
def test_a_snapshots_name_keeps_to_the_rule(world: World, name: str) -> None:
    with pytest.raises(BadSnapshotName) as caught:
        world.snapshot(name)
    assert NAME_RULE in str(caught.value)
    assert world.snapshots() == ()


@pytest.mark.parametrize("name", ["a", "A-b_c.9", "_.", "x" * 64])
def test_what_keeps_to_the_rule_is_a_name(world: World, name: str) -> None:
    world.snapshot(name)
    assert world.snapshots() == (name,)


def test_snapshots_are_bounded_in_number(world: World) -> None:
    for number in range(MOST_SNAPSHOTS):
        world.snapshot(f"s{number}")
    with pytest.raises(TooManySnapshots, match=r"there are 100 already.*s0, s1, .* and 80 more"):
        world.snapshot("one-more")
    world.snapshot("s5")
    world.drop_snapshot("s7")
    world.snapshot("one-more")
    assert world.snapshots()[-1] == "one-more"


def test_every_refusal_of_a_snapshot_is_a_snapshot_error() -> None:
    snapshots: Snapshots[int] = Snapshots(limit=1)
    snapshots.keep("only", 1)
    assert snapshots.find("only") == 1
    for call in (
        lambda: snapshots.keep("more", 2),
        lambda: snapshots.keep("no name", 2),
        lambda: snapshots.find("more"),
        lambda: snapshots.drop("more"),
    ):
        with pytest.raises(SnapshotError):
            call()
    assert snapshots.names == ("only",)


def test_a_fork_has_the_state_and_the_settings_but_no_snapshot_and_no_journal(
    account: Account, world: World
) -> None:
    _change(world, account)
    world.snapshot("mine")
    fork = world.fork(name="twin")
    assert _seen(fork) == _seen(world)
    assert (fork.name, world.name) == ("twin", "")
    assert fork.settings is SETTINGS
    assert fork.snapshots() == ()
    assert (len(fork.journal), fork.journal.capacity) == (0, 3)
    before = _seen(world)
    fork.clock.advance(9)
    fork.faults.clear()
    fork.limits.reset()
    assert _seen(world) == before


def test_a_sibling_begins_at_the_baseline(account: Account, world: World) -> None:
    start = _seen(world)
    _change(world, account)
    sibling = world.sibling(name="other")
    assert _seen(sibling) == start
    assert sibling.seams is world.seams
    assert sibling.sessions.principal(account.token("vendor_test")).env is TEST
