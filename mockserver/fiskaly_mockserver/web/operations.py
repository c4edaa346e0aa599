"""The way of one checked request: caller, body, contract, handler."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from aiohttp import hdrs, web
from fiskaly_contracts import (
    JsonValue,
    Operation,
    RequestData,
    Severity,
    Violation,
    Where,
    explain,
    media_type_violation,
    parse_body,
)

from fiskaly_mockserver.domain.access import Principal
from fiskaly_mockserver.web.answers import Answer, coded_error, to_bytes, too_many_requests
from fiskaly_mockserver.web.authorization import caller_of, token_of
from fiskaly_mockserver.web.call import Call, Handler
from fiskaly_mockserver.web.faults import after, before
from fiskaly_mockserver.web.responses import response_of
from fiskaly_mockserver.web.sandboxes import PATH_PARAMETER as SANDBOX_PARAMETER
from fiskaly_mockserver.web.service import EXCHANGE, MAX_BODY, SERVICE, WORLD, Service

Endpoint = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class CheckedBody:
    """What the body says, and what is to be said against it."""

    value: JsonValue = None
    violations: tuple[Violation, ...] = ()
    refusal: Answer | None = None


def endpoint_of(operation: Operation, handler: Handler) -> Endpoint:
    """Return the aiohttp handler that serves an operation.

    A missing or bad token is told before anything in the request is looked at, a bad
    media type before the body, a bad body before the state (A-35).
    """

    async def serve(request: web.Request) -> web.StreamResponse:
        service, world, exchange = request.app[SERVICE], request[WORLD], request[EXCHANGE]
        exchange.operation_id = operation.operation_id
        caller = _caller_of(request, operation)
        if caller is not None:
            service.recorder.called(exchange, caller)
            wait = world.limits.check(caller.id, world.clock.now())
            if wait is not None:
                return response_of(too_many_requests(wait))
        raw = await _body_of(request, operation)
        if operation.has_body:
            service.recorder.sent(exchange, raw)
        data = RequestData(
            operation_id=operation.operation_id,
            path_parameters={
                name: value
                for name, value in request.match_info.items()
                if name != SANDBOX_PARAMETER
            },
            query=tuple(request.rel_url.query.items()),
            content_type=request.headers.get("Content-Type", ""),
            body=raw,
        )
        checked = check(service, operation, data)
        exchange.violations = checked.violations
        if checked.refusal is not None:
            return response_of(checked.refusal)
        stand_in = await before(request, operation, world.faults, partial(_expire, request))
        if stand_in is not None:
            return stand_in
        call = Call(
            world=world,
            # The body and a fault's delay took time, in which the caller's rows may have
            # changed; from here on nothing waits until the handler is done.
            caller=_caller_of(request, operation),
            path=data.path_parameters,
            query=operation.query(data.query),
            body=checked.value if isinstance(checked.value, dict) else {},
        )
        return await after(
            request, operation, world.faults, response_of(Answer(200, handler(call)))
        )

    return serve


def _caller_of(request: web.Request, operation: Operation) -> Principal | None:
    """Return who calls; nobody where the operation is open to everyone."""
    if not operation.secured:
        return None
    return caller_of(request.headers.get("Authorization"), request[WORLD].sessions)


def _expire(request: web.Request) -> None:
    """Make the world take the caller's token for expired from now on."""
    request[WORLD].sessions.expire(token_of(request.headers.get("Authorization")))


def check(service: Service, operation: Operation, data: RequestData) -> CheckedBody:
    """Check a request against the contract; what refuses it comes as an answer."""
    value: JsonValue = None
    dropped: list[Violation] = []
    if operation.has_body and data.body:
        wrong_type = media_type_violation(data.operation_id, data.content_type)
        if wrong_type is not None:
            refusal = coded_error(415, "E_UNSUPPORTED_MEDIA_TYPE", explain([wrong_type]))
            return CheckedBody(violations=(wrong_type,), refusal=refusal)
        parsed = parse_body(data.operation_id, data.body)
        if parsed.violations:
            return _refused(parsed.violations)
        value = parsed.value
        if service.loose:
            value, dropped = service.checker.loosen(data.operation_id, value)
            data = _with_body(data, value)
    violations = (*dropped, *service.checker.request(data))
    refusing = [
        one
        for one in violations
        if one.severity is Severity.ERROR and not any(one is drop for drop in dropped)
    ]
    return _refused(violations, refusing) if refusing else CheckedBody(value, violations)


def _refused(violations: tuple[Violation, ...], said: list[Violation] | None = None) -> CheckedBody:
    """Refuse with the API's shape and every failing field and rule (A-07)."""
    message = explain(violations if said is None else said)
    return CheckedBody(
        violations=violations, refusal=coded_error(400, "E_FAILED_SCHEMA_VALIDATION", message)
    )


def _with_body(data: RequestData, value: JsonValue) -> RequestData:
    return RequestData(
        operation_id=data.operation_id,
        path_parameters=data.path_parameters,
        query=data.query,
        content_type=data.content_type,
        body=to_bytes(value),
    )


async def _body_of(request: web.Request, operation: Operation) -> bytes:
    """Read a body that the operation has; real clients send one with GET, unasked.

    Raises:
        BodyRefused: It is too large, or cannot be read.
    """
    if not operation.has_body:
        return b""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        violation = Violation(
            where=Where.BODY,
            pointer="",
            rule="max-size",
            expected=f"at most {MAX_BODY} bytes",
            operation_id=operation.operation_id,
        )
        raise BodyRefused(413, "E_PAYLOAD_TOO_LARGE", violation) from None
    except (web.RequestPayloadError, ValueError, ConnectionError) as error:
        violation = Violation(
            where=Where.BODY,
            pointer="",
            rule="encoding",
            expected="a body in the encoding that its headers name",
            operation_id=operation.operation_id,
        )
        raise BodyRefused(400, "E_FAILED_SCHEMA_VALIDATION", violation) from error


class BodyRefused(Exception):
    """A body that could not even be read; it carries the whole answer."""

    def __init__(self, status: int, code: str, violation: Violation) -> None:
        super().__init__(code)
        self.violation = violation
        self.answer = coded_error(status, code, violation.sentence())


def routes_of(
    operations: Mapping[str, Operation], handlers: Mapping[str, Handler], base_path: str
) -> list[web.RouteDef]:
    """Return a route for each operation of the contract, and for nothing else.

    Raises:
        LookupError: An operation has no handler, or a handler no operation.
    """
    if operations.keys() != handlers.keys():
        odd = sorted(operations.keys() ^ handlers.keys())
        msg = f"operations and handlers differ: {', '.join(odd)}"
        raise LookupError(msg)
    return [
        web.route(
            operation.method,
            base_path + operation.path,
            endpoint_of(operation, handlers[operation_id]),
            # aiohttp would answer HEAD wherever there is a GET
            **({"allow_head": False} if operation.method == hdrs.METH_GET else {}),
        )
        for operation_id, operation in operations.items()
    ]
