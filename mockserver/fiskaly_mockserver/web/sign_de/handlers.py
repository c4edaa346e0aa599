"""One function per operation of SIGN DE, by operationId."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from fiskaly_mockserver.domain.signing.clients import ClientFilter
from fiskaly_mockserver.domain.signing.exports import export_files, tar_file
from fiskaly_mockserver.domain.signing.model import (
    ClientId,
    ClientState,
    ExportFilter,
    ExportState,
    TransactionState,
    TssState,
)
from fiskaly_mockserver.domain.signing.process_data import process_data_of
from fiskaly_mockserver.domain.signing.transactions import Call as TransactionCall
from fiskaly_mockserver.domain.store import Paging, StateFilter
from fiskaly_mockserver.web.api import (
    Call,
    Download,
    Handler,
    JsonObject,
    Presented,
    PresentedRow,
    PresentedRows,
)
from fiskaly_mockserver.web.management.handlers import authenticate
from fiskaly_mockserver.web.sign_de import presenters

_STATES = {state.value: state for state in TransactionState}
_NUMBERS = (
    "transaction_number",
    "start_transaction_number",
    "end_transaction_number",
    "start_date",
    "end_date",
    "start_signature_counter",
    "end_signature_counter",
    "maximum_number_records",
)


def metadata_of(call: Call, name: str = "metadata") -> Mapping[str, str] | None:
    """Return the metadata of a body as text, since tills send numbers too. Source: reported."""
    sent = call.body.get(name) if name else call.body
    if not isinstance(sent, dict):
        return None
    return {key: _text(value) for key, value in sent.items()}


def metadata_handlers(service: Callable[[Call], Any], *ids: str) -> tuple[Handler, Handler]:
    """Return what shows the metadata of the row that a path names by these ids, and what merges.

    `service` returns the service of such rows, which has `find` and `change_metadata`.
    """

    def retrieve(call: Call) -> JsonObject:
        return {**service(call).find(call.principal, *map(call.path.__getitem__, ids)).metadata}

    def update(call: Call) -> JsonObject:
        named, merged = map(call.path.__getitem__, ids), metadata_of(call, "") or {}
        return {**service(call).change_metadata(call.principal, *named, merged).metadata}

    return retrieve, update


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def paging_of(call: Call, *, by_number: bool = False) -> Paging:
    """Return how a list is cut; without an order it is that of creation."""
    paging = call.paging
    # A TSS creates its transactions in the order of their numbers
    if by_number and paging.order_by == "number":
        return paging._replace(order_by=None)
    return paging


def shows_deleted(call: Call) -> bool:
    """Tell whether a list shows what the service deleted."""
    return call.query["show_deleted"] is True


def list_tss(call: Call) -> PresentedRows:
    """List the TSS of the caller's organization and environment."""
    states: list[str] | None = call.asked_all("states") or None
    if not shows_deleted(call):
        states = [state for state in states or TssState if state != TssState.DELETED]
    narrowed = StateFilter(states)
    page = call.world.signing.tss.list(call.principal, narrowed, paging_of(call))
    return presenters.tss_list(page.rows, page.count, call.principal.env.value)


def create_tss(call: Call) -> JsonObject:
    """Create a TSS, or show one that is CREATED again."""
    row = call.world.signing.tss.create(call.principal, call.path["tss_id"], metadata_of(call))
    return presenters.created_tss(row)


def retrieve_tss(call: Call) -> PresentedRow:
    """Show a TSS."""
    row = call.world.signing.tss.find(call.principal, call.path["tss_id"])
    return PresentedRow(presenters.tss, row)


def update_tss(call: Call) -> JsonObject:
    """Take a TSS to its next state."""
    row, changed = call.world.signing.tss.change_state(
        call.principal,
        call.path["tss_id"],
        TssState(call.text("state")),
        description=call.sent("description"),
        metadata=metadata_of(call),
    )
    return presenters.changed_tss(row) if changed else presenters.unchanged_tss(row)


def change_admin_pin(call: Call) -> JsonObject:
    """Set the admin PIN by the PUK."""
    call.world.signing.tss.change_pin(
        call.principal,
        call.path["tss_id"],
        puk=call.text("admin_puk"),
        pin=call.text("new_admin_pin"),
    )
    return {}


