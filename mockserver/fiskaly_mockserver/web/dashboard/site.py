"""The pages of one server: addresses, sessions and their form token, and rendering."""

import inspect
import json
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from hmac import compare_digest
from importlib import resources
from zoneinfo import ZoneInfo

from aiohttp import hdrs, web
from jinja2 import Environment as Templates
from jinja2 import PackageLoader, StrictUndefined, select_autoescape

from fiskaly_mockserver.web.api import Download
from fiskaly_mockserver.web.control.dispatch import Dispatcher
from fiskaly_mockserver.web.dashboard import (
    account,
    exchanges,
    mock,
    overview,
    sign_in,
    signing,
    transactions,
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
    *account.PAGES,
    *signing.PAGES,
    *transactions.PAGES,
    *exchanges.PAGES,
    *mock.PAGES,
)
"""Every page; the first one whose address fits is shown."""


class Dashboard:
    """The pages of one server."""

    def __init__(self, service: Service, control: Dispatcher) -> None:
        self._control = control
        self._service = service
        self._sessions: dict[str, BrowserSession] = {}
        self._pages = [
            (re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", page.path)), page) for page in PAGES
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
        response = await self._shown(request, path, sent, session or BrowserSession())
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

    async def _shown(
        self, request: web.Request, path: str, form: Mapping[str, str], session: BrowserSession
    ) -> tuple[web.StreamResponse, BrowserSession]:
        visit = Visit(
            service=self._service,
            control=self._control,
            request=request,
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
            found = page.show(visit)
            values = await found if inspect.isawaitable(found) else found
            if isinstance(values, web.StreamResponse):
                return values, visit.session
            if isinstance(values, Download):
                return _sent(values), visit.session
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
                "signs": visit.signs,
                "sandbox": visit.world.name,
                "token_asked": visit.service.safety.enabled and not visit.may_control,
                "origin": visit.origin,
                "when": partial(_when, ZoneInfo(session.zone)),
                **values,
            }
        )
        response = web.Response(
            text=body, status=status, content_type="text/html", headers=_HEADERS
        )
        return response, session


def _when(zone: ZoneInfo, seconds: float) -> str:
    return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%d %H:%M")


def _sent(download: Download) -> web.Response:
    headers = {**_HEADERS, "Content-Disposition": "attachment"}
    return web.Response(
        body=b"".join(download.chunks), content_type=download.media_type, headers=headers
    )
