"""A run against another server: one look at it at the start, and no fake of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import pytest
from fiskaly_mockserver.control.handles import ApiKeyHandle, OrganizationHandle, TreeHandle

from pytest_fiskaly.markers import arguments_of
from pytest_fiskaly.mock import FiskalyMock, KnownTree, is_main, skip, skip_if_controlled
from pytest_fiskaly.remote import Remote, RemoteError, Session
from pytest_fiskaly.verdict.watch import ContractVerdict

if TYPE_CHECKING:
    from fiskaly_mockserver.server.tokens_for_tests import Holder

INPUT = "fiskaly_session"
"""The name under which a worker of pytest-xdist is given the session."""


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
    def port(self) -> int:
        """The port it listens on."""
        parts = urlsplit(self.base_url)
        return parts.port or (443 if parts.scheme == "https" else 80)

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


class RemoteRun:
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
        known = getattr(config, "workerinput", {}).get(INPUT)
        self._session = None if known is None else Session(**known)

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
        """Hand a worker of pytest-xdist who we are."""
        node.workerinput[INPUT] = self.session.as_json()

    def pytest_report_header(self) -> str:
        """Say where the tests run."""
        return f"fiskaly: {self.remote.base_url} (not a fake: the contract is not watched)"

    def enter(self, item: pytest.Item) -> RemoteMock:
        """Return what a test gets in place of the fake, or skip it."""
        skip_if_controlled(arguments_of(item))
        return RemoteMock(self.remote, self.session, ContractVerdict(item.nodeid, "off"))
