"""Process data: what of a receipt, an order or anything else is signed (S8).

Source: DSFinV-K annex I, and a captured receipt.
"""

import json
import re
from base64 import b64decode, b64encode
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

_KINDS = dict.fromkeys(RECEIPT_KINDS.values())

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
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BASE64 = re.compile("(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_PADDING = ord("=")
_MOST_PADDING = 2
_ZERO, _CENT = Decimal("0.00"), Decimal("0.01")
_FIRST_PAYMENTS = {("CASH", "EUR"): 0, ("NON_CASH", "EUR"): 1}
_RATES = 5
_AMOUNT = re.compile(r"-?[0-9]{1,18}\.[0-9]{2}")
_PAYMENT = re.compile(r"([^:]*):(Bar|Unbar)(?::([A-Z]{3}))?")
_ORDER_LINE = re.compile(
    r'(-?[0-9]{1,15}(?:\.[0-9]{1,5})?);"((?:[^"]|"")*)";(-?[0-9]{1,15}\.[0-9]{2,5})(?:\r|$)'
)


class Payment(NamedTuple):
    """One way in which a receipt was paid: `Bar` or `Unbar`, in a currency."""

    amount: Decimal
    kind: str
    currency: str = "EUR"


class Receipt(NamedTuple):
    """What a receipt's process data says.

    Attributes:
        kind: `Beleg`, `AVTransfer` and so on.
        amounts: Gross amounts at 19 %, 7 %, 10.7 %, 5.5 % and 0 %.
    """

    kind: str
    amounts: tuple[Decimal, ...]
    payments: tuple[Payment, ...]


class ProcessData(NamedTuple):
    """What is signed of a call.

    Attributes:
        process_type: Such as `Kassenbeleg-V1`; one blank without a schema.
        data: The text in UTF-8.
        schema: What answers echo: the variant as sent and completed, and `raw`; {} without one.
        receipt: What the text of a `standard_v1` receipt says; None for all else.
    """

    process_type: str
    data: bytes
    schema: Mapping[str, Any]
    receipt: Receipt | None = None


NO_DATA = ProcessData(" ", b"", {})
"""A start without a schema. Source: recorded, verified by its signature."""


def process_data_of(schema: Mapping[str, Any] | None) -> ProcessData:
    """Return what is signed of a transaction's `schema`, `NO_DATA` where none was sent.

    Raises:
        UnreadableProcessData: `raw.process_data` is not base64.
    """
    if not schema:
        return NO_DATA
    raw = schema.get("raw")
    if raw is not None:
        return _raw(raw)
    if "dsfinvtw_v1" in schema:
        return _with_raw(OTHER_TYPE, _json_text(schema["dsfinvtw_v1"]), dict(schema))
    standard: Mapping[str, Any] = schema.get("standard_v1", {})
    if "receipt" in standard:
        completed = _completed(standard["receipt"])
        receipt = receipt_of(completed)
        text = receipt_text(receipt)
        return _with_raw(RECEIPT_TYPE, text, _standard("receipt", completed), receipt)
    if "order" in standard:
        order = _sorted(standard["order"])
        return _with_raw(ORDER_TYPE, order_text(order), _standard("order", order))
    other = _sorted(standard.get("other", {}))
    return _with_raw(OTHER_TYPE, _json_text(other), _standard("other", other))


def receipt_of(schema: Mapping[str, Any]) -> Receipt:
    """Return what the process data of a receipt is to say: kind, five amounts, payments."""
    amounts = [_ZERO] * _RATES
    for row in schema.get("amounts_per_vat_rate", ()):
        amounts[VAT_PLACES[row["vat_rate"]]] += Decimal(row["amount"])
    payments = _payments(schema.get("amounts_per_payment_type", ()))
    kind = RECEIPT_KINDS[schema["receipt_type"]]
    return Receipt(kind, tuple([_two_places(amount) for amount in amounts]), tuple(payments))


def receipt_text(receipt: Receipt) -> str:
    """Return the process data of a receipt.

    >>> amounts = [Decimal("11.90"), *[Decimal("0.00")] * 4]
    >>> receipt_text(Receipt("Beleg", amounts, [Payment(Decimal("11.90"), "Bar")]))
    'Beleg^11.90_0.00_0.00_0.00_0.00^11.90:Bar'
    """
    payments = [
        f"{amount}:{kind}" if currency == "EUR" else f"{amount}:{kind}:{currency}"
        for amount, kind, currency in receipt.payments
    ]
    return f"{receipt.kind}^{'_'.join(map(str, receipt.amounts))}^{'_'.join(payments)}"


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


def _payments(rows: Sequence[Mapping[str, Any]]) -> Iterator[Payment]:
    """Yield the payments: cash in EUR, other in EUR, then foreign currencies as they came."""
    sums: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        key = (row["payment_type"], row.get("currency_code", "EUR").upper())
        sums[key] = sums.get(key, _ZERO) + Decimal(row["amount"])
    for kind, currency in sorted(sums, key=lambda key: _FIRST_PAYMENTS.get(key, 2)):
        yield Payment(_two_places(sums[kind, currency]), PAYMENT_KINDS[kind], currency)


def _two_places(amount: Decimal) -> Decimal:
    """Round to cents; what is left of nothing has no sign."""
    return _ZERO if amount is _ZERO else amount.quantize(_CENT, ROUND_HALF_UP) + _ZERO


def _completed(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """Return the receipt as answers echo it: keys in order, the currency filled in."""
    paid = receipt.get("amounts_per_payment_type")
    if paid is not None:
        rows = [row if "currency_code" in row else {"currency_code": "EUR", **row} for row in paid]
        receipt = {**receipt, "amounts_per_payment_type": rows}
    done: dict[str, Any] = _sorted(receipt)
    return done


def _sorted(value: Any) -> Any:
    """Return a JSON value with the keys of all objects in order. Source: recorded."""
    if isinstance(value, dict):
        done = {}
        for key in sorted(value):
            item = value[key]
            done[key] = item if isinstance(item, str) else _sorted(item)
        return done
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


def _standard(name: str, value: Any) -> dict[str, Any]:
    return {"standard_v1": {name: value}}


def _with_raw(
    process_type: str, text: str, schema: dict[str, Any], receipt: Receipt | None = None
) -> ProcessData:
    data = text.encode("utf-8", "surrogatepass")
    raw = {"process_type": process_type, "process_data": b64encode(data).decode()}
    return ProcessData(process_type, data, {**schema, "raw": raw}, receipt)


def _raw(raw: Mapping[str, Any]) -> ProcessData:
    text: str = raw.get("process_data", "")
    process_type: str = raw.get("process_type", "")
    return ProcessData(
        process_type,
        _decoded(text),
        {"raw": {"process_type": process_type, "process_data": text}},
    )


# ------------------------------------------------------------------------------- read back


class BadProcessData(ValueError):
    """A text is not what its process type demands; the message names field and rule."""


class OrderLine(NamedTuple):
    """One line of an order; the price is that of one unit, gross."""

    quantity: Decimal
    text: str
    price: Decimal


def read_receipt(text: str) -> Receipt:
    """Read the process data of a receipt.

    Raises:
        BadProcessData: It is not kind, five amounts and payments with ^ between.

    >>> read_receipt("Beleg^11.90_0.00_0.00_0.00_0.00^11.90:Bar").payments
    (Payment(amount=Decimal('11.90'), kind='Bar', currency='EUR'),)
    """
    parts = text.split("^")
    if len(parts) != len(Receipt._fields):
        raise BadProcessData(f"a receipt has kind, amounts and payments, ^ between, not {text!r}")
    kind, amounts, payments = parts
    if kind not in _KINDS:
        kinds = ", ".join(_KINDS)
        raise BadProcessData(f"the kind of a receipt should be one of {kinds}, not {kind!r}")
    rates = amounts.split("_")
    if len(rates) != _RATES:
        raise BadProcessData(f"a receipt has {_RATES} amounts with _ between, not {amounts!r}")
    return Receipt(
        kind,
        tuple([_amount("an amount", rate) for rate in rates]),
        tuple([_payment(row) for row in payments.split("_") if payments]),
    )


def read_order(text: str) -> tuple[OrderLine, ...]:
    r"""Read the process data of an order.

    Raises:
        BadProcessData: A line is not quantity, quoted text and price with ; between.

    >>> read_order('2;"Pils ""Ur"" 0,3";3.50')[0].text
    'Pils "Ur" 0,3'
    """
    lines, at = [], 0
    while at < len(text):
        line = _ORDER_LINE.match(text, at)
        if line is None:
            rest = text[at:].partition("\r")[0]
            raise BadProcessData(f'a line of an order is like 2;"Pils";3.50, not {rest!r}')
        quantity, quoted, price = line.groups()
        lines.append(OrderLine(Decimal(quantity), quoted.replace('""', '"'), Decimal(price)))
        at = line.end()
    return tuple(lines)


def _payment(row: str) -> Payment:
    found = _PAYMENT.fullmatch(row)
    if found is None:
        raise BadProcessData(f"a payment is like 11.90:Bar, 11.90:Unbar, 5.00:Bar:USD, not {row!r}")
    amount, kind, currency = found.groups("EUR")
    return Payment(_amount("the amount of a payment", amount), kind, currency)


def _amount(what: str, text: str) -> Decimal:
    if _AMOUNT.fullmatch(text) is None:
        raise BadProcessData(f"{what} has two decimals after a dot, as 11.90, not {text!r}")
    return Decimal(text)


# ---------------------------------------------------------------------------------- base64


def _decoded(text: str) -> bytes:
    """Decode standard base64 as Go's library does, whose words the service's refusal has.

    So line ends are skipped and padding is demanded. Source: captured message; assumption (A-81).
    """
    if _BASE64.fullmatch(text):
        return b64decode(text)
    source = text.encode("utf-8", "surrogatepass")
    places = [at for at, byte in enumerate(source) if byte not in b"\r\n"]
    stop = next((at for at, place in enumerate(places) if source[place] not in _ALPHABET), None)
    if stop is None:
        if len(places) % 4:
            raise _illegal(len(source) - len(places) % 4)
    else:
        _check_padding(source, places, stop)
    return b64decode(source.translate(None, b"\r\n"))


def _check_padding(source: bytes, places: Sequence[int], stop: int) -> None:
    """Demand that base64 ends at `stop` with the padding that is due there, and nothing after.

    Raises:
        UnreadableProcessData: It does not.
    """
    due = 4 - stop % 4
    if source[places[stop]] != _PADDING or due > _MOST_PADDING:
        raise _illegal(places[stop])
    end = stop + due
    if len(places) < end:
        raise _illegal(len(source))
    if source[places[end - 1]] != _PADDING:
        raise _illegal(places[end - 1] - 1)
    if len(places) > end:
        raise _illegal(places[end])


def _illegal(offset: int) -> UnreadableProcessData:
    return UnreadableProcessData(f"illegal base64 data at input byte {offset}")


def _json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
