"""The pages of one server: addresses, sessions and their form token, and rendering."""

import inspect
import json
import re
import secrets
from collections.abc import Mapping
from functools import cache, partial
from hmac import compare_digest
from importlib import resources
from urllib.parse import quote

from aiohttp import hdrs, web
from jinja2 import Environment as Templates
from jinja2 import PackageLoader, StrictUndefined, select_autoescape

from fiskaly_mockserver.web.api import Download
from fiskaly_mockserver.web.control.dispatch import Dispatcher
from fiskaly_mockserver.web.dashboard import (
    account,
    exchanges,
    mock,
    organizations,
    overview,
    sign_in,
    signing,
)
from fiskaly_mockserver.web.dashboard.frame import (
    LANGUAGES,
    NOT_FOUND,
    SIGN_IN,
    BrowserSession,
    Missing,
    Page,
    Redirect,
    Visit,
)
from fiskaly_mockserver.web.safety import Unsafe
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.names import DASHBOARD_PREFIX

MOST_SESSIONS = 1_000
"""Visitors that are remembered; the oldest are forgotten first."""
SESSION_SECONDS = 12 * 3600
ZONES = (
    *("Europe/Berlin", "Europe/Vienna", "Europe/Zurich", "Europe/Paris", "Europe/London"),
    *("Europe/Lisbon", "Europe/Athens", "UTC", "America/New_York", "Asia/Kolkata", "Asia/Tokyo"),
)
"""Time zones that are proposed; any other can be typed."""
OF_ANY_VIEW = ("/choose", "/sign-out")
"""What means the same whatever another tab has chosen."""
MESSAGE = "message.html"
WAYS_OUT = ("/", "/sandbox/{sandbox}")
"""What is shown also to whom looks at a sandbox that is gone."""
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


PAGES = (
    *sign_in.PAGES,
    *overview.PAGES,
    *organizations.PAGES,
    *account.PAGES,
    *signing.PAGES,
    *exchanges.PAGES,
    *mock.PAGES,
)
"""Every page; the first one whose address fits is shown."""


