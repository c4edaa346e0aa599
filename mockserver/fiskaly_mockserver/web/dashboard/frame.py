"""What every page works with: the visit, the browser's session, and the API's operations.

A page is a function that takes a `Visit` and returns what is to be shown, in a `Page` whose
place in `PAGES` is its address.
"""

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiohttp import web
from fiskaly_contracts import CheckedRequest, RequestData, Violation
from fiskaly_contracts.json_value import tokens_of

from fiskaly_mockserver.domain.account.access import Principal, sees
from fiskaly_mockserver.domain.account.errors import (
    ApiKeyNotFound,
    BillingAddressNotFound,
    OrganizationNotFound,
    UserNotFound,
)
from fiskaly_mockserver.domain.account.model import (
    Environment,
    Organization,
    OrganizationId,
    PrincipalId,
    PrincipalKind,
    User,
    UserId,
)
from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.domain.signing.errors import (
    ClientNotFound,
    ExportNotFound,
    TransactionNotFound,
    TssNotFound,
)
from fiskaly_mockserver.web.api import Call, Download, JsonObject, Presented, PresentedRow
from fiskaly_mockserver.web.control.dispatch import Asked, Dispatcher
from fiskaly_mockserver.web.service import ServedApi, Service
from fiskaly_mockserver.world.names import SIGN_DE
from fiskaly_mockserver.world.world import World

LANGUAGES = ("en", "de")
ZONE = "Europe/Berlin"
SIGN_IN = "/sign-in"
FIRST_ORGANIZATION = "/first-organization"


@dataclass(slots=True, eq=False)
class BrowserSession:
    """What the server knows of one browser.

    Attributes:
        form_token: What every change from its pages carries.
        zone: In which times are shown.
        wanted: The page that a signed-out person asked for.
        shown_once: A new API key's name, key and secret, for the next page alone.
        signed_in_to: The name of the world that it signed in to, and the state of that.
        sandbox: The name of the world that is looked at, "" for the default one.
        trusted: Whether it told the control token.
        begun: When, in unix seconds of real time.
    """

    language: str
    form_token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    user_id: UserId | None = None
    organization_id: OrganizationId | None = None
    env: Environment = Environment.TEST
    zone: str = ZONE
    shown_once: dict[str, str] | None = field(default=None, repr=False)
    notice: str = ""
    wanted: str = ""
    signed_in_to: tuple[str, int] = ("", 0)
    sandbox: str = ""
    trusted: bool = False
    begun: float = 0

    @property
    def in_view(self) -> str:
        """What pages are about now, which another tab of the browser may have changed."""
        return f"{self.sandbox}/{self.organization_id or ''}/{self.env}"

    def renewed(self) -> "BrowserSession":
        """Return a new session of nobody, which keeps how the pages are shown."""
        return BrowserSession(
            language=self.language, zone=self.zone, sandbox=self.sandbox, trusted=self.trusted
        )


NOT_FOUND = (
    OrganizationNotFound,
    ApiKeyNotFound,
    BillingAddressNotFound,
    UserNotFound,
    TssNotFound,
    ClientNotFound,
    TransactionNotFound,
    ExportNotFound,
)


class Redirect(Exception):
    """The answer is another page, by its path below the prefix."""


class Missing(Exception):
    """There is no such page, or not for this person; what is told, if it is something else."""


