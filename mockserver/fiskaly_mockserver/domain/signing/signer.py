"""The keys of TSS, as the domain uses them."""

from collections.abc import Callable
from typing import NamedTuple, Protocol


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
