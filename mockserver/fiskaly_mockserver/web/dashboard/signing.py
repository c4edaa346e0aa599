"""The pages of SIGN DE: TSS, clients, exports and transactions of the organization in view."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any
from uuid import uuid4

import segno

from fiskaly_mockserver.domain.signing.audit import audit_open, audit_revision
from fiskaly_mockserver.domain.signing.model import (
    MAX_ACTIVE_TRANSACTIONS,
    MAX_CLIENTS,
    ClientState,
    ExportState,
    Revision,
    Transaction,
    TransactionState,
    Tss,
    TssState,
)
from fiskaly_mockserver.domain.signing.qr_code import qr_code_text
from fiskaly_mockserver.web.api import Download, JsonObject, PresentedRows
from fiskaly_mockserver.web.dashboard.account import PAGE_ROWS, paged, paging
from fiskaly_mockserver.web.dashboard.frame import Missing, Page, Redirect, Visit

NEXT: Mapping[TssState, Sequence[TssState]] = {
    TssState.CREATED: (TssState.UNINITIALIZED,),
    TssState.UNINITIALIZED: (TssState.INITIALIZED, TssState.DISABLED),
    TssState.INITIALIZED: (TssState.DISABLED,),
}
"""The states that a person may ask for, by the present one (S2)."""
EXPORT_FILTERS = ("client_id", "start_transaction_number", "end_transaction_number")
REVISION_DIGITS = 9


def listed(
    visit: Visit, operation_id: str, narrowing: str, path: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return a page of a list as the API's operation has it, the newest first.

    What the address asks for goes to the operation as it is, and is refused as there.
    `narrowing` is the parameter that a state is sent as.
    """
    asked, wanted = visit.query, paging(visit)
    query = [("limit", str(wanted.limit)), ("offset", str(wanted.offset))]
    query.append(("order", asked.get("order") or "desc"))
    for name, parameter in (("order_by", "order_by"), ("state", narrowing)):
        if asked.get(name):
            query.append((parameter, asked[name]))
    done = visit.ask(operation_id, {}, path or {}, tuple(query))
    tss_of = {row.id: row for row in tss_in_view(visit)}
    found: dict[str, Any] = {"rows": (), "query": asked, "tss_of": tss_of}
    if isinstance(done, PresentedRows):
        found |= {"rows": done.rows, **paged(visit, int(str(done.envelope["count"])))}
    return found


def tss_in_view(visit: Visit) -> list[Tss]:
    """Return the TSS of the organization and environment in view, the oldest first.

    Raises:
        Missing: There is no SIGN DE here.
    """
    if not visit.signs:
        raise Missing
    place = (visit.organization.id, visit.session.env)
    return [*visit.world.rows.tss.select("place", place)]


def all_tss(visit: Visit) -> Mapping[str, object]:
    """List the TSS."""
    return {**listed(visit, "listTss", "states"), "states": [*TssState]}


def create_tss(visit: Visit) -> Mapping[str, object]:
    """Create one; its PUK stands on its page as long as the API shows it."""
    made = visit.perform("createTss", {}, {"tss_id": str(uuid4())})
    if made is None:
        return all_tss(visit)
    visit.session.notice = "tss_created"
    raise Redirect(f"/tss/{made['_id']}")


def show_tss(visit: Visit, sent: str = "") -> Mapping[str, object]:
    """Show one TSS, its clients, and the steps that its state allows; `sent` names a form."""
    row = _named(visit)
    clients = visit.world.rows.clients.select("tss", row.id).page(0, PAGE_ROWS)
    return {
        "row": row,
        "sent": sent,
        "next": NEXT.get(row.state, ()),
        "clients": clients.rows,
        "client_count": clients.count,
        "pin_is_set": row.pin_hash is not None,
        "max_clients": MAX_CLIENTS,
        "max_active": MAX_ACTIVE_TRANSACTIONS,
    }


def change_tss(visit: Visit) -> Mapping[str, object]:
    """Take one to another state; beyond UNINITIALIZED that asks for the admin PIN (S3)."""
    row, wanted = _named(visit), visit.form.get("state", "")
    body: JsonObject = {"state": wanted}
    if visit.form.get("description"):
        body["description"] = visit.form["description"]
    if wanted == TssState.UNINITIALIZED:
        done = visit.perform("updateTss", body, {"tss_id": row.id})
    else:
        done = _as_admin(visit, row, "updateTss", body)
    if done is None:
        return show_tss(visit, wanted)
    raise _to(visit, row)


