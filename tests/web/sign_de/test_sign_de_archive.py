"""A TSS's whole life over the API, and archives of it, judged by code that is not the server's."""

import io
import tarfile
from base64 import b64decode
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509  # type: ignore[import-untyped]
from builders.accounts import Account, uid
from builders.archives import Log, read_log, read_tar
from builders.openssl import OpenSsl
from builders.receipts import receipt
from web.sign_de.till import PIN, TSS, Till

SERIALS = ["KASSE-01", "Bar/2", "Theke 3 (Nord)", "K" * 70]
LONGEST = SERIALS[-1]
SETUP = [
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
    *["registerClient"] * len(SERIALS),
]
END = ["deregisterClient", "registerClient", "logOut", "unblockUser", "authenticateUser"]
DISABLED = "disableSecureElement"
ORDER = {
    "standard_v1": {
        "order": {
            "line_items": [
                {"quantity": "2", "text": 'Brötchen "spezial", 1 €', "price_per_unit": "1.00"}
            ]
        }
    }
}


class Shop:
    """Lives the life of a TSS with four tills and so many receipts."""

    def __init__(self, till: Till, account: Account, receipts: int) -> None:
        self.till = till
        self.account = account
        self.receipts = receipts
        self.signatures: list[str] = []
        self._exports = 0

    async def live(self) -> None:
        puk = await self.till.create()
        await self.till.state("UNINITIALIZED")
        await self._log_in(puk)
        await self.till.state("INITIALIZED")
        for at, serial in enumerate(SERIALS):
            await self.till.put(f"/tss/{TSS}/client/{uid(at)}", {"serial_number": serial})
        for number in range(self.receipts):
            await self._sell(number)
        for state in ("DEREGISTERED", "REGISTERED"):
            await self.till.patch(f"/tss/{TSS}/client/{uid(0)}", {"state": state})
        await self.till.post(f"/tss/{TSS}/admin/logout", {})
        await self._log_in(puk)
        await self.till.state("DISABLED")

    async def export(self, query: str = "") -> bytes:
        """Return the file of a new export, b"" if it ends in ERROR."""
        self._exports += 1
        export = f"/tss/{TSS}/export/{uid(0xE00 + self._exports)}"
        asked = await self.till.put(f"{export}{query}")
        assert asked.status == 200, asked.raw
        done = (await self.till.get(export)).body
        if done["state"] == "ERROR":
            return b""
        file = await self.till.get(f"{export}/file")
        assert (file.status, file.headers["Content-Type"]) == (200, "application/x-tar")
        return file.raw

    async def _log_in(self, puk: str) -> None:
        body = {"admin_puk": puk, "new_admin_pin": PIN}
        await self.till.patch(f"/tss/{TSS}/admin", body)
        await self.till.post(f"/tss/{TSS}/admin/auth", {"admin_pin": PIN})

    async def _sell(self, number: int) -> None:
        """Start and end a transaction; some have an update, some are canceled, some orders."""
        client = number % len(SERIALS)
        schema: Any = ORDER if number % 9 == 4 else receipt(f"{number}.90")
        steps: list[tuple[str, Any]] = [("ACTIVE", None)]
        if number % 5 == 0:
            steps.append(("ACTIVE", schema))
        steps.append(("CANCELLED" if number % 11 == 3 else "FINISHED", schema))
        for revision, (state, given) in enumerate(steps, start=1):
            body = {"state": state, "client_id": uid(client)}
            path = f"/tss/{TSS}/tx/{uid(0x1000 + number)}?tx_revision={revision}"
            signed = await self.till.put(path, {**body, **({"schema": given} if given else {})})
            assert signed.status == 200, signed.raw
            self.signatures.append(signed.body["signature"]["value"])
            self.account.clock.advance(1)


def selected(logs: Iterable[Log], wanted: Callable[[Log], bool]) -> list[int]:
    return [log.counter for log in logs if wanted(log)]


