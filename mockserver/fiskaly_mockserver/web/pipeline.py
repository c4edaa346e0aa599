"""The pipeline: every request of an API becomes an exchange and gets a well-shaped answer."""

from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from aiohttp.hdrs import HOST, ORIGIN
from aiohttp.typedefs import Handler
from fiskaly_contracts import ResponseData, Violation

from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.web.journal.lifetime import MOST_WAITING
from fiskaly_mockserver.web.journal.recorder import Recorded
from fiskaly_mockserver.web.responses import (
    Answer,
    JsonResponse,
    bytes_of,
    response_of,
    retry_after,
)
from fiskaly_mockserver.web.safety import SITE_HEADER, Unsafe
from fiskaly_mockserver.web.service import SANDBOX_HEADER, ServedApi, Service
from fiskaly_mockserver.world.clock import RealTime
from fiskaly_mockserver.world.journal.exchange import unheard
from fiskaly_mockserver.world.world import World
from fiskaly_mockserver.world.worlds import BadSandboxName

Answering = Callable[[web.Request, World, Recorded], Awaitable[web.StreamResponse]]
"""Answers a request of a world, or raises, and notes on the exchange what there is to note."""
SandboxOf = Callable[[web.Request], str | None]
"""Tells the sandbox that a request names."""


REPLACED = (
    "The state that this request began in was replaced meanwhile (reset, seeded, restored,"
    " imported or dropped), and nothing was changed: send it again."
)


class StateReplaced(Exception):
    """The state that a request began in is gone: whatever is left of its work is not done."""


def demand_same_state(world: World, record: Recorded) -> None:
    """Demand that a world is still in the state in which a request began.

    Who waited for anything has to ask before it looks at the world again.

    Raises:
        StateReplaced: It was reset, seeded, restored or imported since, or dropped.
    """
    if world.generation != record.state:
        raise StateReplaced


def in_pipeline(
    service: Service, served: ServedApi, answer: Answering, *, sandbox_of: SandboxOf | None = None
) -> Handler:
    """Return aiohttp's handler of the requests that `answer` answers.

    Whatever becomes of a request, it gets a well-shaped answer, which is given its headers,
    checked and recorded. That is no middleware of aiohttp's, which would cost every request
    some microseconds more.

    Args:
        service: What the requests are served with.
        served: The API in whose shapes they are answered.
        answer: Answers a request.
        sandbox_of: Tells the sandbox it is for, where its path may name one; without this
            only the header does.
    """
    worlds, known_hosts, redactor = service.worlds, service.safety.known_hosts, served.redactor
    new_id, write_headers = served.headers.request_id, served.headers.write
    uncounted, elapsed = served.coverage.waiting, RealTime.perf_counter
    heard = service.on_exchange is not unheard

    async def exchange(request: web.Request) -> web.StreamResponse:
        started = elapsed()
        headers = request.headers
        name = headers.get(SANDBOX_HEADER) if sandbox_of is None else sandbox_of(request)
        page = ORIGIN in headers or SITE_HEADER in headers
        if name is None and not page and headers.get(HOST) in known_hosts:
            world = worlds.default
        else:
            try:
                world = _world_of(name, request, service, served)
            except (BadSandboxName, Unsafe) as error:
                return unrecorded(request, service, served, _not_let_in(error, served))
        now, state, journal = world.clock.now(), world.generation, world.journal
        cleared = journal.cleared
        record = Recorded(request, redactor, new_id(), now, sandbox=world.name, state=state)
        try:
            response = await answer(request, world, record)
            if world.generation != state:
                raise StateReplaced  # noqa: TRY301 - as if the answer had raised it
        except Exception as error:  # noqa: BLE001 - a defect of ours is answered, too
            response = _refusal(error, record, served)
        seconds = elapsed() - started
        write_headers(
            response,
            request=request,
            request_id=record.request_id,
            seconds=seconds,
            now=world.clock.now() if record.waited else now,
            violations=record.violation_count,
        )
        record.finish(response, seconds)
        plan = getattr(response, "accepted_by", None)
        if plan is None or not plan.accepts_own_headers(response.headers):
            _check(response, record, served)
        if journal.cleared == cleared:
            journal.add(record)
        if record.broken or heard:
            service.tell(record, broken=record.broken)
        uncounted.append(record)
        if len(uncounted) >= MOST_WAITING:
            served.coverage.count()
        return response

    return exchange


def _world_of(name: str | None, request: web.Request, service: Service, served: ServedApi) -> World:
    """Return the world that a request is for; a new sandbox is none before `Worlds.keep`.

    Raises:
        BadSandboxName: The name breaks the rule for names.
        Unsafe: It comes from a web page, or by a name, that may not call.
    """
    worlds = service.worlds
    world = worlds.default if name is None else worlds.find(name)
    if world is None or not served.api.open_to_pages:
        service.safety.demand_own_page(request.headers, request.scheme)
        service.safety.demand_own_host(request.headers)
    return world or worlds.prepare(name or "")


def _not_let_in(error: BadSandboxName | Unsafe, served: ServedApi) -> Answer:
    """Return the answer to a request that is in no world."""
    if isinstance(error, Unsafe):
        return served.api.errors.plain(error.status, error.message)
    return served.api.errors.invalid(400, str(error))


def _check(response: web.StreamResponse, record: Recorded, served: ServedApi) -> None:
    """Check an answer that is the API's own, and note in what it breaks the contract."""
    if not record.operation_id or record.crash or record.altered:
        return
    breaches = _breaches(response, record.operation_id, served)
    if breaches:
        record.breaks(breaches)


def _breaches(
    response: web.StreamResponse, operation_id: str, served: ServedApi
) -> list[Violation]:
    """Return in what an answer breaks the contract."""
    checker, status, headers = served.checker, response.status, response.headers
    if isinstance(response, JsonResponse):
        value, plan = response.read_value(), checker.answer_plan(operation_id, status)
        if plan is not None and plan.accepts(value) and plan.accepts_own_headers(headers):
            return []
        return checker.answer(operation_id, status, value, headers)
    return checker.response(
        ResponseData(
            operation_id=operation_id,
            status=status,
            content_type=headers.get(hdrs.CONTENT_TYPE, ""),
            body=bytes_of(response),
            headers=dict(headers),
        )
    )


def _refusal(error: Exception, record: Recorded, served: ServedApi) -> web.StreamResponse:
    """Return the answer to what was raised, and keep what is to be kept of it."""
    if isinstance(error, DomainError):
        record.refused(error)
        return response_of(served.api.errors.refused(error, record.operation_id))
    if isinstance(error, StateReplaced):
        record.refusal, record.altered = StateReplaced.__name__, True
        return response_of(served.api.errors.plain(503, REPLACED, retry_after(0)))
    record.crashed(error)
    return response_of(served.api.errors.plain(500))


def unrecorded(
    request: web.Request, service: Service, served: ServedApi, answer: Answer
) -> web.StreamResponse:
    """Return the answer to a request that no journal keeps, with the headers of the API."""
    response = response_of(answer)
    served.headers.write(
        response,
        request=request,
        request_id=served.headers.request_id(),
        seconds=0,
        now=service.world.clock.now(),
        violations=0,
    )
    return response
