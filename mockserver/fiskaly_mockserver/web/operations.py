"""The way of one checked request: caller, body, contract, handler."""

from collections.abc import Mapping
from functools import partial

from aiohttp import hdrs, web
from fiskaly_contracts import Operation, RequestData

from fiskaly_mockserver.domain.access import Principal
from fiskaly_mockserver.web.answers import too_many_requests
from fiskaly_mockserver.web.authorization import caller_of, token_of
from fiskaly_mockserver.web.bodies import body_of
from fiskaly_mockserver.web.call import Call, Handler
from fiskaly_mockserver.web.exchanging import Answering, exchanging
from fiskaly_mockserver.web.faults import after, before
from fiskaly_mockserver.web.recorded import Recorded
from fiskaly_mockserver.web.responses import response_of
from fiskaly_mockserver.web.service import Serving
from fiskaly_mockserver.world.world import World


def endpoint_of(operation: Operation, handler: Handler, serving: Serving) -> Answering:
    """Return what answers the requests of an operation.

    A missing or bad token is told before anything in the request is looked at, a bad
    media type before the body, a bad body before the state (A-35).
    """
    operation_id = operation.operation_id
    accepted_by_contract = serving.service.checker.accepted
    write = serving.writer.response

    async def serve(
        request: web.Request, world: World, exchange: Recorded
    ) -> web.StreamResponse:
        exchange.operation_id = operation_id
        caller = _caller_of(request, operation, world)
        if caller is not None:
            exchange.called(caller)
            if world.limits.limit is not None:
                wait = world.limits.check(caller.id, world.clock.now())
                if wait is not None:
                    return response_of(too_many_requests(wait))
        waited = operation.has_body
        raw = b""
        if operation.has_body:
            raw = await body_of(request, operation)
            exchange.sent(raw)
        data = RequestData(
            operation_id=operation_id,
            path_parameters=request.match_info,
            query=_query_of(request),
            content_type=request.headers.get(hdrs.CONTENT_TYPE, ""),
            body=raw,
        )
        accepted = accepted_by_contract(data)
        if accepted is not None:
            exchange.violations = accepted.warnings
            query, body = accepted.query, accepted.body
        else:
            checked = await serving.checks.doubtful(operation, data)
            waited = True
            exchange.violations = checked.violations
            if checked.refusal is not None:
                return response_of(checked.refusal)
            query, body = operation.query(data.query), checked.value
        if world.faults:
            waited = True
            expire = partial(_expire, request, world)
            stand_in = await before(request, operation, world.faults, expire)
            if stand_in is not None:
                return stand_in
        call = Call(
            world=world,
            # While this waited the caller's rows may have changed; from here on nothing
            # waits until the handler is done.
            caller=_caller_of(request, operation, world) if waited else caller,
            path=request.match_info,
            query=query,
            body=body if isinstance(body, dict) else {},
        )
        response = write(operation_id, handler(call))
        if world.faults:
            return await after(request, operation, world.faults, response)
        return response

    return serve


def _caller_of(request: web.Request, operation: Operation, world: World) -> Principal | None:
    """Return who calls; nobody where the operation is open to everyone."""
    if not operation.secured:
        return None
    return caller_of(request.headers.get(hdrs.AUTHORIZATION), world.sessions)


def _expire(request: web.Request, world: World) -> None:
    """Make the world take the caller's token for expired from now on."""
    world.sessions.expire(token_of(request.headers.get(hdrs.AUTHORIZATION)))


def _query_of(request: web.Request) -> tuple[tuple[str, str], ...]:
    url = request.rel_url
    return tuple(url.query.items()) if url.raw_query_string else ()


def routes_of(
    handlers: Mapping[str, Handler], serving: Serving, *, prefix: str = ""
) -> list[web.RouteDef]:
    """Return a route for each operation of the contract, and for nothing else.

    `prefix` stands before the contract's base path.

    Raises:
        LookupError: An operation has no handler, or a handler no operation.
    """
    contract = serving.service.contract
    operations = contract.operations
    if operations.keys() != handlers.keys():
        odd = sorted(operations.keys() ^ handlers.keys())
        msg = f"operations and handlers differ: {', '.join(odd)}"
        raise LookupError(msg)
    return [
        web.route(
            operation.method,
            prefix + contract.base_path + operation.path,
            exchanging(serving, endpoint_of(operation, handlers[operation_id], serving)),
            # aiohttp would answer HEAD wherever there is a GET
            **({"allow_head": False} if operation.method == hdrs.METH_GET else {}),
        )
        for operation_id, operation in operations.items()
    ]
