"""`fiskaly_mock` where the fake cannot be controlled, or must not be."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, cast

import pytest
from fiskaly_mockserver.control.handles import (
    ApiKeyHandle,
    OrganizationHandle,
    TreeHandle,
    UserHandle,
)

from pytest_fiskaly.failures import fail
from pytest_fiskaly.markers import HARMLESS, MARKER, REAL
from pytest_fiskaly.mock import FiskalyMock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fiskaly_mockserver.server.tokens_for_tests import Holder

    from pytest_fiskaly.remote import Remote, Session
    from pytest_fiskaly.verdict import Watch


class KnownTree:
    """A tree of which only the organization that we belong to is known."""

    def __init__(self, main: OrganizationHandle, refuse: Callable[[str], NoReturn]) -> None:
        self.main = main
        self._refuse = refuse

    def __repr__(self) -> str:
        return f"<tree of which only {self.main.name!r} is known>"

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        self._refuse(f"tree.{name}")


class RemoteMock(FiskalyMock):
    """Another server in place of the fake: what needs control over it skips the test."""

    def __init__(self, remote: Remote, session: Session, watch: Watch) -> None:
        self._remote = remote
        self._session = session
        self._watch = watch

    def __repr__(self) -> str:
        return f"<fiskaly_mock, not a fake: {self.base_url}>"

    @property
    def base_url(self) -> str:
        """What a client takes as the API's address."""
        return self._remote.base_url

    @property
    def port(self) -> int:
        """The port it listens on."""
        from urllib.parse import urlsplit

        parts = urlsplit(self.base_url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def tree(self) -> TreeHandle:
        """What is known of the organization whose credentials are used: `.main`."""
        told, own = self._session, self._session.organization
        key = ApiKeyHandle(told.env, self._remote.key, self._remote.secret, told.organization_id)
        main = OrganizationHandle(
            organization_id=told.organization_id,
            type=str(own.get("type", "")),
            name=str(own.get("name", "")),
            envs=tuple(own.get("envs", ())),
            managed_by_organization_id=None,
            keys=(key,),
        )
        return cast("TreeHandle", KnownTree(main, _skip))

    def token_for(self, holder: Holder, *, env: str | None = None) -> str:
        """Return the token of the organization whose credentials are used."""
        if env not in {None, self._session.env} or not _is_main(holder, self.tree.main):
            _skip("token_for() of anybody but tree.main")
        return self._session.access_token

    def _needs_control(self, what: str) -> None:
        _skip(what)


class HonestMock(FiskalyMock):
    """The fake for a test that claims to be true of the real service.

    What the real service has not got fails the test, so that the claim stays true.
    """

    @property
    def tree(self) -> TreeHandle:
        """What is known of any server: `.main`."""
        return cast("TreeHandle", KnownTree(super().tree.main, _fail))

    def token_for(self, holder: Holder, *, env: str | None = None) -> str:
        """Return a token of the organization whose credentials a test has anywhere."""
        main = self.tree.main
        if env not in {None, main.api_key.env} or not _is_main(holder, main):
            _fail("token_for() of anybody but tree.main")
        return super().token_for(holder, env=env)

    def _needs_control(self, what: str) -> None:
        _fail(what)


def skip_if_controlled(arguments: Iterable[str]) -> None:
    """Skip a test whose marker asks for what only the fake can do."""
    for name in arguments:
        if name not in HARMLESS:
            _skip(f"the marker {MARKER}({name}=...)")


def fail_if_controlled(arguments: Iterable[str]) -> None:
    """Fail a test that asks for what only the fake can do, though it claims otherwise."""
    for name in arguments:
        if name not in HARMLESS:
            _fail(f"the marker {MARKER}({name}=...)")


def skip_fixture(name: str) -> NoReturn:
    """Skip a test that asks for a server of its own."""
    _skip(f"the fixture {name}")


def _skip(what: str) -> NoReturn:
    __tracebackhide__ = True
    pytest.skip(f"{what} needs control over the fake, which --fiskaly-url does not give")


def _fail(what: str) -> NoReturn:
    __tracebackhide__ = True
    fail(
        f"{what} needs control over the fake, but the test is marked {REAL}: it claims to be true"
        " of the real service too. Drop the one or the other"
    )


def _is_main(holder: Holder, main: OrganizationHandle) -> bool:
    match holder:
        case str():
            return holder in {main.organization_id, *(one.key for one in main.keys)}
        case OrganizationHandle():
            return holder.organization_id == main.organization_id
        case ApiKeyHandle():
            return holder in main.keys
        case UserHandle():
            return False
