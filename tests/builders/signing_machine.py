"""TSS, clients and transactions under random calls of several organizations' keys (S1 to S6)."""

from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import replace
from itertools import count
from random import Random
from typing import Any, ClassVar

import pytest
from asn1crypto import core, x509  # type: ignore[import-untyped]
from builders.accounts import Account, uid
from builders.openssl import der_signature, signed_part
from builders.qr_codes import QrCode
from builders.receipts import receipt
from builders.signing_oracle import (
    ACTIVE_LIMIT,
    CLIENT_LIMIT,
    TSS_LIMIT,
    Oracle,
    Receipt,
    Tss,
    place_of,
)
from builders.snapshots import rows_of
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.model import PrincipalId
from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.domain.signing.clients import ClientFilter
from fiskaly_mockserver.domain.signing.errors import TssNotFound
from fiskaly_mockserver.domain.signing.model import (
    ClientState,
    ExportFilter,
    SignedLog,
    TransactionState,
    TssId,
    TssState,
)
from fiskaly_mockserver.domain.signing.process_data import process_data_of
from fiskaly_mockserver.domain.signing.qr_code import qr_code_text
from fiskaly_mockserver.domain.signing.tables import SigningTables
from fiskaly_mockserver.domain.signing.transactions import Call
from fiskaly_mockserver.domain.store import Paging, StateFilter
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

SEED = st.integers(0, 2**32)
HOMES = ("shop_test", "shop_live", "cafe_test", "vendor_test", "stranger_test", "outpost_test")
TSS_IDS = [uid(0x500 + number) for number in range(18)]
CLIENT_IDS = [uid(0x600 + number) for number in range(16)]
TX_IDS = [uid(0x700 + number) for number in range(9)]
SERIALS = [f"KASSE-{number}" for number in range(6)]
PINS = ["123456", "654321", "12345"]
ORDER: Any = {"standard_v1": {"order": {"line_items": []}}}
SCHEMAS: list[tuple[str, Any]] = [
    ("", None),
    ("Kassenbeleg-V1", receipt("2.50")),
    ("Kassenbeleg-V1", receipt("11.90")),
    ("Bestellung-V1", ORDER),
]
EVERYTHING = Paging(limit=100, offset=0)


