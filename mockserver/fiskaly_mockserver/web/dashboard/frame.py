"""What every page shares: routing, the session and its form token, and rendering.

A page is a function that takes a `Visit` and returns what is to be shown, in a `Page` whose
place in `PAGES` is its address.
"""

import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hmac import compare_digest
from importlib import resources
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from aiohttp import hdrs, web
from fiskaly_contracts import CheckedRequest, RequestData
from fiskaly_contracts.json_value import tokens_of
from jinja2 import Environment as Templates
from jinja2 import PackageLoader, StrictUndefined, select_autoescape

from fiskaly_mockserver.domain.account.access import Principal, sees
from fiskaly_mockserver.domain.account.errors import (
    ApiKeyNotFound,
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
from fiskaly_mockserver.web.api import Call, JsonObject, PresentedRow
from fiskaly_mockserver.web.safety import Unsafe
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.names import DASHBOARD_PREFIX
from fiskaly_mockserver.world.world import World

LANGUAGES = ("en", "de")
MOST_SESSIONS = 1_000
"""Visitors that are remembered; the oldest are forgotten first."""
SESSION_SECONDS = 12 * 3600
ZONE = "Europe/Berlin"
SIGN_IN = "/sign-in"
_STATIC = {"dashboard.css": "text/css", "dashboard.js": "text/javascript"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(slots=True, eq=False)
class BrowserSession:
    """What the server knows of one browser.

    Attributes:
        form_token: What every change from its pages carries.
        wanted: The page that a signed-out person asked for.
        shown_once: A new API key's name, key and secret, for the next page alone.
        generation: The state of the world that it signed in to.
    """

    form_token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    user_id: UserId | None = None
    organization_id: OrganizationId | None = None
    env: Environment = Environment.TEST
    language: str | None = None
    shown_once: dict[str, str] | None = field(default=None, repr=False)
    notice: str = ""
    wanted: str = ""
    generation: int = 0


NOT_FOUND = (OrganizationNotFound, ApiKeyNotFound, UserNotFound)


class Redirect(Exception):
    """The answer is another page, by its path below the prefix."""


class Missing(Exception):
    """There is no such page, or not for this person."""


@dataclass(slots=True)
class Visit:
    """One request for a page.

    Attributes:
        path: The parts of the address that vary, by name.
        form: What was sent; empty for a GET.
        errors: What is wrong with it, by the name of its field; "" for the whole form.
    """

    service: Service
    session: BrowserSession
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    status: int = 200

    @property
    def world(self) -> World:
        """The world whose pages these are."""
        return self.service.world

    @property
    def user(self) -> User | None:
        """The person who is signed in; none after a reset, as nobody may know who it was."""
        if self.session.user_id is None or self.session.generation != self.world.generation:
            return None
        return self.world.tables.users.get(self.session.user_id)

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
            Redirect: Nobody is signed in, or belongs to no organization any more.
        """
        user, memberships = self.user, self.memberships
        if user is None or not memberships:
            raise Redirect(SIGN_IN)
        return Principal(
            id=PrincipalId(user.id),
            kind=PrincipalKind.USER,
            env=self.session.env,
            home=memberships[0],
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
        """Whether the page may do what control calls do: where those need no token."""
        safety = self.service.safety
        return safety.enabled and safety.token is None and safety.loopback

    def checked(
        self, operation_id: str, body: JsonObject, path: Mapping[str, str]
    ) -> CheckedRequest | None:
        """Check what a form says as the API's operation would; `None`, with errors, if refused."""
        checked = self.service.apis[0].checker.check(
            RequestData(
                operation_id=operation_id,
                path_parameters=path,
                content_type="application/json",
                body=json.dumps(body).encode(),
            )
        )
        for violation in checked.refusing:
            for one in [found for _, why in violation.branches for found in why] or [violation]:
                name = ".".join(tokens_of(one.pointer))
                known = name if name in self.form else ""
                self.errors.setdefault(known, one.sentence())
        return None if checked.refusing else checked

    def perform(
        self, operation_id: str, body: JsonObject, path: Mapping[str, str] = MappingProxyType({})
    ) -> JsonObject | None:
        """Do what the API's operation does, as the person; `None`, with errors, if refused.

        Raises:
            OrganizationNotFound: As the operation, so that its 404 is the page's; likewise
                for keys and users.
        """
        checked = self.checked(operation_id, body, path)
        if checked is None:
            self.status = 400
            return None
        call = Call(
            world=self.world,
            principal=self.principal,
            path=checked.path,
            query=checked.query,
            body=checked.body if isinstance(checked.body, dict) else {},
        )
        try:
            done = self.service.apis[0].api.handlers[operation_id](call)
        except NOT_FOUND:
            raise
        except DomainError as error:
            self.refused(error)
            return None
        if isinstance(done, PresentedRow):
            return done.present(done.row)
        return done if isinstance(done, dict) else {}

    def refused(self, error: DomainError) -> None:
        """Note what a rule refused, in the words that the API has for it."""
        answer = self.service.apis[0].api.errors.refused(error)
        told = answer.body.get("message", "") if isinstance(answer.body, dict) else ""
        field = getattr(error, "field", "")
        self.errors.setdefault(field if field in self.form else "", str(told))
        self.status = answer.status


class Page(NamedTuple):
    """One address: `template` shows what `show` returns; without one, it changes and leads on."""

    method: str
    path: str
    show: Callable[[Visit], Mapping[str, object]]
    template: str = ""
    public: bool = False


class Dashboard:
    """The pages of one server."""

    def __init__(self, service: Service, pages: Sequence[Page]) -> None:
        self._service = service
        self._sessions: dict[str, BrowserSession] = {}
        self._pages = [
            (re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", page.path)), page) for page in pages
        ]
        self._templates = Templates(
            loader=PackageLoader("fiskaly_mockserver.web.dashboard"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        files = resources.files("fiskaly_mockserver.web.dashboard")
        self._texts = {
            name: json.loads(files.joinpath("texts", f"{name}.json").read_text("utf-8"))
            for name in LANGUAGES
        }
        self._static = {name: files.joinpath("static", name).read_bytes() for name in _STATIC}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Return a page, a file, or where to go."""
        try:
            self._service.safety.demand_own_page(request.headers, request.scheme)
            self._service.safety.demand_own_host(request.headers)
        except Unsafe as error:
            return web.Response(status=error.status, text=error.message, headers=_HEADERS)
        path = request.path.removeprefix(DASHBOARD_PREFIX).rstrip("/") or "/"
        file = path.removeprefix("/static/")
        if path.startswith("/static/") and file in self._static and request.method == hdrs.METH_GET:
            return web.Response(
                body=self._static[file],
                content_type=_STATIC[file],
                charset="utf-8",
                headers={**_HEADERS, "Cache-Control": "no-cache"},
            )
        try:
            form = await request.post() if request.method == hdrs.METH_POST else {}
        except (ValueError, LookupError, AssertionError):  # no form, or in no known charset
            return web.Response(status=400, text="the form cannot be read", headers=_HEADERS)
        sent = {name: value for name, value in form.items() if isinstance(value, str)}
        name = f"fiskaly_mock_{request.url.port}"
        session_id = request.cookies.get(name, "")
        session = self._sessions.get(session_id)
        response = self._shown(request, path, sent, session or BrowserSession())
        visit_session = response[1]
        if session is not visit_session:
            # a new id with every sign-in, so that nobody can have given it before
            self._sessions.pop(session_id, None)
            session_id = secrets.token_urlsafe(24)
            while len(self._sessions) >= MOST_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[session_id] = visit_session
            response[0].set_cookie(
                name,
                session_id,
                max_age=SESSION_SECONDS,
                path=DASHBOARD_PREFIX,
                httponly=True,
                secure=request.scheme == "https",
                samesite="Strict",
            )
        return response[0]

    def _shown(
        self, request: web.Request, path: str, form: Mapping[str, str], session: BrowserSession
    ) -> tuple[web.Response, BrowserSession]:
        visit = Visit(
            service=self._service,
            session=session,
            path={},
            query=request.query,
            form=form,
        )
        if session.language is None:
            wanted = request.headers.get(hdrs.ACCEPT_LANGUAGE, "")[:2].lower()
            session.language = wanted if wanted in LANGUAGES else LANGUAGES[0]
        try:
            page = self._page(request.method, path, visit)
            if request.method == hdrs.METH_POST and not compare_digest(
                form.get("form_token", "").encode("utf-8", "replace"), session.form_token.encode()
            ):
                return self._render(visit, "message.html", {"text": "form_token_missing"}, 403)
            if not page.public:
                _ = visit.principal
            values = page.show(visit)
            return self._render(visit, page.template, values, visit.status)
        except Redirect as there:
            if str(there) == SIGN_IN and request.method == hdrs.METH_GET and path != "/":
                visit.session.wanted = path
            location = DASHBOARD_PREFIX + str(there)
            return web.Response(
                status=303, headers={**_HEADERS, "Location": location}
            ), visit.session
        except (Missing, *NOT_FOUND):
            return self._render(visit, "message.html", {"text": "not_found"}, 404)

    def _page(self, method: str, path: str, visit: Visit) -> Page:
        for pattern, page in self._pages:
            found = pattern.fullmatch(path)
            if found and page.method == ("GET" if method == "HEAD" else method):
                visit.path = found.groupdict()
                return page
        raise Missing

    def _render(
        self, visit: Visit, template: str, values: Mapping[str, object], status: int
    ) -> tuple[web.Response, BrowserSession]:
        session = visit.session
        texts = self._texts[session.language or LANGUAGES[0]]
        notice, session.notice = session.notice, ""
        user = visit.user if visit.memberships else None
        body = self._templates.get_template(template).render(
            {
                "t": texts.__getitem__,
                "texts": texts,
                "base": DASHBOARD_PREFIX,
                "session": session,
                "user": user,
                "memberships": visit.memberships if user else (),
                "organization": visit.organization if user else None,
                "form": visit.form,
                "errors": visit.errors,
                "notice": notice,
                "may_control": visit.may_control,
                "when": _when,
                **values,
            }
        )
        response = web.Response(
            text=body, status=status, content_type="text/html", headers=_HEADERS
        )
        return response, session


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, ZoneInfo(ZONE)).strftime("%Y-%m-%d %H:%M")
