"""Exports of a TSS."""

from collections.abc import Mapping

from fiskaly_mockserver.domain.signing.archive import export_files, tar_file
from fiskaly_mockserver.domain.signing.model import ClientId, ExportFilter, ExportState
from fiskaly_mockserver.domain.store import StateFilter
from fiskaly_mockserver.web.api import (
    Call,
    Download,
    Handler,
    JsonObject,
    PresentedRow,
    PresentedRows,
)
from fiskaly_mockserver.web.sign_de import presenters
from fiskaly_mockserver.web.sign_de.handlers.tss import metadata_of, paging_of, shows_deleted

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


def retrieve_export_metadata(call: Call) -> JsonObject:
    """Show the metadata of an export."""
    row = call.world.signing.exports.find(
        call.principal, call.path["tss_id"], call.path["export_id"]
    )
    return {**row.metadata}


def update_export_metadata(call: Call) -> JsonObject:
    """Merge metadata into that of an export."""
    row = call.world.signing.exports.change_metadata(
        call.principal,
        call.path["tss_id"],
        call.path["export_id"],
        metadata_of(call, "") or {},
    )
    return {**row.metadata}


HANDLERS: Mapping[str, Handler] = {
    "listAllExports": list_exports,
    "listExports": list_exports,
    "triggerExport": trigger_export,
    "retrieveExport": retrieve_export,
    "cancelExport": cancel_export,
    "retrieveExportFile": retrieve_export_file,
    "retrieveExportMetadata": retrieve_export_metadata,
    "updateExportMetadata": update_export_metadata,
}
