"""The keys of TSS, as the domain uses them, and their certificates."""

import time as _time
from collections.abc import Callable
from hashlib import sha1, sha256
from typing import NamedTuple, Protocol

from fiskaly_mockserver.domain.signing.der import (
    BOOLEAN_TRUE,
    OCTET_STRING,
    SEQUENCE,
    SET,
    context,
    integer,
    oid,
    sequence,
    tlv,
)


class TssIdentity(NamedTuple):
    """What the world may know of a TSS's key.

    Attributes:
        serial_number: Lower-case hex of the SHA-256 of the public key's 65 bytes.
        public_key: The uncompressed point, 65 bytes in base64.
        certificate: X.509, DER in base64.
    """

    serial_number: str
    public_key: str
    certificate: str


class CertificateAuthority(NamedTuple):
    """What signs the certificates of TSS.

    Attributes:
        serial_number: Lower-case hex of the SHA-256 of its public key; it names the file.
        certificate: X.509 in DER, signed by itself.
    """

    serial_number: str
    certificate: bytes


class SigningKeys(Protocol):
    """Makes the keys of TSS and signs with them; the same TSS has the same key for ever (S7)."""

    def of(self, tss_id: str, *, created: int) -> TssIdentity:
        """Return what is public of a TSS's key; `created` is when the TSS was, in unix seconds."""
        ...

    def signer(self, tss_id: str) -> Callable[[bytes], bytes]:
        """Return what signs with a TSS's key.

        It returns the 64 bytes r‖s of the ECDSA signature over the SHA-256 of a message.
        """
        ...

    def certificate_authority(self) -> CertificateAuthority:
        """Return what signs the certificates of the TSS."""
        ...


AGE_AT_CREATION = 19 * 86_400
"""Seconds that a certificate is older than its TSS was at creation. Source: computed."""
YEAR = 365 * 86_400
CA_BEGIN, CA_END = 0, 253_402_300_799
"""From 1970 to 9999: the service's own CA lives a year, but a mock's clock may stand anywhere."""
ORGANIZATION = "fiskaly-mockserver (not fiskaly)"
LEAF_NAME = "Mock TSE, no certified TSE"
CA_NAME = "Mock Test CA"
CA_SERIAL = 42

_UTF8_STRING, _BIT_STRING, _BOOLEAN = 0x0C, 0x03, 0x01
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_ECDSA_SHA384 = sequence(oid("1.2.840.10045.4.3.3"))
_EC_KEY = oid("1.2.840.10045.2.1")
_P256, _P384 = oid("1.2.840.10045.3.1.7"), oid("1.3.132.0.34")
_DIGITAL_SIGNATURE, _KEY_CERT_SIGN = b"\x07\x80", b"\x02\x04"


def leaf(*, point: bytes, ca_point: bytes, created: int) -> bytes:
    """Return the part of a TSS's certificate that the CA signs.

    Args:
        point: The TSS's public key, an uncompressed point of P-256 (65 bytes).
        ca_point: The CA's, of P-384 (97 bytes).
        created: When the TSS was created, in unix seconds.
    """
    begin = created - AGE_AT_CREATION
    authority = sequence(context(0, sha1(ca_point, usedforsecurity=False).digest()))
    return _to_be_signed(
        serial=int(sha256(point).hexdigest(), 16),
        begin=begin,
        end=begin + YEAR,
        subject=LEAF_NAME,
        key=sequence(sequence(_EC_KEY, _P256), _bits(point)),
        extensions=(
            _extension("2.5.29.15", tlv(_BIT_STRING, _DIGITAL_SIGNATURE), critical=True),
            _extension("2.5.29.19", sequence(), critical=True),
            _extension("2.5.29.35", authority),
        ),
    )


def authority(point: bytes) -> bytes:
    """Return the part of the CA's certificate that the CA itself signs.

    Args:
        point: Its public key, an uncompressed point of P-384 (97 bytes).
    """
    key_id = tlv(OCTET_STRING, sha1(point, usedforsecurity=False).digest())
    return _to_be_signed(
        serial=CA_SERIAL,
        begin=CA_BEGIN,
        end=CA_END,
        subject=CA_NAME,
        key=sequence(sequence(_EC_KEY, _P384), _bits(point)),
        extensions=(
            _extension("2.5.29.15", tlv(_BIT_STRING, _KEY_CERT_SIGN), critical=True),
            _extension("2.5.29.19", sequence(tlv(_BOOLEAN, BOOLEAN_TRUE)), critical=True),
            _extension("2.5.29.14", key_id),
        ),
    )


def certificate(to_be_signed: bytes, signature: bytes) -> bytes:
    """Return the whole certificate; `signature` is DER, made with P-384 and SHA-384."""
    return sequence(to_be_signed, _ECDSA_SHA384, _bits(signature))


def _to_be_signed(
    *, serial: int, begin: int, end: int, subject: str, key: bytes, extensions: tuple[bytes, ...]
) -> bytes:
    return sequence(
        context(0, integer(2), constructed=True),
        integer(serial),
        _ECDSA_SHA384,
        _name(CA_NAME),
        sequence(_time_of(begin), _time_of(end)),
        _name(subject),
        key,
        context(3, sequence(*extensions), constructed=True),
    )


def _name(common_name: str) -> bytes:
    parts = (("2.5.4.10", ORGANIZATION), ("2.5.4.3", common_name))
    return sequence(
        *(tlv(SET, sequence(oid(kind), tlv(_UTF8_STRING, text.encode()))) for kind, text in parts)
    )


def _extension(kind: str, value: bytes, *, critical: bool = False) -> bytes:
    flag = tlv(_BOOLEAN, BOOLEAN_TRUE) if critical else b""
    return tlv(SEQUENCE, oid(kind) + flag + tlv(OCTET_STRING, value))


def _bits(content: bytes) -> bytes:
    return tlv(_BIT_STRING, b"\x00" + content)


def _time_of(moment: int) -> bytes:
    """Return a time, in the form that X.509 wants for its year; none after 9999 (RFC 5280)."""
    parts = _time.gmtime(min(max(moment, CA_BEGIN), CA_END))
    if 1950 <= parts.tm_year < 2050:  # noqa: PLR2004 - RFC 5280, 4.1.2.5
        return tlv(_UTC_TIME, _time.strftime("%y%m%d%H%M%SZ", parts).encode())
    return tlv(
        _GENERALIZED_TIME, f"{parts.tm_year:04}{_time.strftime('%m%d%H%M%SZ', parts)}".encode()
    )
