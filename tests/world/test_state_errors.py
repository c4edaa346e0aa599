"""States that no world can take over: refused with the place, and nothing changed."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from builders.accounts import START
from builders.snapshots import listed
from fiskaly_fixtures import generate, secret_of
from fiskaly_mockserver.world.clock import FrozenClock
from fiskaly_mockserver.world.export.export import StateError, export_world, import_world
from fiskaly_mockserver.world.seeding import baseline_of
from fiskaly_mockserver.world.world import Seams, World

State = dict[str, Any]
BASELINE = baseline_of(generate("kitchen-sink", seed=1), started_at=START)
SOME_HASH = "0" * 64
NOWHERE = "99999999-9999-4999-8999-999999999999"


@pytest.fixture
def world() -> World:
    """A world with changes and a session, in a time of its own."""
    world = World.on(BASELINE, Seams(clock=FrozenClock(START)))
    key = next(iter(world.rows.api_keys))
    world.sessions.open_with_key(key.key, secret_of(1, key.id))
    world.clock.freeze(START + 5)
    return world


def _state() -> State:
    state: State = copy.deepcopy(export_world(World.on(BASELINE)))
    return state


def _managed(state: State) -> int:
    return next(
        at for at, row in enumerate(state["organizations"]) if row["type"] != "ORGANIZATION"
    )


def _payee(state: State) -> int:
    return next(
        at
        for at, row in enumerate(state["organizations"])
        if row["type"] == "ORGANIZATION"
        and "bill_to_organization" in row.get("billing_options", {})
    )


def put(*path: str | int, to: object) -> Callable[[State], None]:
    """Return what puts a value somewhere."""

    def change(state: State) -> None:
        _parent(state, path)[path[-1]] = to

    return change


def drop(*path: str | int) -> Callable[[State], None]:
    """Return what takes a member away."""

    def change(state: State) -> None:
        del _parent(state, path)[path[-1]]

    return change


def _parent(state: State, path: tuple[str | int, ...]) -> Any:
    parent: Any = state
    for step in path[:-1]:
        parent = parent[step]
    return parent


def twice(table: str, **changes: object) -> Callable[[State], None]:
    """Return what repeats a table's first row with changes."""
    return lambda state: state[table].append({**state[table][0], **changes})


