"""The tables of SIGN DE: what rows are found by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from fiskaly_mockserver.domain.account.model import Environment, OrganizationId
from fiskaly_mockserver.domain.store import TableSpec

if TYPE_CHECKING:  # a server that is never asked to sign starts without the rows' classes
    from collections.abc import Iterable

    from fiskaly_mockserver.domain.account.model import PrincipalId
    from fiskaly_mockserver.domain.signing.model import (
        AdminSession,
        Client,
        ClientId,
        Export,
        ExportId,
        SignedLog,
        Transaction,
        TransactionId,
        Tss,
        TssId,
    )
    from fiskaly_mockserver.domain.store import Table

Place = tuple[OrganizationId, Environment]


def _place(row: Tss | Client | Transaction | Export) -> Iterable[Place]:
    return [(row.organization_id, row.env)]


TSS: TableSpec[TssId, Tss] = TableSpec(
    "tss",
    lambda row: row.id,
    {
        "place": _place,
        "organization": lambda row: [row.organization_id],
        "state": lambda row: [(row.organization_id, row.env, row.state)],
    },
    fixed=frozenset({"place", "organization"}),
)
ADMIN_SESSIONS: TableSpec[tuple[TssId, PrincipalId], AdminSession] = TableSpec(
    "admin_sessions",
    lambda row: (row.tss_id, row.principal_id),
    {"tss": lambda row: [row.tss_id]},
)
CLIENTS: TableSpec[ClientId, Client] = TableSpec(
    "clients",
    lambda row: row.id,
    {
        "place": _place,
        "tss": lambda row: [row.tss_id],
        "serial": lambda row: [(row.tss_id, row.serial_number)],
    },
)
TRANSACTIONS: TableSpec[tuple[TssId, TransactionId], Transaction] = TableSpec(
    "transactions",
    lambda row: (row.tss_id, row.id),
    {
        "place": _place,
        "tss": lambda row: [row.tss_id],
        "number": lambda row: [(row.tss_id, row.number)],
        "client": lambda row: [(row.tss_id, row.latest.client_id)],
    },
    fixed=frozenset({"place", "tss", "number"}),
)
LOGS: TableSpec[tuple[TssId, int], SignedLog] = TableSpec(
    "logs", lambda row: (row.tss_id, row.counter), {"tss": lambda row: [row.tss_id]}
)
EXPORTS: TableSpec[tuple[TssId, ExportId], Export] = TableSpec(
    "exports",
    lambda row: (row.tss_id, row.id),
    {
        "place": _place,
        "tss": lambda row: [row.tss_id],
        "state": lambda row: [(row.tss_id, row.state)],
    },
)


SIGNING_TABLES: tuple[TableSpec[Any, Any], ...] = (
    TSS,
    ADMIN_SESSIONS,
    CLIENTS,
    TRANSACTIONS,
    LOGS,
    EXPORTS,
)
"""Every table of SIGN DE."""


class SigningTables(NamedTuple):
    """All rows of SIGN DE in a world."""

    tss: Table[TssId, Tss]
    admin_sessions: Table[tuple[TssId, PrincipalId], AdminSession]
    clients: Table[ClientId, Client]
    transactions: Table[tuple[TssId, TransactionId], Transaction]
    logs: Table[tuple[TssId, int], SignedLog]
    exports: Table[tuple[TssId, ExportId], Export]

    def end_sessions_of(self, tss_id: TssId) -> None:
        """Remove the admin sessions of a TSS."""
        for session in tuple(self.admin_sessions.select("tss", tss_id)):
            self.admin_sessions.remove((session.tss_id, session.principal_id))

    def remove_of(self, organization_id: OrganizationId) -> None:
        """Remove the TSS of an organization, with all that belongs to them (S13)."""
        for tss in tuple(self.tss.select("organization", organization_id)):
            self.end_sessions_of(tss.id)
            for client in tuple(self.clients.select("tss", tss.id)):
                self.clients.remove(client.id)
            for transaction in tuple(self.transactions.select("tss", tss.id)):
                self.transactions.remove((tss.id, transaction.id))
            for log in tuple(self.logs.select("tss", tss.id)):
                self.logs.remove((tss.id, log.counter))
            for export in tuple(self.exports.select("tss", tss.id)):
                self.exports.remove((tss.id, export.id))
            self.tss.remove(tss.id)
