"""Process data: what of a receipt, an order or anything else is signed (S8).

Source: DSFinV-K annex I, and a captured receipt.
"""

import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from fiskaly_mockserver.domain.signing.errors import UnreadableProcessData

RECEIPT_TYPE = "Kassenbeleg-V1"
ORDER_TYPE = "Bestellung-V1"
OTHER_TYPE = "SonstigerVorgang"

RECEIPT_KINDS: Mapping[str, str] = {
    "RECEIPT": "Beleg",
    "TRAINING": "AVTraining",
    "TRANSFER": "AVTransfer",
    "ORDER": "AVBestellung",
    "CANCELLATION": "AVBelegabbruch",
    "ABORT": "AVBelegabbruch",
    "BENEFIT_IN_KIND": "AVSachbezug",
    "INVOICE": "AVRechnung",
    "OTHER": "AVSonstige",
    "ANNULATION": "AVBelegstorno",
}
"""Kinds of receipt and how process data names them. Source: documented."""

VAT_PLACES: Mapping[str, int] = {
    "NORMAL": 0,
    "19": 0,
    "REDUCED_1": 1,
    "7": 1,
    "SPECIAL_RATE_1": 2,
    "10.7": 2,
    "SPECIAL_RATE_2": 3,
    "5.5": 3,
    "NULL": 4,
    "0": 4,
}
"""Where the amount of a VAT rate stands among the five. Source: documented."""

PAYMENT_KINDS: Mapping[str, str] = {"CASH": "Bar", "NON_CASH": "Unbar"}
_MOST_PADDING = 2
_CENT = Decimal("0.01")


class ProcessData(NamedTuple):
    """What is signed of a call.

    Attributes:
        process_type: Such as `Kassenbeleg-V1`; one blank without a schema.
        data: The text in UTF-8.
        schema: What answers echo: the variant as sent and completed, and `raw`; {} without one.
    """

    process_type: str
    data: bytes
    schema: Mapping[str, Any]


NO_DATA = ProcessData(" ", b"", {})
"""A start without a schema. Source: recorded, verified by its signature."""


def process_data_of(schema: Mapping[str, Any] | None) -> ProcessData | None:
    """Return what is signed of a transaction's `schema`, None where none was sent.

    Raises:
        UnreadableProcessData: `raw.process_data` is not base64.
    """
    if not schema:
        return None
    raw = schema.get("raw")
    if raw is not None:
        return _raw(raw)
    if "dsfinvtw_v1" in schema:
        return _with_raw(OTHER_TYPE, _json_text(schema["dsfinvtw_v1"]), dict(schema))
    standard: Mapping[str, Any] = schema.get("standard_v1", {})
    if "receipt" in standard:
        receipt = _completed(standard["receipt"])
        return _with_raw(RECEIPT_TYPE, receipt_text(receipt), _standard("receipt", receipt))
    if "order" in standard:
        order = _sorted(standard["order"])
        return _with_raw(ORDER_TYPE, order_text(order), _standard("order", order))
    other = _sorted(standard.get("other", {}))
    return _with_raw(OTHER_TYPE, _json_text(other), _standard("other", other))


def receipt_text(receipt: Mapping[str, Any]) -> str:
    """Return the process data of a receipt: kind, five amounts, payments.

    >>> receipt_text({"receipt_type": "RECEIPT",
    ...   "amounts_per_vat_rate": [{"vat_rate": "NORMAL", "amount": "11.90"}],
    ...   "amounts_per_payment_type": [{"payment_type": "CASH", "amount": "11.90"}]})
    'Beleg^11.90_0.00_0.00_0.00_0.00^11.90:Bar'
    """
    amounts = [Decimal(0)] * 5
    for row in receipt.get("amounts_per_vat_rate", ()):
        amounts[VAT_PLACES[row["vat_rate"]]] += Decimal(row["amount"])
    rates = "_".join(_two_places(amount) for amount in amounts)
    payments = "_".join(_payments(receipt.get("amounts_per_payment_type", ())))
    return f"{RECEIPT_KINDS[receipt['receipt_type']]}^{rates}^{payments}"


def order_text(order: Mapping[str, Any]) -> str:
    r"""Return the process data of an order: one line for each item, joined by CR.

    >>> item = {"quantity": "2", "text": "Pils 0,3", "price_per_unit": "3.50"}
    >>> order_text({"line_items": [item]})
    '2;"Pils 0,3";3.50'
    """
    lines = (
        ";".join((item["quantity"], _quoted(item["text"]), item["price_per_unit"]))
        for item in order.get("line_items", ())
    )
    return "\r".join(lines)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _payments(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the payments: cash in EUR, other in EUR, then foreign currencies as they came."""
    sums: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        key = (row["payment_type"], row.get("currency_code", "EUR").upper())
        sums[key] = sums.get(key, Decimal(0)) + Decimal(row["amount"])
    first = [key for key in (("CASH", "EUR"), ("NON_CASH", "EUR")) if key in sums]
    for kind, currency in [*first, *(key for key in sums if key not in first)]:
        foreign = "" if currency == "EUR" else f":{currency}"
        yield f"{_two_places(sums[kind, currency])}:{PAYMENT_KINDS[kind]}{foreign}"


def _two_places(amount: Decimal) -> str:
    text = str(amount.quantize(_CENT, ROUND_HALF_UP))
    return "0.00" if text == "-0.00" else text


def _completed(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """Return the receipt as answers echo it: keys in order, the currency filled in."""
    completed = dict(receipt)
    if "amounts_per_payment_type" in receipt:
        completed["amounts_per_payment_type"] = [
            {"currency_code": "EUR", **row} for row in receipt["amounts_per_payment_type"]
        ]
    done: dict[str, Any] = _sorted(completed)
    return done


def _sorted(value: Any) -> Any:
    """Return a JSON value with the keys of all objects in order. Source: recorded."""
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value


def _standard(name: str, value: Any) -> dict[str, Any]:
    return {"standard_v1": {name: value}}


def _with_raw(process_type: str, text: str, schema: dict[str, Any]) -> ProcessData:
    data = text.encode("utf-8", "surrogatepass")
    raw = {"process_type": process_type, "process_data": b64encode(data).decode()}
    return ProcessData(process_type, data, {**schema, "raw": raw})


def _raw(raw: Mapping[str, Any]) -> ProcessData:
    text: str = raw.get("process_data", "")
    process_type: str = raw.get("process_type", "")
    return ProcessData(
        process_type,
        _decoded(text),
        {"raw": {"process_type": process_type, "process_data": text}},
    )


def _decoded(text: str) -> bytes:
    """Decode standard base64 with padding, and tell where it fails as the service does."""
    alphabet = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    body = text.rstrip("=")
    for offset, character in enumerate(body):
        if character not in alphabet:
            raise _illegal(offset)
    padding = len(text) - len(body)
    if len(text) % 4 or padding > _MOST_PADDING:
        raise _illegal(len(body) if padding > _MOST_PADDING else len(text) - len(text) % 4)
    try:
        return b64decode(text, validate=True)
    except NotBase64:
        raise _illegal(len(body)) from None


def _illegal(offset: int) -> UnreadableProcessData:
    return UnreadableProcessData(f"illegal base64 data at input byte {offset}")


def _json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
