"""Sandboxes: isolated worlds, made on first use, bounded in number."""

import pytest
from builders.accounts import CAFE, START, STRANGER, VENDOR, Account, baseline, profile
from builders.changes import Driver
from builders.snapshots import listed
from fiskaly_fixtures import generate
from fiskaly_mockserver.domain.account.model import KeyStatus
from fiskaly_mockserver.domain.errors import ForeignToken
from fiskaly_mockserver.domain.store import Paging
from fiskaly_mockserver.world.clock import FrozenClock
from fiskaly_mockserver.world.faults import Target
from fiskaly_mockserver.world.faults.rules import FaultRule
from fiskaly_mockserver.world.journal.journal import Exchange
from fiskaly_mockserver.world.names import NAME_RULE
from fiskaly_mockserver.world.seams import SeededSource
from fiskaly_mockserver.world.seeding import baseline_of
from fiskaly_mockserver.world.world import Seams, World, WorldSettings
from fiskaly_mockserver.world.worlds import (
    MOST_SANDBOXES,
    BadSandboxName,
    Reclaimed,
    SandboxError,
    UnknownSandbox,
    Worlds,
)

SANDBOXES = 16
CALLS_EACH = 200
SETTINGS = WorldSettings(
    operations={"createApiKey": Target(method="POST", path="/api-keys", secured=True)},
    journal_capacity=2,
)


@pytest.fixture
def worlds(account: Account) -> Worlds:
    return Worlds(World.on(baseline(), account.world.seams, settings=SETTINGS))


def _exchange(number: int) -> Exchange:
    return Exchange(request_id=str(number), at=0.0, method="GET", path="/")


def test_without_a_name_the_default_world_is_meant(worlds: Worlds) -> None:
    assert worlds.get(None) is worlds.default
    assert worlds.default.name == ""
    assert worlds.names() == ()
    assert worlds.describe() == ()


def test_a_sandbox_is_made_on_first_use_and_then_found_again(worlds: Worlds) -> None:
    world = worlds.get("mine")
    assert world is worlds.get("mine")
    assert world.name == "mine"
    assert world is not worlds.default
    assert worlds.get("Mine") is not world
    assert worlds.names() == ("mine", "Mine")


def test_a_sandbox_begins_with_the_seeded_baseline_whatever_the_default_world_became(
    account: Account, worlds: Worlds
) -> None:
    start = listed(worlds.default)
    Driver(worlds.default, 1).run(40)
    worlds.default.clock.freeze(START + 1_000_000)
    worlds.default.faults.arm(FaultRule.from_json({"effect": {"kind": "status", "status": 500}}))
    worlds.default.snapshot("kept")
    worlds.default.journal.add(_exchange(1))
    sandbox = worlds.get("new")
    assert listed(sandbox) == start
    assert sandbox.clock.now() == account.clock.now()
    assert len(sandbox.faults.waiting) == len(sandbox.journal) == 0
    assert sandbox.snapshots() == ()
    assert sandbox.settings is SETTINGS
    assert sandbox.baseline is worlds.default.baseline


def test_no_row_is_copied_for_a_sandbox(worlds: Worlds) -> None:
    sandbox = worlds.get("new")
    for mine, theirs in zip(
        sandbox.rows.organizations, worlds.default.rows.organizations, strict=True
    ):
        assert mine is theirs
    assert sandbox.rows.organizations._base is worlds.default.rows.organizations._base
    assert sandbox.rows.organizations._changed == {}


def test_a_reseed_of_the_default_world_is_for_new_sandboxes_only(worlds: Worlds) -> None:
    old = worlds.get("old")
    before = listed(old)
    worlds.default.reseed(baseline_of(generate("single", seed=5), started_at=START))
    assert listed(old) == before
    assert worlds.get("new").preset == "single"
    old.reseed(baseline_of(generate("empty", seed=5), started_at=START))
    assert worlds.get("newer").preset == worlds.default.preset == "single"


