"""Transactions of a TSS, and exports of what they signed."""

from collections.abc import Mapping
from typing import Any, cast

from fiskaly_mockserver.domain.signing.exports import export_files, tar_file
from fiskaly_mockserver.domain.signing.model import (
    ClientId,
    ExportFilter,
    ExportState,
    TransactionState,
)
from fiskaly_mockserver.domain.signing.process_data import process_data_of
from fiskaly_mockserver.domain.signing.transactions import Call as TransactionCall
from fiskaly_mockserver.domain.store import StateFilter
from fiskaly_mockserver.web.api import (
    Call,
    Download,
    Handler,
    JsonObject,
    Presented,
    PresentedRow,
    PresentedRows,
)
from fiskaly_mockserver.web.sign_de import presenters
from fiskaly_mockserver.web.sign_de.handlers.tss import (
    metadata_handlers,
    metadata_of,
    paging_of,
    shows_deleted,
)

_STATES = {state.value: state for state in TransactionState}


def list_transactions(call: Call) -> PresentedRows:
    """List the transactions of a TSS, or of all where the path names none."""
    page = call.world.signing.transactions.list(
        call.principal,
        call.path.get("tss_id"),
        _narrowed(call),
        paging_of(call, by_number=True),
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
    body = call.body
    data = process_data_of(cast("Mapping[str, Any] | None", body.get("schema")))
    row, repeated = call.world.signing.transactions.upsert(
        call.principal,
        call.path["tss_id"],
        call.path["tx_id_or_number"],
        TransactionCall(
            revision=cast("int", call.query["tx_revision"]),
            state=_STATES[cast("str", body["state"])],
            client_id=cast("str", body["client_id"]).lower(),
            data=data,
            sent=body,
            metadata=metadata_of(call),
        ),
    )
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


_RETRIEVE_OF_TRANSACTION, _UPDATE_OF_TRANSACTION = metadata_handlers(
    lambda call: call.world.signing.transactions, "tss_id", "tx_id_or_number"
)
_RETRIEVE_OF_EXPORT, _UPDATE_OF_EXPORT = metadata_handlers(
    lambda call: call.world.signing.exports, "tss_id", "export_id"
)

HANDLERS: Mapping[str, Handler] = {
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
