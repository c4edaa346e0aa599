"""Armed faults, applied to the requests of the API.

The way of a request calls `before` when a request has passed authentication and the
contract, and `after` with the answer of an operation that succeeded. `exchanging` asks
`mark_of` which faults struck, and leaves altered answers out of the response check.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web
from fiskaly_contracts import Operation

from fiskaly_mockserver.domain.account.errors import ExpiredToken
from fiskaly_mockserver.world.faults.plan import Decision, FaultPlan, Phase

if TYPE_CHECKING:
    from fiskaly_mockserver.world.faults.effects import Effect


EXPIRED_TOKEN = "expired_token"  # noqa: S105 - the kind of an effect
STOPPING: web.AppKey[asyncio.Event] = web.AppKey("stopping", asyncio.Event)


class FaultMark(NamedTuple):
    """What faults did to a request.

    Attributes:
        fault_ids: Those that struck, in the order they were armed.
        altered: The answer is no longer the API's own, so that the contract says
            nothing about it; a mere delay leaves it false.
    """

    fault_ids: tuple[str, ...] = ()
    altered: bool = False


MARK: web.RequestKey[FaultMark] = web.RequestKey("fault", FaultMark)
UNTOUCHED = FaultMark()


def install_faults(app: web.Application) -> None:
    """Make an application end every wait of a fault as soon as it shuts down."""
    app[STOPPING] = asyncio.Event()
    app.on_shutdown.append(_stop)


async def _stop(app: web.Application) -> None:
    app[STOPPING].set()


def mark_of(request: web.Request) -> FaultMark:
    """Return what faults did to a request, `UNTOUCHED` if they did nothing."""
    # Most requests hold nothing at all, which is told much sooner than that there is no mark
    if not len(request):
        return UNTOUCHED
    try:
        return request[MARK]
    except KeyError:
        return UNTOUCHED


async def before(
    request: web.Request, operation: Operation, plan: FaultPlan, expire_token: Callable[[], None]
) -> web.Response | None:
    """Let the faults strike that come before an operation.

    Args:
        request: It has passed authentication and the contract.
        operation: The operation that it asks for.
        plan: The faults of the request's world.
        expire_token: Makes the world take the caller's token for expired from now on.

    Returns:
        The answer that stands in for the operation, which must not run then; `None` if
        it is to run. That may be a while later: whatever was looked up is old.

    Raises:
        ExpiredToken: A fault made the token expire.
    """
    decision = _decide(request, operation, plan, Phase.BEFORE)
    if decision is None:
        return None
    await _pause(request.app[STOPPING], decision.delay)
    if decision.effect is None:
        return None
    if decision.effect.kind == EXPIRED_TOKEN:
        expire_token()
        raise ExpiredToken
    return _altered(request, decision.effect, web.Response())


async def after(
    request: web.Request, operation: Operation, plan: FaultPlan, response: web.Response
) -> web.Response:
    """Let the faults strike that come after an operation whose change stands.

    Args:
        request: What asked for the operation.
        operation: The operation, which has succeeded.
        plan: The faults of the request's world.
        response: The operation's own answer, which nobody has sent yet.

    Returns:
        The answer to send.
    """
    decision = _decide(request, operation, plan, Phase.AFTER)
    if decision is None:
        return response
    await _pause(request.app[STOPPING], decision.delay)
    if decision.effect is None:
        return response
    return _altered(request, decision.effect, response)


def _decide(
    request: web.Request, operation: Operation, plan: FaultPlan, phase: Phase
) -> Decision | None:
    """Return what is to happen to the request, `None` for nothing, and mark the request."""
    if not len(plan):
        return None
    path = operation.path.format_map(request.match_info)
    decision = plan.decide(operation.operation_id, path, phase)
    if not decision.fault_ids:
        return None
    earlier = mark_of(request)
    request[MARK] = FaultMark(
        fault_ids=earlier.fault_ids + decision.fault_ids,
        altered=earlier.altered or decision.effect is not None,
    )
    return decision


def _altered(request: web.Request, effect: "Effect", response: web.Response) -> web.Response:
    """Return the answer that an effect leaves of a response."""
    from fiskaly_mockserver.web.faults.effects import (  # noqa: PLC0415 - few servers arm any
        Waiting,
        altered_by,
    )

    stopping = request.app[STOPPING]
    waiting = Waiting(pause=partial(_pause, stopping), stopping=stopping.is_set)
    return altered_by(effect, response, waiting)


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    """Wait in real time, but not for a server that shuts down."""
    if seconds <= 0 or stopping.is_set():
        return
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return
