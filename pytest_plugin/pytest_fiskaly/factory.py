"""Several servers in one test."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from fiskaly_mockserver import ServerConfig
from fiskaly_mockserver.server.errors import ServerError

from pytest_fiskaly.markers import demand
from pytest_fiskaly.scenes import TREE_ARGUMENTS
from pytest_fiskaly.words import shown

if TYPE_CHECKING:
    from types import TracebackType

    import pytest
    from fiskaly_mockserver import MockServer

    from pytest_fiskaly.mock import FiskalyMock
    from pytest_fiskaly.stage import Stage


class Factory:
    """Starts servers for one test, watches them, and stops them when it ends."""

    def __init__(self, stage: Stage, item: pytest.Item, config: ServerConfig) -> None:
        self._stage = stage
        self._item = item
        self._config = config
        self._running = ExitStack()
        self._made = 0

    def __call__(
        self,
        preset: str | None = None,
        *,
        seed: int | None = None,
        size: int | None = None,
        country: str | None = None,
        config: ServerConfig | None = None,
    ) -> FiskalyMock:
        """Return another server, which knows nothing of the others.

        What is not given is as in `config`, or as in the session's on another port.

        Raises:
            TypeError: The config is none.
            ValueError: The preset, seed, size or country does not exist.
            ServerError: It cannot be run like that.
        """
        __tracebackhide__ = True
        values = (preset, seed, size, country)
        tree: dict[str, Any] = {
            name: value
            for name, value in zip(TREE_ARGUMENTS, values, strict=True)
            if value is not None
        }
        for name, value in tree.items():
            demand(name, value)
        given = self._config if config is None else config
        if not isinstance(given, ServerConfig):
            raise TypeError(f"a server takes a ServerConfig, not {shown(given)}")
        self._made += 1
        try:
            server = self._start(replace(given, port=0) if config is None else given, tree)
        except (ValueError, ServerError) as error:
            raise error.with_traceback(None) from None
        return self._stage.enter(self._item, server, f"#{self._made}")

    def _start(self, config: ServerConfig, tree: dict[str, Any]) -> MockServer:
        server = self._running.enter_context(self._stage.server(config, tree))
        self._running.callback(self._stage.leave, self._item, server)
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
