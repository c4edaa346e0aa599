"""Transactions: started, updated, finished or canceled, each step signed (S5, S6, S8)."""

import marshal
from collections.abc import Mapping
from typing import Any, NamedTuple

from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.model import EMPTY_METADATA
from fiskaly_mockserver.domain.signing import errors
from fiskaly_mockserver.domain.signing.backend import (
    SigningBackend,
    demand_ready,
    merged,
    transaction_log_of,
)
from fiskaly_mockserver.domain.signing.clients import Clients
from fiskaly_mockserver.domain.signing.model import (
    MAX_ACTIVE_TRANSACTIONS,
    Client,
    ClientId,
    ClientState,
    Revision,
    SignedLog,
    Transaction,
    TransactionId,
    TransactionState,
    Tss,
    TssId,
    TssState,
)
from fiskaly_mockserver.domain.signing.process_data import NO_DATA, ProcessData
from fiskaly_mockserver.domain.signing.tss import TssService
from fiskaly_mockserver.domain.store import Page, Paging, SortKey, StateFilter, paged

NO_TYPE = NO_DATA.process_type
_PLAIN = 2
"""The version of marshal's format in which equal texts are equal bytes."""
SORT_KEYS: Mapping[str, SortKey[Transaction]] = {
    "number": lambda row: row.number,
    "state": lambda row: row.state,
    "time_start": lambda row: row.time_start,
    "time_end": lambda row: row.time_end or "",
}


class Call(NamedTuple):
    """One call on a transaction.

    Attributes:
        revision: The `tx_revision` of the query.
        state: What the transaction is to be.
        client_id: Who signs.
        data: What is signed; `NO_DATA` itself without a schema.
        sent: The whole body, to tell a repetition from another call.
        metadata: Entries to merge.
    """

    revision: int
    state: TransactionState
    client_id: str
    data: ProcessData
    sent: Mapping[str, Any]
    metadata: Mapping[str, str] | None = None

    @property
    def ends(self) -> bool:
        """Whether the transaction is closed by it."""
        return self.state is not TransactionState.ACTIVE

    @property
    def operation(self) -> str:
        """What its log calls it; only a start has the first revision (S5)."""
        if self.revision == 1:
            return "Start"
        return "Finish" if self.ends else "Update"


def revision_of(call: Call, client_id: ClientId, log: SignedLog) -> Revision:
    """Return the revision that a call becomes with its log."""
    data = call.data
    return Revision(
        revision=call.revision,
        state=call.state,
        client_id=client_id,
        client_serial_number=log.client_serial_number,
        sent=marshal.dumps({**call.sent}, _PLAIN),
        process_type=data.process_type,
        process_data=data.data,
        operation=call.operation,
        log=log,
    )


def transaction_of(
    tss: Tss,
    transaction_id: str,
    number: int,
    revisions: tuple[Revision, ...],
    metadata: Mapping[str, str],
) -> Transaction:
    """Return a transaction of a TSS."""
    return Transaction(
        id=TransactionId(transaction_id),
        tss_id=tss.id,
        tss_serial_number=tss.serial_number,
        public_key=tss.public_key,
        organization_id=tss.organization_id,
        env=tss.env,
        number=number,
        revisions=revisions,
        metadata=metadata,
    )


