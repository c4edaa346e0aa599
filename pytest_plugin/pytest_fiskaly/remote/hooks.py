"""A run against another server: which of its tests run there, and what they get."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import pytest
from fiskaly_fixtures import TreeArguments, TreeError
from fiskaly_fixtures.presets import PLANS, find_country
from fiskaly_mockserver.control.client import Control, ControlRefused
from fiskaly_mockserver.control.handles import ApiKeyHandle, OrganizationHandle, TreeHandle
from fiskaly_mockserver.control.transports import HttpTransport, ServerUnreachable

from pytest_fiskaly.markers import PROCESS, arguments_of, instant_of, is_own, is_real, rules_of
from pytest_fiskaly.mock import FiskalyMock, KnownTree, fail_if_controlled, is_main, skip
from pytest_fiskaly.options import TREE_ARGUMENTS
from pytest_fiskaly.remote import SIGN_DE_URL, Remote, RemoteError, Session, port_of
from pytest_fiskaly.remote.fake import (
    Announced,
    RemoteFake,
    RemoteVerdict,
    RestrictedRemoteFake,
    skip_in_process,
)
from pytest_fiskaly.verdict.outcome import fail
from pytest_fiskaly.verdict.watch import ENFORCE, VERDICT, ContractVerdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fiskaly_mockserver.server.tokens_for_tests import Holder

    from pytest_fiskaly.options import RunSettings

SEED: Final = "seed"
FORGETTING: Final = frozenset({"clearJournal", "reset", SEED})
"""The control calls after which the journal does not know what came before."""
CONTROL_TOKEN = "FISKALY_MOCK_CONTROL_TOKEN"  # noqa: S105 - a variable's name
INPUT = "fiskaly_session"
"""The name under which a worker of pytest-xdist is given the session."""
FIXTURES: Final = frozenset(
    {
        "fiskaly_base_url",
        "fiskaly_credentials",
        "fiskaly_intercept",
        "fiskaly_mock",
        "fiskaly_mock_factory",
        "fiskaly_mock_server",
        "fiskaly_session",
        "fiskaly_tree",
    }
)
"""Whoever uses one of these speaks to the API, or may."""


class RemoteMock(FiskalyMock):
    """Another server in place of the fake: what needs control over it skips the test."""

    def __init__(self, remote: Remote, session: Session, verdict: ContractVerdict) -> None:
        self._remote = remote
        self._session = session
        self._verdict = verdict

    def __repr__(self) -> str:
        return f"<fiskaly_mock, not a fake: {self.base_url}>"

    @property
    def base_url(self) -> str:
        """What a client takes as the API's address."""
        return self._remote.base_url

    @property
    def sign_de_url(self) -> str:
        """What the environment names as SIGN DE's address, which is another host there."""
        return os.environ.get(SIGN_DE_URL) or skip_without(SIGN_DE_URL)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return port_of(self.base_url)

    @property
    def tree(self) -> TreeHandle:
        """What is known of the organization whose credentials are used: `.main`."""
        session, own = self._session, self._session.organization
        key = ApiKeyHandle(
            session.env, self._remote.key, self._remote.secret, session.organization_id
        )
        main = OrganizationHandle(
            organization_id=session.organization_id,
            type=str(own.get("type", "")),
            name=str(own.get("name", "")),
            envs=tuple(own.get("envs", ())),
            managed_by_organization_id=None,
            keys=(key,),
        )
        return cast("TreeHandle", KnownTree(main, skip))

    def token_for(self, holder: Holder, *, env: str | None = None) -> str:
        """Return the token of the organization whose credentials are used."""
        if env not in {None, self._session.env} or not is_main(holder, self.tree.main):
            skip("token_for() of anybody but tree.main")
        return self._session.access_token

    def _needs_control(self, what: str) -> None:
        skip(what)


def skip_without(variable: str) -> NoReturn:
    """Skip a test that needs a variable of the environment."""
    __tracebackhide__ = True
    pytest.skip(f"{variable} is not set: it names SIGN DE's address, which --fiskaly-url does not")