@pytest.mark.parametrize("receipts", [12, pytest.param(1_000, marks=pytest.mark.slow)])
async def test_everything_that_a_tss_signed_is_exported_and_verifies(
    till: Till, account: Account, receipts: int, tmp_path: Path
) -> None:
    shop = Shop(till, account, receipts)
    await shop.live()
    data = await shop.export()
    now = int(account.clock.now())
    tss = (await till.get(f"/tss/{TSS}")).body
    serial: str = tss["serial_number"]

    files = [*read_tar(data, time=now)]
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert [(one.name, archive.extractfile(one).read()) for one in archive] == files  # type: ignore[union-attr]
    (info, about), (leaf_name, leaf), (authority_name, authority), *written = files
    assert (info, leaf_name) == ("info.csv", f"{serial}_X509.der")
    assert about.startswith(f'"description:","fiskaly sign cloud-TSE ({TSS})",'.encode())
    point = x509.Certificate.load(authority).public_key["public_key"].native
    assert authority_name == f"{sha256(point).hexdigest()}_X509.der"
    assert leaf == b64decode(tss["certificate"])

    openssl = OpenSsl(tmp_path)
    assert openssl.verify(leaf, authority, at=now) == "leaf.pem: OK"
    assert [name for name, log in written if not openssl.accepts_log(log, leaf)] == []

    logs = [read_log(log) for _, log in written]
    assert [name for name, _ in written] == [log.name for log in logs]
    assert [log.counter for log in logs] == [*range(1, int(tss["signature_counter"]) + 1)]
    assert [log.time for log in logs] == sorted(log.time for log in logs)
    assert logs[0].time == tss["time_creation"] - 19 * 86_400 + 1
    assert {log.serial.hex() for log in logs} == {serial}
    system = [log.operation for log in logs if log.kind == "Sys"]
    assert system == [*SETUP, *END, DISABLED]
    assert [log.kind for log in logs[: len(SETUP)]] == ["Sys"] * len(SETUP)
    signed = [log for log in logs if log.kind == "Tra"]
    assert len(signed) == len(shop.signatures) >= 2 * receipts
    assert [b64decode(one) for one in shop.signatures] == [
        log[-64:] for name, log in written if "_Log-Tra_" in name
    ]
    assert [log.number for log in signed if log.operation == "StartTransaction"] == [
        *range(1, receipts + 1)
    ]
    starts = {(log.process_type, log.process_data) for log in signed if "Start" in log.operation}
    assert starts == {(" ", b"")}
    assert {log.client for log in signed} == set(SERIALS)
    assert {log.process_type for log in signed} == {" ", "Kassenbeleg-V1", "Bestellung-V1"}
    assert any(len(name) > 100 for name, _ in written)


@pytest.mark.parametrize("receipts", [12, pytest.param(1_000, marks=pytest.mark.slow)])
async def test_filters_select_what_the_guideline_says(
    till: Till, account: Account, receipts: int
) -> None:
    shop = Shop(till, account, receipts)
    await shop.live()

    async def held(query: str = "") -> list[Log]:
        files = [*read_tar(await shop.export(query), time=int(account.clock.now()))]
        assert [name[-4:] for name, _ in files[:3]] == [".csv", ".der", ".der"]
        return [read_log(log) for _, log in files[3:]]

    async def counters(query: str) -> list[int]:
        return [log.counter for log in await held(query)]

    logs = await held()
    first, last = 4, receipts - 2
    of = {number: [log.counter for log in logs if log.number == number] for number in (first, last)}
    begin, end = logs[40].time, logs[-8].time

    assert await counters(f"?transaction_number={first}") == selected(
        logs,
        lambda log: (
            log.number == first
            or (log.kind == "Sys" and min(of[first]) < log.counter < max(of[first]))
        ),
    )
    numbers = f"?start_transaction_number={first}&end_transaction_number={last}"
    assert await counters(numbers) == [*range(min(of[first]), max(of[last]) + 1)]
    assert await counters(f"?start_date={begin}&end_date={end}") == selected(
        logs, lambda log: begin <= log.time <= end
    )
    assert await counters("?start_signature_counter=20&end_signature_counter=50") == [
        *range(20, 51)
    ]
    assert await counters(f"?client_id={uid(1)}") == selected(
        logs, lambda log: log.kind == "Sys" or log.client == "Bar/2"
    )
    assert await counters(f"?maximum_number_records={len(logs)}") == [log.counter for log in logs]
    assert await shop.export(f"?maximum_number_records={len(logs) - 1}") == b""
