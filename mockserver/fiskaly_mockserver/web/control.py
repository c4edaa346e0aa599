"""The server's own routes under `/_mock`: no part of the contract, never journaled."""

from aiohttp import web
from fiskaly_contracts import JsonValue

from fiskaly_mockserver.web.answers import CONTENT_TYPE, to_bytes
from fiskaly_mockserver.web.service import SERVICE

CONTROL_PREFIX = "/_mock"


def is_control(path: str) -> bool:
    """Tell whether a path belongs to the control routes."""
    return path == CONTROL_PREFIX or path.startswith(CONTROL_PREFIX + "/")


async def health(request: web.Request) -> web.Response:
    """Tell that the server is up, and what it serves."""
    return _json({"status": "ok", **request.app[SERVICE].about})


async def contract(request: web.Request) -> web.Response:
    """Show the OpenAPI document, with the address it was asked under as its server."""
    served = request.app[SERVICE].contract
    return _json(served.served_at(f"{request.scheme}://{request.host}{served.base_path}"))


async def unknown(request: web.Request) -> web.Response:
    """Say which control routes there are."""
    known = [f"GET {route.path}" for route in ROUTES if route.method == "GET"]
    message = f"no control route {request.method} {request.path}; there are {', '.join(known)}"
    return _json({"error": "Not Found", "message": message}, status=404)


def _json(body: JsonValue, status: int = 200) -> web.Response:
    return web.Response(status=status, body=to_bytes(body), headers={"Content-Type": CONTENT_TYPE})


ROUTES = (
    web.route("GET", f"{CONTROL_PREFIX}/health", health),
    web.route("GET", f"{CONTROL_PREFIX}/contract", contract),
    web.route("*", CONTROL_PREFIX, unknown),
    web.route("*", CONTROL_PREFIX + "/{tail:.*}", unknown),
)
