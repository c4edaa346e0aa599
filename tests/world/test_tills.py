"""The rows of SIGN DE that a tree with tills begins with."""

from dataclasses import replace
from typing import Any

import pytest
from fiskaly_fixtures import (
    OrganizationTree,
    admin_pin_of,
    generate,
    receipts_of,
    tss_of,
)
from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.model import Environment, PrincipalKind
from fiskaly_mockserver.domain.signing.errors import AdminPinBlocked
from fiskaly_mockserver.domain.signing.model import (
    ClientState,
    ExportState,
    TransactionState,
    TssId,
    TssState,
)
from fiskaly_mockserver.domain.signing.process_data import NO_DATA, process_data_of, read_receipt
from fiskaly_mockserver.domain.signing.qr_code import qr_code_text
from fiskaly_mockserver.domain.signing.transactions import Call
from fiskaly_mockserver.world.clock import FrozenClock
from fiskaly_mockserver.world.qr_codes import explain_qr_code
from fiskaly_mockserver.world.seams import SeededSource
from fiskaly_mockserver.world.seeding import baseline_of
from fiskaly_mockserver.world.store.tables import Baseline
from fiskaly_mockserver.world.tills import Past, caller_of
from fiskaly_mockserver.world.world import Seams, World

NOON = 1_767_225_600 + 12 * 3600
DAY = 86_400
NEW = "00000000-0000-4000-8000-000000000001"


def grown(tree: OrganizationTree, started_at: float = NOON) -> Baseline:
    return baseline_of(tree, started_at=started_at)


def world_of(tree: OrganizationTree) -> World:
    source = SeededSource("tills")
    return World.on(grown(tree), Seams(clock=FrozenClock(NOON), ids=source, secrets=source))


def principal_of(world: World, tss_id: str) -> Principal:
    tss = world.rows.tss.get(TssId(tss_id))
    assert tss is not None
    home = world.rows.organizations.get(tss.organization_id)
    assert home is not None
    key = next(iter(world.rows.api_keys.select("organization", home.id)))
    return Principal(key.principal_id, PrincipalKind.API_KEY, tss.env, home, (home,))


def test_every_managed_organization_has_one_in_each_environment() -> None:
    tree = generate("live", tills=3, size=6)
    rows = grown(tree)
    managed = [row for row in tree.organizations if row.managed_by_organization_id]
    assert {(row.organization_id, row.env) for row in rows.tss.order} == {
        (row.id, env) for row in managed for env in row.envs
    }
    assert {row.state for row in rows.tss.order} == {TssState.INITIALIZED}
    assert {row.registered_clients for row in rows.tss.order} == {3}
    assert len(rows.clients.order) == 3 * len(rows.tss.order)
    assert not rows.admin_sessions.order


def test_without_tills_there_is_none() -> None:
    assert not grown(generate()).tss.order


def test_same_seed_and_start_same_bytes() -> None:
    def everything() -> list[Any]:
        rows = grown(generate(tills=2, receipts=3))
        logs = [(log.name, log.data) for log in rows.logs.order]
        return [logs, *rows.tss.order, *rows.clients.order, *rows.transactions.order]

    assert everything() == everything()


def test_more_tills_and_receipts_begin_with_those_of_fewer() -> None:
    few, many = generate(tills=1, receipts=2), generate(tills=2, receipts=3)
    for organization in few.organizations:
        for fewer, more in zip(tss_of(few, organization), tss_of(many, organization), strict=True):
            assert more.id == fewer.id
            assert more.clients[:1] == fewer.clients
            client = fewer.clients[0]
            assert [*receipts_of(many, organization, client, NOON)][:2] == [
                *receipts_of(few, organization, client, NOON)
            ]


def test_the_services_would_have_written_the_same() -> None:
    """The receipts are written down without the services: here they are called one by one."""
    tree = generate(tills=2, receipts=4, size=1)
    organization = next(row for row in tree.organizations if row.managed_by_organization_id)
    till = tss_of(tree, organization)[0]
    written = grown(tree)
    home = written.organizations.rows[organization.id]
    past, caller = Past(tree, NOON), caller_of(organization, home, Environment.TEST.value)
    past.initialized(caller, till)
    steps = sorted(
        (time, ends, receipt, client)
        for client in till.clients
        for receipt in receipts_of(tree, organization, client, NOON)
        for time, ends in ((receipt.begins, False), (receipt.ends, True))
    )
    for time, ends, receipt, client in steps:
        past.clock.advance(time - past.clock.now())
        state = TransactionState.FINISHED if ends else TransactionState.ACTIVE
        schema = {"standard_v1": {"receipt": receipt.receipt}} if ends else None
        sent = {"state": state.value, "client_id": client.id}
        call = Call(
            revision=2 if ends else 1,
            state=state,
            client_id=client.id,
            data=process_data_of(schema),
            sent={**sent, "schema": schema} if schema else sent,
        )
        past.transactions.upsert(caller, till.id, receipt.id, call)
    made = past.rows()
    assert made["tss"] == [*written.tss.order]
    assert made["transactions"] == [*written.transactions.order]
    assert [(log.name, log.data) for log in made["logs"]] == [
        (log.name, log.data) for log in written.logs.order
    ]


