"""What the fixture `fiskaly_mock` gives a test: the fake, or what of it every server has."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, cast

import pytest
from fiskaly_mockserver.control.handles import (
    ApiKeyHandle,
    OrganizationHandle,
    SignedReceipt,
    TssHandle,
    UserHandle,
)
from fiskaly_mockserver.server.errors import ServerError
from fiskaly_mockserver.server.tokens_for_tests import TokenFault

from pytest_fiskaly.journal.assertions import JournalAssertions
from pytest_fiskaly.markers import HARMLESS, MARKER, REAL
from pytest_fiskaly.verdict.outcome import fail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fiskaly_contracts import Violation
    from fiskaly_fixtures.presets import CountryCode, PresetName
    from fiskaly_mockserver import MockServer
    from fiskaly_mockserver.control.client import Control
    from fiskaly_mockserver.control.handles import TreeHandle
    from fiskaly_mockserver.server.tokens_for_tests import Holder

    from pytest_fiskaly.verdict.watch import Allowance, ContractVerdict


class FiskalyMock:
    """A fake fiskaly Management API, in its seeded state when a test begins.

    Any client reaches it at `base_url`: synchronous, asynchronous, another process. What
    the client does wrong is held against the test, whether it noticed or not.
    """

    def __init__(
        self, server: MockServer, verdict: ContractVerdict, restore: Callable[..., None]
    ) -> None:
        """Take a server, what is held against the test, and what returns to how it began."""
        self._server = server
        self._verdict = verdict
        self._restore = restore

    def __repr__(self) -> str:
        where = f"at {self.base_url}" if self._server.runs else "stopped"
        return f"<fiskaly_mock {where}: {self._server.tree!r}>"

    @property
    def base_url(self) -> str:
        """What a client takes as the API's address, as `http://127.0.0.1:49152/api/v0`."""
        return self._server.base_url

    @property
    def sign_de_url(self) -> str:
        """What a client takes as SIGN DE's address, as `http://127.0.0.1:49152/api/v2`.

        Raises:
            ServerError: SIGN DE is switched off.
        """
        __tracebackhide__ = True
        return self._server.sign_de_url or sign_de_off()

    @property
    def control_url(self) -> str:
        """The address of the control routes, ending in `/_mock`, for other processes."""
        self._needs_control("control_url")
        return self._server.control_url

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.port

    @property
    def server(self) -> MockServer:
        """The server itself."""
        self._needs_control("server")
        return self._server

    @property
    def control(self) -> Control:
        """Clock, faults, journal, snapshots, sandboxes, sign-up and clearance for LIVE."""
        self._needs_control("control")
        return self._server.control

    @property
    def tree(self) -> TreeHandle:
        """The seeded organizations and users: `.main.key`, `.managed[0].organization_id`."""
        return self._server.tree

    @property
    def credentials(self) -> ApiKeyHandle:
        """The first enabled key of the first main organization, with its secret.

        Raises:
            NotInTheTree: There is none, as with preset `empty`.
        """
        __tracebackhide__ = True
        return self.tree.main.api_key

    @property
    def journal(self) -> JournalAssertions:
        """What the client asked for, to look at and to make demands of."""
        self._needs_control("journal")
        return JournalAssertions(self._server)

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Every violation of the contract by the test's client so far, the allowed ones too."""
        self._needs_control("violations")
        return tuple(self._verdict.violations)

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
        """Start over with other organizations; clock, faults and ids as the test began.

        What is not given is as the test's markers say, or as it was configured.

        Raises:
            TreeError: As `TreeArguments` says.
        """
        __tracebackhide__ = True
        self._needs_control("seed()")
        try:
            self._restore(
                preset=preset, seed=seed, size=size, country=country, tills=tills, receipts=receipts
            )
        except ValueError as error:
            raise error.with_traceback(None) from None
        return self.tree

    def reset(self) -> None:
        """Return to how the test began; what was held against it stays."""
        self._needs_control("reset()")
        self._restore()

    def token_for(self, holder: Holder, *, env: str | None = None) -> str:
        """Return a good access token, made without a request.

        Args:
            holder: A key, organization or user of the tree, or the text of a key or the
                id of an organization that the test created.
            env: TEST or LIVE, for an organization that has keys of both.

        Raises:
            NotInTheTree: There is no such key, organization or user.
            ValueError: The environment is none, or another than the key's.
        """
        __tracebackhide__ = True
        return self._mint(holder, env, TokenFault.NOTHING)

    def expired_token_for(self, holder: Holder, *, env: str | None = None) -> str:
        """Return an access token whose time is over; arguments as for `token_for`."""
        __tracebackhide__ = True
        self._needs_control("expired_token_for()")
        return self._mint(holder, env, TokenFault.EXPIRED)

    def wrong_env_token_for(self, holder: Holder, *, env: str | None = None) -> str:
        """Return an access token of the other environment than the key's."""
        __tracebackhide__ = True
        self._needs_control("wrong_env_token_for()")
        return self._mint(holder, env, TokenFault.WRONG_ENVIRONMENT)

    def forged_token_for(self, holder: Holder, *, env: str | None = None) -> str:
        """Return an access token that somebody else signed."""
        __tracebackhide__ = True
        self._needs_control("forged_token_for()")
        return self._mint(holder, env, TokenFault.FORGED)

    def new_tss(
        self, organization: OrganizationHandle | str, *, env: str | None = None, clients: int = 1
    ) -> TssHandle:
        """Bring a new TSS with registered clients to work, without a request of the client's.

        It is INITIALIZED, has an admin PIN, and nobody is logged in.

        Args:
            organization: An organization of the tree, or the id of one that the test created.
            env: TEST, unless LIVE is asked for.
            clients: How many tills are registered, 0 to 199.

        Raises:
            ControlRefused: There is no such organization, it is not enabled for the
                environment, or has five active TSS already.
        """
        __tracebackhide__ = True
        self._needs_control("new_tss()")
        organization_id = (
            organization if isinstance(organization, str) else organization.organization_id
        )
        return TssHandle.of(self.control.set_up_tss(organization_id, env=env, clients=clients))

    def receipts(self, tss: TssHandle | str) -> list[SignedReceipt]:
        """Return what was finished on a TSS, in order, each signature verified.

        Args:
            tss: A TSS of the tree, or the id of one that the test created.

        Raises:
            ControlRefused: There is no such TSS.
            AssertionError: A code does not verify, as one whose process data is no text in UTF-8.
        """
        __tracebackhide__ = True
        self._needs_control("receipts()")
        rows = self.control.receipts(tss if isinstance(tss, str) else tss.tss_id)
        return [SignedReceipt.of(row) for row in rows]

    def allow_violations(self, what: bool | str | Iterable[str] = True) -> Allowance:  # noqa: FBT001, FBT002 - as the marker takes it
        """Allow violations of the contract from now on, or inside a `with` block.

        Args:
            what: An operation (`"createOrganization"`), a rule (`"enum"`), both
                (`"createOrganization:enum"`), several of these, or `True` for all.

        Raises:
            ValueError: It names an operation or a rule that there is not.
        """
        __tracebackhide__ = True
        try:
            return self._verdict.allow(what)
        except ValueError as error:
            raise error.with_traceback(None) from None

    def _mint(self, holder: Holder, env: str | None, fault: TokenFault) -> str:
        __tracebackhide__ = True
        try:
            return self._server.token_for(holder, env=env, fault=fault)
        except (TypeError, ValueError, LookupError) as error:
            raise error.with_traceback(None) from None

    def _needs_control(self, what: str) -> None:
        """Notice when a test does what the real service has not got."""


