"""What of a call is signed: receipts, orders, anything else, raw (S8)."""

from base64 import b64decode
from decimal import Decimal
from typing import Any

import pytest
from fiskaly_mockserver.domain.signing.errors import UnreadableProcessData
from fiskaly_mockserver.domain.signing.process_data import (
    NO_DATA,
    RECEIPT_KINDS,
    VAT_PLACES,
    BadProcessData,
    ProcessData,
    process_data_of,
    read_order,
    read_receipt,
)
from hypothesis import given
from hypothesis import strategies as st

Schema = dict[str, Any]


def receipt(**fields: Any) -> Schema:
    return {
        "standard_v1": {
            "receipt": {"receipt_type": "RECEIPT", "amounts_per_vat_rate": [], **fields}
        }
    }


def signed_text(schema: Schema) -> str:
    data = process_data_of(schema)
    assert b64decode(data.schema["raw"]["process_data"]) == data.data
    return data.data.decode()


def vat(rate: str, amount: str) -> Schema:
    return {"vat_rate": rate, "amount": amount}


def paid(kind: str, amount: str, **more: str) -> Schema:
    return {"payment_type": kind, "amount": amount, **more}


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        pytest.param(
            receipt(
                amounts_per_vat_rate=[vat("NORMAL", "11.90"), vat("REDUCED_1", "10.70")],
                amounts_per_payment_type=[paid("CASH", "22.60")],
            ),
            "Beleg^11.90_10.70_0.00_0.00_0.00^22.60:Bar",
            id="captured",
        ),
        pytest.param(receipt(), "Beleg^0.00_0.00_0.00_0.00_0.00^", id="empty"),
        pytest.param(
            receipt(
                amounts_per_vat_rate=[vat("19", "1.00"), vat("NORMAL", "2.50"), vat("0", "-0.10")]
            ),
            "Beleg^3.50_0.00_0.00_0.00_-0.10^",
            id="rates by number, and summed",
        ),
        pytest.param(
            receipt(
                amounts_per_payment_type=[
                    paid("NON_CASH", "5.00", currency_code="USD"),
                    paid("NON_CASH", "1.00"),
                    paid("CASH", "2.00"),
                    paid("CASH", "3.00"),
                ]
            ),
            "Beleg^0.00_0.00_0.00_0.00_0.00^5.00:Bar_1.00:Unbar_5.00:Unbar:USD",
            id="payments in order, and summed",
        ),
        pytest.param(
            receipt(amounts_per_vat_rate=[vat("NORMAL", "1.00500"), vat("REDUCED_1", "2.125")]),
            "Beleg^1.01_2.13_0.00_0.00_0.00^",
            id="half up",
        ),
        pytest.param(
            receipt(receipt_type="ANNULATION"),
            "AVBelegstorno^0.00_0.00_0.00_0.00_0.00^",
            id="kind",
        ),
        pytest.param(
            {
                "standard_v1": {
                    "order": {
                        "line_items": [
                            {"quantity": "2", "text": 'Pils "groß"', "price_per_unit": "3.50"},
                            {"quantity": "1.5", "text": "Brot", "price_per_unit": "2.00"},
                        ]
                    }
                }
            },
            '2;"Pils ""groß""";3.50\r1.5;"Brot";2.00',
            id="order",
        ),
        pytest.param({"standard_v1": {"other": {"z": 1, "a": "ä"}}}, '{"a":"ä","z":1}', id="other"),
    ],
)
def test_standard_schemas_are_signed_as_text(schema: Schema, text: str) -> None:
    assert signed_text(schema) == text


def test_the_echo_has_keys_in_order_and_the_currency_filled_in() -> None:
    data = process_data_of(receipt(amounts_per_payment_type=[paid("CASH", "1.00")]))
    echoed = data.schema["standard_v1"]["receipt"]
    assert list(echoed) == ["amounts_per_payment_type", "amounts_per_vat_rate", "receipt_type"]
    assert list(echoed["amounts_per_payment_type"][0].items()) == [
        ("amount", "1.00"),
        ("currency_code", "EUR"),
        ("payment_type", "CASH"),
    ]
    assert list(data.schema) == ["standard_v1", "raw"]
    assert data.schema["raw"]["process_type"] == "Kassenbeleg-V1"


def test_without_a_schema_nothing_is_signed() -> None:
    assert process_data_of(None) is NO_DATA
    assert process_data_of({}) is NO_DATA


