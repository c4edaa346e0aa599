"""The outermost layer: every request becomes an exchange and gets a well-shaped answer."""

import logging
import time
import traceback
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from fiskaly_mockserver.domain.account.errors import DomainError
from fiskaly_mockserver.web.contract_check import BodyRefused
from fiskaly_mockserver.web.faults.apply import UNTOUCHED, mark_of
from fiskaly_mockserver.web.journal.recorder import Recorded
from fiskaly_mockserver.web.management.errors import answer_to
from fiskaly_mockserver.web.responses import Answer, coded_error, response_of, uncoded_error
from fiskaly_mockserver.web.sandboxes import world_of
from fiskaly_mockserver.web.service import Service, Serving
from fiskaly_mockserver.web.unrouted import unknown_route, wrong_method
from fiskaly_mockserver.world.journal.exchange import unheard
from fiskaly_mockserver.world.world import World
from fiskaly_mockserver.world.worlds import BadSandboxName, Worlds

Answering = Callable[[web.Request, World, Recorded], Awaitable[web.StreamResponse]]
"""Answers a request of a world, or raises, and notes on the exchange what there is to note."""
AtOnce = Callable[[web.Request, World, Recorded], web.StreamResponse | None]
"""Does the same for a request that needs not wait for anything; None where it may have to."""
WorldOf = Callable[[web.Request, Worlds], World]

_LOG = logging.getLogger("fiskaly_mockserver.exchanges")


def _never(_: web.Request, __: World, ___: Recorded) -> None:
    """Answer nothing at once."""


def exchanging(
    serving: Serving,
    answering: Answering,
    at_once: AtOnce = _never,
    *,
    world_of: WorldOf = world_of,
) -> Handler:
    """Return a handler that makes an exchange of every request.

    Whatever becomes of a request, it gets a well-shaped answer, which is stamped, checked
    and recorded. That is no middleware of aiohttp's, which would cost every request
    some microseconds more.

    Args:
        serving: What the requests are served with.
        answering: Answers a request.
        at_once: Is asked before.
        world_of: Tells which world a request is for.
    """
    service, stamps = serving.service, serving.stamps
    recorder, worlds, on_exchange = service.recorder, service.worlds, service.on_exchange
    accepts, stamp, finish = serving.checks.accepts, stamps.put, recorder.finish

    async def exchange(request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        try:
            world = world_of(request, worlds)
        except BadSandboxName as error:
            return _of_no_world(request, serving, error)
        waited, now = False, world.clock.now()
        record = recorder.begin(request, request_id=stamps.request_id(), at=now, sandbox=world.name)
        try:
            response = at_once(request, world, record)
            if response is None:
                waited = True
                response = await answering(request, world, record)
        except Exception as error:  # noqa: BLE001 - a defect of ours is answered, too
            response = _refusal(error, request, record, service)
        seconds = time.perf_counter() - started
        stamp(
            response,
            request=request,
            request_id=record.request_id,
            seconds=seconds,
            now=world.clock.now() if waited else now,
            violations=len(record.violations),
        )
        finish(record, response, seconds=seconds)
        mark = mark_of(request)
        if mark is not UNTOUCHED:
            record.fault = " ".join(mark.fault_ids)
        asked = record.operation_id and not record.crash and not mark.altered
        if asked and not accepts(record.operation_id, response):
            breaches = await serving.checks.breaches(record.operation_id, response)
            record.response_violations = recorder.redactor.violations(breaches)
        world.journal.add(record)
        if record.crash or record.response_violations:
            service.defects.append(record)
        if on_exchange is unheard:
            return response
        try:
            on_exchange(record)
        except Exception:  # noqa: BLE001 - see below
            # The change stands and its answer is due, whatever a listener makes of it.
            _LOG.exception("a listener to exchanges failed")
        return response

    return exchange


def _of_no_world(
    request: web.Request, serving: Serving, error: BadSandboxName
) -> web.StreamResponse:
    """Refuse a request that no world can keep a record of."""
    response = response_of(coded_error(400, "E_FAILED_SCHEMA_VALIDATION", str(error)))
    serving.stamps.put(
        response,
        request=request,
        request_id=serving.stamps.request_id(),
        seconds=0,
        now=serving.service.world.clock.now(),
        violations=0,
    )
    return response


def _refusal(
    error: Exception, request: web.Request, record: Recorded, service: Service
) -> web.StreamResponse:
    """Return the answer to what was raised, and keep what is to be kept of it."""
    match error:
        case DomainError():
            service.recorder.refused(record, error)
            return response_of(answer_to(error))
        case BodyRefused():
            record.violations = (error.violation,)
            return response_of(error.answer)
        case web.HTTPMethodNotAllowed():
            allowed = {"Allow": error.headers[hdrs.ALLOW]}
            record.violations = (wrong_method(record.method, error),)
            return response_of(uncoded_error(405, "Method Not Allowed", allowed))
        case web.HTTPNotFound():
            missed = unknown_route(service.contract, request.rel_url.path_safe, record)
            record.violations = (missed,)
            return response_of(uncoded_error(404, "Not Found"))
        case _:
            record.crash = "".join(traceback.format_exception(error))
            return response_of(CRASH)


CRASH = Answer(
    500,
    {"status_code": 500, "error": "Internal Server Error", "message": "Internal Server Error"},
)


Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def guarded(handle: Handle, serving: Serving) -> Handle:
    """Return a handler in front of an application's own.

    It answers 417 to expectations other than `100-continue`: aiohttp looks at that header
    before any route, would answer in plain text, and crash over one that is no UTF-8. And
    it makes an exchange of what no route can match, as `OPTIONS *`.
    """
    stamps = serving.stamps

    async def never_routed(request: web.Request, _: World, __: Recorded) -> web.StreamResponse:
        return await handle(request)

    exchange = exchanging(serving, never_routed)

    def refuse_or_handle(request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        wanted = request.headers.get(hdrs.EXPECT)
        if wanted and wanted.lower() != "100-continue":
            return refuse(request)
        if request.raw_path.startswith("/") or request.rel_url.raw_path.startswith("/"):
            return handle(request)
        return exchange(request) if isinstance(request, web.Request) else handle(request)

    async def refuse(request: web.BaseRequest) -> web.StreamResponse:
        response = response_of(uncoded_error(417, "the only expectation met is 100-continue"))
        stamps.put(
            response,
            request=request,
            request_id=stamps.request_id(),
            seconds=0.0,
            now=time.time(),
            violations=0,
        )
        return response

    return refuse_or_handle
