"""`fiskaly_mock` on a fake of another process, which is controlled over HTTP."""

from __future__ import annotations

import os
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NoReturn, cast

import pytest
from fiskaly_fixtures import TreeArguments, TreeError
from fiskaly_mockserver.control.client import Control, ControlRefused
from fiskaly_mockserver.control.handles import (
    TreeHandle,
)
from fiskaly_mockserver.control.transports import HttpTransport
from fiskaly_mockserver.server.tokens_for_tests import TokenFault
from fiskaly_mockserver.world.journal.exchange import Exchange

from pytest_fiskaly.journal.assertions import JournalAssertions
from pytest_fiskaly.markers import PROCESS, arguments_of, instant_of, is_own, is_real, rules_of
from pytest_fiskaly.mock import (
    FiskalyMock,
    RestrictedMock,
    fail_if_controlled,
    login_of,
    sign_de_off,
)
from pytest_fiskaly.options import TREE_ARGUMENTS
from pytest_fiskaly.remote import AGENT, Remote, port_of
from pytest_fiskaly.verdict.watch import (
    ENFORCE,
    OK,
    SIGNS,
    ContractVerdict,
    Finding,
    ServerLabel,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from fiskaly_contracts import Violation
    from fiskaly_fixtures.presets import CountryCode, PresetName
    from fiskaly_mockserver import MockServer
    from fiskaly_mockserver.control.shapes import JournalQuery as Query
    from fiskaly_mockserver.server.tokens_for_tests import Holder
    from fiskaly_mockserver.world.journal.journal import JournalQuery

    from pytest_fiskaly.options import RunSettings

CONTROL_TOKEN = "FISKALY_MOCK_CONTROL_TOKEN"  # noqa: S105 - a variable's name
LOOK_AGAIN = 0.25
"""Seconds that one control call waits for an exchange."""
OVERFLOWED = 409
UNKNOWN = 404


class RemoteServer:
    """A fake of another process, and how each test of the run finds it.

    Each worker of pytest-xdist works in a sandbox of its own.
    """

    def __init__(self, remote: Remote, settings: RunSettings, worker: str) -> None:
        """Find out what it was seeded with, and seed it as the run's settings say.

        Raises:
            pytest.UsageError: It cannot be controlled, or the settings do not fit it.
        """
        self._sandbox = remote.sandbox
        if worker and remote.sandbox is None:
            remote = remote.in_sandbox(f"pytest-{worker}")
        self.remote = remote
        transport = HttpTransport(remote.control_url, os.environ.get(CONTROL_TOKEN))
        self.control = Control(transport, remote.sandbox)
        self._settings = settings
        try:
            self._found = self._own = self._present = self._seeded()
            if self._own is not None:
                self._own = self._own.changed(**settings.tree)
        except (ControlRefused, TreeError) as error:
            raise pytest.UsageError(f"{remote.place}: {error}") from None

    def _seeded(self) -> TreeArguments | None:
        """Return what its tree was generated from; None where that came from a file."""
        health = self.control.health()
        tree = self.control.tree()
        if health["preset"] is None or not tree["preset"]:
            return None
        state = cast("dict[str, Any]", self.control.export_state())
        countries = [row["country_code"] for row in state["organizations"]]
        managed = [row for row in tree["organizations"] if row["managed_by_organization_id"]]
        return TreeArguments(
            tree["preset"],
            seed=tree["seed"],
            size=len(managed),
            tills=tree["tills"],
            receipts=tree["receipts"],
            **({"country": countries[0]} if countries else {}),
        )

    def enter(self, item: pytest.Item) -> tuple[FiskalyMock, ContractVerdict]:
        """Reset the fake as a test's markers say, and return what the test gets."""
        arguments = arguments_of(item)
        restricted = is_real(item)
        if restricted:
            fail_if_controlled(arguments)
        self.begin(arguments)
        verdict = RemoteVerdict(item.nodeid, self.control)
        level = self._settings.contract(arguments.get("contract"))
        own = is_own(item, "allow_violations")
        verdict.mark(level, arguments.get("allow_violations"), own=own)
        verdict.audited = arguments.get("audit") == ENFORCE
        kind = RestrictedRemoteFake if restricted else RemoteFake
        return kind(self, verdict, arguments), verdict

    def begin(self, arguments: Mapping[str, Any], **tree: str | int | None) -> None:
        """Start over: tree, clock and faults as a test's markers say, or as it asks."""
        asked = {name: arguments[name] for name in TREE_ARGUMENTS if name in arguments}
        asked |= {name: value for name, value in tree.items() if value is not None}
        if self._own is None:
            if asked:
                pytest.skip("the organizations of the fake come from a file: they stay as they are")
            self.control.reset()
        else:
            self._seed(self._own.changed(**asked))
        if arguments.get("clock") == PROCESS:
            skip_in_process(f'clock="{PROCESS}"')
        if "clock" in arguments:
            self._freeze(instant_of(arguments["clock"]))
        for rule in rules_of(arguments["faults"]) if "faults" in arguments else ():
            self.control.arm_fault(rule)  # type: ignore[arg-type]

    def leave(self) -> None:
        """Leave the fake with the organizations that it had; its journal stays."""
        if self.remote.sandbox != self._sandbox:
            self.control.drop_sandbox(str(self.remote.sandbox))
        elif self._found is not None and self._found != self._present:
            self._seed(self._found)

    def _seed(self, wanted: TreeArguments) -> None:
        if wanted == self._present:
            self.control.reset()
            return
        self.control.seed(**asdict(wanted))
        self._present = wanted

    def _freeze(self, at: float) -> None:
        from fiskaly_mockserver.world.journal.exchange import iso

        try:
            self.control.freeze_clock(iso(at))
        except ControlRefused as error:
            pytest.skip(f"a clock in the past needs a fake of the run's own: {error}")


class RemoteVerdict(ContractVerdict):
    """A verdict over the journal of a fake in another process, read when it is asked for."""

    def __init__(self, nodeid: str, control: Control) -> None:
        super().__init__(nodeid, "")
        self._control = control
        self._judged: set[str] = set()

    def read(self) -> None:
        """Judge what the journal has and was not judged yet."""
        exchanges = RemoteJournal(self._control).exchanges()
        self.requests = len(exchanges)
        for exchange in exchanges:
            if exchange.request_id in self._judged:
                continue
            self._judged.add(exchange.request_id)
            if exchange.operation_id == SIGNS and exchange.status == OK:
                self.signed.append(exchange)
            if exchange.violations:
                self.judge(exchange, loose=False, server=ServerLabel())

    def left_active(self) -> list[tuple[Exchange, Violation]]:
        """Return the transactions that the test started and left ACTIVE, once."""
        self.read()
        return super().left_active()

    def take(self, *, defects_only: bool = False) -> list[Finding]:
        """Return what is held against the test, once."""
        self.read()
        return super().take(defects_only=defects_only)


class RemoteJournal:
    """The journal of a fake in another process, without the requests of the plugin itself."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def exchanges(self) -> Sequence[Exchange]:
        """Return the latest exchanges, oldest first."""
        entries = self._control.journal()["exchanges"]
        found = [Exchange.from_json(cast("dict[str, Any]", entry)) for entry in entries]
        return [one for one in found if ("User-Agent", AGENT) not in one.request_headers]

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
        self, server: RemoteServer, verdict: RemoteVerdict, arguments: Mapping[str, Any]
    ) -> None:
        self._remote = server
        self._verdict: RemoteVerdict = verdict
        self._arguments = arguments

    def __repr__(self) -> str:
        return f"<fiskaly_mock of another process: {self.base_url}>"

    @property
    def base_url(self) -> str:
        """What a client takes as the API's address."""
        return self._remote.remote.base_url

    @property
    def sign_de_url(self) -> str:
        """What a client takes as SIGN DE's address.

        Raises:
            ServerError: SIGN DE is switched off there.
        """
        __tracebackhide__ = True
        served = self._remote.control.health()["sign_de"]
        return sign_de_off() if served is None else self._remote.remote.sign_de_url

    @property
    def control_url(self) -> str:
        """The address of the control routes, ending in `/_mock`."""
        self._needs_control("control_url")
        return self._remote.remote.control_url

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
        return self._remote.control

    @property
    def tree(self) -> TreeHandle:
        """The seeded organizations and users."""
        return TreeHandle(self._remote.control.tree())

    @property
    def journal(self) -> JournalAssertions:
        """What the client asked for, to look at and to make demands of."""
        self._needs_control("journal")
        return JournalAssertions(RemoteJournal(self._remote.control))

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Every violation of the contract by the test's client so far, the allowed ones too."""
        self._verdict.read()
        return super().violations

    def seed(
        self,
        preset: PresetName | None = None,
        *,
        seed: int | None = None,
        size: int | None = None,
        country: CountryCode | None = None,
        tills: int | None = None,
        receipts: int | None = None,
    ) -> TreeHandle:
        """Start over with other organizations; clock and faults as the test began.

        Raises:
            TreeError: As `TreeArguments` says.
        """
        __tracebackhide__ = True
        self._needs_control("seed()")
        self._verdict.read()
        self._remote.begin(
            self._arguments,
            preset=preset,
            seed=seed,
            size=size,
            country=country,
            tills=tills,
            receipts=receipts,
        )
        return self.tree

    def reset(self) -> None:
        """Return to how the test began; what was held against it stays."""
        self._needs_control("reset()")
        self._verdict.read()
        self._remote.begin(self._arguments)

    def _mint(self, holder: Holder, env: str | None, fault: TokenFault) -> str:
        """Log in, which the journal does not show; only the server can sign a wrong token."""
        __tracebackhide__ = True
        if fault in {TokenFault.EXPIRED, TokenFault.WRONG_ENVIRONMENT}:
            skip_in_process(f"a token with the fault {fault.name}")
        credentials = login_of(holder, self.tree, env)
        if credentials is None:
            skip_in_process("token_for() of what a test created")
        token = str(self._remote.remote.authenticate(credentials)["access_token"])
        head, claims, signature = token.split(".")
        return token if fault is TokenFault.NOTHING else ".".join((head, claims, signature[::-1]))


class RestrictedRemoteFake(RestrictedMock, RemoteFake):
    """The same for a test that claims to be true of the real service."""


def skip_in_process(what: str) -> NoReturn:
    """Skip a test that needs a fake of its own process."""
    pytest.skip(f"{what} needs a fake of the run's own process: leave out --fiskaly-url")
