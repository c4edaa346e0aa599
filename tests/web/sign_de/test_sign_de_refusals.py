"""What SIGN DE refuses: status, code, and the order of keys that each program writes."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest
from builders.receipts import receipt
from fiskaly_mockserver.web.service import Service
from web.api import Answer
from web.sign_de.till import CLIENT, EXPORT, NOWHERE, PIN, TSS, TX, Till

E1 = ["status_code", "error", "code", "message"]
E2 = ["code", "message", "status_code", "error"]
E3 = ["message", "status_code", "error"]
E4 = ["status_code", "error", "message"]
LENGTH = "can't parse TSS ID: invalid UUID length: 3 (abc)"
CONFLICT = (
    "Client or pending request for this client_id already exists in the system"
    " (client_id must be unique system-wide)"
)


class Refusal(NamedTuple):
    """How a till is brought there, what it then asks, and what it is told."""

    begin: Callable[[Till], Awaitable[object]]
    ask: Callable[[Till], Awaitable[Answer]]
    status: int
    code: str
    keys: list[str]
    message: str = ""


async def nothing(_: Till) -> None:
    """Begin without a TSS."""


async def created(till: Till) -> None:
    await till.create()


async def deployed(till: Till) -> None:
    await till.deploy()


async def opened(till: Till) -> None:
    await till.open()


async def started(till: Till) -> None:
    await till.open()
    await till.sign(1)


async def finished(till: Till) -> None:
    await started(till)
    await till.sign(2, "FINISHED", receipt())


async def disabled(till: Till) -> None:
    await till.open()
    await till.state("DISABLED")


async def logged_out(till: Till) -> None:
    await till.open()
    await till.post(f"/tss/{TSS}/admin/logout", {})


async def exported(till: Till) -> None:
    await till.open()
    await till.put(f"/tss/{TSS}/export/{EXPORT}")
    await till.get(f"/tss/{TSS}/export/{EXPORT}")


def raw(text: str) -> dict[str, Any]:
    return {"raw": {"process_type": "Kassenbeleg-V1", "process_data": text}}


ORDER: dict[str, Any] = {"standard_v1": {"order": {"line_items": []}}}
SCHEMA, PARSER = "E_FAILED_SCHEMA_VALIDATION", "E_PARSER"
REFUSALS = {
    "wrong key": Refusal(
        nothing,
        lambda till: till.post("/auth", {"api_key": "x", "api_secret": "y"}, by=None),
        401,
        "",
        E3,
        "Unauthorized",
    ),
    "no key": Refusal(nothing, lambda till: till.post("/auth", {}, by=None), 400, SCHEMA, E1),
    "no token": Refusal(nothing, lambda till: till.get("/tss", by=None), 401, "", E4),
    "bad id, backend": Refusal(
        nothing,
        lambda till: till.get("/tss/abc"),
        400,
        SCHEMA,
        E1,
        'params.tss_id should match format "uuid"',
    ),
    "bad id, middleware": Refusal(
        nothing,
        lambda till: till.patch("/tss/abc", {"state": "INITIALIZED"}),
        400,
        PARSER,
        E2,
        LENGTH,
    ),
    "id of the right length": Refusal(
        nothing,
        lambda till: till.patch(f"/tss/z{TSS[1:]}", {"state": "INITIALIZED"}),
        400,
        PARSER,
        E2,
        f"can't parse TSS ID: invalid UUID format (z{TSS[1:]})",
    ),
    "unknown TSS": Refusal(
        nothing, lambda till: till.get(f"/tss/{TSS}"), 404, "E_TSS_NOT_FOUND", E1, "TSS not found"
    ),
    "unknown TSS of a client": Refusal(
        nothing,
        lambda till: till.put(f"/tss/{TSS}/client/{CLIENT}", {"serial_number": "K"}),
        404,
        "E_TSS_NOT_FOUND",
        E2,
        "TSS not found",
    ),
    "person": Refusal(
        nothing, lambda till: till.get("/tss", by="admin"), 403, "E_ACCESS_DENIED", E1
    ),
    "TSS of another organization": Refusal(
        created, lambda till: till.get(f"/tss/{TSS}", by="vendor_test"), 404, "E_TSS_NOT_FOUND", E1
    ),
    "id of another organization": Refusal(
        created, lambda till: till.put(f"/tss/{TSS}", by="cafe_test"), 409, "E_TSS_CONFLICT", E1
    ),
    "deployed already": Refusal(
        deployed, lambda till: till.put(f"/tss/{TSS}"), 409, "E_TSS_CONFLICT", E1
    ),
    "state out of turn": Refusal(
        created,
        lambda till: till.state("INITIALIZED"),
        400,
        "E_ILLEGAL_TSS_STATE_CHANGE",
        E2,
        "TSS must be in state UNINITIALIZED for a state transition to INITIALIZED",
    ),
    "deployed once it was initialized": Refusal(
        opened,
        lambda till: till.state("UNINITIALIZED"),
        400,
        "E_ILLEGAL_TSS_STATE_CHANGE",
        E2,
        "TSS must be in state CREATED for a state transition to UNINITIALIZED",
    ),
    "unknown key of a strict body": Refusal(
        created,
        lambda till: till.patch(f"/tss/{TSS}", {"state": "UNINITIALIZED", "x": 1}),
        400,
        SCHEMA,
        E1,
    ),
    "bad description": Refusal(
        deployed,
        lambda till: till.patch(f"/tss/{TSS}", {"state": "INITIALIZED", "description": "ä"}),
        400,
        SCHEMA,
        E1,
    ),
    "disabled again": Refusal(
        disabled, lambda till: till.state("DISABLED"), 400, "E_TSS_DISABLED", E2
    ),
    "PIN before deployment": Refusal(
        created,
        lambda till: till.patch(
            f"/tss/{TSS}/admin", {"admin_puk": "0123456789", "new_admin_pin": PIN}
        ),
        400,
        "E_TSS_CREATED",
        E2,
        "TSS must be in state UNINITIALIZED or INITIALIZED",
    ),
    "wrong PUK": Refusal(
        deployed,
        lambda till: till.patch(f"/tss/{TSS}/admin", {"admin_puk": "x", "new_admin_pin": PIN}),
        401,
        "E_ADMIN_LOGIN_FAILED",
        E2,
        "ERROR_AUTHENTICATION_FAILED (UNBLOCK_RESULT_FAILED)",
    ),
    "wrong PIN": Refusal(
        deployed,
        lambda till: till.post(f"/tss/{TSS}/admin/auth", {"admin_pin": "x"}),
        401,
        "E_ADMIN_LOGIN_FAILED",
        E2,
        "ERROR_AUTHENTICATION_FAILED (AUTHENTICATION_RESULT_FAILED)",
    ),
    "no admin session": Refusal(
        logged_out, lambda till: till.state("DISABLED"), 401, "E_ADMIN_NOT_AUTHENTICATED", E2
    ),
    "client before deployment": Refusal(
        created,
        lambda till: till.put(f"/tss/{TSS}/client/{CLIENT}", {"serial_number": "K"}),
        400,
        "E_TSS_CREATED",
        E2,
    ),
    "client id in use": Refusal(
        opened,
        lambda till: till.put(f"/tss/{TSS}/client/{CLIENT}", {"serial_number": "K"}),
        409,
        "E_CLIENT_CONFLICT",
        E2,
        CONFLICT,
    ),
    "serial in use": Refusal(
        opened,
        lambda till: till.put(f"/tss/{TSS}/client/{NOWHERE}", {"serial_number": "KASSE-01"}),
        400,
        "E_ILLEGAL_CLIENT_SERIAL",
        E2,
    ),
    "blank at the end of a serial": Refusal(
        opened,
        lambda till: till.put(f"/tss/{TSS}/client/{NOWHERE}", {"serial_number": "K "}),
        400,
        SCHEMA,
        E1,
    ),
    "unknown client": Refusal(
        opened,
        lambda till: till.get(f"/tss/{TSS}/client/{NOWHERE}"),
        404,
        "E_CLIENT_NOT_FOUND",
        E1,
    ),
    "unknown client signs": Refusal(
        opened,
        lambda till: till.sign(1, client_id=NOWHERE),
        400,
        "E_CLIENT_NOT_FOUND",
        E2,
    ),
    "TSS not initialized": Refusal(
        deployed, lambda till: till.sign(1, client_id=NOWHERE), 400, "E_TSS_NOT_INITIALIZED", E2
    ),
    "no revision": Refusal(opened, lambda till: till.sign(None), 400, SCHEMA, E1),
    "begins finished": Refusal(
        opened, lambda till: till.sign(1, "FINISHED", receipt()), 400, "E_TX_UPSERT", E2
    ),
    "gap": Refusal(started, lambda till: till.sign(3), 400, "E_TX_UPSERT", E2),
    "end without a schema": Refusal(
        started, lambda till: till.sign(2, "FINISHED"), 409, "E_TX_NO_TYPE_DEFINED", E2
    ),
    "start on what is finished": Refusal(
        finished, lambda till: till.sign(1), 409, "E_TX_NO_TYPE_DEFINED", E2
    ),
    "finished again": Refusal(
        finished, lambda till: till.sign(3, "FINISHED", receipt()), 400, "E_TX_UPSERT", E2
    ),
    "other type": Refusal(
        opened,
        lambda till: _then(till.sign(1, "ACTIVE", receipt()), till.sign(2, "FINISHED", ORDER)),
        409,
        "E_TX_ILLEGAL_TYPE_CHANGE",
        E2,
    ),
    "no base64": Refusal(
        started,
        lambda till: till.sign(2, "FINISHED", raw("Beleg^1")),
        400,
        PARSER,
        E2,
        "error parsing request body: illegal base64 data at input byte 5",
    ),
    "amount is a number": Refusal(
        started,
        lambda till: till.sign(
            2,
            "FINISHED",
            {
                "standard_v1": {
                    "receipt": {
                        "receipt_type": "RECEIPT",
                        "amounts_per_vat_rate": [{"vat_rate": "NORMAL", "amount": 11.9}],
                    }
                }
            },
        ),
        400,
        SCHEMA,
        E1,
    ),
    "unknown transaction": Refusal(
        opened, lambda till: till.get(f"/tss/{TSS}/tx/{TX}"), 404, "E_TX_NOT_FOUND", E1
    ),
    "unknown revision": Refusal(
        started,
        lambda till: till.get(f"/tss/{TSS}/tx/{TX}?tx_revision=2"),
        400,
        "E_TX_REVISION_NOT_FOUND",
        E1,
    ),
    "export too early": Refusal(
        deployed,
        lambda till: till.put(f"/tss/{TSS}/export/{EXPORT}"),
        409,
        "E_TSS_ILLEGAL_STATE_TO_PERFORM_EXPORT",
        E1,
    ),
    "export id in use": Refusal(
        exported,
        lambda till: till.put(f"/tss/{TSS}/export/{EXPORT}"),
        400,
        "E_DUPLICATE_EXPORT",
        E1,
    ),
    "same export": Refusal(
        opened,
        lambda till: _then(
            till.put(f"/tss/{TSS}/export/{EXPORT}"), till.put(f"/tss/{TSS}/export/{NOWHERE}")
        ),
        409,
        "E_EXPORT_DUPLICATE_RATE_LIMITED",
        E1,
    ),
    "filters that exclude each other": Refusal(
        opened,
        lambda till: till.put(f"/tss/{TSS}/export/{EXPORT}?start_date=1&start_signature_counter=1"),
        400,
        "E_PARAMETER_MISMATCH",
        E1,
    ),
    "done export": Refusal(
        exported,
        lambda till: till.delete(f"/tss/{TSS}/export/{EXPORT}"),
        400,
        "E_CANCEL_EXPORT",
        E1,
    ),
    "unknown export": Refusal(
        opened, lambda till: till.get(f"/tss/{TSS}/export/{EXPORT}"), 404, "E_EXPORT_NOT_FOUND", E1
    ),
}


async def _then(first: Awaitable[object], second: Awaitable[Answer]) -> Answer:
    await first
    return await second


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=list(REFUSALS))
async def test_a_refusal_has_its_shape_and_takes_no_counter(
    till: Till, service: Service, refusal: Refusal
) -> None:
    await refusal.begin(till)
    logs = service.world.rows.logs
    before = len(logs)
    answer = await refusal.ask(till)
    assert (answer.status, answer.body.get("code", "")) == (refusal.status, refusal.code)
    assert list(answer.body) == refusal.keys
    assert answer.body["status_code"] == refusal.status
    if refusal.message:
        assert answer.message == refusal.message
    if refusal is not REFUSALS["other type"]:
        assert len(logs) == before


async def test_five_wrong_pins_lock(till: Till) -> None:
    await till.deploy()
    for _ in range(5):
        await till.post(f"/tss/{TSS}/admin/auth", {"admin_pin": "x"})
    answer = await till.post(f"/tss/{TSS}/admin/auth", {"admin_pin": PIN})
    assert (answer.status, answer.code) == (423, "E_ADMIN_PIN_BLOCKED")


async def test_a_sixth_test_tss_is_too_many(till: Till) -> None:
    for number in range(5):
        await till.put(f"/tss/00000000-0000-4000-8000-00000000000{number}")
    answer = await till.put(f"/tss/{TSS}")
    assert (answer.status, answer.code, answer.message) == (
        403,
        "E_TSS_LIMIT_REACHED",
        "Limit of active TSS reached",
    )


async def test_nothing_of_a_tss_is_seen_from_elsewhere(till: Till) -> None:
    await till.open()
    await till.sign(1)
    await till.put(f"/tss/{TSS}/export/{EXPORT}")
    for by in ("vendor_test", "shop_live", "cafe_test"):
        for path in ("/tss", "/client", "/tx", "/export"):
            assert (await till.get(path, by=by)).body["data"] == []
        for rest in ("", f"/client/{CLIENT}", f"/tx/{TX}", f"/export/{EXPORT}", "/metadata"):
            answer = await till.get(f"/tss/{TSS}{rest}", by=by)
            assert (answer.status, answer.code) == (404, "E_TSS_NOT_FOUND")
