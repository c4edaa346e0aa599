"""What the QR code of a receipt says, whether it is right, and whether a world signed it.

Imported with the first code that is looked at, as it brings `cryptography`.
"""

from base64 import b64encode
from collections.abc import Iterator
from decimal import Decimal

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.domain.signing.audit import audit_code
from fiskaly_mockserver.domain.signing.model import Transaction, TransactionState, TssId
from fiskaly_mockserver.domain.signing.process_data import (
    ORDER_TYPE,
    PAYMENT_KINDS,
    RECEIPT_TYPE,
    VAT_PLACES,
    BadProcessData,
    read_order,
    read_receipt,
)
from fiskaly_mockserver.domain.signing.qr_code import (
    FIELDS,
    BadQrCode,
    QrCode,
    fields_of,
    qr_code_text,
    read_qr_code,
)
from fiskaly_mockserver.world.signing import verifies
from fiskaly_mockserver.world.store.tables import Rows

_PAYMENT_TYPES = {text: name for name, text in PAYMENT_KINDS.items()}
_VAT_RATES = [
    next(name for name, place in VAT_PLACES.items() if place == at)
    for at in range(len(set(VAT_PLACES.values())))
]


def explain_qr_code(text: str, rows: Rows | None = None) -> dict[str, JsonValue]:
    """Name every field of a code, read out its process data, and say what is wrong.

    Args:
        text: The code, right or wrong.
        rows: Those of a world that may have signed it; without them that stays open.

    Returns:
        What `POST /_mock/qr` answers: `valid`, `fields`, `tss_serial_number`, `process_data`,
        `signature_verifies`, `findings`, `transaction`.
    """
    try:
        fields = dict(zip(FIELDS, fields_of(text), strict=True))
    except BadQrCode as error:
        return _explanation({}, None, None, [str(error)])
    try:
        code = read_qr_code(text)
    except BadQrCode as error:
        return _explanation(fields, None, None, [str(error)])
    good = verifies(code.public_key, code.signed_bytes, code.signature)
    findings = [*audit_code(code, verifies=good)]
    signed = None if rows is None else _transaction(code, rows)
    if signed is not None and signed.latest.log.signature != code.signature:
        # A right code of another life of the world, which is no reason to doubt it, or a wrong one
        findings += [] if good else _unlike(fields, signed)
        signed = None
    elif signed is not None:
        findings = [*_unreadable(signed), *findings, *_unlike(fields, signed)]
    return _explanation(fields, code, signed, findings, verified=good)


def receipts_of(rows: Rows, tss_id: str, limit: int) -> list[JsonValue]:
    """Return the latest finished transactions of a TSS, each with its code and what that says."""
    found = [
        row
        for row in rows.transactions.select("tss", TssId(tss_id))
        if row.state is TransactionState.FINISHED
    ]
    codes = [qr_code_text(row, row.latest) for row in found[-limit:]]
    return [{"qr_code_data": code, **explain_qr_code(code, rows)} for code in codes]


def _explanation(
    fields: dict[str, str],
    code: QrCode | None,
    signed: Transaction | None,
    findings: list[str],
    *,
    verified: bool = False,
) -> dict[str, JsonValue]:
    return {
        "valid": not findings,
        "fields": {name.replace(" ", "_"): value for name, value in fields.items()},
        "tss_serial_number": "" if code is None else code.serial_number,
        "process_data": {} if code is None else _read_out(code),
        "signature_verifies": verified,
        "findings": [*findings],
        "transaction": None
        if signed is None
        else {
            "id": signed.id,
            "number": signed.number,
            "state": signed.state.value,
            "tss_id": signed.tss_id,
            "client_id": signed.latest.client_id,
            "organization_id": signed.organization_id,
            "env": signed.env.value,
        },
    }


def _read_out(code: QrCode) -> dict[str, JsonValue]:
    """Return process data in the words of the API; {} where it is of a free form or unreadable."""
    try:
        if code.process_type == RECEIPT_TYPE:
            receipt = read_receipt(code.process_data)
            return {
                "receipt": {
                    "kind": receipt.kind,
                    "amounts_per_vat_rate": [
                        {"vat_rate": rate, "amount": _text(amount)}
                        for rate, amount in zip(_VAT_RATES, receipt.amounts, strict=True)
                    ],
                    "amounts_per_payment_type": [
                        {
                            "payment_type": _PAYMENT_TYPES[one.kind],
                            "amount": _text(one.amount),
                            "currency_code": one.currency,
                        }
                        for one in receipt.payments
                    ],
                }
            }
        if code.process_type == ORDER_TYPE:
            return {
                "order": {
                    "line_items": [
                        {
                            "quantity": _text(line.quantity),
                            "text": line.text,
                            "price_per_unit": _text(line.price),
                        }
                        for line in read_order(code.process_data)
                    ]
                }
            }
    except BadProcessData:  # which the audit has told
        pass
    return {}


def _text(number: Decimal) -> str:
    return str(number)


def _transaction(code: QrCode, rows: Rows) -> Transaction | None:
    """Return the closed transaction that a code is of, or is like, as far as its TSS is known.

    It is found by its signature counter or its number, one of which may be wrong.
    """
    key = b64encode(code.public_key).decode()
    for tss in rows.tss:
        if tss.public_key == key:
            log = rows.logs.get((tss.id, code.counter))
            numbers = (0 if log is None else log.number, code.number)
            found = [
                row
                for number in dict.fromkeys(numbers)
                for row in rows.transactions.select("number", (tss.id, number))
                if row.time_end
            ]
            same = (row for row in found if row.latest.log.signature == code.signature)
            return next(same, found[0] if found else None)
    return None


def _unreadable(signed: Transaction) -> Iterator[str]:
    """Yield why no code can say what was signed, so that none of it verifies."""
    try:
        signed.latest.process_data.decode()
    except UnicodeDecodeError:
        yield "process data should be text in UTF-8, which a code is; what was signed is none"
    if ";" in signed.latest.process_type:
        yield "process type should hold no semicolon, which separates the fields of a code"


def _unlike(fields: dict[str, str], signed: Transaction) -> Iterator[str]:
    """Yield each field that is not as the world signed it."""
    latest = signed.latest
    for name, right in zip(FIELDS, fields_of(qr_code_text(signed, latest)), strict=True):
        if fields[name] == right:
            continue
        if name == "client serial number" and fields[name].lower() == latest.client_id:
            yield f"{name} should be {right!r}; {fields[name]!r} is the client_id of that client"
        else:
            yield f"{name} should be {right!r}, as transaction {signed.number} was signed"
