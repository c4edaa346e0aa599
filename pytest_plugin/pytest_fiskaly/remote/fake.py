"""`fiskaly_mock` on a fake of another process, which is controlled over HTTP."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import pytest
from fiskaly_mockserver.control.client import Control, ControlRefused
from fiskaly_mockserver.control.handles import TreeHandle
from fiskaly_mockserver.control.transports import ServerUnreachable
from fiskaly_mockserver.server.tokens_for_tests import TokenFault
from fiskaly_mockserver.world.journal.exchange import Exchange

from pytest_fiskaly.journal.assertions import JournalAssertions
from pytest_fiskaly.mock import FiskalyMock, RestrictedMock, login_of, sign_de_off
from pytest_fiskaly.remote import AGENT, Remote, port_of
from pytest_fiskaly.verdict.outcome import fail
from pytest_fiskaly.verdict.watch import (
    ENFORCE,
    OK,
    SIGNS,
    Allowance,
    ContractVerdict,
    Finding,
    ServerLabel,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from fiskaly_contracts import JsonValue, Violation
    from fiskaly_mockserver import MockServer
    from fiskaly_mockserver.control.client import Transport
    from fiskaly_mockserver.control.shapes import Journal
    from fiskaly_mockserver.control.shapes import JournalQuery as Query
    from fiskaly_mockserver.server.tokens_for_tests import Holder
    from fiskaly_mockserver.world.journal.journal import JournalQuery

    Told = Callable[[str, str | None], None]

LOOK_AGAIN = 0.25
"""Seconds that one control call waits for an exchange."""
OVERFLOWED = 409
UNKNOWN = 404
REFUSED = 400
CRASHED = 500
CRASH: Final = "It crashed: its own output tells where."


class RemoteVerdict(ContractVerdict):
    """A verdict over the journal of a fake in another process, read when it is asked for."""

    def __init__(self, nodeid: str, control: Control) -> None:
        super().__init__(nodeid, "")
        self._control = control
        self._judged: set[str] = set()
        self._gone = ""
        self._passed = 0

    def allow(self, what: object, *, own: bool = True) -> Allowance:
        """Allow violations from now on: what came before is judged without that."""
        self.read()
        return super().allow(what, own=own)

    def _end(self, allowance: Allowance) -> None:
        self.read()
        super()._end(allowance)

    def read(self) -> None:
        """Judge what the journal has and was not judged yet.

        Raises:
            PlainFailure: The fake does not answer any more, which is told once.
        """
        __tracebackhide__ = True
        if self._gone:
            return
        journal: Journal | None = None
        try:
            journal = self._control.journal()
        except (ControlRefused, ServerUnreachable) as error:
            self._gone = str(error)
        if journal is None:
            fail(f"what the test's client did cannot be judged: {self._gone}")
        self._miss(journal)
        for exchange in of_clients(journal):
            if exchange.request_id in self._judged:
                continue
            self._judged.add(exchange.request_id)
            self.requests += 1
            if exchange.operation_id == SIGNS and exchange.status == OK:
                self.signed.append(exchange)
            if exchange.status == CRASHED and not exchange.fault:
                exchange.crash = CRASH
            if exchange.violations or exchange.is_our_fault:
                # Only a loose fake, which nothing else tells, drops what it does not know
                self.judge(exchange, loose=exchange.status != REFUSED, server=ServerLabel())

    def forgotten(self) -> None:
        """Take note that the journal is empty now."""
        self._passed = 0

    def _miss(self, journal: Journal) -> None:
        """Tell of what the journal dropped since it was read last, or was cleared."""
        lost = journal["dropped"] - self._passed
        self._passed = journal["dropped"] + len(journal["exchanges"])
        if lost > 0:
            text = (
                f"{lost} requests were dropped by the fake's journal before they could be judged:"
                " start it with a larger --journal-size"
            )
            (self.strayed if self.level == ENFORCE else self.notes).append(text)

    def left_active(self) -> list[tuple[Exchange, Violation]]:
        """Return the transactions that the test started and left ACTIVE, once."""
        self.read()
        return super().left_active()

    def take(self, *, defects_only: bool = False) -> list[Finding]:
        """Return what is held against the test, once."""
        self.read()
        return super().take(defects_only=defects_only)


class Announced:
    """Carries the control calls of a test, each of which is told, and told again when done.

    What is told is the operation and the sandbox.
    """

    def __init__(self, transport: Transport, before: Told, done: Told) -> None:
        self._transport = transport
        self._before = before
        self._done = done

    def call(self, operation_id: str, *, sandbox: str | None, **how: Any) -> JsonValue:
        """Return the JSON of a 200, as the transport does."""
        __tracebackhide__ = True
        self._before(operation_id, sandbox)
        answered = self._transport.call(operation_id, sandbox=sandbox, **how)
        self._done(operation_id, sandbox)
        return answered


def of_clients(journal: Journal) -> list[Exchange]:
    """Return the exchanges of a journal but those of the plugin itself, oldest first."""
    found = [Exchange.from_json(cast("dict[str, Any]", one)) for one in journal["exchanges"]]
    return [one for one in found if ("User-Agent", AGENT) not in one.request_headers]


class RemoteJournal:
    """The journal of a fake in another process, without the requests of the plugin itself."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def exchanges(self) -> Sequence[Exchange]:
        """Return the latest exchanges, oldest first."""
        return of_clients(self._control.journal())

    def overflow(self, kind: JournalQuery) -> str:
        """Return why exchanges of that kind cannot be counted; "" where they can.

        Raises:
            LookupError: `since` names no exchange.
        """
        names = ("operation", "method", "status", "since")
        query = {name: getattr(kind, name) for name in names if getattr(kind, name) is not None}
        try:
            self._control.count(cast("Query", query))
        except ControlRefused as refused:
            if refused.status == OVERFLOWED:
                return str(refused)
            raise LookupError(str(refused)) from None
        return ""

    def changes(self, seconds: float) -> Generator[None, None, None]:
        """Yield at once, then whenever there may be more, and when the time is over."""
        over = threading.Event()
        timer = threading.Timer(seconds, over.set)
        timer.daemon = True
        timer.start()
        try:
            yield
            while not over.is_set():
                self._wait_for_more()
                yield
        finally:
            timer.cancel()

    def _wait_for_more(self) -> None:
        entries = self._control.journal()["exchanges"]
        query = {"since": str(entries[-1]["request_id"])} if entries else {}
        try:
            self._control.wait(1, cast("Query", query), LOOK_AGAIN)
        except ControlRefused as refused:
            if refused.status != UNKNOWN:  # else the journal was cleared meanwhile
                raise

    def clear(self) -> None:
        """Forget all exchanges."""
        self._control.clear_journal()


