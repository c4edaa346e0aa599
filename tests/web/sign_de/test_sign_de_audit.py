"""What is signed although it would not pass an audit: the journal warns, and nothing is refused."""

from base64 import b64encode
from typing import Any

import pytest
from builders.receipts import receipt
from web.api import Answer
from web.sign_de.till import CLIENT, TSS, Till

OTHER = "1c8b6a4f-2d3e-4f50-9b5c-1a2b3c4d5e6f"


def warned(answer: Answer) -> int:
    assert answer.status == 200, answer.raw
    return int(answer.headers.get("X-Mock-Violations", "0"))


def raw(process_type: str, text: str) -> dict[str, Any]:
    data = b64encode(text.encode()).decode()
    return {"raw": {"process_type": process_type, "process_data": data}}


def rules(till: Till) -> list[str]:
    """Return the rules of the latest exchange, all of them warnings."""
    exchange = [*till.api.account.world.journal][-1]
    assert exchange.breaches == ()
    return [one.rule for one in exchange.warnings]


async def test_a_good_receipt_is_no_warning(till: Till) -> None:
    await till.open()
    assert warned(await till.sign(1)) == 0
    assert warned(await till.sign(2, "FINISHED", receipt())) == 0


@pytest.mark.parametrize(
    ("schema", "rule"),
    [
        (raw("Kassenbeleg", "Beleg^11.90_0.00_0.00_0.00_0.00^11.90:Bar"), "audit-process-type"),
        (raw("Kassenbeleg-V1", "no receipt"), "audit-process-data"),
        (raw("Kassenbeleg-V1", "Beleg^11.90_0.00_0.00_0.00_0.00^11.00:Bar"), "audit-payments"),
    ],
)
async def test_process_data_is_warned_of_when_it_is_signed(
    till: Till, schema: dict[str, Any], rule: str
) -> None:
    await till.open()
    await till.sign(1)
    assert warned(await till.sign(2, "FINISHED", schema)) == 1
    assert rules(till) == [rule]


async def test_a_start_with_process_data_is_warned_of(till: Till) -> None:
    await till.open()
    assert warned(await till.sign(1, schema=receipt())) == 1
    assert rules(till) == ["audit-data-at-start"]


async def test_what_the_contract_and_the_auditor_warn_of_is_told_together(till: Till) -> None:
    await till.open()
    body = {"state": "ACTIVE", "client_id": CLIENT, "schema": receipt()}
    path = f"/tss/{TSS}/tx/{OTHER}?tx_revision=1&color=red"
    assert warned(await till.put(path, body)) == 2
    assert rules(till) == ["unknown-parameter", "audit-data-at-start"]


async def test_a_serial_number_with_a_slash_is_warned_of(till: Till) -> None:
    await till.open()
    path = f"/tss/{TSS}/client/{OTHER}"
    assert warned(await till.put(path, {"serial_number": "KASSE/02"})) == 1
    assert rules(till) == ["audit-serial-number"]
    assert warned(await till.patch(path, {"state": "DEREGISTERED"})) == 1
    assert warned(await till.patch(f"/tss/{TSS}/client/{CLIENT}", {"state": "REGISTERED"})) == 0


async def test_a_receipt_that_another_client_finishes_is_warned_of(till: Till) -> None:
    await till.open()
    await till.put(f"/tss/{TSS}/client/{OTHER}", {"serial_number": "KASSE-02"})
    await till.sign(1)
    assert warned(await till.sign(2, "FINISHED", receipt(), client_id=OTHER)) == 1
    assert rules(till) == ["audit-other-client"]


async def test_a_transaction_that_is_active_after_a_day_is_warned_of(till: Till) -> None:
    await till.open()
    await till.sign(1)
    till.api.account.clock.advance(23 * 3_600)
    assert warned(await till.sign(2)) == 0
    till.api.account.clock.advance(3_600)
    assert warned(await till.sign(3)) == 1
    assert rules(till) == ["audit-still-active"]
    assert warned(await till.sign(4, "FINISHED", receipt())) == 0


async def test_a_refusal_is_no_matter_for_an_audit(till: Till) -> None:
    await till.open()
    await till.sign(1)
    refused = await till.sign(7, "FINISHED", raw("Kassenbeleg", "x"))
    assert (refused.status, refused.headers.get("X-Mock-Violations")) == (400, None)
