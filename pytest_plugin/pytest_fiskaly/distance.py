"""A run against another server: one look at it at the start, and no fake at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_fiskaly.remote import Remote, RemoteError, Session

if TYPE_CHECKING:
    from pytest_fiskaly.elsewhere import RemoteMock

INPUT = "fiskaly_session"
"""The name under which a worker of pytest-xdist is told of the session."""


class Distance:
    """The hooks of a run with `--fiskaly-url`.

    The controller of pytest-xdist authenticates for its workers.
    """

    def __init__(self, url: str, config: pytest.Config, *, place: str) -> None:
        """Look at the URL and the environment; `place` is where the URL was set.

        Raises:
            pytest.UsageError: It is no URL, or the credentials are missing or LIVE.
        """
        try:
            self.remote = Remote.of(url, place=place)
        except RemoteError as error:
            raise pytest.UsageError(str(error)) from None
        told = getattr(config, "workerinput", {}).get(INPUT)
        self._session = None if told is None else Session(**told)

    @property
    def session(self) -> Session:
        """Who we are there; asked once."""
        if self._session is None:
            try:
                self._session = self.remote.connect()
            except RemoteError as error:
                raise pytest.UsageError(str(error)) from None
        return self._session

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Authenticate before anything else, unless no test is to run."""
        if not session.config.option.collectonly:
            _ = self.session

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist who we are."""
        node.workerinput[INPUT] = self.session.as_json()

    def pytest_report_header(self) -> str:
        """Say where the tests run."""
        return f"fiskaly: {self.remote.base_url} (not a fake: the contract is not watched)"

    def enter(self, item: pytest.Item) -> RemoteMock:
        """Return what a test gets in place of the fake, or skip it."""
        from pytest_fiskaly.elsewhere import RemoteMock, skip_if_controlled
        from pytest_fiskaly.markers import arguments_of
        from pytest_fiskaly.verdict import Watch

        skip_if_controlled(arguments_of(item))
        return RemoteMock(self.remote, self.session, Watch(item.nodeid, "off"))