def change_pin(visit: Visit) -> Mapping[str, object]:
    """Set the admin PIN by the PUK, which also unblocks it (S3)."""
    row = _named(visit)
    body: JsonObject = {name: visit.form.get(name, "") for name in ("admin_puk", "new_admin_pin")}
    if visit.perform("changeAdminPin", body, {"tss_id": row.id}) is None:
        return show_tss(visit, "pin")
    raise _to(visit, row)


def register_client(visit: Visit) -> Mapping[str, object]:
    """Register a client (S4)."""
    row = _named(visit)
    body: JsonObject = {"serial_number": visit.form.get("serial_number", "")}
    if _as_admin(visit, row, "createClient", body, client_id=str(uuid4())) is None:
        return show_tss(visit, "client")
    raise _to(visit, row)


def change_client(visit: Visit) -> Mapping[str, object]:
    """Register or deregister a client again (S4)."""
    row, client_id = _named(visit), visit.path["client_id"]
    body: JsonObject = {"state": visit.form.get("state", "")}
    if _as_admin(visit, row, "updateClient", body, client_id=client_id) is None:
        return show_client(visit)
    raise _to(visit, row)


def show_client(visit: Visit) -> Mapping[str, object]:
    """Show one client, and offer the other state."""
    row = _named(visit)
    client = visit.world.signing.clients.find(visit.as_api_key, row.id, visit.path["client_id"])
    signed = visit.world.rows.transactions.select("client", (row.id, client.id))
    latest = signed.page(0, PAGE_ROWS, descending=True)
    registered = client.state is ClientState.REGISTERED
    other = ClientState.DEREGISTERED if registered else ClientState.REGISTERED
    return {
        "row": client,
        "tss": row,
        "other": other if row.state in (TssState.UNINITIALIZED, TssState.INITIALIZED) else None,
        "latest": latest.rows,
        "count": latest.count,
    }


def all_clients(visit: Visit) -> Mapping[str, object]:
    """List the clients of all TSS."""
    return {**listed(visit, "listAllClients", "state"), "states": [*ClientState]}


def all_exports(visit: Visit) -> Mapping[str, object]:
    """List the exports of all TSS: whoever looks at one that runs completes it (S9)."""
    found = listed(visit, "listAllExports", "states")
    able = (TssState.INITIALIZED, TssState.DISABLED)
    return {
        **found,
        "states": [*ExportState],
        "now": visit.world.clock.now(),
        "exportable": [row for row in found["tss_of"].values() if row.state in able],
    }


def trigger_export(visit: Visit) -> Mapping[str, object]:
    """Ask for an export."""
    path = {"tss_id": visit.form.get("tss_id", ""), "export_id": str(uuid4())}
    wanted = [(name, text) for name in EXPORT_FILTERS if (text := visit.form.get(name, ""))]
    if visit.ask("triggerExport", {}, path, tuple(wanted)) is None:
        return all_exports(visit)
    raise Redirect("/exports")


def cancel_export(visit: Visit) -> Mapping[str, object]:
    """Cancel one that is held."""
    if visit.perform("cancelExport", {}, visit.path) is None:
        return all_exports(visit)
    raise Redirect("/exports")


def export_file(visit: Visit) -> Mapping[str, object] | Download:
    """Send the archive."""
    done = visit.ask("retrieveExportFile", {}, visit.path)
    return done if isinstance(done, Download) else all_exports(visit)


def _named(visit: Visit) -> Tss:
    """Return the TSS in the address.

    Raises:
        TssNotFound: It is missing, or not of the organization and environment in view.
        Missing: There is no SIGN DE here.
    """
    if not visit.signs:
        raise Missing
    return visit.world.signing.tss.find(visit.as_api_key, visit.path["tss_id"])


def _as_admin(
    visit: Visit, row: Tss, operation_id: str, body: JsonObject, **path: str
) -> JsonObject | None:
    """Do what takes an admin session, in one that lasts no longer; `None`, with errors, if not."""
    of_tss = {"tss_id": row.id}
    pin = visit.form.get("admin_pin", "")
    if visit.perform("authenticateAdmin", {"admin_pin": pin}, of_tss) is None:
        visit.errors.setdefault("admin_pin", visit.errors.pop("", ""))
        return None
    done = visit.perform(operation_id, body, {**of_tss, **path})
    visit.perform("logoutAdmin", {}, of_tss)
    return done


