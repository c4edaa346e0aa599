"""The servers of a run, and how each test gets one."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from dataclasses import replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Self, cast

from pytest_fiskaly.markers import (
    PROCESS,
    arguments_of,
    instant_of,
    is_own,
    is_real,
    rules_of,
)
from pytest_fiskaly.options import OFF, TREE_ARGUMENTS, shown
from pytest_fiskaly.verdict.outcome import fail
from pytest_fiskaly.verdict.watch import (
    ENFORCE,
    VERDICT,
    ContractVerdict,
    CurrentTest,
    ExchangeListener,
    ServerLabel,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from types import TracebackType

    import pytest
    from fiskaly_fixtures.presets import CountryCode, PresetName
    from fiskaly_mockserver import MockServer, ServerConfig
    from fiskaly_mockserver.server.trees import TreeCache

    from pytest_fiskaly.coverage import Counts
    from pytest_fiskaly.mock import FiskalyMock
    from pytest_fiskaly.options import RunSettings

PATIENCE: Final = 0.5
"""Seconds that requests under way get when their test has ended."""


class TestServers:
    """Starts servers and prepares them for tests; one plugin of a run, or of a worker.

    Nothing of the fake is imported before a test asks for a server.

    Attributes:
        outside: What clients did outside any test.
    """

    __test__ = False
    NAME: Final = "fiskaly-servers"

    def __init__(self, settings: RunSettings, counts: Counts) -> None:
        self.outside = ContractVerdict("", settings.contract(None))
        self._settings = settings
        self._counts = counts
        self._session_server: MockServer | None = None
        self._current: pytest.Item | None = None

    @classmethod
    def of(cls, config: pytest.Config) -> Self:
        """Return the servers of a run."""
        return cast("Self", config.pluginmanager.get_plugin(cls.NAME))

    @cached_property
    def _trees(self) -> TreeCache:
        from fiskaly_mockserver.server.trees import TreeCache

        return TreeCache()

    def make(self, config: ServerConfig, tree: Mapping[str, Any] | None = None) -> MockServer:
        """Return a server that is not started yet.

        Options and ini keys win over `config`, and `tree` over both.

        Raises:
            TreeError: As `TreeArguments` says.
        """
        from fiskaly_mockserver import MockServer

        config = replace(config, **{**self._settings.tree, **(tree or {})})
        outside = CurrentTest(self.outside, partial(_label, config))
        listener = ExchangeListener(self._counts, outside, config.on_exchange, loose=config.loose)
        server = MockServer(replace(config, on_exchange=listener), trees=self._trees)
        listener.attach(server.in_flight)
        return server

    def serve(self, config: ServerConfig) -> Iterator[MockServer]:
        """Run the session's server, and yield it once.

        Raises:
            PlainFailure: It cannot be run as configured; the message says why.
        """
        __tracebackhide__ = True
        server, why = self._started(config)
        if server is None:
            # Out of reach of the error, which pytest would show as well, at length.
            fail(f"the server of fiskaly_mock_config: {why}")
        self._session_server = server
        if self._current is not None:
            self.begin_test(self._current)
        try:
            yield server
        finally:
            self._session_server = None
            server.stop()

    def _started(self, config: object) -> tuple[MockServer | None, str]:
        """Return a running server, or why there is none."""
        from fiskaly_mockserver import ServerConfig
        from fiskaly_mockserver.server.errors import ServerError

        if not isinstance(config, ServerConfig):
            return None, f"the fixture returns {shown(config)}, which is no ServerConfig"
        try:
            return self.make(config).start(), ""
        except (ValueError, OverflowError, ServerError) as error:
            return None, str(error)

    def begin_test(self, item: pytest.Item) -> None:
        """Charge a test with what reaches the session's server, in whatever state that is."""
        self._current = item
        if self._session_server is not None:
            _start_again(self._session_server)
            label = partial(_label, self._session_server.config)
            self._session_server.in_flight.period = CurrentTest(self.verdict(item), label)

    def end_test(self, item: pytest.Item) -> None:
        """Charge nobody any more."""
        self._current = None
        if self._session_server is not None:
            self._session_server.in_flight.period = None
        if VERDICT in item.stash:
            item.stash[VERDICT].over = True

    def verdict(self, item: pytest.Item) -> ContractVerdict:
        """Return what is held against a test, made on first use, and anew for one run again."""
        present = item.stash.get(VERDICT, None)
        if present is None or present.over:
            present = item.stash[VERDICT] = ContractVerdict(item.nodeid, "")
            self._heed_markers(item)
        return present

    def enter(self, item: pytest.Item, server: MockServer, name: str = "") -> FiskalyMock:
        """Prepare a server for a test: tree, ids, clock and faults as its markers say.

        `name` tells several servers of one test apart; the tree of those further ones is
        not the marker's business.
        """
        from pytest_fiskaly.mock import FiskalyMock, RestrictedMock, fail_if_controlled

        self._counts.used = True
        arguments = arguments_of(item)
        restricted = is_real(item)
        if restricted:
            fail_if_controlled(arguments)
        verdict = self.verdict(item)
        self._heed_markers(item)
        _start_again(server)
        clock = arguments.get("clock")
        state = StartState(
            server,
            ids_from=_identity(item) + name,
            tree={one: arguments[one] for one in TREE_ARGUMENTS if one in arguments and not name},
            clock=clock if clock in {None, PROCESS} else instant_of(clock),
            faults=rules_of(arguments["faults"]) if "faults" in arguments else [],
        )
        state.restore()
        server.in_flight.period = CurrentTest(verdict, lambda: ServerLabel(state.flags, name))
        return (RestrictedMock if restricted else FiskalyMock)(server, verdict, state.restore)

    def guarded(self, item: pytest.Item) -> AbstractContextManager[None]:
        """Keep a test from the real hosts, unless that is switched off."""
        if self._settings.text("guard") == OFF:
            return nullcontext()
        from pytest_fiskaly.interception import guarded

        return guarded(self.verdict(item))

    def intercepting(
        self, item: pytest.Item, server: MockServer, *, fixture: bool = False
    ) -> AbstractContextManager[None]:
        """Lead the real hosts to a server, if a test's markers or a fixture of it ask for that."""
        if bool(arguments_of(item).get("intercept")) is fixture:
            return nullcontext()  # neither does, or the marker has done it
        from pytest_fiskaly.interception import intercepting

        return intercepting(server)

    def audit(self, verdict: ContractVerdict) -> None:
        """Tell of transactions that a test started and left ACTIVE (S8)."""
        for exchange, warning in verdict.left_active():
            self._counts.add_warnings(verdict.nodeid, exchange, (warning,))

    def leave(self, item: pytest.Item, server: MockServer) -> None:
        """End a test's use of a server: what is still under way has half a second."""
        self.verdict(item).broken_off += server.settle(PATIENCE)

    def _heed_markers(self, item: pytest.Item) -> None:
        arguments = arguments_of(item)
        level = self._settings.contract(arguments.get("contract"))
        own = is_own(item, "allow_violations")
        verdict = item.stash[VERDICT]
        verdict.mark(level, arguments.get("allow_violations"), own=own)
        verdict.audited = arguments.get("audit") == ENFORCE


