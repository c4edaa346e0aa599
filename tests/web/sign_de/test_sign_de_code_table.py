"""The table of codes by operation, row by row: what the service took away, limits, outages.

What a till itself can bring about is in `test_sign_de_refusals`. Not to be provoked are 499, 444,
E_AVAILABLE_ON_TEST_ONLY, E_PENDING_TX_CONFLICT and E_LATEST_TX_REVISION_NOT_FOUND: they tell of
the service's insides.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from builders.receipts import receipt
from fiskaly_mockserver.domain.signing.model import (
    MAX_ACTIVE_TRANSACTIONS,
    MAX_CLIENTS,
    ExportState,
    TssId,
    TssState,
)
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.faults.recipes import RECIPES
from web.api import Answer, know_operations
from web.sign_de.till import CLIENT, EXPORT, NOWHERE, PIN, TSS, TX, Till

E1 = ["status_code", "error", "code", "message"]
E2 = ["code", "message", "status_code", "error"]
TX_PATH = f"/tss/{TSS}/tx/{TX}"
Ask = Callable[[Till], Awaitable[Answer]]

CALLS: dict[str, tuple[Ask, list[str]]] = {
    "admin/auth": (lambda till: till.post(f"/tss/{TSS}/admin/auth", {"admin_pin": PIN}), E2),
    "admin PIN": (
        lambda till: till.patch(
            f"/tss/{TSS}/admin", {"admin_puk": "9081726354", "new_admin_pin": PIN}
        ),
        E2,
    ),
    "PATCH tss": (lambda till: till.state("DISABLED"), E2),
    "PUT client": (
        lambda till: till.put(f"/tss/{TSS}/client/{NOWHERE}", {"serial_number": "NEW"}),
        E2,
    ),
    "PATCH client": (
        lambda till: till.patch(f"/tss/{TSS}/client/{CLIENT}", {"state": "DEREGISTERED"}),
        E2,
    ),
    "PUT tx": (lambda till: till.sign(1), E2),
    "PUT export": (lambda till: till.put(f"/tss/{TSS}/export/{EXPORT}"), E1),
}
TAKEN_AWAY = {
    TssState.DEFECTIVE: "E_TSS_DEFECTIVE",
    TssState.DELETED: "E_TSS_DELETED",
    TssState.EVICTED: "E_TSS_EVICTED",
}


def changed(service: Service, **fields: object) -> None:
    """Change the row of the TSS as the service would."""
    table = service.world.rows.tss
    row = table.get(TssId(TSS))
    assert row is not None
    table.put(replace(row, **fields))


def demand(answer: Answer, status: int, code: str, keys: list[str]) -> None:
    assert (answer.status, answer.body.get("code")) == (status, code)
    assert list(answer.body) == keys


@pytest.mark.parametrize("state", TAKEN_AWAY)
@pytest.mark.parametrize("call", CALLS)
async def test_a_tss_that_the_service_took_away_is_423(
    till: Till, service: Service, call: str, state: TssState
) -> None:
    await till.open()
    changed(service, state=state)
    logs = len(service.world.rows.logs)
    ask, keys = CALLS[call]
    demand(await ask(till), 423, TAKEN_AWAY[state], keys)
    assert len(service.world.rows.logs) == logs


async def test_so_is_cancelling_an_export(till: Till, service: Service) -> None:
    await till.open()
    await till.put(f"/tss/{TSS}/export/{EXPORT}")
    changed(service, state=TssState.DEFECTIVE)
    answer = await till.delete(f"/tss/{TSS}/export/{EXPORT}")
    demand(answer, 423, "E_TSS_DEFECTIVE", E1)


@pytest.mark.parametrize("call", ["admin/auth", "PUT client", "PATCH client", "PUT tx"])
async def test_a_disabled_tss_is_400(till: Till, call: str) -> None:
    await till.open()
    await till.state("DISABLED")
    ask, keys = CALLS[call]
    demand(await ask(till), 400, "E_TSS_DISABLED", keys)


async def test_a_deregistered_client_signs_nothing(till: Till) -> None:
    await till.open()
    await till.patch(f"/tss/{TSS}/client/{CLIENT}", {"state": "DEREGISTERED"})
    demand(await till.sign(1), 400, "E_CLIENT_DEREGISTERED", E2)


async def test_there_are_at_most_so_many_clients(till: Till, service: Service) -> None:
    await till.open()
    changed(service, registered_clients=MAX_CLIENTS)
    ask, keys = CALLS["PUT client"]
    demand(await ask(till), 403, "E_CLIENT_LIMIT_REACHED", keys)


async def test_there_are_at_most_so_many_open_transactions(till: Till, service: Service) -> None:
    await till.open()
    changed(service, active_transactions=MAX_ACTIVE_TRANSACTIONS)
    demand(await till.sign(1), 400, "E_TX_LIMIT_REACHED", E2)


async def test_at_most_ten_exports_run(till: Till, service: Service) -> None:
    await till.open()
    for number in range(10):
        export = f"{EXPORT[:-2]}{number:02}"
        query = f"?start_signature_counter={number + 1}"
        assert (await till.put(f"/tss/{TSS}/export/{export}{query}")).status == 200
    answer = await till.put(f"/tss/{TSS}/export/{EXPORT}")
    demand(answer, 409, "E_TOO_MANY_EXPORTS", E1)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("client_id", NOWHERE, "E_CLIENT_NOT_FOUND"),
        ("transaction_number", "99", "E_TX_NOT_FOUND"),
        ("end_transaction_number", "0", "E_TX_NOT_FOUND"),
    ],
)
async def test_an_export_of_what_is_not_there_names_the_parameter(
    till: Till, name: str, value: str, code: str
) -> None:
    await till.open()
    answer = await till.put(f"/tss/{TSS}/export/{EXPORT}?{name}={value}")
    demand(answer, 400, code, E1)
    assert answer.message.endswith(f" not found: no such {name}")


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("COMPLETED", "The file of the export is gone"),
        ("CANCELLED", "The export was canceled"),
        ("ERROR", "The export ended in an error"),
    ],
)
async def test_a_file_that_will_not_come_is_not_worth_waiting_for(
    till: Till, service: Service, state: str, told: str
) -> None:
    await till.open()
    path = f"/tss/{TSS}/export/{EXPORT}"
    await till.put(path)
    if state == "CANCELLED":
        await till.delete(path)
    else:
        service.world.signing.exports.hold(TSS, EXPORT, ExportState(state))
        till.api.account.clock.advance(8 * 86_400)
    answer = await till.get(f"{path}/file")
    demand(answer, 404, "E_EXPORT_NOT_COMPLETED", E1)
    assert answer.message.startswith(told)
    assert "Retry-After" not in answer.headers


async def test_a_revision_however_large_is_out_of_turn(till: Till) -> None:
    await till.open()
    await till.sign(1)
    for revision in (1_767_225_600_000, 10**30):
        demand(await till.sign(revision), 400, "E_TX_UPSERT", E2)
        answer = await till.get(f"{TX_PATH}?tx_revision={revision}")
        demand(answer, 400, "E_TX_REVISION_NOT_FOUND", E1)


async def test_an_export_from_a_time_in_milliseconds_on_has_no_data(till: Till) -> None:
    await till.open()
    path = f"/tss/{TSS}/export/{EXPORT}"
    assert (await till.put(f"{path}?start_date=1767225600000")).status == 200
    assert (await till.get(path)).body["exception"] == "E_NO_DATA_AVAILABLE"


@pytest.mark.parametrize(
    ("recipe", "call", "told"),
    [
        ("tss-locked", "PUT tx", (503, "E_TSS_LOCKED")),
        ("tss-locked", "admin/auth", (503, "E_TSS_LOCKED")),
        ("tss-locked", "PUT export", (503, "E_TSS_LOCKED")),
        ("tss-deploy-fails", "PATCH tss", (502, "E_SMAERS")),
        ("certificate-expired", "PUT tx", (423, "E_CERTIFICATE_EXPIRED")),
    ],
)
async def test_an_outage_has_its_code(
    till: Till, service: Service, recipe: str, call: str, told: tuple[int, str]
) -> None:
    know_operations(service)
    await till.open()
    service.world.faults.arm_all(RECIPES[recipe].rules)
    ask, _ = CALLS[call]
    answer = await ask(till)
    assert (answer.status, answer.code) == told


async def test_the_journal_knows_sign_de_as_the_other_api(till: Till, service: Service) -> None:
    await till.open()
    await till.sign(1, "ACTIVE", receipt())
    refused = await till.sign(3)
    client, control = till.api.client, "/_mock"
    async with client.post(
        f"{control}/journal/find",
        json={"operation": "upsertTransaction", "body": {"state": "ACTIVE"}, "status": 400},
    ) as answer:
        [found] = (await answer.json())["exchanges"]
    assert found["path"] == f"/api/v2{TX_PATH}"
    async with client.post(
        f"{control}/journal/count", json={"operation": "upsertTransaction"}
    ) as answer:
        assert (await answer.json())["count"] == 2
    request_id = refused.headers["Request-Id"]
    async with client.get(f"{control}/explain/{request_id}") as answer:
        told = await answer.json()
    assert told["accepted"].startswith("The latest revision and one more")
    first = next(one for one in service.world.journal if one.warnings)
    async with client.get(f"{control}/explain/{first.request_id}") as answer:
        assert "would not pass an audit" in (await answer.json())["summary"]
    async with client.get(f"{control}/journal/har") as answer:
        entries = (await answer.json())["log"]["entries"]
    urls = [entry["request"]["url"] for entry in entries]
    assert sum(TX_PATH in url for url in urls) == 2
