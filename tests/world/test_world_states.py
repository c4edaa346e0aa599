"""Whole worlds as JSON, there and back."""

import json
from contextlib import suppress
from functools import cache

import pytest
from builders.accounts import CAFE, START, VENDOR, Account, profile
from builders.accounts import secret_of as account_secret
from builders.changes import CALLS, Driver
from builders.snapshots import TABLES, listed, table_of
from fiskaly_fixtures import PRESETS, generate, password_of, secret_of
from fiskaly_mockserver.domain.account.model import KeyStatus, PrincipalId
from fiskaly_mockserver.domain.store import Paging
from fiskaly_mockserver.world.clock import LATEST, ClockError, FrozenClock, SystemClock
from fiskaly_mockserver.world.export.export import (
    MEMBERS,
    export_world,
    import_world,
    to_canonical_bytes,
)
from fiskaly_mockserver.world.seams import SeededSource
from fiskaly_mockserver.world.seeding import baseline_of
from fiskaly_mockserver.world.store.tables import Baseline
from fiskaly_mockserver.world.world import Seams, World
from hypothesis import given, settings
from hypothesis import strategies as st

SIZE = 4
EXPORTED = tuple(name for name in TABLES if name != "sessions")


@cache
def _baseline(preset: str) -> Baseline:
    return baseline_of(generate(preset, seed=3, size=SIZE), started_at=START)


def _world(preset: str, clock: FrozenClock | None = None) -> World:
    source = SeededSource(preset)
    seams = Seams(clock=clock or FrozenClock(START), ids=source, secrets=source)
    return World.on(_baseline(preset), seams)


def _bytes(world: World) -> bytes:
    return to_canonical_bytes(export_world(world))


def _rows(world: World) -> list[object]:
    return [list(table_of(world, name)) for name in EXPORTED]


@pytest.mark.parametrize("preset", PRESETS)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), steps=st.integers(0, 40))
def test_any_state_comes_back_byte_for_byte_and_row_for_row(
    preset: str, seed: int, steps: int
) -> None:
    clock = FrozenClock(START)
    world, other = _world(preset, clock), World.on(Baseline(), Seams(clock=clock))
    Driver(world, seed).run(steps)
    exported = _bytes(world)
    import_world(other, json.loads(exported))
    assert _bytes(other) == exported
    assert _rows(other) == _rows(world)
    assert (other.preset, other.seed) == (preset, 3)
    assert other.clock.now() == pytest.approx(world.clock.now(), abs=0.001, rel=0)
    Driver(other, seed).run(steps)
    import_world(other, json.loads(exported))
    assert _bytes(other) == exported


def test_every_call_of_the_driver_gets_through_at_times() -> None:
    changed = set()
    for seed in range(10):
        world = _world("kitchen-sink")
        driver = Driver(world, seed)
        for _ in range(40):
            before = (listed(world), world.clock.state())
            call = driver.step()
            if (listed(world), world.clock.state()) != before:
                changed.add(call)
    assert changed == set(CALLS)


@pytest.mark.parametrize("preset", PRESETS)
def test_exporting_changes_nothing_and_gives_the_same_bytes_each_time(preset: str) -> None:
    world = _world(preset)
    before = listed(world)
    assert _bytes(world) == _bytes(world)
    assert listed(world) == before
    assert tuple(export_world(world)) == MEMBERS


def test_an_untouched_running_clock_is_exported_the_same_at_any_time() -> None:
    world = World.on(_baseline("single"), Seams(clock=SystemClock()))
    exported = [_bytes(world) for _ in range(200)]
    assert set(exported) == {exported[0]}
    import_world(world, json.loads(exported[0]))
    assert _bytes(world) == exported[0]
    world.clock.advance(90_000)
    moved = _bytes(world)
    assert b'"offset":90000.0' in moved
    import_world(world, json.loads(moved))
    assert _bytes(world) == moved


@pytest.mark.parametrize("frozen", [True, False])
def test_a_world_at_the_end_of_time_comes_back(*, frozen: bool) -> None:
    clock = FrozenClock(START)
    world, other = _world("single", clock), _world("empty", clock)
    world.clock.freeze(LATEST)
    driver = Driver(world, 1)
    for _ in range(40):
        with suppress(ClockError):  # time is at its end
            driver.step()
    assert str(LATEST).encode() in _bytes(world)
    if not frozen:
        world.clock.resume()
    import_world(other, json.loads(_bytes(world)))
    assert _bytes(other) == _bytes(world)
    assert other.clock.now() == LATEST


