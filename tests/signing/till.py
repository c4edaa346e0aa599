"""One world's tables of SIGN DE with its services, and keys of two organizations."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from builders.accounts import Account
from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.signing.backend import SigningBackend, SigningOptions
from fiskaly_mockserver.domain.signing.clients import Clients
from fiskaly_mockserver.domain.signing.exports import Exports
from fiskaly_mockserver.domain.signing.model import (
    ClientState,
    Export,
    Transaction,
    TransactionState,
    Tss,
    TssState,
)
from fiskaly_mockserver.domain.signing.process_data import process_data_of
from fiskaly_mockserver.domain.signing.tables import (
    ADMIN_SESSIONS,
    CLIENTS,
    EXPORTS,
    LOGS,
    TRANSACTIONS,
    TSS,
    SigningTables,
)
from fiskaly_mockserver.domain.signing.transactions import Call, Transactions
from fiskaly_mockserver.domain.signing.tss import TssService
from fiskaly_mockserver.world.clock import FrozenClock
from fiskaly_mockserver.world.seams import SeededSource
from fiskaly_mockserver.world.signing import SeededSigningKeys
from fiskaly_mockserver.world.store.table import FrozenTable, OverlayTable

T = TypeVar("T", Tss, Export)
START = 1_767_225_600
SESSION = 86_400
PIN = "123456"


def uid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


TSS_ID, CLIENT_ID, TX_ID, EXPORT_ID = uid(0x51), uid(0xC1), uid(0x71), uid(0xE1)


class Signing:
    """The services, the clock, and short ways to what tests begin with."""

    def __init__(
        self,
        account: Account,
        *,
        start: int = START,
        main_keys: bool = True,
        daily_time: bool = False,
    ) -> None:
        self.clock = FrozenClock(start)
        self.shop = account.by("shop_test")
        self.vendor = account.by("vendor_test")
        self.tables = SigningTables(
            tss=OverlayTable(FrozenTable(TSS)),
            admin_sessions=OverlayTable(FrozenTable(ADMIN_SESSIONS)),
            clients=OverlayTable(FrozenTable(CLIENTS)),
            transactions=OverlayTable(FrozenTable(TRANSACTIONS)),
            logs=OverlayTable(FrozenTable(LOGS)),
            exports=OverlayTable(FrozenTable(EXPORTS)),
        )
        self.keys = SeededSigningKeys("1")
        backend = SigningBackend(
            tables=self.tables,
            clock=self.clock,
            secrets=SeededSource("signing"),
            keys=self.keys,
            session_end=lambda _: int(self.clock.now()) + SESSION,
            options=SigningOptions(main_keys=main_keys, daily_time=daily_time),
        )
        self.tss = TssService(backend)
        self.clients = Clients(backend, self.tss)
        self.transactions = Transactions(backend, self.tss, self.clients)
        self.exports = Exports(backend, self.tss, self.clients, self.transactions)

    def row(self, tss_id: str = TSS_ID, by: Principal | None = None) -> Tss:
        return self.tss.find(by or self.shop, tss_id)

    def tss_in(self, state: TssState, tss_id: str = TSS_ID, by: Principal | None = None) -> Tss:
        """Bring a new TSS to a state, with an admin session from UNINITIALIZED on."""
        caller = by or self.shop
        tss = self.tss.create(caller, tss_id)
        if state is TssState.CREATED:
            return tss
        self.tss.change_state(caller, tss_id, TssState.UNINITIALIZED)
        self.log_in(tss_id, caller)
        for step in (TssState.INITIALIZED, TssState.DISABLED):
            if self.row(tss_id, caller).state is not state:
                self.tss.change_state(caller, tss_id, step)
        return self.row(tss_id, caller)

    def log_in(self, tss_id: str = TSS_ID, by: Principal | None = None) -> None:
        caller = by or self.shop
        puk = self.row(tss_id, caller).admin_puk
        self.tss.change_pin(caller, tss_id, puk=puk, pin=PIN)
        self.tss.log_in(caller, tss_id, pin=PIN)

    def till(self) -> None:
        """Bring a TSS with one registered client to work."""
        self.tss_in(TssState.INITIALIZED)
        self.clients.create(self.shop, TSS_ID, CLIENT_ID, serial_number="KASSE-01")

    def sign(
        self,
        revision: int,
        state: TransactionState = TransactionState.ACTIVE,
        schema: Mapping[str, Any] | None = None,
        *,
        tx: str = TX_ID,
        client: str = CLIENT_ID,
        by: Principal | None = None,
    ) -> tuple[Transaction, bool]:
        """Make one call on a transaction."""
        sent = {"state": state.value, "client_id": client, **({"schema": schema} if schema else {})}
        call = Call(
            revision=revision,
            state=state,
            client_id=client,
            data=process_data_of(schema),
            sent=sent,
        )
        return self.transactions.upsert(by or self.shop, TSS_ID, tx, call)

    @staticmethod
    def replaced(row: T, **changes: Any) -> T:
        return replace(row, **changes)

    def deregister(self, client: str = CLIENT_ID) -> None:
        self.clients.update(self.shop, TSS_ID, client, state=ClientState.DEREGISTERED)