class RemoteServer:
    """A fake of another process, and how each test of the run finds it.

    Each worker of pytest-xdist works in a sandbox of its own.
    """

    def __init__(self, remote: Remote, settings: RunSettings, worker: str) -> None:
        """Find out what it was seeded with, and seed it as the run's settings say.

        Raises:
            pytest.UsageError: It cannot be controlled, or the settings do not fit it.
        """
        self._sandbox = f"pytest-{worker}" if worker and remote.sandbox is None else ""
        if self._sandbox:
            remote = remote.in_sandbox(self._sandbox)
        self.remote = remote
        self._transport = HttpTransport(remote.control_url, os.environ.get(CONTROL_TOKEN))
        self.control = Control(self._transport, remote.sandbox)
        self._settings = settings
        try:
            if self._sandbox:
                self._forget_sandbox()
            self._found = self._own = self._present = self._seeded()
            if self._own is not None:
                self._own = self._own.changed(**settings.tree)
        except (ControlRefused, ServerUnreachable, TreeError) as error:
            raise pytest.UsageError(f"{remote.place}: {error}") from None
        except KeyError as missing:
            raise pytest.UsageError(
                f"{remote.place}: the fake at {remote.base_url} is of another version than this"
                f" plugin: its answers lack {missing}"
            ) from None

    def _seeded(self) -> TreeArguments | None:
        """Return what its tree was generated from; None where that came from a file."""
        health = self.control.health()
        tree = self.control.tree()
        if health["preset"] is None or not tree["preset"]:
            return None
        state = cast("dict[str, Any]", self.control.export_state())
        countries = [row["country_code"] for row in state["organizations"]]
        managed = [row for row in tree["organizations"] if row["managed_by_organization_id"]]
        told: dict[str, Any] = {}
        if PLANS[tree["preset"]].managers:  # the others tell nothing of how many they were to be
            told["size"] = len(managed)
        if countries and find_country(countries[0]):
            told["country"] = countries[0]
        return TreeArguments(
            tree["preset"],
            seed=tree["seed"],
            tills=tree["tills"],
            receipts=tree["receipts"],
            **told,
        )

    def enter(self, item: pytest.Item) -> tuple[FiskalyMock, ContractVerdict]:
        """Reset the fake as a test's markers say, and return what the test gets.

        Raises:
            PlainFailure: It does not answer any more.
        """
        __tracebackhide__ = True
        arguments = arguments_of(item)
        restricted = is_real(item)
        if restricted:
            fail_if_controlled(arguments)
        gone = ""
        try:
            self.begin(arguments)
        except ServerUnreachable as error:
            gone = str(error)
        if gone:
            fail(f"{self.remote.place}: {gone}")
        verdict = RemoteVerdict(item.nodeid, self.control)
        level = self._settings.contract(arguments.get("contract"))
        own = is_own(item, "allow_violations")
        verdict.mark(level, arguments.get("allow_violations"), own=own)
        verdict.audited = arguments.get("audit") == ENFORCE

        def before(operation_id: str, sandbox: str | None) -> None:
            if operation_id in FORGETTING and sandbox == self.remote.sandbox:
                verdict.read()

        def done(operation_id: str, sandbox: str | None) -> None:
            if operation_id in FORGETTING and sandbox == self.remote.sandbox:
                verdict.forgotten()
                if operation_id == SEED:
                    self._present = None

        def restore(**tree: str | int | None) -> None:
            verdict.read()
            self.begin(arguments, **tree)
            verdict.forgotten()

        kind = RestrictedRemoteFake if restricted else RemoteFake
        control = Control(Announced(self._transport, before, done), self.remote.sandbox)
        return kind(self.remote, control, verdict, restore), verdict

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
        with suppress(ControlRefused, ServerUnreachable):
            if self._sandbox:
                self._forget_sandbox()
            elif self._found is not None and self._found != self._present:
                self._seed(self._found)

    def _forget_sandbox(self) -> None:
        """Drop the worker's own sandbox, if it is there: a run that was killed leaves it behind."""
        with suppress(ControlRefused):
            self.control.drop_sandbox(self._sandbox)

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


class RemoteRun:
    """The hooks of a run with `--fiskaly-url`.

    Where a fake answers that can be controlled, every test runs. Elsewhere only those that
    are marked as true of the real service do. The controller of pytest-xdist finds out for its
    workers.
    """

    def __init__(self, url: str, config: pytest.Config, settings: RunSettings) -> None:
        """Look at the URL and the environment; nothing is sent yet.

        Raises:
            pytest.UsageError: It is no URL, or the credentials are LIVE.
        """
        try:
            self.remote = Remote.of(url, place=settings.place("url"))
        except RemoteError as error:
            raise pytest.UsageError(str(error)) from None
        self._settings = settings
        self._known: dict[str, Any] | None = getattr(config, "workerinput", {}).get(INPUT)
        self._worker: str = getattr(config, "workerinput", {}).get("workerid", "")
        self._fake: RemoteServer | None = None

    def _find_out(self) -> dict[str, Any]:
        """Return who we are there, as JSON; nothing if it is a fake. Asked once."""
        if self._known is None:
            try:
                if self.remote.is_fake():
                    self.remote.demand_its_path()
                    self._known = {}
                else:
                    self._known = self.remote.connect().as_json()
            except RemoteError as error:
                raise pytest.UsageError(str(error)) from None
        return self._known

    @property
    def is_fake(self) -> bool:
        """Whether the server is a fake that can be controlled."""
        return not self._find_out()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Find out who answers before anything else, unless no test is to run."""
        if not session.config.option.collectonly and self.is_fake:
            self._server()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hand a worker of pytest-xdist what is known."""
        node.workerinput[INPUT] = self._find_out()

    def pytest_report_header(self, config: pytest.Config) -> str:
        """Say where the tests run."""
        kind = "not a fake: the contract is not watched"
        if config.option.collectonly:
            kind = "nothing is sent to it"
        elif self.is_fake:
            kind = "a fake of another process"
        return f"fiskaly: {self.remote.base_url} ({kind})"

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Skip what is not said to be true of the real service before any of it starts."""
        if config.option.collectonly or self.is_fake:
            return
        for item in items:
            if FIXTURES.intersection(getattr(item, "fixturenames", ())) and not is_real(item):
                item.add_marker(pytest.mark.skip(reason=self._why))

    @property
    def _why(self) -> str:
        return (
            "not marked fiskaly_real, as are the tests that may run against"
            f" {self.remote.base_url}, which is no fake"
        )

    def enter(self, item: pytest.Item) -> FiskalyMock:
        """Return what a test gets in place of the run's own fake, or skip it."""
        if not self.is_fake:
            if not is_real(item):  # it asked for the fixture while it ran
                pytest.skip(self._why)
            session = Session(**self._find_out())
            return RemoteMock(self.remote, session, ContractVerdict(item.nodeid, "off"))
        mock, item.stash[VERDICT] = self._server().enter(item)
        return mock

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Leave the fake as it was found."""
        if self._fake is not None:
            self._fake.leave()

    def _server(self) -> RemoteServer:
        if self._fake is None:
            self._fake = RemoteServer(self.remote, self._settings, self._worker)
        return self._fake
