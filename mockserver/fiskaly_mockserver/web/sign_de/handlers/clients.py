"""Clients of a TSS."""

from collections.abc import Mapping

from fiskaly_mockserver.domain.signing.clients import ClientFilter
from fiskaly_mockserver.domain.signing.model import ClientState
from fiskaly_mockserver.web.api import Call, Handler, JsonObject, PresentedRow, PresentedRows
from fiskaly_mockserver.web.sign_de import presenters
from fiskaly_mockserver.web.sign_de.handlers.tss import metadata_of, paging_of, shows_deleted


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
    row = call.world.signing.clients.create(
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
    row = call.world.signing.clients.update(
        call.principal,
        call.path["tss_id"],
        call.path["client_id"],
        state=ClientState(call.text("state")),
        metadata=metadata_of(call),
    )
    return PresentedRow(presenters.client, row)


def retrieve_client_metadata(call: Call) -> JsonObject:
    """Show the metadata of a client."""
    row = call.world.signing.clients.find(
        call.principal, call.path["tss_id"], call.path["client_id"]
    )
    return {**row.metadata}


def update_client_metadata(call: Call) -> JsonObject:
    """Merge metadata into that of a client."""
    row = call.world.signing.clients.change_metadata(
        call.principal,
        call.path["tss_id"],
        call.path["client_id"],
        metadata_of(call, "") or {},
    )
    return {**row.metadata}


HANDLERS: Mapping[str, Handler] = {
    "listAllClients": list_clients,
    "listClients": list_clients,
    "createClient": create_client,
    "retrieveClient": retrieve_client,
    "updateClient": update_client,
    "retrieveClientMetadata": retrieve_client_metadata,
    "updateClientMetadata": update_client_metadata,
}