@cache
def _templates() -> Templates:
    """Compile each template once per process: it takes longer than to render it a hundred times.

    All servers share them, so nobody may add to them.
    """
    return Templates(
        loader=PackageLoader("fiskaly_mockserver.web.dashboard"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class Dashboard:
    """The pages of one server."""

    def __init__(self, service: Service, control: Dispatcher) -> None:
        self._control = control
        self._service = service
        self._sessions: dict[str, BrowserSession] = {}
        self._pages = [
            (re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", page.path)), page) for page in PAGES
        ]
        self._templates = _templates()
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
        changes = request.method == hdrs.METH_POST
        form: Mapping[str, object] = {}
        unread = None
        try:
            form = await request.post() if changes else {}
        except web.HTTPRequestEntityTooLarge:
            unread = ("form_too_large", 413)
        except (ValueError, LookupError, AssertionError):  # no form, or in no known charset
            unread = ("form_unreadable", 400)
        now = self._service.world.seams.clock.now()
        name = f"fiskaly_mock_{request.url.port}"
        session_id = request.cookies.get(name, "")
        session = self._sessions.get(session_id)
        if session is not None and now > session.begun + SESSION_SECONDS:
            session = None
        visit = Visit(
            service=self._service,
            control=self._control,
            request=request,
            session=session or BrowserSession(_language_of(request)),
            address="" if changes else request.raw_path.removeprefix(DASHBOARD_PREFIX) or "/",
            path={},
            query=request.query,
            form={name: value for name, value in form.items() if isinstance(value, str)},
            files={
                name: value.file.read()
                for name, value in form.items()
                if isinstance(value, web.FileField)
            },
        )
        response: web.StreamResponse
        if unread:
            response = self._render(visit, MESSAGE, {"text": unread[0]}, unread[1])
        else:
            response = await self._shown(path, visit)
        if session is not visit.session:
            # a new id with every sign-in, so that nobody can have given it before
            self._sessions.pop(session_id, None)
            session_id = secrets.token_urlsafe(24)
            while len(self._sessions) >= MOST_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            visit.session.begun = now
            self._sessions[session_id] = visit.session
            response.set_cookie(
                name,
                session_id,
                max_age=SESSION_SECONDS,
                path=DASHBOARD_PREFIX,
                httponly=True,
                secure=request.scheme == "https",
                samesite="Strict",
            )
        return response

    async def _shown(self, path: str, visit: Visit) -> web.StreamResponse:
        try:
            page = self._page(visit.request.method, path, visit)
            _demand_world(visit, page)
            if not page.public:
                _ = visit.principal
            if page.method == hdrs.METH_POST and not _has_token(visit):
                return self._render(visit, MESSAGE, {"text": "form_token_missing"}, 403)
            _demand_view(visit, page)
            found = page.show(visit)
            values = await found if inspect.isawaitable(found) else found
            if isinstance(values, web.StreamResponse):
                return values
            if isinstance(values, Download):
                return await _sent(values)
            return self._render(visit, page.template, values, visit.status)
        except Redirect as there:
            if str(there) == SIGN_IN and path not in ("/", "/sign-out"):
                visit.session.wanted = visit.address or self._page_of(path)
            location = DASHBOARD_PREFIX + str(there)
            return web.Response(status=303, headers={**_HEADERS, "Location": location})
        except (Missing, *NOT_FOUND) as error:
            told = str(error) if isinstance(error, Missing) else ""
            return self._render(visit, MESSAGE, {"text": told or "not_found"}, 404)

    def _page_of(self, path: str) -> str:
        """Return the page with the form that is sent to a path: that path or one above."""
        while path and not any(
            pattern.fullmatch(path) for pattern, page in self._pages if page.method == hdrs.METH_GET
        ):
            path = path.rpartition("/")[0]
        return quote(path)

    def _page(self, method: str, path: str, visit: Visit) -> Page:
        for pattern, page in self._pages:
            found = pattern.fullmatch(path)
            if found and page.method == ("GET" if method == "HEAD" else method):
                visit.path = found.groupdict()
                return page
        raise Missing

    def _render(
        self, visit: Visit, template: str, values: Mapping[str, object], status: int
    ) -> web.Response:
        session = visit.session
        texts = self._texts[session.language]
        notice = session.notice
        if not account.looks_again(visit):
            session.notice = ""
        user = visit.user
        memberships = visit.memberships if user else ()
        try:
            organization = visit.organization if memberships else None
        except Redirect:
            if template != MESSAGE:
                raise
            organization = visit.organization  # out of sight, so that another is in view now
        body = self._templates.get_template(template).render(
            {
                "t": texts.__getitem__,
                "texts": texts,
                "base": DASHBOARD_PREFIX,
                "address": visit.address,
                "session": session,
                "user": user,
                "memberships": memberships,
                "organization": organization,
                "form": visit.form,
                "errors": visit.errors,
                "notice": notice,
                "may_control": visit.may_control,
                "signs": visit.signs,
                "sandbox": visit.world.name,
                "token_asked": visit.service.safety.enabled and not visit.may_control,
                "origin": visit.origin,
                "zone": str(visit.zone),
                "zones": ZONES,
                "when": partial(_when, visit),
                **values,
            }
        )
        return web.Response(text=body, status=status, content_type="text/html", headers=_HEADERS)


def _language_of(request: web.Request) -> str:
    wanted = request.headers.get(hdrs.ACCEPT_LANGUAGE, "")[:2].lower()
    return wanted if wanted in LANGUAGES else LANGUAGES[0]


def _demand_world(visit: Visit, page: Page) -> None:
    """Demand that the sandbox is there whose pages are open: nobody means the default world then.

    Raises:
        Missing: It is gone, and this page is no way out of it.
    """
    if visit.session.sandbox != visit.world.name:
        if page.path not in WAYS_OUT:
            raise Missing("sandbox_gone")
        visit.session.sandbox = visit.world.name


def _demand_view(visit: Visit, page: Page) -> None:
    """Demand that a form is about what is in view: another tab may have chosen something else.

    What is there for everybody is about a world, whatever organization is in view.

    Raises:
        Missing: It has.
    """
    now = visit.session.in_view
    sent = visit.form.get("in_view", now)
    if page.public:
        now, sent = now.partition("/")[0], sent.partition("/")[0]
    if page.path not in OF_ANY_VIEW and sent != now:
        raise Missing("other_in_view")


def _has_token(visit: Visit) -> bool:
    given = visit.form.get("form_token", "").encode("utf-8", "replace")
    return compare_digest(given, visit.session.form_token.encode())


def _when(visit: Visit, seconds: float) -> str:
    return visit.local(seconds).strftime("%Y-%m-%d %H:%M")


async def _sent(download: Download) -> web.Response:
    headers = {**_HEADERS, "Content-Disposition": "attachment"}
    return web.Response(
        body=await download.read(), content_type=download.media_type, headers=headers
    )