def _to(visit: Visit, row: Tss) -> Redirect:
    visit.session.notice = "saved"
    return Redirect(f"/tss/{row.id}")


def all_transactions(visit: Visit) -> Mapping[str, object]:
    """List the transactions of all TSS."""
    found = listed(visit, "listAllTransactions", "states")
    return {**found, "states": [*TransactionState]}


def show_transaction(visit: Visit) -> Mapping[str, object]:
    """Show one in one of its revisions, the latest unless the address names another.

    Its signature is verified here and now, by the public key alone.
    """
    if not visit.signs:
        raise Missing
    # Brings `cryptography`, which most pages do without
    from fiskaly_mockserver.world.qr_codes import explain_qr_code  # noqa: PLC0415
    from fiskaly_mockserver.world.signing import verifies  # noqa: PLC0415

    transactions = visit.world.signing.transactions
    row = transactions.find(visit.as_api_key, visit.path["tss_id"], visit.path["tx_id"])
    one = _revision(visit, row)
    code = "" if one.state is TransactionState.ACTIVE else qr_code_text(row, one)
    warnings = [
        warning.message
        for warning in chain(
            audit_revision(row, one),
            audit_open(row, int(visit.world.clock.now())) if one is row.latest else (),
        )
    ]
    return {
        "row": row,
        "one": one,
        "text": one.process_data.decode("utf-8", "replace"),
        "code": code,
        "picture": _picture(code) if code else "",
        "explained": explain_qr_code(code, visit.world.rows) if code else None,
        "verified": verifies(b64decode(row.public_key), one.log.unsigned, one.log.signature),
        "receipt": receipt_in(one),
        "warnings": warnings,
        "tss": visit.world.rows.tss.get(row.tss_id),
    }


def receipt_in(one: Revision) -> Mapping[str, Any] | None:
    """Return the receipt that a revision was sent with; None where it was no receipt."""
    standard = (one.body.get("schema") or {}).get("standard_v1")
    found = standard.get("receipt") if isinstance(standard, Mapping) else None
    return found if isinstance(found, Mapping) else None


def _revision(visit: Visit, row: Transaction) -> Revision:
    """Return the revision that the address names.

    Raises:
        Missing: It names one that is not there.
    """
    asked = visit.query.get("revision", "")
    if not asked:
        return row.latest
    if not (asked.isascii() and asked.isdecimal() and len(asked) <= REVISION_DIGITS):
        raise Missing
    if not 1 <= int(asked) <= len(row.revisions):
        raise Missing
    return row.revisions[int(asked) - 1]


def _picture(code: str) -> str:
    """Return a QR code as a picture in an address; "" where no code holds so much text."""
    try:
        made = segno.make_qr(code, error="m", encoding="utf-8", boost_error=False)
    except ValueError:
        return ""
    return str(made.svg_data_uri(scale=3, border=4, dark="#000", light="#fff"))


PAGES = (
    Page("GET", "/tss", all_tss, "tss_list.html"),
    Page("POST", "/tss", create_tss, "tss_list.html"),
    Page("GET", "/tss/{tss_id}", show_tss, "tss.html"),
    Page("POST", "/tss/{tss_id}/state", change_tss, "tss.html"),
    Page("POST", "/tss/{tss_id}/pin", change_pin, "tss.html"),
    Page("POST", "/tss/{tss_id}/clients", register_client, "tss.html"),
    Page("GET", "/tss/{tss_id}/clients/{client_id}", show_client, "client.html"),
    Page("POST", "/tss/{tss_id}/clients/{client_id}", change_client, "client.html"),
    Page("GET", "/clients", all_clients, "clients.html"),
    Page("GET", "/exports", all_exports, "exports.html"),
    Page("POST", "/exports", trigger_export, "exports.html"),
    Page("POST", "/exports/{tss_id}/{export_id}/cancel", cancel_export, "exports.html"),
    Page("GET", "/exports/{tss_id}/{export_id}/file", export_file, "exports.html"),
    Page("GET", "/transactions", all_transactions, "transactions.html"),
    Page("GET", "/transactions/{tss_id}/{tx_id}", show_transaction, "transaction.html"),
)
"""Every page of SIGN DE."""