class Transactions:
    """The operations on transactions."""

    def __init__(self, backend: SigningBackend, tss: TssService, clients: Clients) -> None:
        self._backend = backend
        self._tables = backend.tables
        self._tss = tss
        self._clients = clients

    def find(self, principal: Principal, tss_id: str, id_or_number: str) -> Transaction:
        """Return a transaction of a TSS by its id or its number.

        Raises:
            NotSigningPrincipal, TssNotFound: As `TssService.find`.
            TransactionNotFound: The TSS has no such transaction.
        """
        tss = self._tss.find(principal, tss_id)
        found = self.of(tss.id, id_or_number)
        if found is None:
            raise errors.TransactionNotFound(tss=tss.id, transaction=id_or_number)
        return found

    def of(self, tss_id: TssId, id_or_number: str) -> Transaction | None:
        """Return the transaction of a TSS, or None if it has no such one."""
        if id_or_number.isdecimal():
            rows = self._tables.transactions.select("number", (tss_id, int(id_or_number)))
            return next(iter(rows), None)
        return self._tables.transactions.get((tss_id, TransactionId(id_or_number.lower())))

    def revision(
        self, principal: Principal, tss_id: str, id_or_number: str, number: int | None
    ) -> tuple[Transaction, Revision]:
        """Return a transaction and one of its revisions, the latest where `number` is None.

        Raises:
            NotSigningPrincipal, TssNotFound, TransactionNotFound: As `find`.
            RevisionNotFound: It has no such revision.
        """
        found = self.find(principal, tss_id, id_or_number)
        if number is None:
            return found, found.latest
        if not 1 <= number <= found.latest.revision:
            raise errors.RevisionNotFound(transaction=found.id, revision=str(number))
        return found, found.revisions[number - 1]

    def log(
        self, principal: Principal, tss_id: str, id_or_number: str, number: int | None
    ) -> SignedLog:
        """Return the signed log of a revision, the latest where `number` is None.

        Raises:
            NotSigningPrincipal, TssNotFound, TransactionNotFound, RevisionNotFound: As `revision`.
        """
        return self.revision(principal, tss_id, id_or_number, number)[1].log

    def list(
        self,
        principal: Principal,
        tss_id: str | None,
        narrowed: StateFilter,
        paging: Paging,
        *,
        show_deleted: bool = True,
    ) -> Page[Transaction]:
        """List the transactions of a TSS, or of all TSS of the caller where `tss_id` is None.

        Raises:
            NotSigningPrincipal, TssNotFound: As `TssService.find`.
        """
        rows = self._tss.rows(
            principal, tss_id, self._tables.transactions, show_deleted=show_deleted
        )
        return paged(rows, paging, SORT_KEYS, narrowed.narrowing)

    def list_of_client(
        self,
        principal: Principal,
        tss_id: str,
        client_id: str,
        narrowed: StateFilter,
        paging: Paging,
        *,
        show_deleted: bool = True,
    ) -> Page[Transaction]:
        """List the transactions whose latest revision is a client's.

        Raises:
            NotSigningPrincipal, TssNotFound, ClientNotFound: As `Clients.find`.
        """
        client = self._clients.find(principal, tss_id, client_id)
        shown = self._tss.rows(
            principal, tss_id, self._tables.transactions, show_deleted=show_deleted
        )
        wanted = [(client.tss_id, client.id)] if len(shown) else []
        rows = self._tables.transactions.select("client", *wanted)
        return paged(rows, paging, SORT_KEYS, narrowed.narrowing)

    def upsert(
        self, principal: Principal, tss_id: str, id_or_number: str, call: Call
    ) -> tuple[Transaction, bool]:
        """Start, update, finish or cancel a transaction (S5).

        Returns:
            The transaction in its latest revision, and whether the call was a repetition of it.

        Raises:
            NotSigningPrincipal, TssNotFound: As `TssService.find`.
            TssNotInitialized, TssDisabled, TssDeleted, TssDefective, TssEvicted: The TSS's state.
            UnknownClientNamed, ClientDeregistered: The client may not sign.
            NoProcessType, ProcessTypeChanged, WrongRevision: The call is out of turn.
            TransactionLimitReached: 2000 transactions are ACTIVE.
            TransactionNotFound: A number names none.
        """
        tss = self._tss.find(principal, tss_id)
        if tss.state in (TssState.CREATED, TssState.UNINITIALIZED):
            raise errors.TssNotInitialized(tss=tss.id, state=tss.state)
        demand_ready(tss)
        client = self._clients.of(tss, call.client_id)
        if client is None:
            raise errors.UnknownClientNamed(tss=tss.id, client=call.client_id)
        present = self.of(tss.id, id_or_number)
        if present is not None and self._repeats(present, call):
            return present, True
        if client.state is not ClientState.REGISTERED:
            raise errors.ClientDeregistered(tss=tss.id, client=client.id)
        self._demand_turn(tss, present, id_or_number, call)
        return self._signed(tss, client, present, id_or_number.lower(), call), False

    def change_metadata(
        self, principal: Principal, tss_id: str, id_or_number: str, metadata: Mapping[str, str]
    ) -> Transaction:
        """Merge metadata, which is not signed.

        Raises:
            NotSigningPrincipal, TssNotFound, TransactionNotFound: As `find`.
        """
        found = self.find(principal, tss_id, id_or_number)
        changed = found._replace(metadata=merged(found.metadata, metadata))
        self._tables.transactions.put(changed)
        return changed

    @staticmethod
    def _repeats(present: Transaction, call: Call) -> bool:
        """Tell whether the latest revision came from the same call."""
        latest = present.latest
        return call.revision == latest.revision and call.sent == latest.body

    def _demand_turn(
        self, tss: Tss, present: Transaction | None, id_or_number: str, call: Call
    ) -> None:
        closed = present is not None and present.state is not TransactionState.ACTIVE
        if call.data is NO_DATA and (call.ends or closed):
            raise errors.NoProcessType(
                transaction=id_or_number, state=present.state if present else "", wanted=call.state
            )
        if present is None:
            if id_or_number.isdecimal():
                raise errors.TransactionNotFound(tss=tss.id, transaction=id_or_number)
            if call.revision != 1 or call.ends:
                raise errors.WrongRevision(
                    f"a transaction starts with tx_revision 1 and state ACTIVE,"
                    f" not with {call.revision} and {call.state}",
                    transaction=id_or_number,
                )
            if tss.active_transactions >= MAX_ACTIVE_TRANSACTIONS:
                raise errors.TransactionLimitReached(
                    tss=tss.id, active=str(tss.active_transactions)
                )
            return
        latest = present.latest
        if closed:
            raise errors.WrongRevision(
                f"the transaction is {present.state} in revision {latest.revision}",
                transaction=present.id,
            )
        if call.revision != latest.revision + 1:
            raise errors.WrongRevision(
                f"the latest revision is {latest.revision}, so that the next one is"
                f" {latest.revision + 1}, not {call.revision}",
                transaction=present.id,
            )
        wanted = call.data.process_type
        if call.data is not NO_DATA and present.process_type not in (NO_TYPE, wanted):
            raise errors.ProcessTypeChanged(
                transaction=present.id, process_type=present.process_type, wanted=wanted
            )

    def _signed(
        self, tss: Tss, client: Client, present: Transaction | None, tx_id: str, call: Call
    ) -> Transaction:
        before: tuple[Revision, ...] = ()
        number, metadata = tss.transaction_counter + 1, EMPTY_METADATA
        if present is not None:
            tx_id, before = present.id, present.revisions
            number, metadata = present.number, present.metadata
        log = transaction_log_of(
            tss,
            counter=tss.signature_counter + 1,
            operation=call.operation,
            client_serial_number=client.serial_number,
            data=call.data,
            number=number,
            now=self._backend.now(),
            sign=self._backend.keys.signer(tss.id),
        )
        revisions = (*before, revision_of(call, client.id, log))
        row = transaction_of(tss, tx_id, number, revisions, merged(metadata, call.metadata))
        started = 0 if before else 1
        self._tables.logs.put(log)
        self._tables.tss.put(
            tss.signed(log.counter, started=started, active=started - (1 if call.ends else 0))
        )
        self._tables.transactions.put(row)
        return row
