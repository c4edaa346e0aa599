"""Log messages as the BSI's TR-03151 (version 2) has them, byte for byte (S6).

Source: the technical guideline, and 1 733 real logs that verify with this layout.
"""

from collections.abc import Iterator
from typing import NamedTuple

from fiskaly_mockserver.domain.signing.der import (
    BOOLEAN_FALSE,
    BOOLEAN_TRUE,
    OCTET_STRING,
    SEQUENCE,
    context,
    integer,
    integer_content,
    oid,
    sequence,
    tlv,
)

ALGORITHM = "ecdsa-plain-SHA256"
SIGNATURE_BYTES = 64

_VERSION = integer(2)
_SIGNATURE_HEAD = tlv(OCTET_STRING, bytes(SIGNATURE_BYTES))[:-SIGNATURE_BYTES]
_TRANSACTION_LOG = oid("0.4.0.127.0.7.3.7.1.1")
_SYSTEM_LOG = oid("0.4.0.127.0.7.3.7.1.2")
_AUDIT_LOG = oid("0.4.0.127.0.7.3.7.1.3")
_ALGORITHM = sequence(oid("0.4.0.127.0.7.1.1.4.1.3"))
_OPERATIONS = {
    name: context(0, f"{name}Transaction".encode()) for name in ("Start", "Update", "Finish")
}
_CLIENT, _PROCESS_DATA, _PROCESS_TYPE, _NUMBER = (0x80 + number for number in (1, 2, 3, 5))
_ADMIN = b"tr-admin"
_SETUP_CLIENT = b"setup"
_LOGGED_EVENTS = (
    "initialize",
    "updateTime",
    "disableSecureElement",
    "authenticateUser",
    "logOut",
    "unblockUser",
    "authenticateSmaersAdmin",
    "updateDeviceCompleted",
    "startAudit",
    "configureLogging",
    "enterSecureState",
    "exitSecureState",
    "selfTest",
    "registerClient",
    "deregisterClient",
    "deleteStoredData",
)


class SystemMessage(NamedTuple):
    """What a system log tells: an event, and its data as a bare list of elements."""

    event: str
    data: bytes = b""


def update_time(before: int, after: int) -> SystemMessage:
    """The clock was set, from one unix time to another."""
    return SystemMessage(
        "updateTime", context(1, integer_content(before)) + context(2, integer_content(after))
    )


def register_client(serial_number: str) -> SystemMessage:
    """A client may sign from now on."""
    return SystemMessage("registerClient", context(1, serial_number.encode()))


def deregister_client(serial_number: str) -> SystemMessage:
    """A client may no longer sign."""
    return SystemMessage("deregisterClient", context(1, serial_number.encode()))


def authenticate_user() -> SystemMessage:
    """The admin logged in: role admin, result true."""
    return SystemMessage(
        "authenticateUser", context(1, _ADMIN) + context(2, b"\x01") + context(3, BOOLEAN_TRUE)
    )


def log_out() -> SystemMessage:
    """The admin logged out by himself."""
    return SystemMessage("logOut", context(1, _ADMIN) + context(2, b"\x00"))


def unblock_user() -> SystemMessage:
    """The PUK set a new admin PIN."""
    return SystemMessage("unblockUser", context(1, _ADMIN) + context(2, b"\x00"))


def initialize(description: str) -> SystemMessage:
    """The TSS was initialized under a description."""
    return SystemMessage("initialize", context(1, description.encode()))


def disable_secure_element(time: int) -> SystemMessage:
    """The TSS was disabled for good."""
    return SystemMessage("disableSecureElement", context(1, integer_content(time)))


def deployment(time: int) -> Iterator[SystemMessage]:
    """Yield the six messages of a TSS that is handed to a customer."""
    yield SystemMessage("registerClient", context(1, _SETUP_CLIENT))
    yield SystemMessage("startAudit")
    switches = b"".join(
        sequence(context(0, event.encode()), context(1, BOOLEAN_TRUE)) for event in _LOGGED_EVENTS
    )
    yield SystemMessage(
        "configureLogging",
        context(1, b"SMAERS-audit")
        + context(2, BOOLEAN_TRUE)
        + context(3, tlv(SEQUENCE, switches)),
    )
    yield SystemMessage(
        "selfTest",
        context(1, b"SMAERS")
        + context(2, BOOLEAN_FALSE)
        + context(3, b"ERROR_UNAUTHORIZED")
        + context(4, integer_content(time)),
    )
    yield SystemMessage("enterSecureState", context(1, integer_content(time)))
    yield SystemMessage("exitSecureState")


def system_log(message: SystemMessage, *, serial: bytes, counter: int, time: int) -> bytes:
    """Return the bytes of a system log that are to be signed."""
    data = context(0, message.event.encode()) + context(1, message.data)
    return _unsigned(_SYSTEM_LOG, data, serial=serial, counter=counter, time=time)


def transaction_log(
    *,
    operation: str,
    client_serial_number: str,
    process_data: bytes,
    process_type: str,
    number: int,
    serial: bytes,
    counter: int,
    time: int,
) -> bytes:
    """Return the bytes of a transaction log that are to be signed.

    Args:
        operation: `Start`, `Update` or `Finish`.
        client_serial_number: Of the client that signs.
        process_data: In UTF-8; empty where nothing was given.
        process_type: One blank where nothing was given.
        number: Of the transaction.
        serial: The 32 bytes of the TSS's serial number.
        counter: The signature counter.
        time: Unix seconds.
    """
    data = (
        _OPERATIONS[operation]
        + tlv(_CLIENT, client_serial_number.encode())
        + tlv(_PROCESS_DATA, process_data)
        + tlv(_PROCESS_TYPE, process_type.encode())
        + tlv(_NUMBER, integer_content(number))
    )
    return _unsigned(_TRANSACTION_LOG, data, serial=serial, counter=counter, time=time)


def audit_log(data: bytes, *, serial: bytes, counter: int, time: int) -> bytes:
    """Return the bytes of an audit log that are to be signed; what `data` holds is the vendor's.

    Nothing here writes one: exports of TEST have none. Source: audit logs in real exports.
    """
    audit = tlv(OCTET_STRING, data)
    return _unsigned(_AUDIT_LOG, b"", audit=audit, serial=serial, counter=counter, time=time)


def signed(unsigned: bytes, signature: bytes) -> bytes:
    """Return the whole log message: what was signed, and the 64 bytes of the signature."""
    return tlv(SEQUENCE, unsigned + tlv(OCTET_STRING, signature))


class BadLog(ValueError):
    """Bytes that are no signed log message."""


def parted(data: bytes) -> tuple[bytes, bytes]:
    """Return what was signed and the signature of a whole log message, as `signed` joined them.

    Raises:
        BadLog: It is no such message.
    """
    start = len(data) - len(_SIGNATURE_HEAD) - SIGNATURE_BYTES
    for head in range(2, 6):  # a tag and a length of one to four bytes
        unsigned, signature = data[head:start], data[start + len(_SIGNATURE_HEAD) :]
        if start > head and signed(unsigned, signature) == data:
            return unsigned, signature
    raise BadLog("a log is a DER sequence that ends with the 64 bytes of its signature")


def _unsigned(
    kind: bytes, data: bytes, *, serial: bytes, counter: int, time: int, audit: bytes = b""
) -> bytes:
    return b"".join(
        (
            _VERSION,
            kind,
            data,
            tlv(OCTET_STRING, serial),
            _ALGORITHM,
            audit,
            integer(counter),
            integer(time),
        )
    )
