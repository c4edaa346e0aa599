"""The servers of a run, and how each test finds them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.server.errors import ServerError
from fiskaly_mockserver.server.trees import TreeCache

from pytest_fiskaly.elsewhere import HonestMock, fail_if_controlled
from pytest_fiskaly.failures import fail
from pytest_fiskaly.listener import Episode, Listener
from pytest_fiskaly.markers import arguments_of, instant_of, is_own, is_real, rules_of
from pytest_fiskaly.mock import FiskalyMock
from pytest_fiskaly.scenes import TREE_ARGUMENTS, Scene, flags_of
from pytest_fiskaly.stash import GIVEN, PRESENT, STAGE, USAGE, WATCH
from pytest_fiskaly.verdict import Origin, Watch
from pytest_fiskaly.words import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

PATIENCE: Final = 0.5
"""Seconds that requests under way get when their test has ended."""


class Stage:
    """Starts servers and prepares them for tests; there is one in a run, or in a worker.

    Attributes:
        strays: What clients did outside any test.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._given = config.stash[GIVEN]
        self._usage = config.stash[USAGE]
        self._nursery = TreeCache()
        self._lasting: MockServer | None = None
        self.strays = Watch("", self._given.contract(None))

    @classmethod
    def of(cls, config: pytest.Config) -> Stage:
        """Return the run's stage, made on first use."""
        if STAGE not in config.stash:
            config.stash[STAGE] = cls(config)
        return config.stash[STAGE]

    def server(self, config: ServerConfig, tree: dict[str, Any] | None = None) -> MockServer:
        """Return a server that is not started yet.

        Options and ini keys win over `config`, and `tree` over both.

        Raises:
            TreeError: The preset, seed, size or country does not exist.
        """
        config = replace(config, **{**self._given.tree, **(tree or {})})
        strays = Episode(self.strays, partial(_origin, config, ""))
        listener = Listener(self._usage, strays, config.on_exchange, loose=config.loose)
        server = MockServer(replace(config, on_exchange=listener), trees=self._nursery)
        listener.attach(server.in_flight)
        return server

    def serve(self, config: ServerConfig) -> Iterator[MockServer]:
        """Run a server, and yield it once.

        Raises:
            Verdict: It cannot be run as configured; the message says why.
        """
        __tracebackhide__ = True
        server, why = self._started(config)
        if server is None:
            # Out of reach of the error, which pytest would show as well, at length.
            fail(f"the server of fiskaly_mock_config: {why}")
        self._lasting = server
        present = self._config.stash.get(PRESENT, None)
        if present is not None:
            self.begin(present)
        try:
            yield server
        finally:
            self._lasting = None
            server.stop()

    def _started(self, config: object) -> tuple[MockServer | None, str]:
        """Return a running server, or why there is none."""
        if not isinstance(config, ServerConfig):
            return None, f"the fixture returns {shown(config)}, which is no ServerConfig"
        try:
            return self.server(config).start(), ""
        except (ValueError, OverflowError, ServerError) as error:
            return None, str(error)

    def begin(self, item: pytest.Item) -> None:
        """Charge a test with what reaches the session's server, in whatever state that is."""
        if self._lasting is not None:
            origin = partial(_origin, self._lasting.config, "")
            self._lasting.in_flight.period = Episode(self.watch(item), origin)

    def end(self, item: pytest.Item) -> None:
        """Charge nobody any more."""
        if self._lasting is not None:
            self._lasting.in_flight.period = None
        if WATCH in item.stash:
            item.stash[WATCH].over = True

    def watch(self, item: pytest.Item) -> Watch:
        """Return what watches a test, made on first use."""
        if WATCH not in item.stash:
            item.stash[WATCH] = Watch(item.nodeid, "")
            self._heed_markers(item)
        return item.stash[WATCH]

    def enter(self, item: pytest.Item, server: MockServer, name: str = "") -> FiskalyMock:
        """Prepare a server for a test: tree, ids, clock and faults as its markers say.

        `name` tells several servers of one test apart; the tree of those further ones is
        not the marker's business.
        """
        self._usage.begun()
        said = arguments_of(item)
        honest = is_real(item)
        if honest:
            fail_if_controlled(said)
        watch = self.watch(item)
        self._heed_markers(item)
        scene = Scene(
            server,
            ids_from=_identity(item) + name,
            tree={one: said[one] for one in TREE_ARGUMENTS if one in said and not name},
            at=instant_of(said["clock"]) if "clock" in said else None,
            faults=rules_of(said["faults"]) if "faults" in said else [],
        )
        scene.begin()
        server.in_flight.period = Episode(watch, lambda: Origin(scene.flags, name))
        return (HonestMock if honest else FiskalyMock)(server, watch, scene)

    def leave(self, item: pytest.Item, server: MockServer) -> None:
        """End a test's use of a server: what is still under way has half a second."""
        self.watch(item).broken_off += server.settle(PATIENCE)

    def _heed_markers(self, item: pytest.Item) -> None:
        said = arguments_of(item)
        level = self._given.contract(said.get("contract"))
        own = is_own(item, "allow_violations")
        item.stash[WATCH].mark(level, said.get("allow_violations"), own=own)


def _origin(config: ServerConfig, name: str) -> Origin:
    return Origin(flags_of(config), name)


def _identity(item: pytest.Item) -> str:
    """Return a test's node id, without the group that pytest-xdist appends for `loadgroup`."""
    groups = {
        str(mark.args[0] if mark.args else mark.kwargs.get("name", "default"))
        for mark in item.iter_markers("xdist_group")
    }
    return item.nodeid.removesuffix("@" + "_".join(sorted(groups))) if groups else item.nodeid
