"""The Dashboard: pages for people over the same state that the APIs serve.

What makes them is loaded with the first one that is asked for.
"""

from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from fiskaly_mockserver.web.control.dispatch import Dispatcher
from fiskaly_mockserver.web.service import SANDBOX_PREFIX, Service, sandbox_in_path
from fiskaly_mockserver.world.names import DASHBOARD_PREFIX

if TYPE_CHECKING:
    from fiskaly_mockserver.web.dashboard.site import Dashboard


def dashboard_routes(service: Service, control: Dispatcher) -> list[web.RouteDef]:
    """Return the routes of the pages, and those that lead to them from `/` and from a sandbox."""

    @cache
    def dashboard() -> "Dashboard":
        # Most servers show no page, and start without jinja2
        from fiskaly_mockserver.web.dashboard.site import Dashboard  # noqa: PLC0415

        return Dashboard(service, control)

    async def serve(request: web.Request) -> web.StreamResponse:
        return await dashboard().answer(request)

    async def lead(_: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": DASHBOARD_PREFIX})

    async def lead_into_sandbox(request: web.Request) -> web.StreamResponse:
        location = f"{DASHBOARD_PREFIX}/sandbox/{quote(sandbox_in_path(request), safe='')}"
        return web.Response(status=302, headers={"Location": location})

    return [
        web.get("/", lead),
        web.get(SANDBOX_PREFIX + DASHBOARD_PREFIX, lead_into_sandbox),
        *(
            web.route("*", path, serve)
            for path in (DASHBOARD_PREFIX, DASHBOARD_PREFIX + "/{rest:.*}")
        ),
    ]
