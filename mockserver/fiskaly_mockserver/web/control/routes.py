"""The control routes on aiohttp: no part of the API's contract, never journaled."""

from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from fiskaly_contracts import Operation

from fiskaly_mockserver.web.control.call import ControlError
from fiskaly_mockserver.web.control.dispatch import Asked, Dispatcher, refusal
from fiskaly_mockserver.web.responses import Answer, response_of
from fiskaly_mockserver.web.safety import Safety, Unsafe
from fiskaly_mockserver.web.sandboxes import SANDBOX_HEADER
from fiskaly_mockserver.world.names import CONTROL_PREFIX

HEALTH = "/health"
MAX_CONTROL_BODY = 256 * 1024 * 1024
"""Bytes of the largest control body: an exported world may be large."""


def control_routes(dispatcher: Dispatcher, safety: Safety) -> list[web.RouteDef]:
    """Return a route for each operation of the control contract, and one for the rest."""
    routes = [
        web.route(
            operation.method,
            CONTROL_PREFIX + operation.path,
            _endpoint_of(operation, dispatcher, safety),
            # A probe such as `wget --spider` asks with HEAD whether the server is up
            **({"allow_head": operation.path == HEALTH} if operation.method == "GET" else {}),
        )
        for operation in dispatcher.contract.operations.values()
    ]
    unknown = _unknown(dispatcher)
    return [
        *routes,
        web.route("*", CONTROL_PREFIX, unknown),
        web.route("*", CONTROL_PREFIX + "/{tail:.*}", unknown),
    ]


def _endpoint_of(
    operation: Operation, dispatcher: Dispatcher, safety: Safety
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        try:
            trusted = safety.demand(operation.operation_id, request.headers, request.scheme)
        except Unsafe as unsafe:
            return response_of(
                refusal(ControlError(unsafe.status, unsafe.message, field=unsafe.field))
            )
        try:
            body = await request.clone(client_max_size=MAX_CONTROL_BODY).read()
        except web.HTTPRequestEntityTooLarge:
            return response_of(
                refusal(ControlError(413, f"the body is over {MAX_CONTROL_BODY} bytes"))
            )
        except (web.RequestPayloadError, ValueError, ConnectionError):
            return response_of(refusal(ControlError(400, "the body cannot be read")))
        asked = Asked(
            operation_id=operation.operation_id,
            path=dict(request.match_info),
            query=tuple(request.rel_url.query.items()),
            content_type=request.headers.get(hdrs.CONTENT_TYPE, ""),
            body=body,
            sandbox=request.headers.get(SANDBOX_HEADER),
            origin=f"{request.scheme}://{request.host}",
            trusted=trusted,
        )
        return response_of(await dispatcher.answer(asked))

    return serve


def _unknown(
    dispatcher: Dispatcher,
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    known = {
        CONTROL_PREFIX + operation.path: sorted(
            method
            for other in dispatcher.contract.operations.values()
            if other.path == operation.path
            for method in ((other.method, "HEAD") if other.path == HEALTH else (other.method,))
        )
        for operation in dispatcher.contract.operations.values()
    }

    async def serve(request: web.Request) -> web.StreamResponse:
        for path, methods in known.items():
            if _matches(path, request.path):
                error = ControlError(
                    405, f"{path} takes {', '.join(methods)}", allowed=tuple(methods)
                )
                answer = refusal(error)
                headers = {"Allow": ", ".join(methods)}
                return response_of(Answer(answer.status, answer.body, headers))
        error = ControlError(404, "there is no such control route", allowed=tuple(known))
        return response_of(refusal(error))

    return serve


def _matches(template: str, path: str) -> bool:
    parts, given = template.split("/"), path.split("/")
    return len(parts) == len(given) and all(
        part.startswith("{") or part == one for part, one in zip(parts, given, strict=True)
    )
