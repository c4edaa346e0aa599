"""TLS of a server: a certificate that it is given, or one of a CA that lives in memory."""

import logging
import re
import ssl
import warnings
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.server.errors import ServerError
from fiskaly_mockserver.web.safety import VENDOR_HOSTS
from fiskaly_mockserver.world.clock import RealTime

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")
CA_NAME = "fiskaly-mockserver, unofficial, for testing only"
JAVA_STORE_PASSWORD = "changeit"  # noqa: S105 - what every JVM expects; nothing in it is secret
_PEM = re.compile(b"-{5}BEGIN CERTIFICATE-{5}.+?-{5}END CERTIFICATE-{5}", re.DOTALL)
_REASONS = {
    "KEY_VALUES_MISMATCH": "the key is not that of the certificate",
    "KEY_TYPE_MISMATCH": "the key is not that of the certificate",
    "EE_KEY_TOO_SMALL": "the key of the certificate is too short for TLS",
}


_LOG = logging.getLogger("fiskaly_mockserver.http")
_CLIENTS = {
    "HTTP_REQUEST": "a client speaks plain HTTP here: its address should begin with https://",
    "UNSUPPORTED_PROTOCOL": "a client offers no TLS 1.2 or newer",
    **dict.fromkeys(
        (
            "TLSV1_ALERT_UNKNOWN_CA",
            "SSLV3_ALERT_BAD_CERTIFICATE",
            "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        ),
        "a client does not trust the certificate: give it the CA, as SSL_CERT_FILE,"
        " CURL_CA_BUNDLE, REQUESTS_CA_BUNDLE or NODE_EXTRA_CA_CERTS do",
    ),
}


class TellingHandshake(ssl.SSLObject):
    """Tells what a client's part in a handshake that failed was, which the loop keeps to itself."""

    def do_handshake(self) -> None:
        """Go on with the handshake."""
        try:
            super().do_handshake()
        except ssl.SSLError as error:
            if error.reason in _CLIENTS:
                _LOG.warning("TLS: %s", _CLIENTS[error.reason])
            raise


class Tls(NamedTuple):
    """What a server needs to speak TLS.

    Attributes:
        context: Holds certificate and key; TLS 1.2 and 1.3.
        ca_pem: The certificate of the CA that clients have to trust; `None` where the
            server's certificate is one that it was given.
        ca_file: Where it is to be written; `None` for a file that goes with the server.
        everywhere: Whether the server's own port speaks TLS; else a further port does.
    """

    context: ssl.SSLContext
    ca_pem: bytes | None
    ca_file: Path | None
    everywhere: bool


def tls_of(config: ServerConfig) -> Tls | None:
    """Return what a server of that configuration needs for TLS; nothing if it speaks none.

    Raises:
        ServerError: A file or a name is no good for TLS; the message says why.
    """
    if not (config.tls or config.intercept):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if not config.intercept:  # the tunnels tell more: who it was
        context.sslobject_class = TellingHandshake
    ca_pem = None
    if config.cert is not None and config.key is not None:
        _load(context, config.cert, config.key)
    else:
        ca_pem = _issue(context, _names(config))
    return Tls(context, ca_pem, config.ca_file, config.tls)


def _names(config: ServerConfig) -> list[str]:
    """Return the names that clients may call a server by."""
    names = [*LOOPBACK_NAMES, *sorted(VENDOR_HOSTS), *config.allow_hosts, *config.intercept]
    with suppress(ValueError):
        if ip_address(config.host).is_unspecified:
            return list(dict.fromkeys(names))
    return list(dict.fromkeys([*names, config.host]))


def _issue(context: ssl.SSLContext, names: Iterable[str]) -> bytes:
    """Load a certificate of a new CA for some names, and return the CA's own."""
    import trustme  # noqa: PLC0415 - it takes longer to load than a server to start

    ca = trustme.CA(organization_name=CA_NAME)
    try:
        leaf = ca.issue_cert(*names, organization_name=CA_NAME)
    except UnicodeError as error:
        raise ServerError(f"a certificate cannot hold one of the hosts: {error}") from error
    leaf.configure_cert(context)
    return ca.cert_pem.bytes()


def _load(context: ssl.SSLContext, cert: Path, key: Path) -> None:
    """Load a certificate and its key from files.

    Raises:
        ServerError: They cannot be read, do not go together, are encrypted, or out of date.
    """
    for name, path in (("cert", cert), ("key", key)):
        try:
            path.read_bytes()
        except OSError as error:
            raise ServerError(f"{name} {str(path)!r} cannot be read: {error.strerror}") from error

    def refuse() -> str:
        raise ServerError(
            f"key {str(key)!r} is encrypted: decrypt it first, as `openssl pkey` does"
        )

    try:
        context.load_cert_chain(cert, key, password=refuse)
    except ssl.SSLError as error:
        reason = _REASONS.get(error.reason or "", "one of them holds no PEM of its kind")
        raise ServerError(f"cert {str(cert)!r} and key {str(key)!r}: {reason}") from error
    _demand_valid_now(cert)


def _demand_valid_now(cert: Path) -> None:
    from cryptography import x509  # noqa: PLC0415 - only who brings a certificate needs it

    leaf = x509.load_pem_x509_certificates(cert.read_bytes())[0]
    now = datetime.fromtimestamp(RealTime.time(), UTC)
    if leaf.not_valid_after_utc < now:
        raise ServerError(f"cert {str(cert)!r} expired on {leaf.not_valid_after_utc:%Y-%m-%d}")
    if leaf.not_valid_before_utc > now:
        raise ServerError(
            f"cert {str(cert)!r} is not valid before {leaf.not_valid_before_utc:%Y-%m-%d}"
        )


def pem_blocks(text: bytes) -> list[bytes]:
    """Return the certificates that stand in a text, each as PEM."""
    return [block.replace(b"\r", b"") + b"\n" for block in _PEM.findall(text)]


def system_cas() -> list[bytes]:
    """Return the certificates of the CAs that this system trusts, as PEM."""
    context = ssl.create_default_context()
    found = [
        ssl.DER_cert_to_PEM_cert(one).encode() for one in context.get_ca_certs(binary_form=True)
    ]
    paths = ssl.get_default_verify_paths()
    if not found and paths.capath:  # the folder of an OpenSSL that has no file
        with suppress(OSError):
            found = [
                block
                for file in sorted(Path(paths.capath).glob("*.[0-9]"))
                for block in pem_blocks(file.read_bytes())
            ]
    return found


def java_trust_store(cas: Iterable[bytes]) -> bytes:
    """Return a PKCS#12 store of certificates that a JVM takes, without those it cannot hold."""
    from cryptography import x509  # noqa: PLC0415 - see `_issue`
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        BestAvailableEncryption,
        pkcs12,
    )

    trusted = []
    with warnings.catch_warnings(action="ignore"):  # old CAs break rules of today
        for number, pem in enumerate(cas):
            with suppress(ValueError):
                certificate = x509.load_pem_x509_certificate(pem)
                trusted.append(pkcs12.PKCS12Certificate(certificate, b"ca-%d" % number))
    password = BestAvailableEncryption(JAVA_STORE_PASSWORD.encode())
    return pkcs12.serialize_java_truststore(trusted, password)
