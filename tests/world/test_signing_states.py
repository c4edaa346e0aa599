"""The rows of SIGN DE in a world as JSON: there and back, and what is refused."""

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from fiskaly_fixtures import admin_pin_of, generate
from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.model import PrincipalKind
from fiskaly_mockserver.domain.signing.model import TransactionState
from fiskaly_mockserver.domain.signing.process_data import NO_DATA
from fiskaly_mockserver.domain.signing.qr_code import qr_code_text
from fiskaly_mockserver.domain.signing.transactions import Call
from fiskaly_mockserver.world.clock import FrozenClock
from fiskaly_mockserver.world.export.export import (
    StateError,
    export_world,
    import_world,
    to_canonical_bytes,
)
from fiskaly_mockserver.world.qr_codes import explain_qr_code
from fiskaly_mockserver.world.seeding import baseline_of
from fiskaly_mockserver.world.world import Seams, World

START = 1_767_225_600
TREES = {"kitchen-sink": generate("kitchen-sink"), "tills": generate(tills=2, receipts=3, size=2)}
NEW = "00000000-0000-4000-8000-000000000001"


def world_of(name: str = "tills") -> World:
    seams = Seams(clock=FrozenClock(START))
    return World.on(baseline_of(TREES[name], started_at=START), seams)


def back(world: World) -> World:
    other = World.on(
        baseline_of(generate("empty"), started_at=START), Seams(clock=FrozenClock(START))
    )
    import_world(other, json.loads(to_canonical_bytes(export_world(world))))
    return other


def rows_of(world: World) -> list[Any]:
    rows = world.rows
    logs = [(log.name, log.data, log.number, log.client_serial_number) for log in rows.logs]
    return [logs, *rows.tss, *rows.clients, *rows.exports, *rows.transactions]


@pytest.mark.parametrize("name", TREES)
def test_every_row_comes_back(name: str) -> None:
    world = world_of(name)
    other = back(world)
    assert rows_of(other) == rows_of(world)
    assert to_canonical_bytes(export_world(other)) == to_canonical_bytes(export_world(world))


def test_signing_goes_on_and_the_codes_are_right() -> None:
    world = back(world_of())
    tss, client = next(iter(world.rows.tss)), next(iter(world.rows.clients))
    home = world.rows.organizations.get(tss.organization_id)
    assert home is not None
    key = next(iter(world.rows.api_keys.select("organization", home.id)))
    caller = Principal(key.principal_id, PrincipalKind.API_KEY, tss.env, home, (home,))
    world.signing.tss.log_in(caller, tss.id, pin=admin_pin_of(1, tss.id))
    sent = {"state": "ACTIVE", "client_id": client.id}
    call = Call(1, TransactionState.ACTIVE, client.id, NO_DATA, sent)
    row, _ = world.signing.transactions.upsert(caller, tss.id, NEW, call)
    assert (row.number, row.latest.counter) == (
        tss.transaction_counter + 1,
        tss.signature_counter + 2,
    )
    for row in world.rows.transactions.select("tss", tss.id):
        if row.time_end:
            assert explain_qr_code(qr_code_text(row, row.latest), world.rows)["valid"]
    assert rows_of(back(world)) == rows_of(world)


def test_an_export_without_them_is_taken_over_too() -> None:
    state = export_world(world_of())
    for name in ("tss", "clients", "transactions", "exports", "logs"):
        del state[name]
    world = world_of()
    import_world(world, state)
    assert not [*world.rows.tss, *world.rows.logs]


STATE: Any = export_world(world_of())
SINK = export_world(world_of("kitchen-sink"))


def put(*path: str | int, to: object) -> Callable[[Any], None]:
    def change(state: Any) -> None:
        for step in path[:-1]:
            state = state[step]
        state[path[-1]] = to

    return change


def drop(*path: str | int) -> Callable[[Any], None]:
    def change(state: Any) -> None:
        for step in path[:-1]:
            state = state[step]
        del state[path[-1]]

    return change