def test_raw_is_taken_as_it_is() -> None:
    raw = {"process_type": "SonstigerVorgang-V1", "process_data": "MC4wMDpCYXI="}
    assert process_data_of({"raw": raw}) == ProcessData(
        "SonstigerVorgang-V1", b"0.00:Bar", {"raw": raw}
    )


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("Beleg^1", 5),
        ("Beleg", 4),
        ("Beleg\n", 5),
        ("a b=", 1),
        ("=", 0),
        ("QUJD=", 4),
        ("Q===", 1),
        ("QQ=", 3),
        ("QQ=Q", 2),
        ("QQ===", 4),
        ("QUI=QUI=", 4),
        ("ä", 0),
    ],
)
def test_what_is_no_base64_is_told_with_its_place(text: str, offset: int) -> None:
    with pytest.raises(UnreadableProcessData) as refused:
        process_data_of({"raw": {"process_type": "x", "process_data": text}})
    assert refused.value.reason == f"illegal base64 data at input byte {offset}"


@pytest.mark.parametrize("text", ["QUJD\nQUI=\n", "QUJD\r\nQUI\n=", "QUJDQUI="])
def test_lines_of_base64_are_read_as_one(text: str) -> None:
    data = process_data_of({"raw": {"process_type": "x", "process_data": text}})
    assert data.data == b"ABCAB"


AMOUNTS = st.decimals("-9999.99", "9999.99", places=2)


@given(
    kind=st.sampled_from(sorted(RECEIPT_KINDS)),
    amounts=st.lists(st.tuples(st.sampled_from(sorted(VAT_PLACES)), AMOUNTS), max_size=8),
    payments=st.lists(
        st.tuples(st.sampled_from(["CASH", "NON_CASH"]), st.sampled_from(["EUR", "USD"]), AMOUNTS),
        max_size=8,
    ),
)
def test_a_receipt_is_read_back_with_the_same_sums(
    kind: str, amounts: list[tuple[str, Decimal]], payments: list[tuple[str, str, Decimal]]
) -> None:
    schema = receipt(
        receipt_type=kind,
        amounts_per_vat_rate=[vat(rate, str(amount)) for rate, amount in amounts],
        amounts_per_payment_type=[
            paid(how, str(amount), currency_code=currency) for how, currency, amount in payments
        ],
    )
    read = read_receipt(signed_text(schema))
    assert read == process_data_of(schema).receipt
    assert read.kind == RECEIPT_KINDS[kind]
    assert sum(read.amounts) == sum(amount for _, amount in amounts)
    for currency in ("EUR", "USD"):
        total = sum(row.amount for row in read.payments if row.currency == currency)
        assert total == sum(amount for _, of, amount in payments if of == currency)


@given(
    st.lists(
        st.tuples(
            st.decimals("0", "99", places=3), st.text(max_size=20), st.decimals("0", "99", places=2)
        )
    )
)
def test_an_order_is_read_back_as_it_was_sent(rows: list[tuple[Decimal, str, Decimal]]) -> None:
    items = [
        {"quantity": str(quantity), "text": text, "price_per_unit": str(price)}
        for quantity, text, price in rows
    ]
    data = process_data_of({"standard_v1": {"order": {"line_items": items}}})
    assert list(read_order(data.data.decode("utf-8", "surrogatepass"))) == rows


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0.00:Bar", "a receipt has kind, amounts and payments"),
        ("Bon^0.00_0.00_0.00_0.00_0.00^", "the kind of a receipt should be one of Beleg, AVTr"),
        ("Beleg^0.00_0.00_0.00_0.00^", "a receipt has 5 amounts with _ between"),
        ("Beleg^0,00_0.00_0.00_0.00_0.00^", "an amount has two decimals after a dot"),
        ("Beleg^1_0.00_0.00_0.00_0.00^", "an amount has two decimals after a dot"),
        ("Beleg^0.00_0.00_0.00_0.00_0.00^1.00:Karte", "a payment is like 11.90:Bar"),
        ("Beleg^0.00_0.00_0.00_0.00_0.00^1.00:Bar:Dollar", "a payment is like 11.90:Bar"),
        ("Beleg^0.00_0.00_0.00_0.00_0.00^x:Bar", "the amount of a payment has two decimals"),
        ("Beleg^0.00_0.00_0.00_0.00_0.00^1.00:Bar_", "a payment is like 11.90:Bar"),
    ],
)
def test_what_is_no_receipt_is_told(text: str, told: str) -> None:
    with pytest.raises(BadProcessData, match=f"^{told}"):
        read_receipt(text)


@pytest.mark.parametrize(
    "text", ["2;Pils;3.50", '2;"Pils;3.50', '2;"Pils";3', '1;"A";1.00\n2;"B";2.00', "x"]
)
def test_what_is_no_order_is_told(text: str) -> None:
    with pytest.raises(BadProcessData, match=r"^a line of an order is like"):
        read_order(text)