def test_receipts_are_of_the_last_30_days_and_their_codes_are_right() -> None:
    world = world_of(generate(tills=2, receipts=20, size=2))
    rows = [*world.rows.transactions]
    assert len(rows) == 2 * 2 * 20
    for row in rows:
        assert NOON - 31 * DAY < row.time_start < row.time_end <= NOON
        explained = explain_qr_code(qr_code_text(row, row.latest), world.rows)
        assert explained["valid"], explained["findings"]
        assert explained["transaction"] is not None
    assert {kind for row in rows for kind in _payments(row)} == {"Bar", "Unbar"}


def _payments(row: Any) -> list[str]:
    receipt = read_receipt(row.latest.process_data.decode())
    assert sum(receipt.amounts) == sum(payment.amount for payment in receipt.payments)
    return [payment.kind for payment in receipt.payments]


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("Bäckerei Beispiel", {"NORMAL", "REDUCED_1"}),
        ("Mustermode Beispiel", {"NORMAL"}),
        ("Apotheke am Markt", {"NORMAL", "REDUCED_1"}),
        ("Elektronik Beispiel", {"NORMAL", "NULL"}),
        ("Beispiel GmbH", {"NORMAL", "REDUCED_1"}),
    ],
)
def test_what_is_sold_goes_with_the_shop(name: str, rates: set[str]) -> None:
    tree = generate(tills=1, receipts=60, size=1)
    shop = replace(tree.organizations[1], name=name)
    client = tss_of(tree, shop)[0].clients[0]
    receipts = [one.receipt for one in receipts_of(tree, shop, client, NOON)]
    assert {row["vat_rate"] for one in receipts for row in one["amounts_per_vat_rate"]} == rates


@pytest.mark.parametrize("started_at", [0, 1, 10 * DAY])
def test_a_world_that_starts_with_the_epoch_has_no_time_before_it(started_at: int) -> None:
    rows = grown(generate(tills=1, receipts=2, size=1), started_at)
    assert all(log.time >= 0 for log in rows.logs.order)
    assert [log.counter for log in rows.logs.order] == [
        *range(1, rows.tss.order[0].signature_counter + 1)
    ]


def test_signing_goes_on_where_the_receipts_end() -> None:
    world = world_of(generate(tills=1, receipts=3, size=1))
    tss = next(iter(world.rows.tss))
    client = next(iter(world.rows.clients))
    caller = principal_of(world, tss.id)
    world.signing.tss.log_in(caller, tss.id, pin=admin_pin_of(1, tss.id))
    sent = {"state": "ACTIVE", "client_id": client.id}
    call = Call(1, TransactionState.ACTIVE, client.id, NO_DATA, sent)
    row, _ = world.signing.transactions.upsert(
        caller, tss.id, f"{0:08}-{0:04}-4000-8000-{0:012}", call
    )
    assert row.number == 4
    assert row.latest.counter == tss.signature_counter + 2


def test_the_kitchen_sink_has_every_state() -> None:
    world = world_of(generate("kitchen-sink"))
    rows = world.rows
    assert {row.state for row in rows.tss} == set(TssState)
    assert {row.state for row in rows.clients} == set(ClientState)
    assert {row.state for row in rows.transactions} == set(TransactionState)
    full = next(row for row in rows.tss if row.transaction_counter)
    caller = principal_of(world, full.id)
    for export in [*rows.exports]:
        shown = world.signing.exports.find(caller, full.id, export.id)
        assert shown.state is export.state
    exports = {row.state: row for row in rows.exports}
    assert set(exports) == set(ExportState)
    assert exports[ExportState.PENDING].time_start == 0
    completed = exports[ExportState.COMPLETED]
    assert len(world.signing.exports.file(caller, full.id, completed.id).logs) > 0
    blocked = next(row for row in rows.tss if row.pin_tries)
    with pytest.raises(AdminPinBlocked):
        world.signing.tss.log_in(caller, blocked.id, pin=admin_pin_of(1, blocked.id))