def test_a_reset_of_one_world_leaves_the_others_alone(worlds: Worlds) -> None:
    one, other = worlds.get("one"), worlds.get("other")
    for number, world in enumerate((one, other, worlds.default)):
        Driver(world, number).run(30)
        world.clock.freeze(START + 1_000_000 + number)
        world.journal.add(_exchange(number))
    before = [(listed(world), world.clock.state()) for world in (other, worlds.default)]
    one.reset()
    assert [(listed(world), world.clock.state()) for world in (other, worlds.default)] == before
    assert (len(one.journal), len(other.journal), len(worlds.default.journal)) == (0, 1, 1)


def test_sixteen_sandboxes_in_turn_are_what_each_would_be_alone() -> None:
    def seams_of(name: str) -> Seams:
        source = SeededSource(name)
        return Seams(clock=FrozenClock(START), ids=source, secrets=source)

    worlds = Worlds(World.on(baseline(), seams_of("")), seams_of=seams_of)
    names = [f"worker-{number}" for number in range(SANDBOXES)]
    drivers = {name: Driver(worlds.get(name), number) for number, name in enumerate(names)}
    for _ in range(CALLS_EACH):
        for name in names:
            assert worlds.get(name) is drivers[name].world
            drivers[name].step()
    for number, name in enumerate(names):
        alone = World.on(baseline(), seams_of(name))
        Driver(alone, number).run(CALLS_EACH)
        # Tokens differ, as each of these worlds signs with a key of its own
        mine = [part for part in listed(worlds.get(name)) if part[0] != "sessions"]
        assert mine == [part for part in listed(alone) if part[0] != "sessions"]
        assert worlds.get(name).clock.state() == alone.clock.state()
    assert listed(worlds.default) == listed(World.on(baseline(), seams_of("")))


def test_sixteen_sandboxes_make_the_same_names_and_see_their_own_only(
    account: Account, worlds: Worlds
) -> None:
    names = [f"worker-{number}" for number in range(SANDBOXES)]
    caller = account.by("vendor_test")
    made: dict[str, list[str]] = {name: [] for name in names}
    for number in range(CALLS_EACH):
        for name in names:
            shop = profile(name=f"Shop {number}")
            made[name].append(worlds.get(name).organizations.create(caller, shop).id)
    for name in names:
        everything = Paging(limit=10_000)
        page = worlds.get(name).organizations.list(caller, everything)
        assert [row.id for row in page.rows if row.name.startswith("Shop ")] == made[name]
    assert len({new_id for ids in made.values() for new_id in ids}) == SANDBOXES * CALLS_EACH


def test_a_token_is_good_in_every_world_in_which_its_organization_exists(
    account: Account, worlds: Worlds
) -> None:
    sandbox, other = worlds.get("one"), worlds.get("other")
    token = account.token("cafe_test")
    assert sandbox.sessions.principal(token).home.id == CAFE
    sandbox.organizations.delete(account.by("vendor_test"), CAFE)
    with pytest.raises(ForeignToken):
        sandbox.sessions.principal(token)
    assert other.sessions.principal(token).home.id == CAFE
    new = sandbox.sign_ups.sign_up(email="a@b.example", password="EXAMPLE", organization=profile())
    opened = sandbox.sessions.open_with_key(new.api_key.key, new.secret)
    with pytest.raises(ForeignToken):
        other.sessions.principal(opened.session.access_token)


def test_a_world_with_keys_of_its_own_knows_no_foreign_token(account: Account) -> None:
    worlds = Worlds(account.world, seams_of=lambda _: Seams())
    with pytest.raises(ForeignToken):
        worlds.get("apart").sessions.principal(account.token("vendor_test"))


