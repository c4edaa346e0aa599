"""What SIGN DE lets through in a body without knowing it: a warning that guesses what was meant."""

import json
from typing import Any

import pytest
from builders.receipts import receipt
from fiskaly_contracts import Checker, Contract, RequestData

CONTRACT = Contract.sign_de()
UUID = "6f1cbb9a-2f2a-4d5e-9a46-1f6a4b1f0001"
RECEIPT: dict[str, Any] = receipt()["standard_v1"]["receipt"]
UNPAID = {name: RECEIPT[name] for name in ("receipt_type", "amounts_per_vat_rate")}
ROW = {"vat_rate": "NORMAL", "amount": "11.90", "text": "soup"}
SIGNED = {"state": "ACTIVE", "client_id": UUID}


@pytest.mark.parametrize("judge", ["jsonschema-rs", "openapi-core"])
@pytest.mark.parametrize(
    ("operation_id", "body", "told"),
    [
        ("createTss", {"state": "INITIALIZED"}, {"/state": ""}),
        ("createTss", {"metadata": {"free": "form"}}, {}),
        ("triggerExport", {"start_date": "1"}, {"/start_date": ""}),
        (
            "createClient",
            {"serial_number": "A", "serialNumber": "A", "metdata": {}},
            {"/serialNumber": "", "/metdata": "metadata"},
        ),
        (
            "upsertTransaction",
            {
                **SIGNED,
                "schema": {"standard_v1": {"receipt": UNPAID | {"amountsPerPaymentType": []}}},
            },
            {
                "/schema/standard_v1/receipt/amountsPerPaymentType": "amounts_per_payment_type",
            },
        ),
        (
            "upsertTransaction",
            {
                **SIGNED,
                "schema": {"standard_v1": {"receipt": UNPAID | {"amounts_per_vat_rate": [ROW]}}},
            },
            {"/schema/standard_v1/receipt/amounts_per_vat_rate/0/text": ""},
        ),
        ("upsertTransaction", {**SIGNED, "schema": {"standard_v1": {"other": {"a": 1}}}}, {}),
        ("updateTssMetadata", {"anything": "goes"}, {}),
    ],
)
def test_what_is_ignored_of_a_body_is_warned_of(
    judge: Any, operation_id: str, body: Any, told: dict[str, str]
) -> None:
    path = {one.name: UUID for one in CONTRACT.operations[operation_id].parameters}
    query = (("tx_revision", "1"),) if operation_id == "upsertTransaction" else ()
    data = RequestData(operation_id, path, query, "application/json", json.dumps(body).encode())
    checked = Checker(CONTRACT, judge=judge).check(data)
    assert checked.refusing == ()
    assert {one.pointer: one.rule for one in checked.violations} == dict.fromkeys(
        told, "unknown-property"
    )
    for violation in checked.violations:
        guess = told[violation.pointer]
        name = violation.pointer.rpartition("/")[2]
        hint = f"; did you mean {guess}?" if guess else ""
        assert violation.sentence().endswith(
            f" is no property of {operation_id} ('{name}' is ignored{hint})"
        )


def test_a_refused_body_is_told_what_it_holds_in_vain() -> None:
    data = RequestData("authenticateApi", {}, (), "application/json", b'{"api_kee": "EXAMPLE"}')
    checked = Checker(CONTRACT).check(data)
    assert [one.rule for one in checked.refusing] == ["oneOf"]
    assert [one.pointer for one in checked.violations] == ["", "/api_kee"]