class RemoteFake(FiskalyMock):
    """A fake of another process: only what needs the server object itself skips the test."""

    def __init__(
        self,
        remote: Remote,
        control: Control,
        verdict: RemoteVerdict,
        restore: Callable[..., None],
    ) -> None:
        """Take what controls it, what is held against the test, and what returns to its start."""
        self._remote = remote
        self._control = control
        self._verdict: RemoteVerdict = verdict
        self._restore = restore

    def __repr__(self) -> str:
        return f"<fiskaly_mock of another process: {self.base_url}>"

    @property
    def base_url(self) -> str:
        """What a client takes as the API's address."""
        return self._remote.base_url

    @property
    def sign_de_url(self) -> str:
        """What a client takes as SIGN DE's address.

        Raises:
            ServerError: SIGN DE is switched off there.
        """
        __tracebackhide__ = True
        served = self._control.health()["sign_de"]
        return sign_de_off() if served is None else self._remote.sign_de_url

    @property
    def control_url(self) -> str:
        """The address of the control routes, ending in `/_mock`."""
        self._needs_control("control_url")
        return self._remote.control_url

    @property
    def port(self) -> int:
        """The port it listens on."""
        return port_of(self.base_url)

    @property
    def server(self) -> MockServer:
        """Skip the test: the server is an object of another process."""
        self._needs_control("server")
        skip_in_process("server")

    @property
    def control(self) -> Control:
        """Clock, faults, journal, snapshots, sandboxes, sign-up and clearance for LIVE."""
        self._needs_control("control")
        return self._control

    @property
    def tree(self) -> TreeHandle:
        """The seeded organizations and users."""
        return TreeHandle(self._control.tree())

    @property
    def journal(self) -> JournalAssertions:
        """What the client asked for, to look at and to make demands of."""
        self._needs_control("journal")
        return JournalAssertions(RemoteJournal(self._control))

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Every violation of the contract by the test's client so far, the allowed ones too."""
        self._verdict.read()
        return super().violations

    def _mint(self, holder: Holder, env: str | None, fault: TokenFault) -> str:
        """Log in, which the journal does not show; only the server can sign a wrong token."""
        __tracebackhide__ = True
        if fault in {TokenFault.EXPIRED, TokenFault.WRONG_ENVIRONMENT}:
            skip_in_process(f"a token with the fault {fault.name}")
        credentials = login_of(holder, self.tree, env)
        if credentials is None:
            skip_in_process("token_for() of what a test created")
        token = str(self._remote.authenticate(credentials)["access_token"])
        head, claims, signature = token.split(".")
        return token if fault is TokenFault.NOTHING else ".".join((head, claims, signature[::-1]))


class RestrictedRemoteFake(RestrictedMock, RemoteFake):
    """The same for a test that claims to be true of the real service."""


def skip_in_process(what: str) -> NoReturn:
    """Skip a test that needs a fake of its own process."""
    pytest.skip(f"{what} needs a fake of the run's own process: leave out --fiskaly-url")
