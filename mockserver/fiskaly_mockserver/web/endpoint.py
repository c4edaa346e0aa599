"""The way of one checked request: caller, body, contract, handler."""

from collections.abc import Mapping
from functools import partial

from aiohttp import hdrs, web
from fiskaly_contracts import Accepted, Operation, RequestData

from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.errors import MissingToken
from fiskaly_mockserver.domain.account.sessions import Sessions
from fiskaly_mockserver.web.call import Call, Handler
from fiskaly_mockserver.web.contract_check import body_of
from fiskaly_mockserver.web.faults.apply import after, before
from fiskaly_mockserver.web.journal.recorder import Recorded
from fiskaly_mockserver.web.pipeline import exchanging
from fiskaly_mockserver.web.responses import Answer, response_of, too_many_requests
from fiskaly_mockserver.web.sandboxes import world_of, world_of_headers
from fiskaly_mockserver.web.service import Serving
from fiskaly_mockserver.world.world import World


def caller_of(header: str | None, sessions: Sessions) -> Principal:
    """Return who calls with `Authorization: Bearer <token>`.

    The scheme's case does not matter. Source: recorded for a garbage token;
    assumptions (A-24, A-25) for the rest.

    Raises:
        MissingToken: There is no header, or another scheme.
        Unauthenticated: The token is refused; see `Sessions.principal`.
    """
    return sessions.principal(token_of(header))


def token_of(header: str | None) -> str:
    """Return the bearer token of an Authorization header.

    Raises:
        MissingToken: There is no header, or another scheme.
    """
    scheme, _, token = (header or "").strip().partition(" ")
    if scheme.lower() != "bearer":
        raise MissingToken
    return token.strip()


MOST_TARGETS = 1_000
"""Targets of one operation whose verdict is kept; when there are more, it begins anew."""

LONGEST_TARGET = 500
"""Characters of the longest target that is worth the room."""


