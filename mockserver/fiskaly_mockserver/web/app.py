"""The aiohttp application of one server."""

from aiohttp import web

from fiskaly_mockserver.web.control import ROUTES
from fiskaly_mockserver.web.handlers import HANDLERS
from fiskaly_mockserver.web.middleware import exchange
from fiskaly_mockserver.web.operations import routes_of
from fiskaly_mockserver.web.responses import drop_server_header
from fiskaly_mockserver.web.service import MAX_BODY, SERVICE, Service


def create_app(service: Service) -> web.Application:
    """Return an application that serves the contract's operations and the control routes.

    Raises:
        LookupError: The contract and the handlers do not name the same operations.
    """
    app = web.Application(client_max_size=MAX_BODY, middlewares=[exchange])
    app[SERVICE] = service
    app.on_response_prepare.append(drop_server_header)
    app.add_routes(routes_of(service.contract.operations, HANDLERS, service.contract.base_path))
    app.add_routes(ROUTES)
    return app
