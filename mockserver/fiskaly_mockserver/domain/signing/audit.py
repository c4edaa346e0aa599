"""What production signs and an auditor would reject: told, never refused (S8).

Source: DSFinV-K 2.3 and its annex I, for all rules but the age of an open transaction.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from fiskaly_mockserver.domain.signing.model import Client, Revision, Transaction, TransactionState
from fiskaly_mockserver.domain.signing.process_data import (
    NO_DATA,
    ORDER_TYPE,
    OTHER_TYPE,
    RECEIPT_TYPE,
    BadProcessData,
    Receipt,
    read_order,
    read_receipt,
)
from fiskaly_mockserver.domain.signing.qr_code import QrCode

PROCESS_TYPES = (RECEIPT_TYPE, ORDER_TYPE, OTHER_TYPE)
OPEN_FOR = 86_400
"""Seconds after which a transaction that is still ACTIVE is worth a word. Source: assumption."""

_SALE = "Beleg"
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{8,}={0,2}")


class AuditRule(StrEnum):
    """What an auditor looks at."""

    PROCESS_TYPE = "process-type"
    PROCESS_DATA = "process-data"
    PAYMENTS = "payments"
    SERIAL_NUMBER = "serial-number"
    DATA_AT_START = "data-at-start"
    OTHER_CLIENT = "other-client"
    STILL_ACTIVE = "still-active"


class AuditWarning(NamedTuple):
    """Something that was signed and would not pass; the message names field and rule."""

    rule: AuditRule
    message: str


def audit_client(client: Client) -> Iterator[AuditWarning]:
    """Yield what is wrong with a client, whose serial number every receipt shows."""
    if "/" in client.serial_number:
        yield AuditWarning(
            AuditRule.SERIAL_NUMBER,
            f"serial_number should not hold /, which DSFinV-K forbids: {client.serial_number!r}",
        )


def audit_revision(
    transaction: Transaction, revision: Revision, receipt: Receipt | None = None
) -> Iterator[AuditWarning]:
    """Yield what is wrong with one signed step of a transaction.

    Its process data needs no reading where the `receipt` is known that it was written from.
    """
    first = transaction.revisions[0]
    if revision.state is TransactionState.FINISHED and revision.client_id != first.client_id:
        yield AuditWarning(
            AuditRule.OTHER_CLIENT,
            f"client_id should be the one that started it, {first.client_serial_number!r},"
            f" not {revision.client_serial_number!r}",
        )
    if (revision.process_type, revision.process_data) == (NO_DATA.process_type, NO_DATA.data):
        return
    if revision is first:
        yield AuditWarning(
            AuditRule.DATA_AT_START, "schema should be left out at the start of a transaction"
        )
    if receipt is not None:
        yield from _audit_receipt(receipt)
        return
    try:
        text = revision.process_data.decode()
    except UnicodeDecodeError:
        yield AuditWarning(AuditRule.PROCESS_DATA, "process data should be text in UTF-8")
    else:
        yield from audit_process_data(revision.process_type, text)


def audit_open(transaction: Transaction, now: int | None = None) -> Iterator[AuditWarning]:
    """Yield a warning for a transaction left ACTIVE: for a day, or at all where `now` is None."""
    if transaction.state is not TransactionState.ACTIVE:
        return
    if now is None or now - transaction.time_start >= OPEN_FOR:
        yield AuditWarning(
            AuditRule.STILL_ACTIVE,
            f"transaction {transaction.number} should be FINISHED or CANCELLED, not ACTIVE",
        )


def audit_process_data(process_type: str, text: str) -> Iterator[AuditWarning]:
    """Yield what is wrong with process data: of an unknown type, unreadable, or not adding up."""
    if process_type not in PROCESS_TYPES:
        yield AuditWarning(
            AuditRule.PROCESS_TYPE,
            f"process_type should be one of {', '.join(PROCESS_TYPES)}, not {process_type!r}",
        )
        return
    try:
        if process_type == RECEIPT_TYPE:
            yield from _audit_receipt(read_receipt(text))
        elif process_type == ORDER_TYPE:
            read_order(text)
    except BadProcessData as error:
        yield AuditWarning(AuditRule.PROCESS_DATA, str(error))


def audit_code(code: QrCode, *, verifies: bool) -> Iterator[str]:
    """Yield, for people, what is wrong with a receipt's code; `verifies` tells of its signature."""
    if not verifies:
        yield "the signature does not verify: a field of the code is not what was signed"
        if _UUID.fullmatch(code.client_serial_number):
            yield (
                "the second field should be the client's serial_number; this one has the form of"
                " a client_id"
            )
        if _BASE64.fullmatch(code.process_data):
            yield "the process data should stand in the code as plain text, not in base64"
    if code.time_start > code.time:
        yield "the start time should not be after the log time"
    for warning in audit_process_data(code.process_type, code.process_data):
        yield warning.message


def _audit_receipt(receipt: Receipt) -> Iterator[AuditWarning]:
    """Compare a sale's payments with its amounts; no rate is known for foreign money."""
    if receipt.kind != _SALE:
        return
    total, paid = sum(receipt.amounts), Decimal(0)
    for payment in receipt.payments:
        if payment.currency != "EUR":
            return
        paid += payment.amount
    if total != paid:
        yield AuditWarning(
            AuditRule.PAYMENTS,
            f"payments should add up to the amounts, {total:.2f}, not to {paid:.2f}",
        )
