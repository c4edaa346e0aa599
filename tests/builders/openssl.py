"""Signatures and certificates judged by OpenSSL, which shares no code with the server."""

import subprocess
from pathlib import Path
from typing import Any

from asn1crypto import core  # type: ignore[import-untyped]

HALF = 32
TAIL = 66
"""Bytes of a log message's last element: tag, length, r‖s."""


def signed_part(log: bytes) -> bytes:
    """Return what the signature of a log message is over."""
    header = 2 if log[1] < 0x80 else 2 + (log[1] & 0x7F)
    return log[header:-TAIL]


def der_signature(plain: bytes) -> bytes:
    """Return r‖s as the SEQUENCE that OpenSSL reads."""
    signature: Any = core.SequenceOf(spec=core.Integer)
    for half in (plain[:HALF], plain[HALF:]):
        signature.append(core.Integer(int.from_bytes(half, "big")))
    dumped: bytes = signature.dump()
    return dumped


class OpenSsl:
    """Works in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: dict[bytes, bytes] = {}

    def accepts_log(self, log: bytes, certificate: bytes) -> bool:
        """Tell whether a log message carries a signature by the key of a certificate (DER)."""
        return self.accepts(signed_part(log), log[-64:], certificate)

    def accepts(self, message: bytes, signature: bytes, certificate: bytes) -> bool:
        """Tell whether r‖s is a signature over a message by the key of a certificate (DER)."""
        return self._verified(message, signature, self._key_of(certificate))

    def accepts_by_key(self, message: bytes, signature: bytes, key: bytes) -> bool:
        """Tell whether r‖s is a signature over a message by a public key (DER)."""
        self._write(point=key)
        pem = self._run("pkey", "-pubin", "-inform", "DER", "-in", "point").stdout
        return self._verified(message, signature, pem.encode())

    def _key_of(self, certificate: bytes) -> bytes:
        """Return the public key of a certificate as OpenSSL reads it, in PEM."""
        if certificate not in self._keys:
            self._write(certificate=certificate)
            done = self._run("x509", "-inform", "DER", "-in", "certificate", "-noout", "-pubkey")
            self._keys[certificate] = done.stdout.encode()
        return self._keys[certificate]

    def _verified(self, message: bytes, signature: bytes, key: bytes) -> bool:
        self._write(message=message, signature=der_signature(signature), key=key)
        arguments = ("dgst", "-sha256", "-verify", "key", "-signature", "signature", "message")
        return self._run(*arguments).stdout == "Verified OK\n"

    def verify(self, leaf: bytes, authority: bytes, *, at: int) -> str:
        """Return what OpenSSL says of a chain at a time, strictly: "leaf.pem: OK" if it is good."""
        self._write(leaf=leaf, ca=authority)
        for name in ("leaf", "ca"):
            self._run("x509", "-inform", "DER", "-in", name, "-out", f"{name}.pem")
        done = self._run(
            *("verify", "-x509_strict", "-attime", str(at), "-CAfile", "ca.pem", "leaf.pem")
        )
        return (done.stdout + done.stderr).strip()

    def structure(self, der: bytes) -> str:
        """Return how OpenSSL reads the elements of a DER value."""
        self._write(der=der)
        return self._run("asn1parse", "-inform", "DER", "-in", "der").stdout

    def _write(self, **files: bytes) -> None:
        for name, data in files.items():
            (self._folder / name).write_bytes(data)

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["openssl", *arguments],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