class SigningMachine(RuleBasedStateMachine):
    """Each call is told to the oracle and to the world; `seed` decides who calls, and for what."""

    outcomes: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        account = Account.build()
        self.world, self.clock = account.world, account.clock
        self.callers = [account.by(name) for name in HOMES]
        # A second key of the shop: it sees the same, but admin sessions are the first one's own
        self.callers.append(self.callers[0]._replace(id=PrincipalId(uid(0x299))))
        self.oracle = Oracle()
        self.export_ids = (uid(number) for number in count(0x800))
        self.verified: dict[tuple[str, int], bytes] = {}
        self.left_behind: list[tuple[Any, object]] = []

    # ------------------------------------------------------------------------------ who and what

    def rows(self) -> dict[str, dict[Hashable, Any]]:
        tables = self.world.rows.tables(SigningTables, SigningTables._fields)
        return {name: rows_of(getattr(tables, name)) for name in SigningTables._fields}

    def target(self, caller: Principal, die: Random) -> str:
        """Choose a TSS: mostly one that the caller sees and can still do something with."""
        own = self.oracle.seen(caller)
        alive = [key for key, one in own.items() if one.state != "DISABLED"]
        return die.choice(die.choice([alive, alive, alive, [*own], TSS_IDS]) or TSS_IDS)

    def client(self, tss: str, die: Random) -> str:
        own = list(self.oracle.tss[tss].serials) if tss in self.oracle.tss else []
        return die.choice(own if own and die.randrange(6) else CLIENT_IDS)

    def attempt(self, name: str, expected: int | None, call: Callable[[], object]) -> None:
        """Make a call, and demand what the oracle said, down to the number of logs."""
        before = self.rows()
        refusal = None
        try:
            call()
        except DomainError as error:
            refusal = error
        assert (refusal is None) == (expected is not None), refusal
        if expected is None:
            self.outcomes.update([f"{name} refused", type(refusal).__name__])
            if name == "log_in":  # a wrong PIN counts, and that is all it does
                before["tss"] = {
                    key: replace(row, pin_tries=self.oracle.tss[str(key)].tries)
                    for key, row in before["tss"].items()
                }
            assert self.rows() == before
        else:
            self.outcomes[f"{name} {'done' if expected else 'without a log'}"] += 1
            assert len(self.rows()["logs"]) == len(before["logs"]) + expected

    # ------------------------------------------------------------------------------------- calls

    def create(self, caller: Principal, tss: str) -> None:
        expected = self.oracle.create(caller, tss)
        self.attempt("create", expected, lambda: self.world.signing.tss.create(caller, tss))

    def change_state(self, caller: Principal, tss: str, wanted: TssState) -> None:
        expected = self._counted(
            tss, self.oracle.change_state(caller, tss, wanted.value, self.clock.now())
        )
        self.attempt(
            "change_state",
            expected,
            lambda: self.world.signing.tss.change_state(caller, tss, wanted),
        )

    def set_pin(self, caller: Principal, tss: str, pin: str, *, right: bool) -> None:
        row = self.world.rows.tss.get(TssId(tss))
        puk = row.admin_puk if row is not None and right else "0000000000"
        expected = self._counted(tss, self.oracle.set_pin(caller, tss, pin, right=right))
        self.attempt(
            "set_pin",
            expected,
            lambda: self.world.signing.tss.change_pin(caller, tss, puk=puk, pin=pin),
        )

    def log_in(self, caller: Principal, tss: str, pin: str) -> None:
        expected = self._counted(tss, self.oracle.log_in(caller, tss, pin, self.clock.now()))
        self.attempt(
            "log_in", expected, lambda: self.world.signing.tss.log_in(caller, tss, pin=pin)
        )

    def create_client(self, caller: Principal, tss: str, client: str, serial: str) -> None:
        now = self.clock.now()
        expected = self._counted(tss, self.oracle.create_client(caller, tss, client, serial, now))
        create = self.world.signing.clients.create
        self.attempt(
            "create_client",
            expected,
            lambda: create(caller, tss, client, serial_number=serial),
        )

    def _counted(self, tss: str, logs: int | None) -> int | None:
        if logs:
            self.oracle.tss[tss].counter += logs
        return logs

    @initialize(seed=SEED)
    def open_a_shop(self, seed: int) -> None:
        self.set_up(seed, caller=0)

    @rule(seed=SEED, caller=st.integers(0, len(HOMES)))
    def set_up(self, seed: int, caller: int) -> None:
        die, who = Random(seed), self.callers[caller]
        tss = die.choice(TSS_IDS)
        self.create(who, tss)
        self.change_state(who, tss, TssState.UNINITIALIZED)
        if not die.randrange(8):  # what random calls hardly come to
            self.set_pin(who, tss, PINS[0], right=False)
            self.set_pin(who, tss, PINS[2], right=True)
            self.set_pin(who, tss, PINS[0], right=True)
            for _ in range(6):
                self.log_in(who, tss, PINS[1])
        self.set_pin(who, tss, PINS[0], right=True)
        self.log_in(who, tss, PINS[0])
        self.change_state(who, tss, TssState.INITIALIZED)
        for _ in range(2):
            self.create_client(who, tss, die.choice(CLIENT_IDS), die.choice(SERIALS))
        if not die.randrange(8):
            self.change_state(who, tss, TssState.DISABLED)
            self.create_client(who, tss, die.choice(CLIENT_IDS), die.choice(SERIALS))

    @rule(seed=SEED)
    def administer(self, seed: int) -> None:
        die = Random(seed)
        who = die.choice(self.callers)
        tss = self.target(who, die)
        match die.randrange(6):
            case 0:
                self.create(who, tss)
            case 1:
                states = [TssState.UNINITIALIZED, TssState.INITIALIZED, TssState.DISABLED]
                self.change_state(who, tss, die.choice(states))
            case 2:
                self.set_pin(who, tss, die.choice(PINS), right=bool(die.randrange(4)))
            case 3 | 4:
                pin = die.choice(PINS)
                for _ in range(die.choice([1, 1, 6])):
                    self.log_in(who, tss, pin)
            case _:
                expected = self._counted(tss, self.oracle.log_out(who, tss, self.clock.now()))
                log_out = self.world.signing.tss.log_out
                self.attempt("log_out", expected, lambda: log_out(who, tss))

    @rule(seed=SEED)
    def change_clients(self, seed: int) -> None:
        die = Random(seed)
        who = die.choice(self.callers)
        tss = self.target(who, die)
        if die.randrange(2):
            self.create_client(who, tss, die.choice(CLIENT_IDS), die.choice(SERIALS))
            return
        client, state = self.client(tss, die), die.choice([*ClientState])
        expected = self.oracle.update_client(
            who, tss, client, register=state is ClientState.REGISTERED, now=self.clock.now()
        )
        update = self.world.signing.clients.update
        self.attempt(
            "update_client",
            self._counted(tss, expected),
            lambda: update(who, tss, client, state=state),
        )

    @rule(seed=SEED, times=st.integers(1, 6))
    def sign(self, seed: int, times: int) -> None:
        die = Random(seed)
        who = die.choice(self.callers)
        tss = self.target(who, die)
        for _ in range(times):
            tx = die.choice(TX_IDS)
            known = self.oracle.tss[tss].transactions.get(tx) if tss in self.oracle.tss else None
            latest = len(known.calls) if known else 0
            state = die.choice([*TransactionState, TransactionState.ACTIVE])
            kind, schema = die.choice(SCHEMAS)
            sent: Any = {"state": state.value, "client_id": self.client(tss, die), "schema": schema}
            call = Receipt(latest + 1, state.value, sent["client_id"], kind, sent)
            if not die.randrange(4):
                call = call._replace(revision=die.randrange(1, 5))
            if known and not die.randrange(4):
                call = known.calls[-1]
            self._sign(who, tss, tx, call)

    def _sign(self, who: Principal, tss: str, tx: str, call: Receipt) -> None:
        wanted = Call(
            revision=call.revision,
            state=TransactionState(call.state),
            client_id=call.client,
            data=process_data_of(call.sent["schema"]),
            sent=call.sent,
        )
        expected = self._counted(tss, self.oracle.sign(who, tss, tx, call))
        upsert = self.world.signing.transactions.upsert
        self.attempt("sign", expected, lambda: upsert(who, tss, tx, wanted))

    @rule(seed=SEED)
    def export(self, seed: int) -> None:
        die = Random(seed)
        who = die.choice(self.callers)
        tss, export = self.target(who, die), next(self.export_ids)
        exports = self.world.signing.exports

        def fetch() -> None:
            exports.trigger(who, tss, export, ExportFilter())
            exports.find(who, tss, export)
            logs = exports.file(who, tss, export).logs
            assert [log.counter for log in logs] == self._counters(self.oracle.tss[tss])

        self.attempt("export", self.oracle.export(who, tss, export), fetch)

    @rule(seconds=st.sampled_from([0.25, 60, 43_200, 86_400]))
    def time_passes(self, seconds: float) -> None:
        before = self.rows()
        self.clock.advance(seconds)
        assert self.rows() == before

    @rule()
    def go_on_in_a_fork(self) -> None:
        if len(self.left_behind) < 2:
            self.left_behind.append((self.world, self.rows()))
            self.world = self.world.fork()

    # ------------------------------------------------------------------------- what always holds

    @invariant()
    def everybody_sees_their_own_and_nothing_else(self) -> None:
        signing = self.world.signing
        for caller in self.callers:
            own = self.oracle.seen(caller)
            assert {
                row.id for row in signing.tss.list(caller, StateFilter(), EVERYTHING).rows
            } == set(own)
            listed = signing.clients.list(caller, None, ClientFilter(), EVERYTHING).rows
            assert {(row.tss_id, row.id) for row in listed} == self._pairs(own, "serials")
            signed = signing.transactions.list(caller, None, StateFilter(), EVERYTHING).rows
            assert {(row.tss_id, row.id) for row in signed} == self._pairs(own, "transactions")
            files = signing.exports.list(caller, None, StateFilter(), EVERYTHING).rows
            assert {(row.tss_id, row.id) for row in files} == self._pairs(own, "exports")
            for tss in self.oracle.tss.keys() - own.keys():
                with pytest.raises(TssNotFound):
                    signing.transactions.list(caller, tss, StateFilter(), EVERYTHING)

    @staticmethod
    def _pairs(own: dict[str, Tss], part: str) -> set[tuple[str, str]]:
        return {(tss, key) for tss, one in own.items() for key in getattr(one, part)}

    @staticmethod
    def _counters(tss: Tss) -> list[int]:
        return [*range(1, tss.counter + 1)]

    @invariant()
    def limits_hold_and_counts_are_right(self) -> None:
        for key, one in self.oracle.tss.items():
            row = self.world.rows.tss.get(TssId(key))
            assert row is not None
            assert (row.state, row.signature_counter) == (one.state, one.counter)
            assert row.registered_clients == len(one.registered) <= CLIENT_LIMIT
            assert row.active_transactions == one.active <= ACTIVE_LIMIT
            assert row.transaction_counter == len(one.transactions)
        for caller in self.callers:
            alive = [one for one in self.oracle.seen(caller).values() if one.state != "DISABLED"]
            assert place_of(caller)[1] == "LIVE" or len(alive) <= TSS_LIMIT

    @invariant()
    def every_log_counts_on_and_verifies(self) -> None:
        logs: dict[str, dict[int, SignedLog]] = {key: {} for key in self.oracle.tss}
        for log in self.rows()["logs"].values():
            logs[log.tss_id][log.counter] = log
        for key, one in self.oracle.tss.items():
            assert [*logs[key]] == self._counters(one)
            times = [log.time for log in logs[key].values()]
            assert times == sorted(times)
            for counter, log in logs[key].items():
                if self.verified.get((key, counter)) != log.data:
                    self._verify(key, log)
                    self.verified[key, counter] = log.data

    def _verify(self, tss: str, log: SignedLog) -> None:
        row = self.world.rows.tss.get(TssId(tss))
        assert row is not None
        certificate = x509.Certificate.load(b64decode(row.certificate))
        point = certificate.public_key["public_key"].native
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        key.verify(der_signature(log.data[-64:]), signed_part(log.data), ec.ECDSA(SHA256()))
        *_, counter, _, signature = core.SequenceOf.load(log.data, spec=core.Any)
        assert core.Integer.load(counter.dump()).native == log.counter
        assert signature.parse(core.OctetString).native == log.data[-64:]

    @invariant()
    def what_the_api_shows_is_what_was_signed(self) -> None:
        rows = self.rows()
        for key, one in self.oracle.tss.items():
            for tx, expected in one.transactions.items():
                row = rows["transactions"][TssId(key), tx]
                assert row.number == expected.number
                assert [step.body for step in row.revisions] == [c.sent for c in expected.calls]
                logs = [rows["logs"][TssId(key), step.counter] for step in row.revisions]
                shown = [b64decode(step.signature) for step in row.revisions]
                assert shown == [log.data[-64:] for log in logs]
                if not expected.is_open:
                    code = QrCode(qr_code_text(row, row.latest))
                    assert code.message == signed_part(logs[-1].data)

    def teardown(self) -> None:
        for world, before in self.left_behind:
            self.world = world
            assert self.rows() == before
