"""A whole world as JSON, and back."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from fiskaly_contracts import JsonValue
from fiskaly_fixtures import password_of, secret_of

from fiskaly_mockserver.domain.account.access import viewers_of
from fiskaly_mockserver.domain.account.model import Organization, hash_secret
from fiskaly_mockserver.domain.ports import Clock
from fiskaly_mockserver.world.clock import LATEST, MAX_SCALE, WorldClock
from fiskaly_mockserver.world.export.checks import ReadRows, check_rows
from fiskaly_mockserver.world.export.rows import (
    API_KEY,
    BILLING_ADDRESS,
    MEMBERSHIP,
    ORGANIZATION,
    USER,
    Form,
    JsonObject,
    Node,
    StateError,
)
from fiskaly_mockserver.world.store.tables import Baseline, Rows
from fiskaly_mockserver.world.world import World

__all__ = ["MEMBERS", "StateError", "export_world", "import_world", "to_canonical_bytes"]


OFFSET_DIGITS = 3
LEAST_SCALE = 1e-9


class _Gate(Clock):
    """A base that shows one time until it is opened.

    A clock never runs backwards, so one that shows an earlier time than its base has to
    begin there.
    """

    def __init__(self, base: Clock, at: float) -> None:
        self._base = base
        self.at: float | None = at

    def now(self) -> float:
        """Return the one time, or the base's."""
        return self._base.now() if self.at is None else self.at


def write_clock(clock: WorldClock) -> dict[str, JsonValue]:
    """Return how a clock stands, as JSON."""
    state = clock.state()
    if state["frozen"]:
        return {"frozen": True, "now": float(state["now"]), "scale": state["scale"]}
    # Adding zero makes one zero of two
    offset = round(state["offset"], OFFSET_DIGITS) + 0.0
    return {"frozen": False, "offset": offset, "scale": state["scale"]}


def read_clock(node: Node, base: Clock) -> WorldClock:
    """Return the clock that stands so, on another base.

    Raises:
        StateError: A member is missing, unknown, of the wrong kind or out of range.
    """
    frozen = node.member("frozen").truth()
    node.only("frozen", "now" if frozen else "offset", "scale")
    scale = node.member("scale").number(LEAST_SCALE, MAX_SCALE)
    started = base.now()
    if frozen:
        begin = node.member("now").number(0, LATEST)
    else:
        begin = started + node.member("offset").number(-started, LATEST - started)
    gate = _Gate(base, begin)
    clock = WorldClock(gate)
    clock.freeze()
    clock.scale(scale)
    if not frozen:
        gate.at = started
        clock.resume()
    gate.at = None
    return clock


SCHEMA = 1
Row = TypeVar("Row")
Derive = Callable[[str], bytes]
"""Gives the hash of the secret that the seed gives to an id."""


def export_world(world: World) -> JsonObject:
    """Return the world as it is now; the same world gives the same JSON."""
    rows = world.rows
    secret_hash, password_hash = _derivations(world.seed)
    return {
        "schema": SCHEMA,
        "preset": world.preset,
        "seed": world.seed,
        "clock": write_clock(world.clock),
        "organizations": _write(ORGANIZATION, rows.organizations),
        "api_keys": _write(API_KEY, rows.api_keys, secret_hash),
        "users": _write(USER, rows.users, password_hash),
        "memberships": _write(MEMBERSHIP, rows.memberships),
        "billing_addresses": _write(BILLING_ADDRESS, rows.billing_addresses),
    }


def import_world(world: World, state: object) -> None:
    """Make a world what an export tells; sessions are closed, faults, rate limits and journal stay.

    A reset still returns to the world's own baseline. The members of the objects may
    come in any order.

    Raises:
        StateError: It is no export of this schema, or does not fit together. Nothing has
            changed then.
    """
    node = Node(state)
    schema = node.member("schema")
    if schema.value != SCHEMA or isinstance(schema.value, bool):
        raise schema.error(f"the only schema known here is {SCHEMA}")
    node.only(*MEMBERS)
    rows = Rows.of(_baseline(node))
    clock = read_clock(node.member("clock"), world.seams.clock)
    world.become(world.state()._replace(rows=rows, clock=clock))


MEMBERS = (
    "schema",
    "preset",
    "seed",
    "clock",
    "organizations",
    "api_keys",
    "users",
    "memberships",
    "billing_addresses",
)
"""What an exported world consists of, in the order of the export."""


def to_canonical_bytes(state: JsonValue) -> bytes:
    """Return an export in the one way to write it: compact, in raw UTF-8."""
    text = json.dumps(state, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode()


def _derivations(seed: int | None) -> tuple[Derive | None, Derive | None]:
    """Return how the seed gives secrets to keys and passwords to users."""
    if seed is None:
        return None, None
    return (
        lambda key_id: hash_secret(secret_of(seed, key_id)),
        lambda user_id: hash_secret(password_of(seed, user_id)),
    )


def _write(form: Form[Row], rows: Iterable[Row], derive: Derive | None = None) -> list[JsonValue]:
    return [form.write(row, derive) for row in rows]


def _read(node: Node, table: str, form: Form[Row], derive: Derive | None = None) -> list[Row]:
    return [form.read(item, derive) for item in node.member(table).items()]


def _baseline(node: Node) -> Baseline:
    """Return the rows of an export, checked, as something that tables can stand on."""
    preset, seed = node.member("preset"), node.member("seed")
    preset_name = None if preset.value is None else preset.filled()
    number = None if seed.value is None else seed.whole(least=0)
    secret_hash, password_hash = _derivations(number)
    read = ReadRows(
        organizations=_read(node, "organizations", ORGANIZATION),
        api_keys=_read(node, "api_keys", API_KEY, secret_hash),
        users=_read(node, "users", USER, password_hash),
        memberships=_read(node, "memberships", MEMBERSHIP),
        billing_addresses=_read(node, "billing_addresses", BILLING_ADDRESS),
    )
    check_rows(read)
    return Baseline(
        preset=preset_name,
        seed=number,
        organizations=_seen(read.organizations),
        api_keys=read.api_keys,
        users=read.users,
        memberships=read.memberships,
        billing_addresses=read.billing_addresses,
    )


def _seen(rows: list[Organization]) -> list[Organization]:
    """Return the organizations with who sees them (R3)."""
    by_id = {row.id: row for row in rows}
    return [
        replace(
            row,
            viewers=viewers_of(
                row.id,
                manager=by_id[row.managed_by_organization_id]
                if row.managed_by_organization_id
                else None,
                creator_home=row.created_by_organization_id,
            ),
        )
        for row in rows
    ]
