"""A whole world as JSON, and back.

An exported world is one object:

    schema    1
    preset    of the tree that the world began with; null without one
    seed      of that tree, which the secrets of seeded keys and users derive from
    clock     frozen, scale, and now (unix seconds) or offset (seconds ahead of real time)
    organizations, api_keys, users, memberships, billing_addresses
              arrays of rows in the order of their creation

Fields that are not set are left out. Of secrets and passwords only the SHA-256 hash is
there, and of those that the seed gives just `"seeded": true`. Sessions, tokens ended
early, faults, used-up rate limits, journal and snapshots are not part of it; access
tokens that were handed out stand for themselves and are good as long as their
organization is there.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from fiskaly_contracts import JsonValue
from fiskaly_fixtures import password_of, secret_of

from fiskaly_mockserver.domain.access import viewers_of
from fiskaly_mockserver.domain.credentials import hash_secret
from fiskaly_mockserver.domain.model import Organization
from fiskaly_mockserver.domain.store import (
    API_KEYS,
    BILLING_ADDRESSES,
    MEMBERSHIPS,
    ORGANIZATIONS,
    USERS,
)
from fiskaly_mockserver.world.clock_states import read_clock, write_clock
from fiskaly_mockserver.world.frozen import FrozenTable
from fiskaly_mockserver.world.rows import Baseline, Rows
from fiskaly_mockserver.world.state_checks import ReadRows, check_rows
from fiskaly_mockserver.world.state_nodes import Node, StateError
from fiskaly_mockserver.world.state_rows import (
    API_KEY,
    BILLING_ADDRESS,
    MEMBERSHIP,
    ORGANIZATION,
    USER,
    Form,
    JsonObject,
)
from fiskaly_mockserver.world.world import World

__all__ = ["MEMBERS", "StateError", "export_world", "import_world", "to_canonical_bytes"]

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
        organizations=FrozenTable(ORGANIZATIONS, _seen(read.organizations)),
        api_keys=FrozenTable(API_KEYS, read.api_keys),
        users=FrozenTable(USERS, read.users),
        memberships=FrozenTable(MEMBERSHIPS, read.memberships),
        billing_addresses=FrozenTable(BILLING_ADDRESSES, read.billing_addresses),
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