class Endpoint:
    """Answers the requests of one operation.

    A missing or bad token is told before anything in the request is looked at, a bad
    media type before the body, a bad body before the state (A-35).
    """

    def __init__(self, operation: Operation, handler: Handler, serving: Serving) -> None:
        self._operation = operation
        self._operation_id = operation.operation_id
        self._secured = operation.secured
        self._handler = handler
        self._recorder = serving.service.recorder
        self._checker = serving.service.checker
        self._checks = serving.checks
        self._write = serving.writer.response
        # Without a body the verdict hangs on the target alone
        self._accepted_before: dict[str, Accepted] = {}

    def at_once(
        self, request: web.Request, world: World, exchange: Recorded
    ) -> web.Response | None:
        """Answer a request for a target that was let through before.

        Returns:
            The answer; None where `answer` is to be asked.

        Raises:
            DomainError: The call is refused.
        """
        accepted = self._accepted_before.get(request.raw_path)
        if accepted is None or world.faults or world.limits.limit is not None:
            return None
        exchange.operation_id = self._operation_id
        caller = None
        if self._secured:
            caller = caller_of(request.headers.get(hdrs.AUTHORIZATION), world.sessions)
            exchange.called(caller)
        call = Call(
            world=world, caller=caller, path=request.match_info, query=accepted.query, body={}
        )
        return self._write(self._operation_id, self._handler(call))

    async def answer(
        self, request: web.Request, world: World, exchange: Recorded
    ) -> web.StreamResponse:
        """Answer a request of a world.

        Raises:
            DomainError: The call is refused.
            BodyRefused: Its body cannot be read.
        """
        operation = self._operation
        exchange.operation_id = self._operation_id
        caller = _caller_of(request, operation, world)
        if caller is not None:
            self._recorder.called(exchange, caller)
            if world.limits.limit is not None:
                wait = world.limits.check(caller.id, world.clock.now())
                if wait is not None:
                    return response_of(too_many_requests(wait))
        accepted = self._accepted_before.get(request.raw_path)
        waited = False
        if accepted is None:
            checked, waited = await self._checked(request, exchange)
            if isinstance(checked, Answer):
                return response_of(checked)
            accepted = checked
        if world.faults:
            expire = partial(_expire, request, world)
            stand_in = await before(request, operation, world.faults, expire)
            if stand_in is not None:
                return stand_in
            waited = True
        call = Call(
            world=world,
            # While this waited the caller's rows may have changed; from here on nothing
            # waits until the handler is done.
            caller=_caller_of(request, operation, world) if waited else caller,
            path=request.match_info,
            query=accepted.query,
            body=accepted.body if isinstance(accepted.body, dict) else {},
        )
        response = self._write(self._operation_id, self._handler(call))
        if world.faults:
            return await after(request, operation, world.faults, response)
        return response

    async def _checked(
        self, request: web.Request, exchange: Recorded
    ) -> tuple[Accepted | Answer, bool]:
        """Return what the contract lets through, or the answer that refuses.

        And whether this waited for anything: a body that is all there is read at once.
        """
        operation, raw = self._operation, b""
        waited = not request.content.is_eof()
        if operation.has_body:
            raw = await body_of(request, operation)
            self._recorder.sent(exchange, raw)
        url = request.rel_url
        data = RequestData(
            operation_id=self._operation_id,
            path_parameters=request.match_info,
            query=tuple(url.query.items()) if url.raw_query_string else (),
            content_type=request.headers.get(hdrs.CONTENT_TYPE, ""),
            body=raw,
        )
        accepted = self._checker.accepted(data)
        if accepted is not None:
            exchange.violations = accepted.warnings
            if not operation.has_body and not accepted.warnings:
                self._remember(request.raw_path, accepted)
            return accepted, waited
        checked = await self._checks.doubtful(operation, data)
        exchange.violations = checked.violations
        if checked.refusal is not None:
            return checked.refusal, True
        return Accepted(checked.value, operation.query(data.query), checked.violations), True

    def _remember(self, target: str, accepted: Accepted) -> None:
        if len(target) > LONGEST_TARGET:
            return
        if len(self._accepted_before) >= MOST_TARGETS:
            self._accepted_before.clear()
        self._accepted_before[target] = accepted


def _caller_of(request: web.Request, operation: Operation, world: World) -> Principal | None:
    """Return who calls; nobody where the operation is open to everyone."""
    if not operation.secured:
        return None
    return caller_of(request.headers.get(hdrs.AUTHORIZATION), world.sessions)


def _expire(request: web.Request, world: World) -> None:
    """Make the world take the caller's token for expired from now on."""
    world.sessions.expire(token_of(request.headers.get(hdrs.AUTHORIZATION)))


def routes_of(
    handlers: Mapping[str, Handler], serving: Serving, *, prefix: str = ""
) -> list[web.RouteDef]:
    """Return a route for each operation of the contract, and for nothing else.

    `prefix` stands before the contract's base path; with one, paths may name a world.

    Raises:
        LookupError: An operation has no handler, or a handler no operation.
    """
    contract = serving.service.contract
    operations = contract.operations
    if operations.keys() != handlers.keys():
        odd = sorted(operations.keys() ^ handlers.keys())
        msg = f"operations and handlers differ: {', '.join(odd)}"
        raise LookupError(msg)
    named_by = world_of if prefix else world_of_headers
    endpoints = [
        (operation, Endpoint(operation, handlers[operation_id], serving))
        for operation_id, operation in operations.items()
    ]
    return [
        web.route(
            operation.method,
            prefix + contract.base_path + operation.path,
            exchanging(serving, endpoint.answer, endpoint.at_once, world_of=named_by),
            # aiohttp would answer HEAD wherever there is a GET
            **({"allow_head": False} if operation.method == hdrs.METH_GET else {}),
        )
        for operation, endpoint in endpoints
    ]
