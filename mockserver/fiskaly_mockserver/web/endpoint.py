"""The way of one checked request: faults, caller, contract, handler."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

from aiohttp import hdrs, web
from fiskaly_contracts import CheckedRequest, Operation, RequestData, Violation, Where

from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.sessions import Sessions
from fiskaly_mockserver.domain.errors import MissingToken
from fiskaly_mockserver.web.api import Call, Download, JsonObject, OtherHost, Presented
from fiskaly_mockserver.web.faults.apply import OperationFaults
from fiskaly_mockserver.web.journal.recorder import Recorded
from fiskaly_mockserver.web.pipeline import demand_same_state, in_pipeline
from fiskaly_mockserver.web.responses import JsonResponse, response_of
from fiskaly_mockserver.web.service import ServedApi, Service, sandbox_in_path
from fiskaly_mockserver.world.world import World
from fiskaly_mockserver.world.worlds import Worlds

MAX_BODY = 1024 * 1024
"""Bytes of the largest body that is read. Source: assumption (A-35)."""

LARGE = 64 * 1024
"""Bytes from which on a body is checked beside the loop: the largest take a tenth of a second."""

TOO_LARGE = "max-size"
"""The rule that a larger one breaks."""

UNREADABLE = "encoding"
"""The rule of one that does not unpack, or that broke off."""

MOST_TARGETS = 1_000
"""Targets of one operation whose verdict is kept; when there are more, it begins anew."""

LONGEST_TARGET = 500
"""Characters of the longest target that is worth the room."""

_UNREADABLE = (
    web.HTTPRequestEntityTooLarge,
    web.RequestPayloadError,
    ValueError,
    ConnectionError,
)


def caller_of(header: str | None, sessions: Sessions, at: float | None = None) -> Principal:
    """Return who calls with `Authorization: Bearer <token>`, now or `at` a time (unix seconds).

    The scheme's case does not matter. Source: recorded for a garbage token;
    assumptions (A-24, A-25) for the rest.

    Raises:
        MissingToken: There is no header, or another scheme.
        Unauthenticated: The token is refused; see `Sessions.principal`.
    """
    scheme, _, token = (header or "").strip().partition(" ")
    if scheme.lower() != "bearer":
        raise MissingToken
    return sessions.principal(token.strip(), at)


class Endpoint:
    """Answers the requests of one operation.

    A missing or bad token is told before anything in the request is looked at, a bad
    media type before the body, a bad body before the state (A-35).
    """

    def __init__(self, operation: Operation, served: ServedApi, worlds: Worlds) -> None:
        self._operation = operation
        self._worlds = worlds
        self._redactor = served.redactor
        self._operation_id = operation.operation_id
        self._secured = operation.secured
        self._handler = served.api.handlers[operation.operation_id]
        self._errors = served.api.errors
        self._query_name = served.api.query_name
        self._audit = served.api.audits.get(operation.operation_id)
        self._limit = served.api.limits.get(operation.operation_id)
        self._faults = OperationFaults(operation, self._errors)
        self._checker = served.checker
        self._write = served.rows.response
        # Without a body the verdict hangs on the target alone
        self._checked_before: dict[str, CheckedRequest] = {}

    async def answer(
        self, request: web.Request, world: World, record: Recorded
    ) -> web.StreamResponse:
        """Answer a request of a world.

        Raises:
            DomainError: The call is refused.
            StateReplaced: The state that it began in is gone.
        """
        header, secured = request.headers.get(hdrs.AUTHORIZATION), self._secured
        record.operation_id = self._operation_id
        caller = caller_of(header, world.sessions, record.at) if secured else None
        record.principal = caller
        if world.name:
            self._worlds.keep(world)  # a new sandbox begins with whoever is let in
        limited = self._limit is not None or world.limits.limit is not None
        if limited and (wait := self._wait(request, world, caller)):
            return response_of(self._errors.too_many_requests(wait))
        checked = self._checked_before.get(request.raw_path)
        if checked is None:
            checked = await self._checked(request, world, record)
            if checked.refusing:
                return self._refused(checked)
            record.sent_value = checked.body
        if world.faults.waiting:
            instead = await self._faults.before(request, world, record)
            if instead is not None:
                return instead
        if record.waited and secured:
            # Meanwhile the caller's rows may have changed; from here on nothing waits until
            # the handler is done.
            caller = caller_of(header, world.sessions)
        presented = self._handled(world, caller, checked, record)
        response = (
            await _read(presented, record)
            if isinstance(presented, Download)
            else self._write(self._operation_id, presented)
        )
        if world.faults.waiting:
            return await self._faults.after(request, world, record, response)
        return response

    def _wait(self, request: web.Request, world: World, caller: Principal | None) -> float | None:
        """Return for how long a call has to wait for its limits; None, or 0, if it has not."""
        now = world.clock.now()
        wait = None if caller is None else world.limits.check(caller.id, now)
        if wait is None and self._limit is not None:
            named = request.match_info[self._limit.parameter].lower()
            wait = world.limits.check(f"{self._limit.group} {named}", now, self._limit.limit)
        return wait

    def _handled(
        self, world: World, caller: Principal | None, checked: CheckedRequest, record: Recorded
    ) -> Presented | Download:
        """Do what is asked, note what an auditor would say to it, and return what to answer.

        Raises:
            DomainError: The call is refused.
        """
        body = checked.body
        call = Call(
            world=world,
            principal=cast("Principal", caller),
            path=checked.path,
            query=checked.query,
            body=body if isinstance(body, dict) else {},
        )
        presented = self._handler(call)
        if self._audit is not None:
            warnings = tuple(self._audit(call))
            if warnings:
                record.found((*checked.violations, *warnings))
        if type(presented) is dict:
            self._learn(presented)
        return presented

    async def _checked(
        self, request: web.Request, world: World, record: Recorded
    ) -> CheckedRequest:
        """Read a request and check it against the contract; keep the verdict if it can be kept.

        Raises:
            StateReplaced: The body came after the state that the request began in.
        """
        body = b""
        record.waited = not request.content.is_eof()
        if self._operation.has_body:
            try:
                body = await request.read()
            except _UNREADABLE as error:
                violation = self._unreadable(error)
                _read_no_further(request, error)
                record.found([violation])
                return CheckedRequest(refusing=(violation,))
            if record.waited:
                demand_same_state(world, record)
            record.sent(body)
        url, target = request.rel_url, request.raw_path
        data = RequestData(
            self._operation_id,
            request.match_info,
            tuple((self._query_name(name), value) for name, value in url.query.items())
            if url.raw_query_string
            else (),
            request.headers.get(hdrs.CONTENT_TYPE, ""),
            body,
        )
        if len(body) > LARGE:
            record.waited = True
            checked = await asyncio.to_thread(self._checker.check, data)
            demand_same_state(world, record)
        else:
            checked = self._checker.check(data)
        if isinstance(checked.body, dict):
            self._learn(checked.body)
        if checked.violations:
            record.found(checked.violations)
        elif not self._operation.has_body and len(target) <= LONGEST_TARGET:
            if len(self._checked_before) >= MOST_TARGETS:
                self._checked_before.clear()
            self._checked_before[target] = checked
        return checked

    def _unreadable(self, error: Exception) -> Violation:
        """Say that a body is too large, or cannot be read at all."""
        too_large = isinstance(error, web.HTTPRequestEntityTooLarge)
        return Violation(
            where=Where.BODY,
            pointer="",
            rule=TOO_LARGE if too_large else UNREADABLE,
            expected=f"at most {MAX_BODY} bytes"
            if too_large
            else "a body in the encoding that its headers name",
            operation_id=self._operation_id,
        )

    def _learn(self, body: JsonObject) -> None:
        """Know the secrets that a client tells, or is told, in a body."""
        for name in self._redactor.secret_names.intersection(body):
            self._redactor.secrets.add(body[name])

    def _refused(self, checked: CheckedRequest) -> JsonResponse:
        too_large = checked.refusing[0].rule == TOO_LARGE
        status = 413 if too_large else checked.refusal_status
        first = checked.refusing[0]
        response = response_of(
            self._errors.invalid(status, checked.message, first, self._operation_id)
        )
        if first.rule == UNREADABLE:
            response.force_close()  # what follows on the connection may belong to the body
        return response


async def _read(download: Download, record: Recorded) -> web.Response:
    """Return the answer that is a file; others are served while it is put together."""
    record.waited = True
    headers = {hdrs.CONTENT_TYPE: download.media_type}
    return web.Response(body=await download.read(), headers=headers)


def _read_no_further(request: web.Request, error: Exception) -> None:
    """Keep aiohttp from another try to read a body that cannot be read.

    It keeps the error with the body: the frames of the error, and those of another try, would
    lead back to both, and stay until the collector looks.
    """
    error.__traceback__ = error.__cause__ = error.__context__ = None
    if not isinstance(error, web.HTTPRequestEntityTooLarge):
        request.content.feed_eof()


Answering = Callable[[web.Request, World, Recorded], Awaitable[web.StreamResponse]]


def _unless_at(other: OtherHost, operation_id: str, answer: Answering) -> Answering:
    """Return what answers an operation that a host has not, if it is called by that name."""

    async def answer_here(
        request: web.Request, world: World, record: Recorded
    ) -> web.StreamResponse:
        if other.name not in ("", request.host.partition(":")[0].lower()):
            return await answer(request, world, record)
        record.operation_id = operation_id
        return response_of(other.answer)

    return answer_here


def _answering(operation: Operation, served: ServedApi, worlds: Worlds) -> Answering:
    answer, other = Endpoint(operation, served, worlds).answer, served.api.other_host
    if other is None or operation.operation_id not in other.lacks:
        return answer
    return _unless_at(other, operation.operation_id, answer)


def routes_of(service: Service, served: ServedApi, *, prefix: str = "") -> list[web.RouteDef]:
    """Return a route for each operation of an API, and for nothing else.

    `prefix` stands before the API's base path; with one, paths name a sandbox.
    """
    return [
        web.route(
            operation.method,
            prefix + served.base_path + operation.path,
            in_pipeline(
                service,
                served,
                _answering(operation, served, service.worlds),
                sandbox_of=sandbox_in_path if prefix else None,
            ),
            # aiohttp would answer HEAD wherever there is a GET
            **({"allow_head": False} if operation.method == hdrs.METH_GET else {}),
        )
        for operation in sorted(
            served.api.contract.operations.values(),
            # aiohttp tries one path after the other
            key=lambda one: one.path not in served.api.often,
        )
    ]