def authenticate_admin(call: Call) -> JsonObject:
    """Open an admin session."""
    call.world.signing.tss.log_in(call.principal, call.path["tss_id"], pin=call.text("admin_pin"))
    return {}


def logout_admin(call: Call) -> JsonObject:
    """End an admin session."""
    call.world.signing.tss.log_out(call.principal, call.path["tss_id"])
    return {}


def list_clients(call: Call) -> PresentedRows:
    """List the clients of a TSS, or of all where the path names none."""
    state = call.asked("state")
    narrowed = ClientFilter(
        serial_number=call.asked("serial_number"),
        state=None if state is None else ClientState(state),
    )
    page = call.world.signing.clients.list(
        call.principal,
        call.path.get("tss_id"),
        narrowed,
        paging_of(call),
        show_deleted=shows_deleted(call),
    )
    return presenters.client_list(page.rows, page.count, call.principal.env.value)


def create_client(call: Call) -> JsonObject:
    """Register a client."""
    row = call.written = call.world.signing.clients.create(
        call.principal,
        call.path["tss_id"],
        call.path["client_id"],
        serial_number=call.text("serial_number"),
        metadata=metadata_of(call),
    )
    return presenters.created_client(row)


def retrieve_client(call: Call) -> PresentedRow:
    """Show a client."""
    row = call.world.signing.clients.find(
        call.principal, call.path["tss_id"], call.path["client_id"]
    )
    return PresentedRow(presenters.client, row)


def update_client(call: Call) -> PresentedRow:
    """Register or deregister a client."""
    row = call.written = call.world.signing.clients.update(
        call.principal,
        call.path["tss_id"],
        call.path["client_id"],
        state=ClientState(call.text("state")),
        metadata=metadata_of(call),
    )
    return PresentedRow(presenters.client, row)


def list_transactions(call: Call) -> PresentedRows:
    """List the transactions of a TSS, or of all where the path names none."""
    page = call.world.signing.transactions.list(
        call.principal,
        call.path.get("tss_id"),
        _narrowed(call),
        paging_of(call, by_number="tss_id" in call.path),
        show_deleted=shows_deleted(call),
    )
    return presenters.transaction_list(page.rows, page.count, call.principal.env.value)


def list_client_transactions(call: Call) -> PresentedRows:
    """List the transactions whose latest revision is a client's."""
    page = call.world.signing.transactions.list_of_client(
        call.principal,
        call.path["tss_id"],
        call.path["client_id"],
        _narrowed(call),
        paging_of(call),
        show_deleted=shows_deleted(call),
    )
    return presenters.transaction_list(page.rows, page.count, call.principal.env.value)


def upsert_transaction(call: Call) -> JsonObject:
    """Start, update, finish or cancel a transaction."""
    body: dict[str, Any] = call.body
    data = process_data_of(body.get("schema"))
    row, repeated = call.world.signing.transactions.upsert(
        call.principal,
        call.path["tss_id"],
        call.path["tx_id_or_number"],
        TransactionCall(
            revision=cast("int", call.query["tx_revision"]),
            state=_STATES[body["state"]],
            client_id=body["client_id"].lower(),
            data=data,
            sent=body,
            metadata=metadata_of(call),
        ),
    )
    call.written = row, data.receipt
    # Its next step replaces it, so that it would be kept in vain
    return (
        presenters.repeated_transaction(row, data.schema)
        if repeated
        else presenters.transaction(row, data.schema)
    )


def retrieve_transaction(call: Call) -> Presented:
    """Show a transaction, in its latest revision unless the query names one."""
    number = cast("int | None", call.query.get("tx_revision"))
    row, revision = call.world.signing.transactions.revision(
        call.principal, call.path["tss_id"], call.path["tx_id_or_number"], number
    )
    if revision is row.latest:
        return PresentedRow(presenters.transaction, row)
    return presenters.revision(row, revision)


def retrieve_transaction_log(call: Call) -> Download:
    """Send the signed log of a transaction's revision."""
    number = cast("int | None", call.query.get("tx_revision"))
    log = call.world.signing.transactions.log(
        call.principal, call.path["tss_id"], call.path["tx_id_or_number"], number
    )
    return Download("application/octet-stream", (log.data,))


