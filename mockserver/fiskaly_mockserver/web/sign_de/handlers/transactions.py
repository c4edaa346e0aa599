"""Transactions of a TSS."""

from collections.abc import Mapping
from typing import Any, cast

from fiskaly_mockserver.domain.signing.model import TransactionState
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
from fiskaly_mockserver.web.sign_de.handlers.tss import metadata_of, paging_of, shows_deleted


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


def upsert_transaction(call: Call) -> Presented:
    """Start, update, finish or cancel a transaction."""
    schema = cast("Mapping[str, Any] | None", call.body.get("schema"))
    row, repeated = call.world.signing.transactions.upsert(
        call.principal,
        call.path["tss_id"],
        call.path["tx_id_or_number"],
        TransactionCall(
            revision=cast("int", call.query["tx_revision"]),
            state=TransactionState(call.text("state")),
            client_id=call.text("client_id").lower(),
            data=process_data_of(schema),
            sent=call.body,
            metadata=metadata_of(call),
        ),
    )
    if repeated:
        return presenters.repeated_transaction(row)
    return PresentedRow(presenters.transaction, row)


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


def retrieve_transaction_metadata(call: Call) -> JsonObject:
    """Show the metadata of a transaction."""
    row = call.world.signing.transactions.find(
        call.principal, call.path["tss_id"], call.path["tx_id_or_number"]
    )
    return {**row.metadata}


def update_transaction_metadata(call: Call) -> JsonObject:
    """Merge metadata into that of a transaction."""
    row = call.world.signing.transactions.change_metadata(
        call.principal,
        call.path["tss_id"],
        call.path["tx_id_or_number"],
        metadata_of(call, "") or {},
    )
    return {**row.metadata}


def _narrowed(call: Call) -> StateFilter:
    return StateFilter([TransactionState(state) for state in call.asked_all("states")] or None)


HANDLERS: Mapping[str, Handler] = {
    "listAllTransactions": list_transactions,
    "listTransactions": list_transactions,
    "listClientTransactions": list_client_transactions,
    "upsertTransaction": upsert_transaction,
    "retrieveTransaction": retrieve_transaction,
    "retrieveTransactionLog": retrieve_transaction_log,
    "retrieveTransactionMetadata": retrieve_transaction_metadata,
    "updateTransactionMetadata": update_transaction_metadata,
}
