"""The aiohttp application of one server."""

from aiohttp import web
from fiskaly_contracts import Contract

from fiskaly_mockserver.web.contract_check import MAX_BODY, Checks, Explainer
from fiskaly_mockserver.web.control.dispatch import Dispatcher, LaterHandlers
from fiskaly_mockserver.web.control.routes import control_routes
from fiskaly_mockserver.web.endpoint import routes_of
from fiskaly_mockserver.web.faults.apply import install_faults
from fiskaly_mockserver.web.management.handlers import HANDLERS
from fiskaly_mockserver.web.pipeline import exchanging
from fiskaly_mockserver.web.responses import drop_server_header
from fiskaly_mockserver.web.row_cache import Writer
from fiskaly_mockserver.web.sandboxes import SANDBOX_PREFIX
from fiskaly_mockserver.web.service import SERVING, Service, Serving
from fiskaly_mockserver.web.unrouted import unrouted

ANYTHING = r"/{rest:[\s\S]*}"
"""Every path that begins with a slash; it is looked at after all others."""
DISPATCHER: web.AppKey[Dispatcher] = web.AppKey("dispatcher", Dispatcher)


def create_app(service: Service) -> web.Application:
    """Return an application that serves the contract's operations and the control routes.

    Raises:
        LookupError: The contract and the handlers do not name the same operations.
    """
    explainer = Explainer()
    checks = Checks(service.checker, explainer, loose=service.loose)
    serving = Serving(service, checks, Writer(service.checker.answer_plan))
    app = web.Application(client_max_size=MAX_BODY)
    app[SERVING] = serving
    dispatcher = app[DISPATCHER] = Dispatcher(
        service, Contract.control(), LaterHandlers(), explainer
    )
    app.on_response_prepare.append(drop_server_header)
    install_faults(app)
    app.on_shutdown.append(_end_waits)
    app.add_routes(routes_of(HANDLERS, serving))
    app.add_routes(routes_of(HANDLERS, serving, prefix=SANDBOX_PREFIX))
    app.add_routes(control_routes(dispatcher, service.safety))
    app.router.add_route("*", ANYTHING, exchanging(serving, unrouted))

    async def close_explainer(_: web.Application) -> None:
        explainer.close()

    app.on_cleanup.append(close_explainer)
    return app


async def _end_waits(app: web.Application) -> None:
    app[DISPATCHER].stopped.set()
