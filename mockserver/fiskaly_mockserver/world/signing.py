"""SIGN DE in one world: its services and keys; imported with the first call that needs them."""

from base64 import b64encode
from collections.abc import Callable
from functools import partial
from hashlib import sha256, sha512

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.backend import Backend
from fiskaly_mockserver.domain.signing.backend import SigningBackend, SigningOptions
from fiskaly_mockserver.domain.signing.clients import Clients
from fiskaly_mockserver.domain.signing.exports import Exports
from fiskaly_mockserver.domain.signing.signer import (
    CertificateAuthority,
    SigningKeys,
    TssIdentity,
    authority,
    certificate,
    leaf,
)
from fiskaly_mockserver.domain.signing.tables import SigningTables
from fiskaly_mockserver.domain.signing.transactions import Transactions
from fiskaly_mockserver.domain.signing.tss import TssService
from fiskaly_mockserver.world.store.tables import Rows

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_P384_ORDER = int(
    "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF"
    "581A0DB248B0A77AECEC196ACCC52973",
    16,
)
_HALF = 32
_ALGORITHM = ec.ECDSA(SHA256(), deterministic_signing=True)


class SeededSigningKeys(SigningKeys):
    """Derives each TSS's key from a seed, and keeps those that sign."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._signers: dict[str, Callable[[bytes], bytes]] = {}
        number = _scalar(f"{seed}:ca", _P384_ORDER)
        self._authority = ec.derive_private_key(number, ec.SECP384R1())
        self._authority_point = _point(self._authority.public_key())

    def of(self, tss_id: str, *, created: int) -> TssIdentity:
        """Return serial number, public key and certificate of a TSS."""
        point = _point(self._key(tss_id).public_key())
        unsigned = leaf(point=point, ca_point=self._authority_point, created=created)
        return TssIdentity(
            serial_number=sha256(point).hexdigest(),
            public_key=b64encode(point).decode(),
            certificate=b64encode(self._certified(unsigned)).decode(),
        )

    def signer(self, tss_id: str) -> Callable[[bytes], bytes]:
        """Return what gives r‖s of the deterministic signature (RFC 6979) over a message."""
        signer = self._signers.get(tss_id)
        if signer is None:
            signer = self._signers[tss_id] = partial(_signed, self._key(tss_id))
        return signer

    def certificate_authority(self) -> CertificateAuthority:
        """Return the test CA."""
        point = self._authority_point
        certificate = self._certified(authority(point))
        return CertificateAuthority(sha256(point).hexdigest(), certificate)

    def _certified(self, unsigned: bytes) -> bytes:
        algorithm = ec.ECDSA(SHA384(), deterministic_signing=True)
        return certificate(unsigned, self._authority.sign(unsigned, algorithm))

    def _key(self, tss_id: str) -> ec.EllipticCurvePrivateKey:
        number = _scalar(f"{self._seed}:tss:{tss_id}", _P256_ORDER)
        return ec.derive_private_key(number, ec.SECP256R1())


def _signed(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    # A sequence of the integers r and s: all four lengths are below 128, one byte each
    found = key.sign(message, _ALGORITHM)
    r_ends = 4 + found[3]
    r, s = found[4:r_ends], found[r_ends + 2 :]
    # A sign byte may stand before 32 others, and leading zeros are left out
    return r[-_HALF:].rjust(_HALF, b"\0") + s[-_HALF:].rjust(_HALF, b"\0")


def verifies(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether r‖s is a signature over a message by the key of an uncompressed point."""
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
        r, s = (int.from_bytes(half, "big") for half in (signature[:_HALF], signature[_HALF:]))
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except (ValueError, InvalidSignature):
        return False
    return True


def _scalar(text: str, order: int) -> int:
    """Return a private number below the order of a curve, never 0."""
    return int.from_bytes(sha512(text.encode()).digest(), "big") % (order - 1) + 1


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


class WorldKeys:
    """The keys that follow from the seed of a world's rows, which another state may change."""

    def __init__(self, seed: "Callable[[], int | None]") -> None:
        self._seed = seed
        self._keys: dict[int, SeededSigningKeys] = {}

    def of(self, tss_id: str, *, created: int) -> "TssIdentity":
        """Return serial number, public key and certificate of a TSS."""
        return self._present().of(tss_id, created=created)

    def signer(self, tss_id: str) -> "Callable[[bytes], bytes]":
        """Return what signs with a TSS's key, whatever seed comes later."""
        return self._present().signer(tss_id)

    def certificate_authority(self) -> "CertificateAuthority":
        """Return the test CA."""
        return self._present().certificate_authority()

    def _present(self) -> SeededSigningKeys:
        seed = self._seed() or 0
        if seed not in self._keys:
            self._keys[seed] = SeededSigningKeys(str(seed))
        return self._keys[seed]


class Signing:
    """TSS, clients, transactions and exports of one world."""

    def __init__(self, rows: Rows, backend: Backend, options: SigningOptions) -> None:
        self.keys: SigningKeys = WorldKeys(lambda: rows.baseline.seed)
        sessions, clock, lifetime = backend.tables.sessions, backend.clock, backend.lifetimes.access

        def session_end(principal: Principal) -> int:
            session = sessions.get((principal.id, principal.env))
            return int(clock.now()) + lifetime if session is None else session.access_expires_at

        signing = SigningBackend(
            tables=rows.tables(SigningTables, SigningTables._fields),
            clock=clock,
            secrets=backend.secrets,
            keys=self.keys,
            session_end=session_end,
            options=options,
        )
        self.tss = TssService(signing)
        self.clients = Clients(signing, self.tss)
        self.transactions = Transactions(signing, self.tss, self.clients)
        self.exports = Exports(signing, self.tss, self.clients, self.transactions)
