"""A whole export: names, order and signatures, judged by tarfile and OpenSSL."""

import io
import re
import tarfile
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest
from asn1crypto import x509  # type: ignore[import-untyped]
from builders.openssl import OpenSsl
from builders.receipts import receipt
from fiskaly_mockserver.domain.signing.archive import export_files, tar_file
from fiskaly_mockserver.domain.signing.model import ExportFilter, TransactionState, TssState
from signing.till import EXPORT_ID, START, TSS_ID, Signing, uid

LIFE = [
    *["updateTime"] * 19,
    "registerClient",
    "startAudit",
    "configureLogging",
    "selfTest",
    "enterSecureState",
    "exitSecureState",
    "unblockUser",
    "authenticateUser",
    "initialize",
    "registerClient",
    "registerClient",
    "Start",
    "Update",
    "Finish",
    "Start",
    "Finish",
    "deregisterClient",
    "logOut",
    "authenticateUser",
    "disableSecureElement",
]


@pytest.fixture
def files(signing: Signing) -> Iterator[dict[str, bytes]]:
    """Live a TSS's whole life, and take apart the archive that is left."""
    signing.till()
    signing.clients.create(signing.shop, TSS_ID, uid(2), serial_number="Bar/2")
    for step, (state, schema) in enumerate(
        [
            (TransactionState.ACTIVE, None),
            (TransactionState.ACTIVE, receipt("2.50")),
            (TransactionState.FINISHED, receipt("11.90")),
        ],
        start=1,
    ):
        signing.sign(step, state, schema)
        signing.clock.advance(1)
    signing.sign(1, tx=uid(0x72), client=uid(2))
    signing.sign(2, TransactionState.CANCELLED, receipt("0.00"), tx=uid(0x72), client=uid(2))
    signing.deregister(uid(2))
    signing.tss.log_out(signing.shop, TSS_ID)
    signing.tss.log_in(signing.shop, TSS_ID, pin="123456")
    signing.tss.change_state(signing.shop, TSS_ID, TssState.DISABLED)
    signing.exports.trigger(signing.shop, TSS_ID, EXPORT_ID, ExportFilter())
    signing.exports.find(signing.shop, TSS_ID, EXPORT_ID)
    file = signing.exports.file(signing.shop, TSS_ID, EXPORT_ID)
    data = tar_file(export_files(file, signing.keys.certificate_authority()), time=file.time)
    with tarfile.open(fileobj=io.BytesIO(b"".join(data))) as archive:
        yield {one.name: archive.extractfile(one).read() for one in archive.getmembers()}  # type: ignore[union-attr]


def test_names_stand_in_the_order_of_real_exports(
    files: dict[str, bytes], signing: Signing
) -> None:
    names = [*files]
    assert names[0] == "info.csv"
    assert names[1] == f"{signing.row().serial_number}_X509.der"
    assert names[2] == f"{signing.keys.certificate_authority().serial_number}_X509.der"
    pattern = re.compile(
        r"Unixt_(\d+)_Sig-(\d+)_Log-"
        r"(?:Sys_(\w+)|Tra_No-(\d+)_(Start|Update|Finish)_Client-([^/]+))\.log"
    )
    logs = [pattern.fullmatch(name) for name in names[3:]]
    assert None not in logs
    rows = [log.groups() for log in logs if log is not None]
    assert [int(row[1]) for row in rows] == [*range(1, len(LIFE) + 1)]
    assert [row[2] or row[4] for row in rows] == LIFE
    times = [int(row[0]) for row in rows]
    assert times == sorted(times)
    assert times[0] == START - 19 * 86_400 + 1
    assert {(row[3], row[5]) for row in rows if row[3]} == {("1", "KASSE-01"), ("2", "Bar_2")}


def test_openssl_accepts_every_log_and_the_chain(files: dict[str, bytes], tmp_path: Path) -> None:
    _, leaf, authority, *logs = files.values()
    openssl = OpenSsl(tmp_path)
    assert [
        name
        for name, log in zip([*files][3:], logs, strict=True)
        if not openssl.accepts_log(log, leaf)
    ] == []
    assert openssl.verify(leaf, authority, at=START) == "leaf.pem: OK"
    begin = x509.Certificate.load(leaf).not_valid_before.timestamp()
    assert begin == START - 19 * 86_400


def test_the_api_signs_what_the_archive_holds(files: dict[str, bytes], signing: Signing) -> None:
    rows = [signing.transactions.find(signing.shop, TSS_ID, number) for number in ("1", "2")]
    shown = [b64decode(one.signature) for row in rows for one in row.revisions]
    assert shown == [log[-64:] for name, log in files.items() if "_Log-Tra_" in name]