def test_the_oldest_idle_sandbox_is_reclaimed_for_a_new_one(account: Account) -> None:
    worlds = Worlds(account.world, limit=3)
    first = worlds.get("a")
    for name in ("b", "c", "a"):
        worlds.get(name)
    assert worlds.reclaimed == Reclaimed(0, ())
    worlds.get("d")
    assert worlds.names() == ("c", "a", "d")
    assert worlds.reclaimed == Reclaimed(1, ("b",))
    assert worlds.get("a") is first
    worlds.get("b")
    assert worlds.names() == ("d", "a", "b")
    assert worlds.reclaimed == Reclaimed(2, ("b", "c"))


def test_a_reclaimed_sandbox_begins_anew(account: Account) -> None:
    worlds = Worlds(account.world, limit=1)
    start = listed(account.world)
    worlds.get("a").organizations.delete(account.by("vendor_test"), CAFE)
    worlds.get("b")
    assert listed(worlds.get("a")) == start


def test_only_the_latest_of_the_reclaimed_are_remembered_by_name(account: Account) -> None:
    worlds = Worlds(account.world, limit=2)
    for number in range(10):
        worlds.get(f"s{number}")
    assert worlds.reclaimed == Reclaimed(8, ("s6", "s7"))


def test_there_are_at_most_so_many_sandboxes(worlds: Worlds) -> None:
    for number in range(MOST_SANDBOXES * 2):
        worlds.get(f"s{number}")
    assert len(worlds.names()) == worlds.limit == MOST_SANDBOXES == 64
    assert worlds.reclaimed.count == MOST_SANDBOXES


def test_a_sandbox_is_dropped_and_begins_anew(account: Account, worlds: Worlds) -> None:
    old = worlds.get("a")
    old.users.invite(account.by("vendor_test"), VENDOR, email="new@example.com")
    worlds.drop("a")
    assert worlds.names() == ()
    assert worlds.get("a") is not old
    assert listed(worlds.get("a")) == listed(worlds.default)
    assert worlds.reclaimed.count == 0


def test_an_unknown_sandbox_is_not_dropped_and_the_known_ones_are_named(worlds: Worlds) -> None:
    worlds.get("a")
    worlds.get("b")
    with pytest.raises(UnknownSandbox, match=r'^no sandbox "c"; there are: a, b$'):
        worlds.drop("c")
    assert worlds.names() == ("a", "b")


@pytest.mark.parametrize(
    "name", ["", "a b", "a/b", "ä", "a\n", "x" * 65], ids=lambda name: repr(name)[:12]
)
def test_a_sandboxs_name_keeps_to_the_rule(worlds: Worlds, name: str) -> None:
    worlds.get("a")
    with pytest.raises(BadSandboxName) as caught:
        worlds.get(name)
    assert NAME_RULE in str(caught.value)
    assert issubclass(BadSandboxName, SandboxError)
    assert worlds.names() == ("a",)


@pytest.mark.parametrize("limit", [0, -1])
def test_there_is_room_for_one_sandbox_at_least(account: Account, limit: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Worlds(account.world, limit=limit)


def test_a_sandbox_is_described_by_its_use(account: Account, worlds: Worlds) -> None:
    worlds.get("a")
    worlds.get("b")
    world = worlds.get("a")
    world.organizations.create(account.by("vendor_test"), profile())
    world.snapshot("kept")
    for number in range(5):
        world.journal.add(_exchange(number))
    other, one = worlds.describe()
    assert (other.name, other.created, other.last_used, other.uses) == ("b", 2, 2, 1)
    assert (one.name, one.created, one.last_used, one.uses) == ("a", 1, 3, 2)
    assert one.organizations == other.organizations + 1
    assert (one.snapshots, other.snapshots) == (1, 0)
    assert (one.exchanges, other.exchanges) == (5, 0)


def test_keys_made_in_one_sandbox_open_nothing_in_another(account: Account, worlds: Worlds) -> None:
    key, _ = worlds.get("one").api_keys.create(
        account.by("stranger_test"), STRANGER, name="new", status=KeyStatus.ENABLED
    )
    other = worlds.get("other")
    assert len(other.tables.api_keys.select("key", key.key)) == 0
    assert len(worlds.default.tables.api_keys.select("key", key.key)) == 0
