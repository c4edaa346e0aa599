"""A whole world as JSON, and back; and what has to hold between the rows that are read.

What may be gone in a living world may be gone in an export too: the principal that created
something, the organization that created another one, a contact person.
"""

import json
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from fiskaly_contracts import JsonValue
from fiskaly_fixtures import password_of, secret_of

from fiskaly_mockserver.domain.account.access import viewers_of
from fiskaly_mockserver.domain.account.model import (
    ApiKey,
    BillingAddress,
    Membership,
    Organization,
    OrganizationId,
    User,
    UserId,
    hash_secret,
)
from fiskaly_mockserver.domain.backend import Clock
from fiskaly_mockserver.world.clock import LATEST, MAX_SCALE, WorldClock
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
from fiskaly_mockserver.world.export.signing import SIGNING_MEMBERS, read_signing, write_signing
from fiskaly_mockserver.world.names import shown
from fiskaly_mockserver.world.store.tables import Baseline, Rows
from fiskaly_mockserver.world.world import World

__all__ = ["MEMBERS", "StateError", "export_world", "import_world", "to_canonical_bytes"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRows:
    """The rows of an exported world, in the order of the export."""

    organizations: list[Organization]
    api_keys: list[ApiKey]
    users: list[User]
    memberships: list[Membership]
    billing_addresses: list[BillingAddress]


def check_rows(rows: ReadRows) -> None:
    """Demand unique ids, references that lead somewhere, and R1, R5, R6 and R8.

    Raises:
        StateError: Something does not fit; it names the first place.
    """
    organizations = _by_id(rows.organizations, "organizations")
    addresses = _unique((row.id for row in rows.billing_addresses), "/billing_addresses/{}/id")
    users = _unique((row.id for row in rows.users), "/users/{}/id")
    _unique((row.email.lower() for row in rows.users), "/users/{}/email")
    for at, row in enumerate(rows.organizations):
        _check_place(f"/organizations/{at}", row, organizations)
        if row.billing_address_id:
            _known(row.billing_address_id, addresses, f"/organizations/{at}/billing_address_id")
    _check_payers(rows.organizations, organizations)
    _check_keys(rows.api_keys, organizations, users)
    for at, address in enumerate(rows.billing_addresses):
        _known(address.organization_id, organizations, f"/billing_addresses/{at}/organization_id")
    _unique(((row.organization_id, row.user_id) for row in rows.memberships), "/memberships/{}")
    for at, membership in enumerate(rows.memberships):
        _known(membership.organization_id, organizations, f"/memberships/{at}/organization_id")
        _known(membership.user_id, users, f"/memberships/{at}/user_id")
    for at, user in enumerate(rows.users):
        if user.registered != (user.password_hash is not None):
            raise StateError(
                f"/users/{at}/registered is {shown(user.registered)}, but a user with"
                " password_hash or seeded is registered, and one without is not"
            )


def _by_id(rows: list[Organization], table: str) -> Mapping[OrganizationId, Organization]:
    _unique((row.id for row in rows), f"/{table}/{{}}/id")
    return {row.id: row for row in rows}


def _unique(values: Iterable[T], path: str) -> Mapping[T, int]:
    """Return the values with their first places, of which each may have one."""
    seen: dict[T, int] = {}
    for at, value in enumerate(values):
        if seen.setdefault(value, at) != at:
            first = path.format(seen[value])
            raise StateError(f"{path.format(at)} is {shown(value)}, but so is {first} already")
    return seen


def _known(reference: Hashable, known: Mapping[T, object], path: str) -> None:
    if reference not in known:
        raise StateError(f"{path} is {shown(reference)}, but there is nothing with that id")


def _check_place(
    path: str, row: Organization, organizations: Mapping[OrganizationId, Organization]
) -> None:
    manager_id = row.managed_by_organization_id
    path += "/managed_by_organization_id"
    if row.is_main:
        if manager_id is not None:
            raise StateError(f"{path} is {shown(manager_id)}, but a main one has none (R1)")
        return
    if manager_id is None:
        raise StateError(f"{path} is missing, but a managed organization has one (R1)")
    _known(manager_id, organizations, path)
    if not organizations[manager_id].is_main:
        raise StateError(f"{path} is {shown(manager_id)}, but that is managed itself (R1)")


def _check_payers(
    rows: list[Organization], organizations: Mapping[OrganizationId, Organization]
) -> None:
    for at, row in enumerate(rows):
        path = f"/organizations/{at}/billing_options/bill_to_organization"
        passed, payer_id = {row.id}, row.payer_id
        while payer_id:
            _known(payer_id, organizations, path)
            if not organizations[payer_id].is_main:
                raise StateError(f"{path} is {shown(payer_id)}, but a managed one cannot pay (R8)")
            if payer_id in passed:
                raise StateError(f"{path} is {shown(row.payer_id)}, but payers form a circle (R8)")
            passed.add(payer_id)
            payer_id = organizations[payer_id].payer_id


def _check_keys(
    rows: list[ApiKey],
    organizations: Mapping[OrganizationId, Organization],
    users: Mapping[UserId, int],
) -> None:
    path = "/api_keys/{}"
    _unique((row.id for row in rows), f"{path}/id")
    _unique((row.key for row in rows), f"{path}/key")
    _unique((row.principal_id for row in rows), f"{path}/principal_id")
    _unique(((row.organization_id, row.env, row.name) for row in rows), f"{path}/name")
    for at, row in enumerate(rows):
        here = path.format(at)
        user_id = UserId(row.principal_id)
        if user_id in users:
            raise StateError(
                f"{here}/principal_id is {shown(user_id)}, but so is"
                f" /users/{users[user_id]}/id already"
            )
        _known(row.organization_id, organizations, f"{here}/organization_id")
        owner = organizations[row.organization_id]
        if row.env not in owner.envs:
            raise StateError(
                f"{here}/env is {shown(row.env)}, but its organization has {shown(owner.envs)} (R6)"
            )
        if row.managed_by_organization_id not in (None, owner.managed_by_organization_id):
            raise StateError(
                f"{here}/managed_by_organization_id is {shown(row.managed_by_organization_id)},"
                f" but its organization's is {shown(owner.managed_by_organization_id)}"
            )


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
        **write_signing(rows, world.seed),
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
    *SIGNING_MEMBERS,
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
    signing: dict[str, Any] = read_signing(node, number, read.organizations)
    return Baseline(
        preset=preset_name,
        seed=number,
        organizations=_seen(read.organizations),
        api_keys=read.api_keys,
        users=read.users,
        memberships=read.memberships,
        billing_addresses=read.billing_addresses,
        **signing,
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