class StartState:
    """What a test's markers make of a server.

    Args:
        server: The server.
        ids_from: What ids and secrets are drawn from: the test's node id.
        tree: Arguments of the tree that differ from the server's own.
        clock: The unix seconds at which the time stands still, `PROCESS`, or `None`.
        faults: The rules of faults that are armed from the start.
    """

    def __init__(
        self,
        server: MockServer,
        *,
        ids_from: str,
        tree: Mapping[str, Any],
        clock: float | str | None,
        faults: list[Mapping[str, Any]],
    ) -> None:
        self._server = server
        self._ids_from = ids_from
        self._tree = tree
        self._clock = clock
        self._faults = faults
        self._present: Mapping[str, Any] = tree

    def restore(self, **tree: str | int | None) -> None:
        """Start over: tree, clock, faults and the ids to come; other organizations if asked.

        Raises:
            TreeError: The preset, seed, size or country does not exist.
        """
        from fiskaly_mockserver.server.config import StartValues

        given = {name: value for name, value in tree.items() if value is not None}
        asked: dict[str, Any] = {**self._tree, **given}
        at = None if isinstance(self._clock, str) else self._clock
        follow = self._clock == PROCESS
        values = StartValues(**asked, ids_from=self._ids_from, at=at, follow_process=follow)
        self._server.begin(values)
        self._present = asked
        for rule in self._faults:
            self._server.control.arm_fault(rule)  # type: ignore[arg-type]

    @property
    def flags(self) -> str:
        """The flags of `fiskaly-mockserver serve` that make the organizations of now."""
        return serve_flags(self._server.config, self._present)


