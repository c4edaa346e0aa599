"""Servers of SIGN DE that are broken on purpose."""

from base64 import b64encode
from collections.abc import Mapping
from itertools import count

from conformance.broken_answers import (
    Broken,
    accepted,
    answered,
    asked,
    below,
    body,
    headers,
    other_signature,
    put,
    row,
    text,
)

SIGNED = (b64encode(number.to_bytes(64, "big")).decode() for number in count())
SIGN_DE: Mapping[str, Broken] = {
    "a PUK that stays": Broken(
        operation="retrieveTss",
        writes=True,
        change=put(admin_puk="1234567890"),
        found=("body", "/admin_puk", "puk-hidden"),
    ),
    "a serial number in upper case": Broken(
        operation="retrieveTss",
        writes=True,
        change=body(lambda value: value.update(serial_number=value["serial_number"].upper())),
        found=("body", "/serial_number", "pattern"),
    ),
    "initialized without an admin": Broken(
        operation="updateTss",
        writes=True,
        status=401,
        change=accepted(),
        found=("status", "", "expected-status"),
    ),
    "a wrong PIN accepted": Broken(
        operation="authenticateAdmin",
        writes=True,
        status=401,
        change=accepted(),
        found=("status", "", "expected-status"),
    ),
    "a client whose state stays": Broken(
        operation="updateClient",
        writes=True,
        change=put(state="REGISTERED"),
        found=("body", "/state", "expected-value"),
    ),
    "a wrong revision accepted": Broken(
        operation="upsertTransaction",
        writes=True,
        status=400,
        change=answered(asked("tx_revision=4"), accepted()),
        found=("status", "", "expected-status"),
    ),
    "a bad signature": Broken(
        shows_at="retrieveTransaction",
        operation="upsertTransaction",
        writes=True,
        change=answered(
            asked("tx_revision=3"),
            body(
                lambda value: value.update(
                    signature=other_signature(value["signature"]),
                    qr_code_data=value["qr_code_data"].replace(
                        value["signature"]["value"], other_signature(value["signature"])["value"]
                    ),
                )
            ),
        ),
        found=("body", "/signature/value", "signature"),
    ),
    "a short signature": Broken(
        shows_at="retrieveTransaction",
        operation="upsertTransaction",
        writes=True,
        change=below("signature", lambda value: {**value, "value": "AAAA"}),
        found=("body", "/signature/value", "signature-length"),
    ),
    "a counter that stands": Broken(
        shows_at="retrieveTransaction",
        operation="upsertTransaction",
        writes=True,
        change=below("signature", lambda value: {**value, "counter": 7}),
        found=("body", "/signature/counter", "expected-value"),
    ),
    "the client's id in the QR code": Broken(
        shows_at="retrieveTransaction",
        operation="upsertTransaction",
        writes=True,
        change=answered(
            asked("tx_revision=3"),
            body(
                lambda value: value.update(
                    qr_code_data=value["qr_code_data"].replace(
                        value["client_serial_number"], value["client_id"]
                    )
                )
            ),
        ),
        found=("body", "/qr_code_data", "qr-code"),
    ),
    "a revision that does not count": Broken(
        shows_at="retrieveTransaction",
        operation="upsertTransaction",
        writes=True,
        change=put(latest_revision=1),
        found=("body", "/latest_revision", "expected-value"),
    ),
    "a repetition that is signed again": Broken(
        shows_at="retrieveTransaction",
        operation="upsertTransaction",
        writes=True,
        change=answered(
            asked("tx_revision=1"), below("signature", lambda one: {**one, "value": next(SIGNED)})
        ),
        found=("body", "/signature/value", "expected-value"),
    ),
    "a transaction that reads otherwise": Broken(
        operation="retrieveTransaction",
        writes=True,
        change=put(time_end=1),
        found=("body", "", "row-as-signed"),
    ),
    "metadata that is not kept": Broken(
        operation="retrieveTssMetadata",
        writes=True,
        change=put(check="2"),
        found=("body", "/check", "expected-value"),
    ),
    "an export that is no archive": Broken(
        operation="retrieveExportFile",
        writes=True,
        change=text(b"nothing"),
        found=("body", "", "export-archive"),
    ),
    "an archive that says it is JSON": Broken(
        operation="retrieveExportFile",
        writes=True,
        change=headers({"content-type": "application/json"}),
        found=("content-type", "", "media-type"),
    ),
    "an amount as a number": Broken(
        operation="listTransactions",
        writes=True,
        change=row(number="1"),
        found=("body", "/data/0/number", "type"),
    ),
}
