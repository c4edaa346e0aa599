"""Clients that do not trust what they find: noticed in the bytes they send, and told what helps."""

import re
from collections.abc import Mapping
from typing import Final

from fiskaly_mockserver.world.names import shown

ENCRYPTED_ALERT: Final = 19
"""Bytes of an alert in TLS 1.3; a client's `Finished`, which may stand there, is longer."""

OBEYED: Final[Mapping[str, str]] = {
    "curl": "CURL_CA_BUNDLE",
    "go-http-client": "SSL_CERT_FILE",
    "guzzlehttp": "PHP_INI_SCAN_DIR (curl.cainfo)",
    "java": "JAVA_TOOL_OPTIONS (javax.net.ssl.trustStore)",
    "node": "NODE_EXTRA_CA_CERTS",
    "php": "PHP_INI_SCAN_DIR (openssl.cafile)",
    "python": "SSL_CERT_FILE, requests REQUESTS_CA_BUNDLE",
    "ruby": "SSL_CERT_FILE",
    "wget": "WGETRC (ca_certificate)",
}
"""By the first word of a client's name: what tells it whom to trust."""


def untrusting(name: str) -> str:
    """Return what is said of a client that broke off; `name` is what it calls itself, if anything.

    >>> untrusting("curl/8.0").partition(": ")[2].partition(", most")[0]
    'a client "curl/8.0" broke off the handshake'
    """
    words = (name.lower().partition("/")[0], re.split(r"[/ -]", name.lower())[0])
    obeys = next((OBEYED[word] for word in words if word in OBEYED), None)
    told = f"it obeys {obeys}" if obeys else f"clients obey {', '.join(OBEYED.values())}"
    return (
        f"TLS: a client {shown(name) if name else 'without a name'} broke off the handshake, most"
        " likely because it does not trust the CA of fiskaly-mockserver:"
        f" {told}, if nothing in its code says else"
    )


class ClientHandshake:
    """Reads the TLS records of a client until it is clear whether it goes through with it.

    A client that does not trust the certificate sends an alert, in TLS 1.3 an encrypted one,
    which its length gives away; or it says nothing more.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._records: list[int] = []
        self._done = False

    @property
    def broken_off(self) -> bool:
        """Whether the client began, and then did not go through with it."""
        return bool(self._records) and not self._done

    def see(self, data: bytes) -> None:
        """Take what the client sent."""
        if self._done:
            return
        self._buffer += data
        while len(self._buffer) >= 5:  # noqa: PLR2004 - bytes before a record's content
            kind, length = self._buffer[0], int.from_bytes(self._buffer[3:5])
            secret = kind == 0x17 and length != ENCRYPTED_ALERT  # noqa: PLR2004 - TLS
            finished = kind == 0x16 and 0x14 in self._records  # noqa: PLR2004 - TLS 1.2
            if secret or finished:
                self._done, self._buffer = True, b""
                return
            if len(self._buffer) < 5 + length:
                return
            self._records.append(kind)
            self._buffer = self._buffer[5 + length :]
