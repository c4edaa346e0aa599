"""The aiohttp application of one server."""

from aiohttp import web
from fiskaly_contracts import Contract

from fiskaly_mockserver.web.control.dispatch import Dispatcher
from fiskaly_mockserver.web.control.routes import control_routes
from fiskaly_mockserver.web.endpoint import MAX_BODY, routes_of
from fiskaly_mockserver.web.faults.apply import install_faults
from fiskaly_mockserver.web.responses import drop_server_header
from fiskaly_mockserver.web.sandboxes import SANDBOX_PREFIX
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.web.unrouted import unrouted_handler

ANYTHING = r"/{rest:[\s\S]*}"
"""Every path that begins with a slash; it is looked at after all others."""
DISPATCHER: web.AppKey[Dispatcher] = web.AppKey("dispatcher", Dispatcher)


def create_app(service: Service) -> web.Application:
    """Return an application that serves the operations of each API, and the control routes."""
    app = web.Application(client_max_size=MAX_BODY)
    dispatcher = app[DISPATCHER] = Dispatcher(service, Contract.control())
    app.on_response_prepare.append(drop_server_header)
    install_faults(app)
    app.on_shutdown.append(_end_waits)
    app.add_routes(routes_of(service))
    app.add_routes(routes_of(service, prefix=SANDBOX_PREFIX))
    app.add_routes(control_routes(dispatcher, service.safety))
    app.router.add_route("*", ANYTHING, unrouted_handler(service))
    return app


async def _end_waits(app: web.Application) -> None:
    app[DISPATCHER].stopped.set()
