"""From the tills of an organization tree to the rows of SIGN DE that a world starts with (S12).

Imported for trees that have tills alone, as it brings `cryptography`. TSS and clients are made by
the services themselves, at times that have passed; the receipts, which may be many, are written
down as the services would, and signed when they are first looked at.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from operator import attrgetter
from typing import Any, NamedTuple

from fiskaly_fixtures import (
    ClientSpec,
    OrganizationSpec,
    OrganizationTree,
    ReceiptSpec,
    TssSpec,
    admin_pin_of,
    admin_puk_of,
    is_customer,
    receipts_of,
    tss_of,
)

from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.model import (
    EMPTY_METADATA,
    Environment,
    Organization,
    PrincipalId,
    PrincipalKind,
)
from fiskaly_mockserver.domain.signing.backend import (
    DAY,
    SigningBackend,
    transaction_log_of,
)
from fiskaly_mockserver.domain.signing.clients import Clients
from fiskaly_mockserver.domain.signing.errors import AdminLoginFailed
from fiskaly_mockserver.domain.signing.exports import Exports
from fiskaly_mockserver.domain.signing.model import (
    MAX_PIN_TRIES,
    ClientId,
    ClientState,
    ExportFilter,
    ExportState,
    Revision,
    Transaction,
    TransactionState,
    Tss,
    TssId,
    TssState,
)
from fiskaly_mockserver.domain.signing.process_data import process_data_of
from fiskaly_mockserver.domain.signing.tables import SIGNING_TABLES, SigningTables
from fiskaly_mockserver.domain.signing.transactions import (
    Call,
    Transactions,
    revision_of,
    transaction_of,
)
from fiskaly_mockserver.domain.signing.tss import TssService
from fiskaly_mockserver.world.clock import FrozenClock
from fiskaly_mockserver.world.seams import SeededSource
from fiskaly_mockserver.world.signing import SeededSigningKeys
from fiskaly_mockserver.world.store.table import FrozenTable, OverlayTable

DAYS_OLD = 31
"""How long a TSS has been there when the world begins: a day longer than its receipts reach."""


def signing_rows(
    tree: OrganizationTree,
    organizations: Mapping[str, Organization],
    *,
    started_at: float,
    everything: bool,
) -> dict[str, list[Any]]:
    """Return the rows of SIGN DE by the names of their tables.

    Args:
        tree: What has tills.
        organizations: Its rows, by id.
        started_at: Start of the world in unix seconds.
        everything: Give the first managed organization in Germany one of each state, too.

    Returns:
        Rows in the order of their creation; logs in that of their counters.
    """
    past = Past(tree, int(started_at))
    transactions: list[Transaction] = []
    for spec in tree.organizations:
        for till in tss_of(tree, spec):
            caller = caller_of(spec, organizations[spec.id], till.env)
            past.initialized(caller, till)
            transactions += _receipts(past, spec, till)
    customer = next((one for one in tree.organizations if is_customer(one)), None)
    if everything and customer is not None:
        caller = caller_of(customer, organizations[customer.id], Environment.TEST.value)
        ids = SeededSource(f"every state:{tree.seed}:{customer.id}")
        _every_state(past, caller, iter(ids.uuid, None))
    tables = past.rows()
    logs = (one.log for row in transactions for one in row.revisions)
    tables["logs"] = sorted([*tables["logs"], *logs], key=attrgetter("counter"))
    tables["transactions"] += transactions
    return tables


class Past:
    """The services of SIGN DE at times before a world starts."""

    def __init__(self, tree: OrganizationTree, started_at: int) -> None:
        self.tree = tree
        self.started_at = started_at
        self.clock = FrozenClock(max(0, started_at - DAYS_OLD * DAY))
        self.keys = SeededSigningKeys(str(tree.seed))
        self.tables = SigningTables(
            *(OverlayTable[Any, Any](FrozenTable(spec)) for spec in SIGNING_TABLES)
        )
        backend = SigningBackend(
            tables=self.tables,
            clock=self.clock,
            secrets=SeededSource(f"tills:{tree.seed}"),
            keys=self.keys,
            session_end=lambda _: int(self.clock.now()) + DAY,
        )
        self.tss = TssService(backend)
        self.clients = Clients(backend, self.tss)
        self.transactions = Transactions(backend, self.tss, self.clients)
        self.exports = Exports(backend, self.tss, self.clients, self.transactions)

    def rows(self) -> dict[str, list[Any]]:
        """Return all rows by the names of their tables, in the order of their creation."""
        return {name: [*getattr(self.tables, name)] for name in SigningTables._fields}

    def created(self, caller: Principal, tss_id: str) -> None:
        """Create a TSS whose PUK follows from the seed."""
        made = self.tss.create(caller, tss_id)
        self.tables.tss.put(replace(made, admin_puk=admin_puk_of(self.tree.seed, tss_id)))

    def deployed(self, caller: Principal, tss_id: str) -> None:
        """Create and deploy a TSS, set its PIN and log the admin in."""
        self.created(caller, tss_id)
        self.tss.change_state(caller, tss_id, TssState.UNINITIALIZED)
        seed = self.tree.seed
        pin = admin_pin_of(seed, tss_id)
        self.tss.change_pin(caller, tss_id, puk=admin_puk_of(seed, tss_id), pin=pin)
        self.tss.log_in(caller, tss_id, pin=pin)

    def initialized(self, caller: Principal, till: TssSpec) -> None:
        """Bring a TSS with its clients to work; no admin stays logged in."""
        self.deployed(caller, till.id)
        self.tss.change_state(caller, till.id, TssState.INITIALIZED)
        for client in till.clients:
            self.clients.create(caller, till.id, client.id, serial_number=client.serial_number)
        self.tss.log_out(caller, till.id)

    def signed(
        self,
        caller: Principal,
        tss_id: str,
        transaction_id: str,
        *,
        client_id: str,
        revision: int,
        state: TransactionState,
    ) -> None:
        """Start a transaction, or end one with a receipt of 11.90 in cash."""
        schema = None if state is TransactionState.ACTIVE else _PAID
        sent: dict[str, Any] = {"state": state.value, "client_id": client_id}
        call = Call(
            revision=revision,
            state=state,
            client_id=client_id,
            data=process_data_of(schema),
            sent={**sent, "schema": schema} if schema else sent,
        )
        self.transactions.upsert(caller, tss_id, transaction_id, call)

    def exported(self, caller: Principal, tss_id: str, export_id: str, state: ExportState) -> None:
        """Trigger an export and bring it to a state; PENDING, WORKING and ERROR are held (S9)."""
        wanted = ExportFilter(maximum_number_records=1_000 + [*ExportState].index(state))
        export = self.exports.trigger(caller, tss_id, export_id, wanted)
        if state is ExportState.CANCELLED:
            self.exports.cancel(caller, tss_id, export_id)
            return
        if state is not ExportState.COMPLETED:
            self.tables.exports.put(replace(export, held=state))
        self.exports.find(caller, tss_id, export_id)


def caller_of(spec: OrganizationSpec, home: Organization, env: str) -> Principal:
    """Return who made the TSS of an organization: its own key, or whoever created it."""
    key = spec.acting_key(env)
    principal_id = PrincipalId(key.principal_id if key else spec.created_by_user)
    return Principal(principal_id, PrincipalKind.API_KEY, Environment(env), home, (home,))


# --------------------------------------------------------------------------------- receipts


class Step(NamedTuple):
    """The start or the end of a receipt; steps sort in the order in which they are signed."""

    time: int
    ends: bool
    receipt: ReceiptSpec
    client: ClientSpec


def _receipts(past: Past, organization: OrganizationSpec, till: TssSpec) -> list[Transaction]:
    """Return the transactions of a TSS by number, and leave the TSS as they leave it."""
    tss = past.tables.tss.get(TssId(till.id))
    if tss is None or not past.tree.receipts:
        return []
    steps = [
        step
        for client in till.clients
        for one in receipts_of(past.tree, organization, client, past.started_at)
        for step in (
            Step(one.begins, ends=False, receipt=one, client=client),
            Step(one.ends, ends=True, receipt=one, client=client),
        )
    ]
    steps.sort()
    sign, number = past.keys.signer(till.id), 0
    rows: dict[str, Transaction] = {}
    for counter, step in enumerate(steps, tss.signature_counter + 1):
        row = rows.get(step.receipt.id)
        if row is None:
            number += 1
        revision = _revision(tss, step, counter, number if row is None else row.number, sign)
        rows[step.receipt.id] = (
            transaction_of(tss, step.receipt.id, number, (revision,), EMPTY_METADATA)
            if row is None
            else row._replace(revisions=(*row.revisions, revision))
        )
    counter = tss.signature_counter + len(steps)
    past.tables.tss.put(replace(tss, signature_counter=counter, transaction_counter=number))
    return list(rows.values())


def _revision(
    tss: Tss, step: Step, counter: int, number: int, sign: Callable[[bytes], bytes]
) -> Revision:
    state = TransactionState.FINISHED if step.ends else TransactionState.ACTIVE
    sent: dict[str, Any] = {"state": state.value, "client_id": step.client.id}
    if step.ends:
        sent["schema"] = {"standard_v1": {"receipt": step.receipt.receipt}}
    data = process_data_of(sent.get("schema"))
    call = Call(2 if step.ends else 1, state, step.client.id, data, sent)
    log = transaction_log_of(
        tss,
        counter=counter,
        operation=call.operation,
        client_serial_number=step.client.serial_number,
        data=data,
        number=number,
        now=step.time,
        sign=sign,
    )
    return revision_of(call, ClientId(step.client.id), log)


# ------------------------------------------------------------------------------- every state

_PAID = {
    "standard_v1": {
        "receipt": {
            "receipt_type": "RECEIPT",
            "amounts_per_vat_rate": [{"vat_rate": "NORMAL", "amount": "11.90"}],
            "amounts_per_payment_type": [{"payment_type": "CASH", "amount": "11.90"}],
        }
    }
}
_WRONG_PIN = "not the PIN"


def _every_state(past: Past, caller: Principal, ids: Iterator[str]) -> None:
    """Make one of each: TSS, clients, transactions and exports in all states, a blocked PIN."""
    past.created(caller, next(ids))
    past.deployed(caller, next(ids))
    for state in (TssState.DELETED, TssState.DEFECTIVE, TssState.EVICTED):
        taken = next(ids)
        if state is TssState.EVICTED:  # for want of use
            past.created(caller, taken)
        else:
            past.deployed(caller, taken)
        tss = past.tss.find(caller, taken)
        defective = int(past.clock.now()) if state is TssState.DEFECTIVE else 0
        past.tables.tss.put(replace(tss, state=state, time_defective=defective))
    disabled = next(ids)
    past.deployed(caller, disabled)
    past.tss.change_state(caller, disabled, TssState.DISABLED)
    blocked = TssSpec(next(ids), caller.env.value, (ClientSpec(next(ids), "KASSE-BLOCKED"),))
    past.initialized(caller, blocked)
    for _ in range(MAX_PIN_TRIES):
        with suppress(AdminLoginFailed):
            past.tss.log_in(caller, blocked.id, pin=_WRONG_PIN)

    till, gone = ClientSpec(next(ids), "KASSE-1"), ClientSpec(next(ids), "KASSE-2")
    full = TssSpec(next(ids), caller.env.value, (till, gone))
    past.initialized(caller, full)
    past.tss.log_in(caller, full.id, pin=admin_pin_of(past.tree.seed, full.id))
    past.clients.update(caller, full.id, gone.id, state=ClientState.DEREGISTERED)
    past.tss.log_out(caller, full.id)
    for last in TransactionState:
        transaction = next(ids)
        for revision, step in enumerate(dict.fromkeys((TransactionState.ACTIVE, last)), 1):
            past.signed(
                caller, full.id, transaction, client_id=till.id, revision=revision, state=step
            )
    # The file of an export is gone after a week
    past.clock.advance(past.started_at - past.clock.now())
    for wanted in ExportState:
        past.exported(caller, full.id, next(ids), wanted)