NOWHERE = "99999999-9999-4999-8999-999999999999"
REFUSALS = [
    (drop("logs", 0), "/logs/[01]/counter is 2, but the next one of its TSS is 1"),
    (drop("logs"), "/logs is missing"),
    (put("tss", 0, "nose", to=1), "/tss/0/nose is not known; allowed here: id, organization_id"),
    (put("tss", 0, "state", to="READY"), '/tss/0/state is "READY", but should be one of CREATED,'),
    (put("tss", 0, "organization_id", to=NOWHERE), "/tss/0/organization_id is .*there is nothing"),
    (put("tss", 0, "env", to="LIVE"), '/tss/0/env is "LIVE", but its organization has'),
    (
        put("tss", 0, "admin_puk", to=7),
        "/tss/0/admin_puk is a value not shown, but should be a text",
    ),
    (put("tss", 0, "serial_number", to="xyz"), "/tss/0/serial_number is .*64 digits"),
    (put("tss", 1, "id", to=STATE["tss"][0]["id"]), "/tss/1/id is .*, but so is /tss/0/id already"),
    (put("tss", 0, "signature_counter", to=3), "/tss/0/signature_counter is 3, but there are"),
    (put("tss", 0, "registered_clients", to=9), "/tss/0/registered_clients is 9, but there are 2"),
    (
        put("tss", 0, "transaction_counter", to=1),
        "/tss/0/transaction_counter is 1, but there are 6",
    ),
    (
        put("tss", 0, "active_transactions", to=1),
        "/tss/0/active_transactions is 1, but there are 0",
    ),
    (put("clients", 0, "tss_id", to=NOWHERE), "/clients/0/tss_id is .*no such TSS"),
    (put("clients", 0, "env", to="LIVE"), "/clients/0/tss_id is .*in that environment"),
    (
        put("clients", 1, "serial_number", to=STATE["clients"][0]["serial_number"]),
        "/clients/1/serial",
    ),
    (put("transactions", 0, "tss_id", to=NOWHERE), "/transactions/0/tss_id is .*there is nothing"),
    (
        put("transactions", 0, "number", to=2),
        "/transactions/0/revisions/0/counter is .*transaction 2",
    ),
    (
        put("transactions", 0, "revisions", to=[]),
        "/transactions/0/revisions is .*at least the start",
    ),
    (
        put("transactions", 0, "revisions", 0, "counter", to=9_999),
        "there is no log of transaction 1",
    ),
    (put("transactions", 0, "revisions", 0, "body", to={}), "/revisions/0/body/state is missing"),
    (
        put("transactions", 0, "revisions", 1, "body", "schema", to={"raw": {"process_data": "%"}}),
        "/transactions/0/revisions/1/body is .*, but should be a body that the API accepts",
    ),
    (
        put("transactions", 0, "revisions", 1, "body", "schema", to=5),
        "/transactions/0/revisions/1/body is .*5.*, but should be a body that the API accepts",
    ),
    (
        put("logs", 0, "counter", to=2),
        "/logs/2/counter is .*, but so is /logs/0/counter already",
    ),
    (put("logs", 0, "data", to="AAAA"), "/logs/0/data is .*DER sequence"),
    (put("logs", 0, "data", to="%"), "/logs/0/data is .*signed log in base64"),
    (put("logs", 0, "data", to="ä"), "/logs/0/data is .*base64: .*only ASCII"),
    (put("tss", 0, "public_key", to="ä"), "/tss/0/public_key is .*should be base64"),
    (put("tss", 0, "certificate", to="%"), '/tss/0/certificate is "%", but should be base64'),
    (put("logs", 0, "kind", to="diary"), '/logs/0/kind is "diary", but should be one of system,'),
]


@pytest.mark.parametrize(("change", "message"), REFUSALS)
def test_what_does_not_fit_is_named_and_changes_nothing(
    change: Callable[[Any], None], message: str
) -> None:
    state = copy.deepcopy(STATE)
    change(state)
    world = world_of("kitchen-sink")
    with pytest.raises(StateError) as caught:
        import_world(world, state)
    assert re.search(message, str(caught.value)), str(caught.value)
    assert export_world(world) == SINK