class Factory:
    """Starts servers for one test, watches them, and stops them when it ends."""

    def __init__(self, servers: TestServers, item: pytest.Item, config: ServerConfig) -> None:
        self._servers = servers
        self._item = item
        self._config = config
        self._running = ExitStack()
        self._made = 0

    def __call__(
        self,
        preset: PresetName | None = None,
        *,
        seed: int | None = None,
        size: int | None = None,
        country: CountryCode | None = None,
        tills: int | None = None,
        receipts: int | None = None,
        config: ServerConfig | None = None,
    ) -> FiskalyMock:
        """Return another server, which knows nothing of the others.

        What is not given is as in `config`, or as in the session's on another port.

        Raises:
            TypeError: The config is none.
            ValueError: As `TreeArguments` says.
            ServerError: It cannot be run like that.
        """
        __tracebackhide__ = True
        from fiskaly_fixtures import TreeArguments
        from fiskaly_mockserver import ServerConfig
        from fiskaly_mockserver.server.errors import ServerError

        values = (preset, seed, size, country, tills, receipts)
        tree: dict[str, Any] = {
            name: value
            for name, value in zip(TREE_ARGUMENTS, values, strict=True)
            if value is not None
        }
        given = self._config if config is None else config
        if not isinstance(given, ServerConfig):
            raise TypeError(f"a server takes a ServerConfig, not {shown(given)}")
        self._made += 1
        try:
            TreeArguments().changed(**tree)
            server = self._start(replace(given, port=0) if config is None else given, tree)
        except (ValueError, ServerError) as error:
            raise error.with_traceback(None) from None
        return self._servers.enter(self._item, server, f"#{self._made}")

    def _start(self, config: ServerConfig, tree: Mapping[str, Any]) -> MockServer:
        server = self._running.enter_context(self._servers.make(config, tree))
        self._running.callback(self._servers.leave, self._item, server)
        return server

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.close()


def _start_again(server: MockServer) -> None:
    """Start a server that an earlier test has stopped; its port is another one then."""
    if not server.runs:
        server.start()


def _label(config: ServerConfig) -> ServerLabel:
    return ServerLabel(serve_flags(config))


def _identity(item: pytest.Item) -> str:
    """Return a test's node id, without the group that pytest-xdist appends for `loadgroup`."""
    groups = {
        str(mark.args[0] if mark.args else mark.kwargs.get("name", "default"))
        for mark in item.iter_markers("xdist_group")
    }
    return item.nodeid.removesuffix("@" + "_".join(sorted(groups))) if groups else item.nodeid


def serve_flags(config: ServerConfig, tree: Mapping[str, Any] = MappingProxyType({})) -> str:
    """Return the flags of `fiskaly-mockserver serve` that make the same organizations."""
    values = {one: tree.get(one, getattr(config, one)) for one in TREE_ARGUMENTS}
    return " ".join(f"--{name} {value}" for name, value in values.items())
