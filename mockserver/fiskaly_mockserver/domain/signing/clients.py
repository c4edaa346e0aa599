"""Clients: the tills that sign through a TSS (S4)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.model import EMPTY_METADATA
from fiskaly_mockserver.domain.signing import errors, log_messages
from fiskaly_mockserver.domain.signing.backend import SigningBackend, demand_ready, merged
from fiskaly_mockserver.domain.signing.model import (
    MAX_CLIENTS,
    Client,
    ClientId,
    ClientState,
    Tss,
)
from fiskaly_mockserver.domain.signing.tss import TssService
from fiskaly_mockserver.domain.store import Narrowing, Page, Paging, SortKey, paged

SORT_KEYS: Mapping[str, SortKey[Client]] = {
    "serial_number": lambda row: row.serial_number,
    "time_creation": lambda row: row.time_creation,
}


class ClientFilter(NamedTuple):
    """What a list of clients is narrowed to; None does not narrow."""

    serial_number: str | None = None
    state: ClientState | None = None

    @property
    def narrowing(self) -> Narrowing[Client] | None:
        """What it does to a list, None if nothing."""
        return None if self == ClientFilter() else Narrowing(self, self.admits)

    def admits(self, client: Client) -> bool:
        """Tell whether the client passes."""
        return self.serial_number in (None, client.serial_number) and self.state in (
            None,
            client.state,
        )


class Clients:
    """The operations on clients."""

    def __init__(self, backend: SigningBackend, tss: TssService) -> None:
        self._backend = backend
        self._tables = backend.tables
        self._tss = tss

    def find(self, principal: Principal, tss_id: str, client_id: str) -> Client:
        """Return a client of a TSS.

        Raises:
            NotSigningPrincipal, TssNotFound: As `TssService.find`.
            ClientNotFound: The TSS has no such client.
        """
        tss = self._tss.find(principal, tss_id)
        client = self.of(tss, client_id)
        if client is None:
            raise errors.ClientNotFound(**principal.facts, tss=tss.id, client=client_id)
        return client

    def of(self, tss: Tss, client_id: str) -> Client | None:
        """Return the client of a TSS, or None if it has no such client."""
        client = self._tables.clients.get(ClientId(client_id.lower()))
        return client if client is not None and client.tss_id == tss.id else None

    def list(
        self,
        principal: Principal,
        tss_id: str | None,
        narrowed: ClientFilter,
        paging: Paging,
        *,
        show_deleted: bool = True,
    ) -> Page[Client]:
        """List the clients of a TSS, or of all TSS of the caller where `tss_id` is None.

        Raises:
            NotSigningPrincipal, TssNotFound: As `TssService.find`.
        """
        rows = self._tss.rows(principal, tss_id, self._tables.clients, show_deleted=show_deleted)
        return paged(rows, paging, SORT_KEYS, narrowed.narrowing)

    def create(
        self,
        principal: Principal,
        tss_id: str,
        client_id: str,
        *,
        serial_number: str,
        metadata: Mapping[str, str] | None = None,
    ) -> Client:
        """Register a client; the same id, serial and TSS again return it as it is.

        Raises:
            NotSigningPrincipal, TssNotFound: As `TssService.find`.
            TssStillCreated, TssDisabled, TssDeleted, TssDefective, TssEvicted: The TSS's state.
            AdminNotAuthenticated: There is no admin session.
            ClientConflict: The id is in use, anywhere in the system.
            ClientSerialTaken: Another client of the TSS has the serial number.
            ClientLimitReached: 199 clients are registered.
        """
        tss = self._tss.find(principal, tss_id)
        demand_ready(tss)
        self._tss.demand_admin(principal, tss)
        client_id = client_id.lower()
        present = self._tables.clients.get(ClientId(client_id))
        if present is not None:
            if (present.tss_id, present.serial_number) != (tss.id, serial_number):
                raise errors.ClientConflict(client=client_id)
            return self._with_metadata(present, metadata)
        if len(self._tables.clients.select("serial", (tss.id, serial_number))):
            raise errors.ClientSerialTaken(tss=tss.id, serial_number=serial_number)
        self._demand_room(tss)
        now = self._backend.now()
        client = Client(
            id=ClientId(client_id),
            tss_id=tss.id,
            organization_id=tss.organization_id,
            env=tss.env,
            serial_number=serial_number,
            state=ClientState.REGISTERED,
            metadata=merged(EMPTY_METADATA, metadata),
            time_creation=now,
        )
        self._write(tss, log_messages.register_client(serial_number), registered=1)
        self._tables.clients.put(client)
        return client

    def update(
        self,
        principal: Principal,
        tss_id: str,
        client_id: str,
        *,
        state: ClientState,
        metadata: Mapping[str, str] | None = None,
    ) -> Client:
        """Register or deregister a client, any number of times.

        Raises:
            NotSigningPrincipal, TssNotFound, ClientNotFound: As `find`.
            TssStillCreated, TssDisabled, TssDeleted, TssDefective, TssEvicted: The TSS's state.
            AdminNotAuthenticated: There is no admin session.
            ClientLimitReached: 199 clients are registered.
        """
        tss = self._tss.find(principal, tss_id)
        demand_ready(tss)
        self._tss.demand_admin(principal, tss)
        client = self.find(principal, tss_id, client_id)
        metadata = merged(client.metadata, metadata)
        if client.state is not state:
            if state is ClientState.REGISTERED:
                self._demand_room(tss)
                self._write(tss, log_messages.register_client(client.serial_number), registered=1)
            else:
                message = log_messages.deregister_client(client.serial_number)
                self._write(tss, message, registered=-1)
        changed = replace(
            client,
            state=state,
            metadata=metadata,
            time_update=self._backend.now(),
        )
        self._tables.clients.put(changed)
        return changed

    def change_metadata(
        self, principal: Principal, tss_id: str, client_id: str, metadata: Mapping[str, str]
    ) -> Client:
        """Merge metadata.

        Raises:
            NotSigningPrincipal, TssNotFound, ClientNotFound: As `find`.
        """
        return self._with_metadata(self.find(principal, tss_id, client_id), metadata)

    def _with_metadata(self, client: Client, metadata: Mapping[str, str] | None) -> Client:
        changed = replace(client, metadata=merged(client.metadata, metadata))
        self._tables.clients.put(changed)
        return changed

    def _demand_room(self, tss: Tss) -> None:
        if tss.registered_clients >= MAX_CLIENTS:
            raise errors.ClientLimitReached(tss=tss.id, registered=str(tss.registered_clients))

    def _write(self, tss: Tss, message: log_messages.SystemMessage, *, registered: int) -> None:
        """Sign what happened, and count the clients that may sign."""
        tss = self._backend.ledger.system(tss, message, self._backend.now())
        self._tables.tss.put(replace(tss, registered_clients=tss.registered_clients + registered))
