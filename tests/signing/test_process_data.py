"""What of a call is signed: receipts, orders, anything else, raw (S8)."""

from base64 import b64decode
from typing import Any

import pytest
from fiskaly_mockserver.domain.signing.errors import UnreadableProcessData
from fiskaly_mockserver.domain.signing.process_data import (
    ProcessData,
    process_data_of,
)

Schema = dict[str, Any]


def receipt(**fields: Any) -> Schema:
    return {
        "standard_v1": {
            "receipt": {"receipt_type": "RECEIPT", "amounts_per_vat_rate": [], **fields}
        }
    }


def signed_text(schema: Schema) -> str:
    data = process_data_of(schema)
    assert data is not None
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
    assert data is not None
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
    assert process_data_of(None) is None
    assert process_data_of({}) is None


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
        ("a b=", 1),
        ("QUJD=", 4),
        ("QQ===", 2),
        ("ä", 0),
    ],
)
def test_what_is_no_base64_is_told_with_its_place(text: str, offset: int) -> None:
    with pytest.raises(UnreadableProcessData) as refused:
        process_data_of({"raw": {"process_type": "x", "process_data": text}})
    assert refused.value.reason == f"illegal base64 data at input byte {offset}"