def test_a_clock_goes_on_as_it_was_and_a_reset_brings_back_real_time() -> None:
    clock = FrozenClock(START)
    world, other = _world("single", clock), _world("empty", clock)
    world.clock.freeze(START + 50)
    world.clock.scale(60)
    exported = json.loads(_bytes(world))
    other.clock.advance(1_000_000)
    import_world(other, exported)
    clock.advance(5)
    assert other.clock.now() == START + 50
    other.clock.resume()
    clock.advance(2)
    assert other.clock.now() == START + 50 + 120
    other.reset()
    clock.advance(1)
    assert other.clock.now() == START + 8


def test_a_clock_that_lags_behind_real_time_is_taken_over_too() -> None:
    clock = FrozenClock(START)
    world, other = _world("single", clock), _world("single", clock)
    world.clock.scale(0.5)
    clock.advance(100)
    import_world(other, export_world(world))
    assert other.clock.now() == START + 50
    clock.advance(100)
    assert other.clock.now() == START + 100


def test_of_what_the_seed_gives_not_even_a_hash_is_exported() -> None:
    world = _world("kitchen-sink")
    state = json.loads(_bytes(world))
    assert {row["seeded"] for row in state["api_keys"]} == {True}
    assert not any("secret_hash" in row for row in state["api_keys"])
    registered = [row for row in state["users"] if row["registered"]]
    assert registered
    assert all(row["seeded"] is True for row in registered)
    assert not any("password_hash" in row for row in state["users"])


def test_of_what_was_made_later_only_the_hash_is_exported() -> None:
    world = _world("empty")
    made = world.sign_ups.sign_up(
        email="ada@example.com", password="EXAMPLE-password", organization=profile()
    )
    exported = _bytes(world).decode()
    assert made.secret not in exported
    assert "EXAMPLE-password" not in exported
    assert made.api_key.secret_hash.hex() in exported
    other = _world("single")
    import_world(other, json.loads(exported))
    other.sessions.open_with_key(made.api_key.key, made.secret)
    other.sessions.open_with_password("ada@example.com", "EXAMPLE-password")


def test_seeded_keys_and_users_can_log_in_after_an_import() -> None:
    world = _world("live")
    other = World.on(Baseline())
    import_world(other, export_world(world))
    for key in world.rows.api_keys:
        if key.status is KeyStatus.ENABLED:
            opened = other.sessions.open_with_key(key.key, secret_of(3, key.id))
            assert opened.session.principal_id == key.principal_id
    for user in world.rows.users:
        if user.registered:
            opened = other.sessions.open_with_password(user.email, password_of(3, user.id))
            assert opened.session.principal_id == PrincipalId(user.id)


def test_a_world_without_a_tree_is_exported_with_all_its_hashes(account: Account) -> None:
    state = export_world(account.world)
    assert (state["preset"], state["seed"]) == (None, None)
    other = World.on(Baseline(), account.world.seams)
    import_world(other, state)
    assert _rows(other) == _rows(account.world)
    key = account.key("vendor_test").key
    opened = other.sessions.open_with_key(key, account_secret("vendor_test"))
    assert opened.session.organization_id == VENDOR


def test_an_import_is_the_present_state_and_a_reset_returns_to_the_baseline() -> None:
    world, other = _world("enterprise"), _world("live")
    start = listed(other)
    other.snapshot("before")
    import_world(other, export_world(world))
    assert other.preset == "enterprise"
    assert other.baseline is _baseline("live")
    other.reset()
    assert listed(other) == start
    assert other.preset == "live"
    import_world(other, export_world(world))
    other.restore("before")
    assert listed(other) == start


def test_an_import_closes_sessions_and_lets_tokens_stand_for_themselves(account: Account) -> None:
    opened = account.world.sessions.open_with_password("admin@example.com", account_secret("admin"))
    state = export_world(account.world)
    import_world(account.world, state)
    assert list(account.world.rows.sessions) == []
    caller = account.world.sessions.principal(opened.session.access_token)
    assert caller.home.id == VENDOR


def test_r3_after_an_import_everybody_sees_what_they_saw(account: Account) -> None:
    other = World.on(Baseline(), account.world.seams)
    import_world(other, export_world(account.world))
    for name in ("vendor_test", "vendor_live", "shop_test", "partner_test", "admin", "boss"):
        token = account.token(name)
        seen = account.world.organizations.list(account.by(name), Paging()).rows
        assert other.organizations.list(other.sessions.principal(token), Paging()).rows == seen


def test_an_imported_world_is_worked_on_like_any_other(account: Account) -> None:
    other = World.on(Baseline(), account.world.seams)
    import_world(other, export_world(account.world))
    caller = other.sessions.principal(account.token("vendor_test"))
    made = other.organizations.create(caller, profile(), managed_by=VENDOR)
    other.api_keys.create(caller, made.id, name="new", status=KeyStatus.ENABLED)
    other.organizations.delete(caller, CAFE)
    ids = [row.id for row in other.rows.organizations]
    assert ids[-1] == made.id
    assert CAFE not in ids