@dataclass(slots=True)
class Visit:
    """One request for a page.

    Attributes:
        path: The parts of the address that vary, by name.
        address: The page's own, below the prefix and with its query; "" for a change.
        form: What was sent; empty for a GET.
        files: What was uploaded, by the name of its field.
        errors: What is wrong with it, by the name of its field; "" for the whole form.
    """

    service: Service
    control: Dispatcher
    request: web.Request
    session: BrowserSession
    address: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    files: Mapping[str, bytes]
    errors: dict[str, str] = field(default_factory=dict)
    status: int = 200

    @property
    def world(self) -> World:
        """The world that is looked at; the default one if its sandbox is gone."""
        return self.service.worlds.find(self.session.sandbox) or self.service.world

    @property
    def user(self) -> User | None:
        """The person who is signed in; none after a reset, as nobody may know who it was."""
        session, world = self.session, self.world
        if session.user_id is None or session.signed_in_to != (world.name, world.generation):
            return None
        return world.tables.users.get(session.user_id)

    @property
    def zone(self) -> tzinfo:
        """The time zone in which times are shown; UTC on a machine that knows none."""
        try:
            return ZoneInfo(self.session.zone)
        except ZoneInfoNotFoundError:
            return UTC

    def local(self, seconds: float) -> datetime:
        """Return unix seconds as a time of the zone; what lies beyond the year 9999 is its end."""
        try:
            return datetime.fromtimestamp(seconds, self.zone)
        except (ValueError, OverflowError):
            return datetime.max.replace(tzinfo=self.zone)

    @property
    def memberships(self) -> tuple[Organization, ...]:
        """The organizations that the person belongs to, the first joined first."""
        tables = self.world.tables
        user_id = self.session.user_id
        if user_id is None:
            return ()
        rows = (
            tables.organizations.get(row.organization_id)
            for row in tables.memberships.select("user", user_id)
            if row.pending_until is None
        )
        return tuple(row for row in rows if row is not None)

    @property
    def principal(self) -> Principal:
        """The person in the chosen environment, with the rights that a token would have.

        Raises:
            Redirect: Nobody is signed in, or the person belongs to no organization.
        """
        user, memberships = self.user, self.memberships
        if user is None:
            raise Redirect(SIGN_IN)
        if not memberships:
            raise Redirect(FIRST_ORGANIZATION)
        chosen = self.session.organization_id
        return Principal(
            id=PrincipalId(user.id),
            kind=PrincipalKind.USER,
            env=self.session.env,
            home=next((row for row in memberships if row.id == chosen), memberships[0]),
            memberships=memberships,
        )

    @property
    def organization(self) -> Organization:
        """The organization in view.

        Raises:
            Redirect: None is chosen, or it is out of sight now.
        """
        principal = self.principal
        chosen = self.session.organization_id
        row = self.world.tables.organizations.get(chosen) if chosen else None
        if row is None or not sees(principal, row):
            if self.session.env is Environment.LIVE:
                self.session.env = Environment.TEST
                raise Redirect("/organizations")
            self.session.organization_id = principal.home.id
            row = principal.home
        return row

    @property
    def may_control(self) -> bool:
        """Whether the page may do what control calls do: without a token, or with it."""
        safety = self.service.safety
        free = safety.token is None and safety.loopback
        return safety.enabled and (free or self.session.trusted)

    @property
    def signs(self) -> bool:
        """Whether the server has SIGN DE."""
        return any(one.name == SIGN_DE for one in self.service.apis)

    @property
    def as_api_key(self) -> Principal:
        """The person acting for the organization in view, as one of its API keys would (R3).

        SIGN DE knows no people, only API keys of the organization whose TSS it is.

        Raises:
            Redirect: As `organization`.
        """
        home, person = self.organization, self.principal
        return person._replace(kind=PrincipalKind.API_KEY, home=home, memberships=(home,))

    def checked(
        self,
        operation_id: str,
        body: JsonObject,
        path: Mapping[str, str],
        query: tuple[tuple[str, str], ...] = (),
    ) -> CheckedRequest | None:
        """Check what a form says as the API's operation would; `None`, with errors, if refused."""
        served = self._serving(operation_id)
        has_body = served.api.contract.operations[operation_id].has_body
        checked = served.checker.check(
            RequestData(
                operation_id=operation_id,
                path_parameters=path,
                query=query,
                content_type="application/json" if has_body else "",
                body=json.dumps(body).encode() if has_body else b"",
            )
        )
        for violation in checked.refusing:
            ways = [
                [(self._field_of(one), one.sentence()) for one in why]
                for _, why in violation.branches
            ] or [[(self._field_of(violation), violation.sentence())]]
            # of several ways to be right, the one whose fields were filled in
            for name, sentence in min(ways, key=lambda way: sum(not name for name, _ in way)):
                self.errors.setdefault(name, sentence)
        if checked.refusing:
            self.status = 400
            return None
        return checked

    def ask(
        self,
        operation_id: str,
        body: JsonObject | None = None,
        path: Mapping[str, str] = MappingProxyType({}),
        query: tuple[tuple[str, str], ...] = (),
    ) -> Presented | Download | None:
        """Do what the API's operation does, as the person; `None`, with errors, if refused.

        Raises:
            OrganizationNotFound: As the operation, so that its 404 is the page's; likewise for
                all of `NOT_FOUND`.
        """
        served = self._serving(operation_id)
        checked = self.checked(operation_id, body or {}, path, query)
        if checked is None:
            return None
        sent = checked.body if isinstance(checked.body, dict) else {}
        for name in served.redactor.secret_names.intersection(sent):
            served.redactor.secrets.add(sent[name])
        call = Call(
            world=self.world,
            principal=self.as_api_key if served.name == SIGN_DE else self.principal,
            path=checked.path,
            query=checked.query,
            body=sent,
        )
        try:
            return served.api.handlers[operation_id](call)
        except NOT_FOUND:
            raise
        except DomainError as error:
            self.refused(error, served)
            return None

    def perform(
        self, operation_id: str, body: JsonObject, path: Mapping[str, str] = MappingProxyType({})
    ) -> JsonObject | None:
        """Do the same, and return the JSON that the API would answer with.

        Raises:
            OrganizationNotFound: As `ask`.
        """
        done = self.ask(operation_id, body, path)
        if isinstance(done, PresentedRow):
            return done.present(done.row)
        return None if done is None else done if isinstance(done, dict) else {}

    def refused(self, error: DomainError, served: ServedApi | None = None) -> None:
        """Note what a rule refused, in the words that the API has for it."""
        answer = (served or self.service.apis[0]).api.errors.refused(error)
        told = answer.body.get("message", "") if isinstance(answer.body, dict) else ""
        self.errors.setdefault(self._field(getattr(error, "field", "")), str(told))
        self.status = answer.status

    def _field_of(self, violation: Violation) -> str:
        return self._field(".".join(tokens_of(violation.pointer)))

    def _field(self, name: str) -> str:
        """Return the field of the form that is meant, "" for the whole form."""
        return name if name in self.form else ""

    async def command(
        self,
        operation_id: str,
        body: JsonObject | None = None,
        path: Mapping[str, str] = MappingProxyType({}),
    ) -> JsonObject | None:
        """Make a control call on the world that is looked at; `None`, with errors, if refused.

        Raises:
            Missing: Whoever this is may not control the server.
        """
        if not self.may_control:
            raise Missing
        world = self.world
        answer = await self.control.answer(
            Asked(
                operation_id,
                path,
                body=b"" if body is None else json.dumps(body).encode(),
                content_type="" if body is None else "application/json",
                sandbox=world.name or None,
                origin=self.origin,
            )
        )
        told = answer.body if isinstance(answer.body, dict) else {}
        if answer.status == web.HTTPOk.status_code:
            return told
        name = self._field(str(told.get("field", "")))
        self.errors.setdefault(name, str(told.get("message", "")))
        self.status = answer.status
        return None

    @property
    def origin(self) -> str:
        """The address that the browser reached the server at."""
        return f"{self.request.scheme}://{self.request.host}"

    def _serving(self, operation_id: str) -> ServedApi:
        """Return the API that has an operation; ids are unique over all of them.

        Raises:
            Missing: It is not served.
        """
        for served in self.service.apis:
            if operation_id in served.api.contract.operations:
                return served
        raise Missing


Shown = Mapping[str, object] | Download | web.StreamResponse
"""What a template shows, a file, or an answer that was sent already."""


class Page(NamedTuple):
    """One address: `template` shows what `show` returns; without one, it changes and leads on."""

    method: str
    path: str
    show: Callable[[Visit], Shown | Awaitable[Shown]]
    template: str = ""
    public: bool = False
