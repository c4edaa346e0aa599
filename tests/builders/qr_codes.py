"""The QR code of a receipt, judged by code that shares nothing with the server.

asn1crypto writes what is signed and OpenSSL verifies it; Node does both again in its own way.
"""

import shutil
import subprocess
from base64 import b64decode
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from asn1crypto import core, keys  # type: ignore[import-untyped]
from builders.openssl import OpenSsl

TRANSACTION_LOG = "0.4.0.127.0.7.3.7.1.1"
ECDSA_PLAIN_SHA256 = "0.4.0.127.0.7.1.1.4.1.3"


class QrCode:
    """The twelve fields of a code's text; the process data holds no semicolon."""

    def __init__(self, text: str) -> None:
        fields = text.split(";")
        assert len(fields) == 12
        version, self.client, self.process_type, self.process_data, *fields = fields
        number, counter, self.start, self.finish, algorithm, time_format, *fields = fields
        assert (version, algorithm, time_format) == ("V0", "ecdsa-plain-SHA256", "unixTime")
        self.number, self.counter = int(number), int(counter)
        self.signature, self.point = (b64decode(one, validate=True) for one in fields)

    @property
    def message(self) -> bytes:
        """What is signed: the log message of the transaction's end, without its outer SEQUENCE."""
        algorithm: Any = core.SequenceOf(spec=core.ObjectIdentifier)
        algorithm.append(core.ObjectIdentifier(ECDSA_PLAIN_SHA256))
        number = core.Integer(self.number, implicit=("context", 5))
        elements = [
            core.Integer(2),
            core.ObjectIdentifier(TRANSACTION_LOG),
            *(
                core.OctetString(text.encode(), implicit=("context", tag))
                for tag, text in enumerate(
                    ("FinishTransaction", self.client, self.process_data, self.process_type)
                )
            ),
            number,
            core.OctetString(sha256(self.point).digest()),
            algorithm,
            core.Integer(self.counter),
            core.Integer(int(datetime.fromisoformat(self.finish).timestamp())),
        ]
        return b"".join(element.dump() for element in elements)

    @property
    def public_key(self) -> bytes:
        """Its key as SubjectPublicKeyInfo in DER."""
        named = {"algorithm": "ec", "parameters": keys.ECDomainParameters("named", "secp256r1")}
        info = keys.PublicKeyInfo({"algorithm": named, "public_key": self.point})
        dumped: bytes = info.dump()
        return dumped


def verifies(text: str, folder: Path) -> bool:
    """Tell whether a code's signature is good, and that OpenSSL and Node (if there) agree."""
    code = QrCode(text)
    accepted = OpenSsl(folder).accepts_by_key(code.message, code.signature, code.public_key)
    if shutil.which("node") is not None:
        script = Path(__file__).with_name("verify_qr_code.mjs")
        done = subprocess.run(
            ["node", str(script), text],
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=True,
        )
        assert done.stdout == f"{str(accepted).lower()}\n"
    return accepted
