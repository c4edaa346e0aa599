"""The text of a receipt's QR code: written, and read back with what is wrong with it.

Source: a captured code whose signature verifies; DSFinV-K annex I.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from datetime import UTC, datetime
from hashlib import sha256
from time import gmtime, strftime
from typing import NamedTuple

from fiskaly_mockserver.domain.signing.log_messages import (
    ALGORITHM,
    SIGNATURE_BYTES,
    transaction_log,
)
from fiskaly_mockserver.domain.signing.model import Revision, Transaction

VERSION = "V0"
TIME_FORMAT = "unixTime"
FIELDS = (
    "version",
    "client serial number",
    "process type",
    "process data",
    "transaction number",
    "signature counter",
    "start time",
    "log time",
    "algorithm",
    "time format",
    "signature",
    "public key",
)
POINT_BYTES = 65
_MOST_DIGITS = 19
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadQrCode(ValueError):
    """A text is no QR code of a receipt; the message names field and rule."""


class QrCode(NamedTuple):
    """The fields of a code; times are unix seconds, signature and key are bytes."""

    client_serial_number: str
    process_type: str
    process_data: str
    number: int
    counter: int
    time_start: int
    time: int
    signature: bytes
    public_key: bytes

    @property
    def serial_number(self) -> str:
        """The serial number of the TSS, which follows from its public key."""
        return sha256(self.public_key).hexdigest()

    @property
    def signed_bytes(self) -> bytes:
        """The bytes that the signature is over."""
        return transaction_log(
            operation="Finish",
            client_serial_number=self.client_serial_number,
            process_data=self.process_data.encode(),
            process_type=self.process_type,
            number=self.number,
            serial=bytes.fromhex(self.serial_number),
            counter=self.counter,
            time=self.time,
        )


def qr_code_text(transaction: Transaction, revision: Revision) -> str:
    """Return the text of the code of the revision that closed a transaction."""
    return (
        f"{VERSION};{revision.client_serial_number};{revision.process_type};"
        f"{revision.process_data.decode('utf-8', 'replace')};{transaction.number};"
        f"{revision.counter};{_iso(transaction.time_start)};{_iso(revision.time)};"
        f"{ALGORITHM};{TIME_FORMAT};{revision.signature};{transaction.public_key}"
    )


def fields_of(text: str) -> tuple[str, ...]:
    """Return the texts of the twelve `FIELDS` of a code, right or wrong.

    Process data may hold semicolons (an order's does), so the fields behind it are counted
    from the end.

    Raises:
        BadQrCode: There are fewer fields, or it is no text in UTF-8.
    """
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise BadQrCode("a code should be text in UTF-8")
    parts = text.strip().split(";")
    if len(parts) < len(FIELDS):
        raise BadQrCode(
            f"a code has {len(FIELDS)} fields with semicolons between, this one has {len(parts)}:"
            f" {', '.join(FIELDS)}"
        )
    return (*parts[:3], ";".join(parts[3:-8]), *parts[-8:])


def read_qr_code(text: str) -> QrCode:
    """Read a code.

    Raises:
        BadQrCode: A field is missing or wrong; the message says which, and what it should be.
    """
    version, serial, process_type, data, *rest = fields_of(text)
    number, counter, start, end, algorithm, time_format, signature, key = rest
    if version != VERSION:
        raise BadQrCode(f"version should be {VERSION}, not {version}")
    if algorithm != ALGORITHM:
        raise BadQrCode(f"algorithm should be {ALGORITHM}, not {algorithm}")
    if time_format != TIME_FORMAT:
        raise BadQrCode(f"time format should be {TIME_FORMAT}, not {time_format}")
    return QrCode(
        client_serial_number=serial,
        process_type=process_type,
        process_data=data,
        number=_number("transaction number", number),
        counter=_number("signature counter", counter),
        time_start=_time("start time", start),
        time=_time("log time", end),
        signature=_bytes("signature", signature, SIGNATURE_BYTES),
        public_key=_bytes("public key", key, POINT_BYTES),
    )


def _iso(moment: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S.000Z", gmtime(moment))


def _number(field: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise BadQrCode(f"{field} should be a number, not {text!r}")
    if len(text) > _MOST_DIGITS:
        raise BadQrCode(f"{field} should have at most {_MOST_DIGITS} digits, not {len(text)}")
    return int(text)


def _time(field: str, text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadQrCode(f"{field} should be a time such as 2026-01-01T00:00:00.000Z, not {text!r}")
    if moment < _EPOCH:
        raise BadQrCode(f"{field} should not be before 1970, as {text!r} is")
    return int(moment.timestamp())


def _bytes(field: str, text: str, size: int) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except (NotBase64, ValueError):
        raise BadQrCode(f"{field} should be base64") from None
    if len(data) != size:
        raise BadQrCode(f"{field} should be {size} bytes in base64, not {len(data)}")
    return data
