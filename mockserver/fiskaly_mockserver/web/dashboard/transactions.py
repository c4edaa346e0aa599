"""The pages of transactions: the list, and one with its revisions, receipt and QR code."""

from base64 import b64decode
from collections.abc import Mapping
from itertools import chain
from typing import Any

import segno

from fiskaly_mockserver.domain.signing.audit import audit_open, audit_revision
from fiskaly_mockserver.domain.signing.model import Revision, Transaction, TransactionState
from fiskaly_mockserver.domain.signing.qr_code import qr_code_text
from fiskaly_mockserver.web.dashboard.frame import Missing, Page, Visit
from fiskaly_mockserver.web.dashboard.signing import listed

REVISION_DIGITS = 9


def all_transactions(visit: Visit) -> Mapping[str, object]:
    """List the transactions of all TSS."""
    found = listed(visit, "listAllTransactions", "states")
    return {**found, "states": [*TransactionState]}


def show_transaction(visit: Visit) -> Mapping[str, object]:
    """Show one in one of its revisions, the latest unless the address names another.

    Its signature is verified here and now, by the public key alone.
    """
    if not visit.signs:
        raise Missing
    # Brings `cryptography`, which most pages do without
    from fiskaly_mockserver.world.qr_codes import explain_qr_code  # noqa: PLC0415
    from fiskaly_mockserver.world.signing import verifies  # noqa: PLC0415

    transactions = visit.world.signing.transactions
    row = transactions.find(visit.as_api_key, visit.path["tss_id"], visit.path["tx_id"])
    one = _revision(visit, row)
    code = "" if one.state is TransactionState.ACTIVE else qr_code_text(row, one)
    warnings = [
        warning.message
        for warning in chain(
            audit_revision(row, one),
            audit_open(row, int(visit.world.clock.now())) if one is row.latest else (),
        )
    ]
    return {
        "row": row,
        "one": one,
        "text": one.process_data.decode("utf-8", "replace"),
        "code": code,
        "picture": _picture(code) if code else "",
        "explained": explain_qr_code(code, visit.world.rows) if code else None,
        "verified": verifies(b64decode(row.public_key), one.log.unsigned, one.log.signature),
        "receipt": receipt_in(one),
        "warnings": warnings,
        "tss": visit.world.rows.tss.get(row.tss_id),
    }


def receipt_in(one: Revision) -> Mapping[str, Any] | None:
    """Return the receipt that a revision was sent with; None where it was no receipt."""
    standard = one.schema.get("standard_v1")
    found = standard.get("receipt") if isinstance(standard, Mapping) else None
    return found if isinstance(found, Mapping) else None


def _revision(visit: Visit, row: Transaction) -> Revision:
    """Return the revision that the address names.

    Raises:
        Missing: It names one that is not there.
    """
    asked = visit.query.get("revision", "")
    if not asked:
        return row.latest
    if not (asked.isascii() and asked.isdecimal() and len(asked) <= REVISION_DIGITS):
        raise Missing
    if not 1 <= int(asked) <= len(row.revisions):
        raise Missing
    return row.revisions[int(asked) - 1]


def _picture(code: str) -> str:
    """Return a QR code as a picture in an address; "" where no code holds so much text."""
    try:
        made = segno.make_qr(code, error="m", encoding="utf-8", boost_error=False)
    except ValueError:
        return ""
    return str(made.svg_data_uri(scale=3, border=4, dark="#000", light="#fff"))


PAGES = (
    Page("GET", "/transactions", all_transactions, "transactions.html"),
    Page("GET", "/transactions/{tss_id}/{tx_id}", show_transaction, "transaction.html"),
)
"""Every page of transactions."""