def _narrowed(call: Call) -> StateFilter:
    return StateFilter([TransactionState(state) for state in call.asked_all("states")] or None)


def list_exports(call: Call) -> PresentedRows:
    """List the exports of a TSS, or of all where the path names none."""
    narrowed = StateFilter([ExportState(state) for state in call.asked_all("states")] or None)
    page = call.world.signing.exports.list(
        call.principal,
        call.path.get("tss_id"),
        narrowed,
        paging_of(call),
        show_deleted=shows_deleted(call),
    )
    return presenters.export_list(page.rows, page.count, call.principal.env.value)


def trigger_export(call: Call) -> JsonObject:
    """Ask for an export."""
    client = call.asked("client_id")
    numbers = {name: int(text) for name in _NUMBERS if (text := call.asked(name)) is not None}
    wanted = ExportFilter(client_id=None if client is None else ClientId(client.lower()), **numbers)
    row = call.world.signing.exports.trigger(
        call.principal, call.path["tss_id"], call.path["export_id"], wanted
    )
    return presenters.export(row)


def retrieve_export(call: Call) -> PresentedRow:
    """Show an export, which is done now."""
    row = call.world.signing.exports.find(
        call.principal, call.path["tss_id"], call.path["export_id"]
    )
    return PresentedRow(presenters.export, row)


def cancel_export(call: Call) -> JsonObject:
    """Cancel an export that is not done."""
    row = call.world.signing.exports.cancel(
        call.principal, call.path["tss_id"], call.path["export_id"]
    )
    return presenters.export(row)


def retrieve_export_file(call: Call) -> Download:
    """Send the TAR file of a completed export."""
    file = call.world.signing.exports.file(
        call.principal, call.path["tss_id"], call.path["export_id"]
    )
    authority = call.world.signing.keys.certificate_authority()
    return Download("application/x-tar", tar_file(export_files(file, authority), time=file.time))


_RETRIEVE_OF_TSS, _UPDATE_OF_TSS = metadata_handlers(lambda call: call.world.signing.tss, "tss_id")
_RETRIEVE_OF_CLIENT, _UPDATE_OF_CLIENT = metadata_handlers(
    lambda call: call.world.signing.clients, "tss_id", "client_id"
)
_RETRIEVE_OF_TRANSACTION, _UPDATE_OF_TRANSACTION = metadata_handlers(
    lambda call: call.world.signing.transactions, "tss_id", "tx_id_or_number"
)
_RETRIEVE_OF_EXPORT, _UPDATE_OF_EXPORT = metadata_handlers(
    lambda call: call.world.signing.exports, "tss_id", "export_id"
)

HANDLERS: Mapping[str, Handler] = {
    "authenticateApi": authenticate,
    "listTss": list_tss,
    "createTss": create_tss,
    "retrieveTss": retrieve_tss,
    "updateTss": update_tss,
    "changeAdminPin": change_admin_pin,
    "authenticateAdmin": authenticate_admin,
    "logoutAdmin": logout_admin,
    "retrieveTssMetadata": _RETRIEVE_OF_TSS,
    "updateTssMetadata": _UPDATE_OF_TSS,
    "listAllClients": list_clients,
    "listClients": list_clients,
    "createClient": create_client,
    "retrieveClient": retrieve_client,
    "updateClient": update_client,
    "retrieveClientMetadata": _RETRIEVE_OF_CLIENT,
    "updateClientMetadata": _UPDATE_OF_CLIENT,
    "listAllTransactions": list_transactions,
    "listTransactions": list_transactions,
    "listClientTransactions": list_client_transactions,
    "upsertTransaction": upsert_transaction,
    "retrieveTransaction": retrieve_transaction,
    "retrieveTransactionLog": retrieve_transaction_log,
    "retrieveTransactionMetadata": _RETRIEVE_OF_TRANSACTION,
    "updateTransactionMetadata": _UPDATE_OF_TRANSACTION,
    "listAllExports": list_exports,
    "listExports": list_exports,
    "triggerExport": trigger_export,
    "retrieveExport": retrieve_export,
    "cancelExport": cancel_export,
    "retrieveExportFile": retrieve_export_file,
    "retrieveExportMetadata": _RETRIEVE_OF_EXPORT,
    "updateExportMetadata": _UPDATE_OF_EXPORT,
}