CASES: dict[str, tuple[Callable[[State], None], str]] = {
    "unknown schema": (put("schema", to=2), "/schema is 2, but the only schema known here is 1"),
    "schema is no number": (put("schema", to=True), "/schema is true"),
    "missing schema": (drop("schema"), "/schema is missing"),
    "missing table": (drop("users"), "/users is missing"),
    "unknown member": (put("faults", to=[]), "/faults is not known; allowed here: schema, preset"),
    "seed": (put("seed", to="1"), '/seed is "1", but should be a whole number from 0 to'),
    "negative seed": (put("seed", to=-1), "/seed is -1"),
    "preset": (put("preset", to=1), "/preset is 1, but should be a text"),
    "empty preset": (put("preset", to=""), "/preset is "),
    "table is no array": (put("users", to={}), "/users is {}, but should be an array"),
    "row is no object": (put("users", 0, to=1), "/users/0 is 1, but should be an object"),
    "unknown field": (
        put("organizations", 0, "nmae", to="x"),
        "/organizations/0/nmae is not known; allowed here: id, type, envs, name",
    ),
    "viewers": (put("organizations", 0, "viewers", to=[]), "/organizations/0/viewers is not known"),
    "missing field": (drop("organizations", 0, "town"), "/organizations/0/town is missing"),
    "text": (put("organizations", 0, "zip", to=1010), "/organizations/0/zip is 1010, but should"),
    "null": (put("organizations", 0, "zip", to=None), "/organizations/0/zip is null, but should"),
    "surrogate": (
        put("organizations", 0, "name", to="\ud800"),
        '/organizations/0/name is "\\ud800", but should be a text without lone surrogates',
    ),
    "type": (
        put("organizations", 0, "type", to="MAIN"),
        '/organizations/0/type is "MAIN", but should be one of ORGANIZATION, MANAGED_ORGANIZATION',
    ),
    "env": (
        put("organizations", 0, "envs", to=["TEST", "PROD"]),
        '/organizations/0/envs/1 is "PROD", but should be one of TEST, LIVE',
    ),
    "env of another kind": (
        put("organizations", 0, "envs", to=[0]),
        "/organizations/0/envs/0 is 0",
    ),
    "no TEST": (put("organizations", 0, "envs", to=["LIVE"]), '/organizations/0/envs is ["LIVE"]'),
    "env twice": (put("organizations", 0, "envs", to=["TEST"] * 2), "/organizations/0/envs is"),
    "metadata": (
        put("organizations", 0, "metadata", to={"a": 1}),
        "/organizations/0/metadata/a is 1, but should be a text",
    ),
    "withhold": (
        put("organizations", 0, "billing_options", to={"withhold_billing": "yes"}),
        '/organizations/0/billing_options/withhold_billing is "yes", but should be true or false',
    ),
    "unknown option": (
        put("organizations", 0, "billing_options", to={"payer": "x"}),
        "/organizations/0/billing_options/payer is not known; allowed here: gln, withhold",
    ),
    "empty id": (put("users", 0, "id", to=""), "/users/0/id is "),
    "key status": (
        put("api_keys", 0, "status", to="off"),
        '/api_keys/0/status is "off", but should be one of enabled, disabled',
    ),
    "created_at": (put("api_keys", 0, "created_at", to=1.5), "/api_keys/0/created_at is 1.5, but"),
    "created_at true": (
        put("api_keys", 0, "created_at", to=True),
        "/api_keys/0/created_at is true",
    ),
    "not seeded": (put("api_keys", 0, "seeded", to=False), "/api_keys/0/seeded is false, but"),
    "seeded and hash": (
        put("api_keys", 0, "secret_hash", to=SOME_HASH),
        "/api_keys/0/seeded is true, but secret_hash stands beside it: give one of them",
    ),
    "no secret": (drop("api_keys", 0, "seeded"), "/api_keys/0/secret_hash is missing"),
    "no seed": (put("seed", to=None), "/api_keys/0/seeded is true, but there is no /seed"),
    "registered": (drop("users", 0, "seeded"), "/users/0/registered is true, but"),
    "pending_until": (
        put("memberships", 0, "pending_until", to="soon"),
        '/memberships/0/pending_until is "soon", but should be a number',
    ),
    "not a number": (
        put("memberships", 0, "pending_until", to=float("nan")),
        "/memberships/0/pending_until is NaN",
    ),
    "too great a number": (
        put("memberships", 0, "pending_until", to=10**400),
        "/memberships/0/pending_until is 1000000",
    ),
    "id twice": (twice("organizations"), "but so is /organizations/0/id already"),
    "key id twice": (twice("api_keys"), "but so is /api_keys/0/id already"),
    "key twice": (twice("api_keys", id="x"), "but so is /api_keys/0/key already"),
    "principal twice": (
        twice("api_keys", id="x", key="y"),
        "but so is /api_keys/0/principal_id already",
    ),
    "key name twice": (
        twice("api_keys", id="x", key="y", principal_id="z"),
        "but so is /api_keys/0/name already",
    ),
    "user twice": (twice("users"), "but so is /users/0/id already"),
    "membership twice": (twice("memberships"), "but so is /memberships/0 already"),
    "address twice": (twice("billing_addresses"), "but so is /billing_addresses/0/id already"),
    "unknown address": (
        put("organizations", 0, "billing_address_id", to=NOWHERE),
        f'/organizations/0/billing_address_id is "{NOWHERE}", but there is nothing with that id',
    ),
    "unknown payer": (
        put("organizations", 0, "billing_options", to={"bill_to_organization": NOWHERE}),
        "/organizations/0/billing_options/bill_to_organization is",
    ),
    "unknown organization of a key": (
        put("api_keys", 0, "organization_id", to=NOWHERE),
        "/api_keys/0/organization_id is",
    ),
    "foreign manager of a key": (
        put("api_keys", 0, "managed_by_organization_id", to=NOWHERE),
        "/api_keys/0/managed_by_organization_id is",
    ),
    "unknown organization of an address": (
        put("billing_addresses", 0, "organization_id", to=NOWHERE),
        "/billing_addresses/0/organization_id is",
    ),
    "unknown organization of a member": (
        put("memberships", 0, "organization_id", to=NOWHERE),
        "/memberships/0/organization_id is",
    ),
    "unknown user": (put("memberships", 0, "user_id", to=NOWHERE), "/memberships/0/user_id is"),
    "main one managed": (
        put("organizations", 0, "managed_by_organization_id", to=NOWHERE),
        "/organizations/0/managed_by_organization_id is",
    ),
    "clock missing": (drop("clock"), "/clock is missing"),
    "clock": (put("clock", to="now"), '/clock is "now", but should be an object'),
    "clock frozen": (
        put("clock", "frozen", to=1),
        "/clock/frozen is 1, but should be true or false",
    ),
    "clock offset": (
        put("clock", "offset", to=None),
        "/clock/offset is null, but should be a number",
    ),
    "clock beyond the end": (put("clock", "offset", to=1e12), "/clock/offset is 1000000000000.0"),
    "clock scale": (put("clock", "scale", to=0), "/clock/scale is 0, but should be a number from"),
    "frozen without time": (put("clock", "frozen", to=True), "/clock/offset is not known"),
    "clock now": (
        put("clock", "now", to=1),
        "/clock/now is not known; allowed here: frozen, offset",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named_and_nothing_changes(world: World, case: str) -> None:
    change, expected = CASES[case]
    state = _state()
    change(state)
    before = (listed(world), world.clock.state())
    with pytest.raises(StateError) as caught:
        import_world(world, state)
    assert expected in str(caught.value)
    assert (listed(world), world.clock.state()) == before


@pytest.mark.parametrize("state", [None, [], "text", 1])
def test_a_state_is_an_object(world: World, state: object) -> None:
    with pytest.raises(StateError, match=r"^/ is .*, but should be an object$"):
        import_world(world, state)


def test_a_hash_is_never_repeated_in_a_message(world: World) -> None:
    state = _state()
    del state["api_keys"][0]["seeded"]
    state["api_keys"][0]["secret_hash"] = "EXAMPLE-what-must-not-be-told"
    with pytest.raises(StateError) as caught:
        import_world(world, state)
    assert "EXAMPLE" not in str(caught.value)
    assert "/api_keys/0/secret_hash is a value not shown, but should be 64 digits" in str(
        caught.value
    )


def test_r1_a_managed_organization_has_a_main_one_above_it(world: World) -> None:
    for manager, expected in (
        (None, "is missing, but a managed organization has one"),
        (NOWHERE, "but there is nothing with that id"),
        ("itself", "but that is managed itself"),
    ):
        state = _state()
        at = _managed(state)
        row = state["organizations"][at]
        del row["managed_by_organization_id"]
        if manager:
            row["managed_by_organization_id"] = row["id"] if manager == "itself" else manager
        with pytest.raises(StateError) as caught:
            import_world(world, state)
        assert f"/organizations/{at}/managed_by_organization_id" in str(caught.value)
        assert expected in str(caught.value)


def test_r8_a_managed_organization_pays_for_nobody(world: World) -> None:
    state = _state()
    at = _payee(state)
    managed = state["organizations"][_managed(state)]["id"]
    state["organizations"][at]["billing_options"]["bill_to_organization"] = managed
    with pytest.raises(StateError, match="a managed one cannot pay"):
        import_world(world, state)


def test_r8_payers_in_a_circle_are_refused(world: World) -> None:
    state = _state()
    row = state["organizations"][_payee(state)]
    payer_id = row["billing_options"]["bill_to_organization"]
    payer = next(one for one in state["organizations"] if one["id"] == payer_id)
    payer["billing_options"] = {"bill_to_organization": row["id"]}
    with pytest.raises(StateError, match="payers form a circle"):
        import_world(world, state)
    payer["billing_options"] = {"bill_to_organization": payer["id"]}
    with pytest.raises(StateError, match="payers form a circle"):
        import_world(world, state)


def test_r6_a_live_key_needs_a_live_organization(world: World) -> None:
    state = _state()
    at, key = next((at, row) for at, row in enumerate(state["api_keys"]) if row["env"] == "LIVE")
    owner = next(row for row in state["organizations"] if row["id"] == key["organization_id"])
    owner["envs"] = ["TEST"]
    with pytest.raises(StateError, match=f'/api_keys/{at}/env is "LIVE", but its organization'):
        import_world(world, state)


def test_r9_an_email_belongs_to_one_user_however_it_is_written(world: World) -> None:
    state = _state()
    state["users"][1]["email"] = state["users"][0]["email"].upper()
    with pytest.raises(StateError, match="but so is /users/0/email already"):
        import_world(world, state)


def test_a_key_is_no_user(world: World) -> None:
    state = _state()
    state["api_keys"][0]["principal_id"] = state["users"][0]["id"]
    with pytest.raises(StateError, match="but so is /users/0/id already"):
        import_world(world, state)


def test_what_may_be_gone_in_a_living_world_may_be_gone_in_a_state(world: World) -> None:
    state = _state()
    row = state["organizations"][0]
    row["created_by_user"] = row["contact_person_id"] = NOWHERE
    row["created_by_organization_id"] = NOWHERE
    import_world(world, state)
    assert next(iter(world.rows.organizations)).created_by_user == NOWHERE


def test_members_may_come_in_any_order_and_defaults_may_be_written_out(world: World) -> None:
    state = _state()
    expected = export_world(World.on(BASELINE, world.seams))
    state["organizations"][0].setdefault("state", "")
    state["organizations"] = [dict(reversed(row.items())) for row in state["organizations"]]
    import_world(world, dict(reversed(state.items())))
    assert export_world(world) == expected
