"""Rows of SIGN DE as the wire has them: the only place that spells its fields and their order.

Source: recorded for most orders, the documented schemas elsewhere.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from fiskaly_mockserver.domain.signing.log_messages import ALGORITHM
from fiskaly_mockserver.domain.signing.model import (
    MAX_ACTIVE_TRANSACTIONS,
    MAX_CLIENTS,
    Client,
    Export,
    Revision,
    Transaction,
    TransactionState,
    Tss,
    TssState,
)
from fiskaly_mockserver.domain.signing.qr_code import TIME_FORMAT, qr_code_text
from fiskaly_mockserver.web.api import JsonObject, PresentedRows

VERSION = "2.2.2"
CERTIFICATION_ID = "BSI-K-TR-0000-0000"
"""Plainly no certificate. Source: assumption."""
ENCODING = "UTF-8"
UPDATE_VARIANTS = "SIGNED"


def created_tss(row: Tss) -> JsonObject:
    """Present a TSS that is CREATED, with its PUK (recorded)."""
    return {
        **_fixed(row),
        **_envelope(row, "TSS"),
        "time_creation": row.time_creation,
        "admin_puk": row.admin_puk,
        "state": row.state.value,
    }


def tss(row: Tss) -> JsonObject:
    """Present a TSS in the order of the schema (recorded)."""
    if row.state is TssState.CREATED:
        return created_tss(row)
    return listed_tss(row)


def listed_tss(row: Tss) -> JsonObject:
    """Present a TSS as a list does: never with its PUK."""
    deployed = row.time_uninit != 0
    return {
        **_fixed(row),
        **_envelope(row, "TSS"),
        "time_creation": row.time_creation,
        **_set(description=row.description),
        "state": row.state.value,
        **({"bsi_certification_id": CERTIFICATION_ID} if deployed else {}),
        **(_counters(row) if deployed else {}),
        **_set(
            time_uninit=row.time_uninit,
            time_init=row.time_init,
            time_defective=row.time_defective,
            time_disable=row.time_disable,
        ),
    }


def changed_tss(row: Tss) -> JsonObject:
    """Present a TSS whose state has just changed: an order of its own (recorded)."""
    return {
        "_id": row.id,
        **_set(description=row.description),
        "state": row.state.value,
        "time_creation": row.time_creation,
        **_set(time_uninit=row.time_uninit, time_init=row.time_init, time_disable=row.time_disable),
        "certificate": row.certificate,
        "serial_number": row.serial_number,
        "public_key": row.public_key,
        "signature_counter": str(row.signature_counter),
        "signature_algorithm": ALGORITHM,
        "signature_timestamp_format": TIME_FORMAT,
        "transaction_data_encoding": ENCODING,
        "number_registered_clients": row.registered_clients,
        "max_number_registered_clients": MAX_CLIENTS,
        "number_active_transactions": row.active_transactions,
        "max_number_active_transactions": MAX_ACTIVE_TRANSACTIONS,
        "supported_update_variants": UPDATE_VARIANTS,
        "_type": "TSS",
        "_env": row.env.value,
        "_version": VERSION,
    }


def unchanged_tss(row: Tss) -> JsonObject:
    """Present a TSS that was asked for the state it has: another order again (recorded)."""
    return {
        **_set(description=row.description),
        "state": row.state.value,
        "certificate": row.certificate,
        "serial_number": row.serial_number,
        "public_key": row.public_key,
        "bsi_certification_id": CERTIFICATION_ID,
        "signature_counter": str(row.signature_counter),
        "signature_algorithm": ALGORITHM,
        "signature_timestamp_format": TIME_FORMAT,
        "transaction_counter": str(row.transaction_counter),
        "transaction_data_encoding": ENCODING,
        "number_registered_clients": row.registered_clients,
        "max_number_registered_clients": MAX_CLIENTS,
        "number_active_transactions": row.active_transactions,
        "max_number_active_transactions": MAX_ACTIVE_TRANSACTIONS,
        "supported_update_variants": UPDATE_VARIANTS,
        "metadata": {**row.metadata},
        **_envelope(row, "TSS"),
        "time_creation": row.time_creation,
        **_set(time_uninit=row.time_uninit, time_init=row.time_init),
    }


def created_client(row: Client) -> JsonObject:
    """Present a client in the answer to its creation (recorded)."""
    return {
        "_id": row.id,
        "state": row.state.value,
        "serial_number": row.serial_number,
        "time_creation": row.time_creation,
        "tss_id": row.tss_id,
        **({"metadata": {**row.metadata}} if row.metadata else {}),
        "_type": "CLIENT",
        "_env": row.env.value,
        "_version": VERSION,
    }


def client(row: Client) -> JsonObject:
    """Present a client in the order of the schema."""
    return {
        "serial_number": row.serial_number,
        "state": row.state.value,
        "tss_id": row.tss_id,
        "metadata": {**row.metadata},
        **_envelope(row, "CLIENT"),
        "time_creation": row.time_creation,
        **_set(time_update=row.time_update),
    }


def transaction(row: Transaction, schema: Mapping[str, Any] | None = None) -> JsonObject:
    """Present a transaction in its latest revision (recorded), whose schema may be known."""
    return revision(row, row.latest, schema)


def repeated_transaction(row: Transaction, schema: Mapping[str, Any]) -> JsonObject:
    """Present a transaction whose latest call was repeated: the counter is a text (reported)."""
    presented = transaction(row, schema)
    signature = presented["signature"]
    if isinstance(signature, dict):
        signature["counter"] = str(row.latest.counter)
    return presented


def revision(
    row: Transaction, one: Revision, schema: Mapping[str, Any] | None = None
) -> JsonObject:
    """Present a transaction as it was in one of its revisions (recorded)."""
    state, log = one.state, one.log
    presented: JsonObject = {
        "schema": {**(one.schema if schema is None else schema)},
        "state": state.value,
        "tss_id": row.tss_id,
        "tss_serial_number": row.tss_serial_number,
        "client_id": one.client_id,
        "client_serial_number": one.client_serial_number,
        "revision": one.revision,
        "latest_revision": row.revisions[-1].revision,
        "number": row.number,
        "time_start": row.time_start,
    }
    closed = state is not TransactionState.ACTIVE
    if closed:
        presented["time_end"] = log.time
    if row.metadata:
        presented["metadata"] = {**row.metadata}
    presented["_id"] = row.id
    presented["_type"] = "TRANSACTION"
    presented["_env"] = row.env.value
    presented["_version"] = VERSION
    presented["signature"] = {
        "value": one.signature,
        "algorithm": ALGORITHM,
        "counter": log.counter,
        "public_key": row.public_key,
    }
    presented["log"] = {
        "operation": one.operation,
        "timestamp": log.time,
        "timestamp_format": TIME_FORMAT,
    }
    if closed:
        presented["qr_code_data"] = qr_code_text(row, one)
    return presented


def export(row: Export) -> JsonObject:
    """Present an export (recorded for PENDING and COMPLETED)."""
    return {
        "state": row.state.value,
        **_set(exception=row.exception),
        "time_request": row.time_request,
        **_set(
            time_start=row.time_start,
            time_end=row.time_end,
            time_expiration=row.time_expiration,
            time_error=row.time_error,
        ),
        "metadata": {**row.metadata},
        "tss_id": row.tss_id,
        "_type": "EXPORT",
        "_id": row.id,
        "_env": row.env.value,
        "_version": VERSION,
    }


def listing(
    kind: str, present: Callable[[Any], JsonObject], rows: Sequence[object], count: int, env: str
) -> PresentedRows:
    """Present a page of a list; `_env` stands there even if the page is empty (documented)."""
    envelope: JsonObject = {
        "data": [],
        "count": count,
        "_type": f"{kind}_LIST",
        "_env": env,
        "_version": VERSION,
    }
    return PresentedRows(envelope, present, rows)


tss_list = partial(listing, "TSS", listed_tss)
client_list = partial(listing, "CLIENT", client)
transaction_list = partial(listing, "TRANSACTION", transaction)
export_list = partial(listing, "EXPORT", export)


def _fixed(row: Tss) -> JsonObject:
    return {
        "certificate": row.certificate,
        "serial_number": row.serial_number,
        "public_key": row.public_key,
        "signature_algorithm": ALGORITHM,
        "signature_timestamp_format": TIME_FORMAT,
        "transaction_data_encoding": ENCODING,
        "max_number_registered_clients": MAX_CLIENTS,
        "max_number_active_transactions": MAX_ACTIVE_TRANSACTIONS,
        "supported_update_variants": UPDATE_VARIANTS,
        "metadata": {**row.metadata},
    }


def _counters(row: Tss) -> JsonObject:
    return {
        "signature_counter": str(row.signature_counter),
        "transaction_counter": str(row.transaction_counter),
        "number_registered_clients": row.registered_clients,
        "number_active_transactions": row.active_transactions,
    }


def _envelope(row: Tss | Client, kind: str) -> JsonObject:
    return {"_id": row.id, "_type": kind, "_env": row.env.value, "_version": VERSION}


def _set(**fields: str | int) -> JsonObject:
    """Return the fields that are set; "" and 0 are not."""
    return {name: value for name, value in fields.items() if value}
