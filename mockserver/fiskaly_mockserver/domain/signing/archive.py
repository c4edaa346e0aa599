"""The TAR file of an export (S9), written as the service's own are.

Source: 16 real exports. Python's `tarfile` writes other headers, so that it is the tests'
second opinion instead.
"""

from base64 import b64decode
from collections.abc import Iterator

from fiskaly_mockserver.domain.signing.exports import ExportFile
from fiskaly_mockserver.domain.signing.signer import CertificateAuthority

BLOCK = 512
NAME_BYTES = 100
# Mode, uid and gid, then the numbers of a device: six digits, a blank and NUL each
_OWNER = b"000644 \x00" + 2 * b"000000 \x00"
_DEVICE = 2 * b"000000 \x00"
VERSION = "fiskaly-mockserver, a mock: no certified TSE"


def info_csv(description: str, *, line_end: bool = False) -> bytes:
    """Return info.csv, which says plainly that this is a mock.

    `line_end` adds the line feed that the guideline wants and real exports do not have.

    >>> info_csv("Till 1").decode()
    '"description:","Till 1","manufacturer:","fiskaly-mockserver (not fiskaly)",\
"version:","fiskaly-mockserver, a mock: no certified TSE"'
    """
    pairs = (
        ("description:", description.replace('"', '""')),
        ("manufacturer:", "fiskaly-mockserver (not fiskaly)"),
        ("version:", VERSION),
    )
    line = ",".join(f'"{name}","{value}"' for name, value in pairs)
    return (line + ("\n" if line_end else "")).encode()


def export_files(file: ExportFile, authority: CertificateAuthority) -> Iterator[tuple[str, bytes]]:
    """Yield the names and bytes of an export: info.csv, certificates, logs (recorded order)."""
    yield "info.csv", info_csv(file.tss.description)
    yield f"{file.tss.serial_number}_X509.der", b64decode(file.tss.certificate)
    yield f"{authority.serial_number}_X509.der", authority.certificate
    for log in file.logs:
        yield log.name, log.data


def tar_file(files: Iterator[tuple[str, bytes]], *, time: int) -> Iterator[bytes]:
    """Yield the blocks of an archive, file by file; `time` is that of the export."""
    for name, data in files:
        encoded = name.encode()
        if len(encoded) > NAME_BYTES:
            record = _pax_record("path", name)
            yield _header(b"PaxHeader", len(record), time, b"x") + _padded(record)
            encoded = b"PaxHeader"
        yield _header(encoded, len(data), time, b"0") + _padded(data)
    yield bytes(2 * BLOCK)


def _header(name: bytes, size: int, time: int, kind: bytes) -> bytes:
    before = name.ljust(NAME_BYTES, b"\0") + _OWNER + b"%011o " % size + b"%011o " % time
    after = kind + bytes(100) + b"ustar\x0000" + bytes(64) + _DEVICE + bytes(167)
    checksum = sum(before) + sum(after) + 8 * ord(" ")
    return before + b"%06o \0" % checksum + after


def _pax_record(keyword: str, value: str) -> bytes:
    r"""Return a PAX record, which begins with its own length.

    >>> _pax_record("path", "xy")
    b'10 path=xy\n'
    """
    rest = f" {keyword}={value}\n".encode()
    length = len(rest)
    while length != len(rest) + len(str(length)):
        length = len(rest) + len(str(length))
    return str(length).encode() + rest


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)
