"""A receipt's QR code as a control call explains it: named, verified, and known or not."""

from base64 import b64encode
from typing import Any

import pytest
from builders.signed_receipt import CLIENT, SERIAL, TSS, TX, log_in, sign_receipt
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.client import Control

NOT_VERIFIED = "the signature does not verify: a field of the code is not what was signed"


@pytest.fixture
def signed(server: MockServer) -> Any:
    return sign_receipt(server)


def test_a_code_of_this_server_is_named_read_out_verified_and_known(
    control: Control, signed: Any
) -> None:
    explained = control.explain_qr_code(signed["qr_code_data"])
    assert (explained["valid"], explained["signature_verifies"]) == (True, True)
    assert explained["findings"] == []
    assert ";".join(explained["fields"].values()) == signed["qr_code_data"]
    assert list(explained["fields"]) == [
        *("version", "client_serial_number", "process_type", "process_data"),
        *("transaction_number", "signature_counter", "start_time", "log_time"),
        *("algorithm", "time_format", "signature", "public_key"),
    ]
    assert explained["tss_serial_number"] == signed["tss_serial_number"]
    assert explained["process_data"] == {
        "receipt": {
            "kind": "Beleg",
            "amounts_per_vat_rate": [
                {"vat_rate": "NORMAL", "amount": "11.90"},
                {"vat_rate": "REDUCED_1", "amount": "0.00"},
                {"vat_rate": "SPECIAL_RATE_1", "amount": "0.00"},
                {"vat_rate": "SPECIAL_RATE_2", "amount": "0.00"},
                {"vat_rate": "NULL", "amount": "0.00"},
            ],
            "amounts_per_payment_type": [
                {"payment_type": "CASH", "amount": "11.90", "currency_code": "EUR"}
            ],
        }
    }
    found = explained["transaction"]
    assert found is not None
    assert (found["id"], found["tss_id"], found["client_id"]) == (TX, TSS, CLIENT)
    assert (found["number"], found["state"], found["env"]) == (1, "FINISHED", "TEST")


def test_the_id_of_the_client_in_place_of_its_serial_number_is_told(
    control: Control, signed: Any
) -> None:
    wrong = signed["qr_code_data"].replace(SERIAL, CLIENT)
    explained = control.explain_qr_code(wrong)
    assert (explained["valid"], explained["signature_verifies"]) == (False, False)
    assert explained["findings"][0] == NOT_VERIFIED
    assert explained["findings"][-1] == (
        f"client serial number should be {SERIAL!r}; {CLIENT!r} is the client_id of that client"
    )
    assert explained["transaction"] is not None


def test_every_field_that_is_not_as_signed_is_told(control: Control, signed: Any) -> None:
    wrong = signed["qr_code_data"].replace("11.90", "10.90")
    assert control.explain_qr_code(wrong)["findings"] == [
        NOT_VERIFIED,
        (
            "process data should be 'Beleg^11.90_0.00_0.00_0.00_0.00^11.90:Bar', as transaction 1"
            " was signed"
        ),
    ]
    start = control.explain_qr_code(signed["qr_code_data"])["fields"]["start_time"]
    earlier = signed["qr_code_data"].replace(start, "2020-01-01T00:00:00.000Z", 1)
    explained = control.explain_qr_code(earlier)
    assert explained["findings"][-1] == (
        f"start time should be {start!r}, as transaction 1 was signed"
    )


@pytest.mark.parametrize(
    ("field", "wrong"), [("transaction_number", "7"), ("signature_counter", "1000")]
)
def test_a_wrong_number_is_told_by_the_other(
    control: Control, signed: Any, field: str, wrong: str
) -> None:
    fields = control.explain_qr_code(signed["qr_code_data"])["fields"]
    explained = control.explain_qr_code(";".join({**fields, field: wrong}.values()))
    assert explained["findings"] == [
        NOT_VERIFIED,
        f"{field.replace('_', ' ')} should be {fields[field]!r}, as transaction 1 was signed",
    ]


def test_a_code_of_elsewhere_or_before_a_reset_is_right_and_not_known(
    control: Control, server: MockServer, signed: Any
) -> None:
    control.reset()
    explained = control.explain_qr_code(signed["qr_code_data"])
    assert (explained["valid"], explained["transaction"]) == (True, None)
    control.advance_clock(5)
    again = sign_receipt(server)
    assert again["qr_code_data"] != signed["qr_code_data"]
    explained = control.explain_qr_code(signed["qr_code_data"])
    assert (explained["valid"], explained["transaction"]) == (True, None)
    assert control.explain_qr_code(again["qr_code_data"])["transaction"] is not None


def test_a_sandbox_does_not_know_what_the_default_world_signed(
    control: Control, signed: Any
) -> None:
    explained = control.sandbox("other").explain_qr_code(signed["qr_code_data"])
    assert (explained["valid"], explained["transaction"]) == (True, None)


def test_an_open_transaction_has_no_code(control: Control, server: MockServer) -> None:
    token = log_in(server)
    sign_receipt(server, token, finish=False)
    key = server._call(lambda: next(iter(server._service.world.rows.tss))).public_key
    signature = b64encode(bytes(64)).decode()
    code = (
        f"V0;{SERIAL};Kassenbeleg-V1;;1;30;2026-01-01T00:00:00Z;2026-01-01T00:00:00Z;"
        f"ecdsa-plain-SHA256;unixTime;{signature};{key}"
    )
    explained = control.explain_qr_code(code)
    assert (explained["valid"], explained["transaction"]) == (False, None)


def test_an_order_is_read_out(control: Control, signed: Any) -> None:
    fields = control.explain_qr_code(signed["qr_code_data"])["fields"]
    order = '2;"Pils ""Ur""";3.50\r1;"Brot; groß";0.80'
    fields |= {"process_type": "Bestellung-V1", "process_data": order}
    explained = control.explain_qr_code(";".join(fields.values()))
    assert explained["fields"]["process_data"] == order
    assert explained["process_data"] == {
        "order": {
            "line_items": [
                {"quantity": "2", "text": 'Pils "Ur"', "price_per_unit": "3.50"},
                {"quantity": "1", "text": "Brot; groß", "price_per_unit": "0.80"},
            ]
        }
    }


@pytest.mark.parametrize(
    ("text", "fields", "finding"),
    [
        ("", 0, "a code has 12 fields"),
        ("https://example.com", 0, "a code has 12 fields"),
        ("V0;a;b;c;x;1;t;t;a;u;s;k", 12, "algorithm should be ecdsa-plain-SHA256, not a"),
    ],
)
def test_what_cannot_be_read_is_a_finding_too(
    control: Control, text: str, fields: int, finding: str
) -> None:
    explained = control.explain_qr_code(text)
    assert not explained["valid"]
    assert len(explained["fields"]) == fields
    assert len(explained["findings"]) == 1
    assert finding in explained["findings"][0]
    assert (explained["tss_serial_number"], explained["process_data"]) == ("", {})