class RestrictedMock(FiskalyMock):
    """The fake for a test that claims to be true of the real service.

    What the real service has not got fails the test, so that the claim stays true.
    """

    @property
    def tree(self) -> TreeHandle:
        """What is known of any server: `.main`."""
        return cast("TreeHandle", KnownTree(super().tree.main, refuse))

    def token_for(self, holder: Holder, *, env: str | None = None) -> str:
        """Return a token of the organization whose credentials a test has anywhere."""
        main = self.tree.main
        if env not in {None, main.api_key.env} or not is_main(holder, main):
            refuse("token_for() of anybody but tree.main")
        return super().token_for(holder, env=env)

    def _needs_control(self, what: str) -> None:
        refuse(what)


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


def fail_if_controlled(arguments: Iterable[str]) -> None:
    """Fail a test that asks for what only the fake can do, though it claims otherwise."""
    for name in arguments:
        if name not in HARMLESS:
            refuse(f"the marker {MARKER}({name}=...)")


def skip(what: str) -> NoReturn:
    """Skip a test that does what needs control over the fake."""
    __tracebackhide__ = True
    pytest.skip(f"{what} needs control over the fake, which --fiskaly-url does not give")


def refuse(what: str) -> NoReturn:
    """Fail a test that does what needs control, though it claims to be true of any server."""
    __tracebackhide__ = True
    fail(
        f"{what} needs control over the fake, but the test is marked {REAL}: it claims to be true"
        " of the real service too. Drop the one or the other"
    )


def sign_de_off() -> NoReturn:
    """Refuse to name an address that is not served.

    Raises:
        ServerError: Always.
    """
    __tracebackhide__ = True
    raise ServerError("this server does not serve SIGN DE: its config has sign_de=False")


def is_main(holder: Holder, main: OrganizationHandle) -> bool:
    """Tell whether a token's holder is the main organization, its id or one of its keys."""
    match holder:
        case str():
            return holder in {main.organization_id, *(one.key for one in main.keys)}
        case OrganizationHandle():
            return holder.organization_id == main.organization_id
        case ApiKeyHandle():
            return holder in main.keys
        case UserHandle():
            return False


def login_of(holder: Holder, tree: TreeHandle, env: str | None) -> dict[str, str] | None:
    """Return what somebody of a tree logs in with; None for what is not in it.

    Raises:
        ValueError: The environment is another than the key's.
    """
    if isinstance(holder, UserHandle):
        return {"email": holder.email, "password": holder.password}
    if isinstance(holder, str):
        for one in tree.organizations:
            if holder == one.organization_id:
                holder = one
                break
            keys = [key for key in one.keys if key.key == holder]
            if keys:
                holder = keys[0]
                break
        else:
            return None
    key = holder.key_for(env) if isinstance(holder, OrganizationHandle) else holder
    if env not in {None, key.env}:
        raise ValueError(f"it is for {key.env}, so that it has no {env} token")
    return {"api_key": key.key, "api_secret": key.secret}
