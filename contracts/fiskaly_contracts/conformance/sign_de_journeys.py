"""What `verify` does on SIGN DE: reads what is there, or signs a receipt and exports it.

Source: the recorded and reported answers, and the numbered assumptions elsewhere.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from fiskaly_contracts.conformance.management_journeys import (
    INVALID,
    NO_TOKEN,
    NOWHERE,
    a_list,
    a_row,
    rows_of,
)
from fiskaly_contracts.conformance.probe import Answer, BrokenJourneyError, Probe
from fiskaly_contracts.violations import Where
from fiskaly_contracts.wording import counted

PIN: Final = "246810"
SIGNATURE_BYTES: Final = 64
LOOKS: Final = 20
"""How often an export is looked at before it is given up."""
PAUSE: Final = 1.0
"""Seconds between two looks, where the first found it unfinished."""
LISTS: Final = {
    "/tss": "TSS_LIST",
    "/client": "CLIENT_LIST",
    "/tx": "TRANSACTION_LIST",
    "/export": "EXPORT_LIST",
}
RECEIPT: Final = {
    "standard_v1": {
        "receipt": {
            "receipt_type": "RECEIPT",
            "amounts_per_vat_rate": [{"vat_rate": "NORMAL", "amount": "11.90"}],
            "amounts_per_payment_type": [{"payment_type": "CASH", "amount": "11.90"}],
        }
    }
}
PROCESS_DATA: Final = "Beleg^11.90_0.00_0.00_0.00_0.00^11.90:Bar"


@dataclass(frozen=True, slots=True)
class Till:
    """A TSS and the calls on it."""

    probe: Probe
    token: str
    tss: str

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """Call something below the TSS."""
        return self.probe.call(
            method, f"/tss/{self.tss}{path}", body, token=self.token, sign_de=True, **more
        )

    def state(self, state: str, **more: Any) -> Answer:
        """Ask for a state of the TSS."""
        return self.call("PATCH", "", {"state": state, **more})

    def sign(self, tx: str, revision: int, state: str, client: str, **more: Any) -> Answer:
        """Make one call on a transaction."""
        body = {"state": state, "client_id": client, **more}
        return self.call("PUT", f"/tx/{tx}", body, query={"tx_revision": revision})


def read_everything(probe: Probe, token: str) -> None:
    """Read every list, and one row of each with what hangs below it."""
    lists = {path: a_list(probe, path, token, kind, sign_de=True) for path, kind in LISTS.items()}
    a_row(probe, lists["/tss"], "/tss", token, sign_de=True)
    for path in ("/client", "/tx", "/export"):
        for row in rows_of(lists[path])[:1]:
            till = Till(probe, token, str(row.get("tss_id")))
            probe.expect(till.call("GET", f"{path}/{row.get('_id')}"), 200)
            probe.expect(till.call("GET", f"{path}/{row.get('_id')}/metadata"), 200)
    for row in rows_of(lists["/tss"])[:1]:
        below(Till(probe, token, str(row.get("_id"))))


def below(till: Till) -> None:
    """Read the lists of one TSS."""
    for path, kind in LISTS.items():
        if path != "/tss":
            a_list(till.probe, f"/tss/{till.tss}{path}", till.token, kind, sign_de=True)
    till.probe.expect(till.call("GET", "/metadata"), 200)


def read_refusals(probe: Probe, token: str) -> None:
    """Be refused in every way that changes nothing."""
    probe.expect(probe.call("GET", "/tss", sign_de=True), 401, assumption="A-63")
    garbage = probe.call("GET", "/tss", token=NO_TOKEN, sign_de=True)
    if probe.expect(garbage, 401):
        probe.same(garbage, ("message",), f"could not parse jwt: '{NO_TOKEN}'")
    unknown = probe.call("GET", f"/tss/{NOWHERE}", token=token, sign_de=True)
    probe.expect(unknown, 404, "E_TSS_NOT_FOUND")
    form = probe.call("GET", "/tss/none", token=token, sign_de=True)
    probe.expect(form, 400, INVALID)
    for path in LISTS:
        limit = probe.call("GET", path, token=token, query={"limit": -1}, sign_de=True)
        probe.expect(limit, 400, INVALID)


def sign_receipts(probe: Probe, token: str) -> None:
    """Deploy a TSS, sign on it, export, and disable it again."""
    till = Till(probe, token, str(uuid4()))
    deploy(till)
    client = register(till)
    transactions(till, client)
    exports(till, client)
    below(till)
    probe.expect(till.call("POST", "/admin/logout", {}), 200)
    disable(till)
    closed = till.sign(str(uuid4()), 1, "ACTIVE", client)
    probe.expect(closed, 400, "E_TSS_DISABLED")


def deploy(till: Till) -> None:
    """Bring a new TSS to INITIALIZED, and be refused on the way."""
    probe = till.probe
    made = probe.need(till.call("PUT", "", {}))
    puk = made.at("admin_puk")
    probe.same(made, ("state",), "CREATED")
    again = till.call("PUT", "", {})
    if probe.expect(again, 200, assumption="A-68"):
        probe.fact(
            again,
            "same-puk",
            again.at("admin_puk") == puk,
            pointer="/admin_puk",
            expected="the PUK of the first answer",
            assumption="A-68",
        )
    early = till.state("INITIALIZED")
    probe.expect(early, 400, "E_ILLEGAL_TSS_STATE_CHANGE")
    changed = probe.need(till.state("UNINITIALIZED"))
    probe.same(changed, ("state",), "UNINITIALIZED")
    probe.later(f"TSS {till.tss}, to be disabled", lambda: disable(till))
    unasked = till.state("INITIALIZED")
    probe.expect(unasked, 401, "E_ADMIN_NOT_AUTHENTICATED", assumption="A-74")
    wrong = till.call("PATCH", "/admin", {"admin_puk": "0000000000", "new_admin_pin": PIN})
    probe.expect(wrong, 401, "E_ADMIN_LOGIN_FAILED")
    probe.need(till.call("PATCH", "/admin", {"admin_puk": puk, "new_admin_pin": PIN}))
    bad = till.call("POST", "/admin/auth", {"admin_pin": "135791"})
    probe.expect(bad, 401, "E_ADMIN_LOGIN_FAILED")
    probe.need(till.call("POST", "/admin/auth", {"admin_pin": PIN}))
    probe.need(till.state("INITIALIZED", description="contract check"))
    same = till.state("INITIALIZED")
    probe.expect(same, 200, assumption="A-71")
    taken = till.call("PUT", "", {})
    probe.expect(taken, 409, "E_TSS_CONFLICT", assumption="A-68")
    read = till.call("GET", "")
    if probe.expect(read, 200):
        probe.same(read, ("state",), "INITIALIZED")
        probe.same(read, ("description",), "contract check")
        probe.fact(
            read,
            "puk-hidden",
            read.at("admin_puk") is None,
            pointer="/admin_puk",
            expected="no PUK once the TSS is deployed",
            assumption="A-70",
        )
    metadata(till, "")


def register(till: Till) -> str:
    """Register a client, and be refused a second one of its id or serial number."""
    probe, client, serial = till.probe, str(uuid4()), f"CHECK-{uuid4().hex[:8]}"
    path = f"/client/{client}"
    made = probe.need(till.call("PUT", path, {"serial_number": serial}))
    probe.same(made, ("serial_number",), serial)
    probe.same(made, ("state",), "REGISTERED")
    probe.expect(till.call("PUT", path, {"serial_number": f"{serial}-2"}), 409, "E_CLIENT_CONFLICT")
    twin = till.call("PUT", f"/client/{uuid4()}", {"serial_number": serial})
    probe.expect(twin, 400, "E_ILLEGAL_CLIENT_SERIAL")
    for state in ("DEREGISTERED", "REGISTERED"):
        changed = till.call("PATCH", path, {"state": state})
        if probe.expect(changed, 200):
            probe.same(changed, ("state",), state)
        if state == "DEREGISTERED":
            refused = till.sign(str(uuid4()), 1, "ACTIVE", client)
            probe.expect(refused, 400, "E_CLIENT_DEREGISTERED")
    read = till.call("GET", path)
    if probe.expect(read, 200):
        probe.same(read, ("serial_number",), serial)
    probe.expect(till.call("GET", f"/client/{NOWHERE}"), 404, "E_CLIENT_NOT_FOUND")
    metadata(till, path)
    return client


def transactions(till: Till, client: str) -> None:
    """Sign a receipt in three revisions, repeat and be refused; cancel another."""
    probe, tx = till.probe, str(uuid4())
    started = probe.need(till.sign(tx, 1, "ACTIVE", client))
    signed(probe, started, 1, "ACTIVE")
    repeated = till.sign(tx, 1, "ACTIVE", client)
    if probe.expect(repeated, 200):
        probe.same(repeated, ("signature", "value"), started.at("signature", "value"))
    skipped = till.sign(tx, 4, "ACTIVE", client, schema=RECEIPT)
    probe.expect(skipped, 400, "E_TX_UPSERT")
    bare = till.sign(tx, 2, "FINISHED", client)
    probe.expect(bare, 409, "E_TX_NO_TYPE_DEFINED")
    raw = {"raw": {"process_type": "x", "process_data": "no base64!"}}
    probe.expect(till.sign(tx, 2, "ACTIVE", client, schema=raw), 400, "E_PARSER")
    updated = probe.need(till.sign(tx, 2, "ACTIVE", client, schema=RECEIPT))
    signed(probe, updated, 2, "ACTIVE", before=started)
    finished = probe.need(till.sign(tx, 3, "FINISHED", client, schema=RECEIPT))
    signed(probe, finished, 3, "FINISHED", before=updated)
    receipt_of(probe, finished)
    closed = till.sign(tx, 4, "FINISHED", client, schema=RECEIPT)
    probe.expect(closed, 400, "E_TX_UPSERT")
    for name in (tx, str(finished.at("number"))):
        read = till.call("GET", f"/tx/{name}")
        if probe.expect(read, 200):
            probe.fact(
                read,
                "row-as-signed",
                read.value == finished.value,
                expected="the transaction as it was finished",
            )
    old = till.call("GET", f"/tx/{tx}", query={"tx_revision": 1})
    if probe.expect(old, 200, assumption="A-78"):
        probe.same(old, ("revision",), 1, assumption="A-78")
    missing = till.call("GET", f"/tx/{tx}", query={"tx_revision": 99})
    probe.expect(missing, 400, "E_TX_REVISION_NOT_FOUND")
    probe.expect(till.call("GET", f"/tx/{NOWHERE}"), 404, "E_TX_NOT_FOUND")
    probe.expect(till.call("GET", f"/tx/{tx}/log"), 200)
    metadata(till, f"/tx/{tx}")
    listed = till.call("GET", f"/client/{client}/tx")
    if probe.expect(listed, 200):
        probe.same(listed, ("count",), 1)
    other = str(uuid4())
    probe.need(till.sign(other, 1, "ACTIVE", client))
    canceled = till.sign(other, 2, "CANCELLED", client, schema=RECEIPT)
    if probe.expect(canceled, 200):
        signed(probe, canceled, 2, "CANCELLED")
    nobody = till.sign(str(uuid4()), 1, "ACTIVE", NOWHERE)
    probe.expect(nobody, 400, "E_CLIENT_NOT_FOUND")


def signed(
    probe: Probe, answer: Answer, revision: int, state: str, before: Answer | None = None
) -> None:
    """Check what every signed revision shows."""
    probe.same(answer, ("state",), state)
    probe.same(answer, ("revision",), revision)
    probe.same(answer, ("latest_revision",), revision)
    operation = {1: "Start"}.get(revision, "Update" if state == "ACTIVE" else "Finish")
    probe.same(answer, ("log", "operation"), operation)
    try:
        length = len(b64decode(answer.at("signature", "value"), validate=True))
    except (TypeError, ValueError, NotBase64):
        length = 0
    probe.fact(
        answer,
        "signature-length",
        length == SIGNATURE_BYTES,
        pointer="/signature/value",
        expected=f"{SIGNATURE_BYTES} bytes in base64",
        got=f"{length} bytes",
    )
    if before is None:
        return
    for name in ("number", "time_start", "tss_serial_number", "client_serial_number"):
        probe.same(answer, (name,), before.at(name))
    counter = before.at("signature", "counter")
    if isinstance(counter, int):
        probe.same(answer, ("signature", "counter"), counter + 1)


def receipt_of(probe: Probe, finished: Answer) -> None:
    """Check the QR code of a finished receipt, and the process data that was made."""
    text = finished.at("qr_code_data")
    parts = text.split(";") if isinstance(text, str) else []
    wanted = {
        1: finished.at("client_serial_number"),
        2: "Kassenbeleg-V1",
        3: PROCESS_DATA,
        4: str(finished.at("number")),
        5: str(finished.at("signature", "counter")),
        10: finished.at("signature", "value"),
    }
    for index, value in wanted.items():
        got = parts[index] if index < len(parts) else None
        probe.fact(
            finished,
            "qr-code",
            got == value,
            pointer="/qr_code_data",
            expected=f"{value} as field {index + 1}",
            got=got,
            where=Where.BODY,
        )
    if probe.signature_findings is None or not isinstance(text, str):
        probe.not_verified.append(("signature of a receipt", "there is nothing to verify it with"))
        return
    wrong = probe.signature_findings(text)
    probe.fact(
        finished,
        "signature",
        not wrong,
        pointer="/signature/value",
        expected="a signature that verifies",
        got="; ".join(wrong),
    )


def exports(till: Till, client: str) -> None:
    """Export a client's transactions, look at the archive, and cancel another export."""
    probe, export = till.probe, str(uuid4())
    path = f"/export/{export}"
    made = probe.need(till.call("PUT", path, query={"client_id": client}))
    probe.same(made, ("state",), "PENDING")
    twice = till.call("PUT", path)
    probe.expect(twice, 400, "E_DUPLICATE_EXPORT")
    state = None
    for look in range(LOOKS):
        if look > 1:
            probe.sleep(PAUSE)
        state = probe.need(till.call("GET", path)).at("state")
        if state not in {"PENDING", "WORKING"}:
            break
    if state != "COMPLETED":
        raise BrokenJourneyError(f"the export is {state} after {counted(look + 1, 'look')}")
    archive = till.call("GET", f"{path}/file")
    if probe.expect(archive, 200):
        raw = archive.exchange.response_body
        probe.fact(
            archive,
            "export-archive",
            raw[257:262] == b"ustar" and b"info.csv" in raw,
            expected="a TAR archive with info.csv",
            got=f"{len(raw)} bytes",
        )
    metadata(till, path)
    probe.expect(till.call("GET", f"/export/{NOWHERE}"), 404, "E_EXPORT_NOT_FOUND")
    other = str(uuid4())
    probe.need(till.call("PUT", f"/export/{other}"))
    probe.expect(till.call("DELETE", f"/export/{other}"), 200)


def metadata(till: Till, path: str) -> None:
    """Change and read the metadata of something."""
    changed = till.call("PATCH", f"{path}/metadata", {"check": "1"})
    if till.probe.expect(changed, 200, assumption="A-85"):
        read = till.call("GET", f"{path}/metadata")
        if till.probe.expect(read, 200):
            till.probe.same(read, ("check",), "1", assumption="A-85")


def disable(till: Till) -> Answer:
    """Disable the TSS, with an admin session of its own."""
    till.call("POST", "/admin/auth", {"admin_pin": PIN})
    answer = till.state("DISABLED")
    if till.probe.expect(answer, 200):
        till.probe.done(f"TSS {till.tss}, to be disabled")
    return answer
