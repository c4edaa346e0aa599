"""What an auditor would reject is told by rule and field, and never refused (S8)."""

from base64 import b64encode
from typing import Any

import pytest
from builders.receipts import receipt
from fiskaly_mockserver.domain.signing.audit import (
    AuditRule,
    audit_client,
    audit_code,
    audit_open,
    audit_process_data,
    audit_revision,
)
from fiskaly_mockserver.domain.signing.model import TransactionState
from fiskaly_mockserver.domain.signing.qr_code import QrCode, qr_code_text, read_qr_code
from fiskaly_mockserver.world.signing import verifies
from signing.till import CLIENT_ID, TSS_ID, Signing, uid

FINISHED = TransactionState.FINISHED


def raw(process_type: str, data: bytes) -> dict[str, Any]:
    return {"raw": {"process_type": process_type, "process_data": b64encode(data).decode()}}


def rules(signing: Signing, schema: Any = None, **first: Any) -> list[AuditRule]:
    """Sign a start and a finish, and return what is said of the latter."""
    signing.till()
    signing.sign(1, **first)
    row, _ = signing.sign(2, FINISHED, receipt() if schema is None else schema)
    return [warning.rule for warning in audit_revision(row, row.latest)]


def test_s8_a_plain_receipt_passes(signing: Signing) -> None:
    assert rules(signing) == []
    row = signing.transactions.find(signing.shop, TSS_ID, "1")
    assert [*audit_revision(row, row.revisions[0])] == []


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        pytest.param(raw("SonstigerVorgang", b"\xc3\xa4"), [], id="anything else"),
        pytest.param(
            raw("SonstigerVorgang-V1", b""), [AuditRule.PROCESS_TYPE], id="a type that is none"
        ),
        pytest.param(raw("kassenbeleg-V1", b""), [AuditRule.PROCESS_TYPE], id="case"),
        pytest.param(raw("", b"x"), [AuditRule.PROCESS_TYPE], id="no type"),
        pytest.param(raw(" ", b"x"), [AuditRule.PROCESS_TYPE], id="a blank"),
        pytest.param(raw("Kassenbeleg-V1", b"0.00:Bar"), [AuditRule.PROCESS_DATA], id="no receipt"),
        pytest.param(raw("Kassenbeleg-V1", b"\xff"), [AuditRule.PROCESS_DATA], id="no UTF-8"),
        pytest.param(raw("Bestellung-V1", b"1;Bier;2.00"), [AuditRule.PROCESS_DATA], id="no order"),
        pytest.param(raw("Bestellung-V1", b""), [], id="an empty order"),
    ],
)
def test_s8_types_and_data_of_raw(
    signing: Signing, schema: dict[str, Any], found: list[AuditRule]
) -> None:
    assert rules(signing, schema) == found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Beleg^11.90_0.00_0.00_0.00_0.00^11.90:Bar", []),
        ("Beleg^11.90_0.00_0.00_0.00_-1.90^5.00:Bar_5.00:Unbar", []),
        (
            "Beleg^11.90_0.00_0.00_0.00_0.00^",
            ["payments should add up to the amounts, 11.90, not to 0.00"],
        ),
        (
            "Beleg^1.00_0.00_0.00_0.00_0.00^1.10:Unbar",
            ["payments should add up to the amounts, 1.00, not to 1.10"],
        ),
        ("Beleg^10.00_0.00_0.00_0.00_0.00^11.00:Bar:USD", []),
        ("AVTransfer^10.00_0.00_0.00_0.00_0.00^", []),
    ],
)
def test_s8_what_was_paid_is_compared_with_a_sale(text: str, told: list[str]) -> None:
    assert [one.message for one in audit_process_data("Kassenbeleg-V1", text)] == told


def test_s8_a_start_holds_no_data(signing: Signing) -> None:
    signing.till()
    row, _ = signing.sign(1, schema=receipt())
    assert [one.rule for one in audit_revision(row, row.latest)] == [AuditRule.DATA_AT_START]


def test_s8_a_receipt_is_finished_by_the_client_that_started_it(signing: Signing) -> None:
    signing.till()
    signing.clients.create(signing.shop, TSS_ID, uid(2), serial_number="KASSE-02")
    signing.sign(1)
    row, _ = signing.sign(2, FINISHED, receipt(), client=uid(2))
    (warning,) = audit_revision(row, row.latest)
    assert warning.rule is AuditRule.OTHER_CLIENT
    assert "'KASSE-01', not 'KASSE-02'" in warning.message


def test_s8_no_transaction_stays_active(signing: Signing) -> None:
    signing.till()
    row, _ = signing.sign(1)
    start = row.time_start
    assert [one.rule for one in audit_open(row)] == [AuditRule.STILL_ACTIVE]
    assert [*audit_open(row, start + 86_399)] == []
    assert [one.rule for one in audit_open(row, start + 86_400)] == [AuditRule.STILL_ACTIVE]
    closed, _ = signing.sign(2, FINISHED, receipt())
    assert [*audit_open(closed)] == []


def test_s8_a_serial_number_has_no_slash(signing: Signing) -> None:
    signing.till()
    plain = signing.clients.find(signing.shop, TSS_ID, CLIENT_ID)
    assert [*audit_client(plain)] == []
    slash = signing.clients.create(signing.shop, TSS_ID, uid(2), serial_number="K/2")
    assert [one.rule for one in audit_client(slash)] == [AuditRule.SERIAL_NUMBER]


@pytest.fixture
def code(signing: Signing) -> QrCode:
    signing.till()
    signing.sign(1)
    signing.clock.advance(5)
    row, _ = signing.sign(2, FINISHED, receipt())
    return read_qr_code(qr_code_text(row, row.latest))


def checked(code: QrCode) -> list[str]:
    valid = verifies(code.public_key, code.signed_bytes, code.signature)
    return [*audit_code(code, verifies=valid)]


def test_a_code_of_ours_passes(code: QrCode) -> None:
    assert checked(code) == []


def test_the_id_of_a_client_in_place_of_its_serial_number_is_told(code: QrCode) -> None:
    told = checked(code._replace(client_serial_number=CLIENT_ID))
    assert told[0] == "the signature does not verify: a field of the code is not what was signed"
    assert "second field should be the client's serial_number" in told[1]
    assert len(told) == 2


def test_a_uuid_may_be_a_serial_number(code: QrCode) -> None:
    assert [*audit_code(code._replace(client_serial_number=CLIENT_ID), verifies=True)] == []


def test_process_data_in_base64_is_told(code: QrCode) -> None:
    told = checked(code._replace(process_data=b64encode(code.process_data.encode()).decode()))
    assert any("plain text, not in base64" in one for one in told)


def test_times_in_the_wrong_order_are_told(code: QrCode) -> None:
    told = checked(code._replace(time_start=code.time + 1))
    assert told == ["the start time should not be after the log time"]
