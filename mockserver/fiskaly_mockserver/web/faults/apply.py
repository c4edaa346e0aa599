"""Armed faults, applied to the requests of an API: before an operation, and after its commit."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import hdrs, web
from fiskaly_contracts import Operation

from fiskaly_mockserver.domain.errors import ExpiredToken
from fiskaly_mockserver.web.api import Errors
from fiskaly_mockserver.web.journal.recorder import Recorded
from fiskaly_mockserver.web.pipeline import demand_same_state
from fiskaly_mockserver.web.responses import WholeResponse
from fiskaly_mockserver.world.faults import Phase
from fiskaly_mockserver.world.faults.plan import Decision
from fiskaly_mockserver.world.world import World

if TYPE_CHECKING:
    from fiskaly_mockserver.world.faults.rules import Effect


EXPIRED_TOKEN = "expired_token"  # noqa: S105 - the kind of an effect
STOPPING: web.AppKey[asyncio.Event] = web.AppKey("stopping", asyncio.Event)


def install_faults(app: web.Application) -> None:
    """Make an application end every wait of a fault as soon as it shuts down."""
    app[STOPPING] = asyncio.Event()
    app.on_shutdown.append(_stop)


async def _stop(app: web.Application) -> None:
    app[STOPPING].set()


class OperationFaults:
    """Lets the armed faults of a world strike the requests of one operation.

    What struck is noted on the exchange.
    """

    def __init__(self, operation: Operation, errors: Errors) -> None:
        self._operation_id = operation.operation_id
        self._path = operation.path
        self._errors = errors

    async def before(
        self, request: web.Request, world: World, record: Recorded
    ) -> WholeResponse | None:
        """Let the faults strike that come before the operation.

        Args:
            request: It has passed authentication and the contract.
            world: The request's world.
            record: The exchange.

        Returns:
            The answer that stands in for the operation, which must not run then; `None` if
            it is to run. That may be a while later: whatever was looked up is old.

        Raises:
            ExpiredToken: A fault made the token expire.
            StateReplaced: The state that the request began in is gone after the delay.
        """
        decision = await self._decided(request, world, record, Phase.BEFORE)
        if decision is None or decision.effect is None:
            return None
        if decision.effect.kind == EXPIRED_TOKEN:
            _, _, token = request.headers.get(hdrs.AUTHORIZATION, "").strip().partition(" ")
            world.sessions.expire(token.strip())
            raise ExpiredToken
        return self._altered(request, decision.effect, web.Response())

    async def after(
        self, request: web.Request, world: World, record: Recorded, response: WholeResponse
    ) -> WholeResponse:
        """Let the faults strike that come after the operation, whose change stands.

        Args:
            request: What asked for the operation.
            world: The request's world.
            record: The exchange.
            response: The operation's own answer, which nobody has sent yet.

        Returns:
            The answer to send.

        Raises:
            StateReplaced: The state that the request began in is gone after the delay.
        """
        decision = await self._decided(request, world, record, Phase.AFTER)
        if decision is None or decision.effect is None:
            return response
        return self._altered(request, decision.effect, response)

    async def _decided(
        self, request: web.Request, world: World, record: Recorded, phase: Phase
    ) -> Decision | None:
        """Return what is to happen to the request, after its delay; `None` for nothing."""
        path = self._path.format_map(request.match_info)
        decision = world.faults.decide(self._operation_id, path, phase)
        if not decision.fault_ids:
            return None
        record.fault = " ".join([*filter(None, [record.fault]), *decision.fault_ids])
        record.altered = record.altered or decision.effect is not None
        record.waited = True
        await _pause(request.app[STOPPING], decision.delay)
        demand_same_state(world, record)
        return decision

    def _altered(
        self, request: web.Request, effect: "Effect", response: WholeResponse
    ) -> WholeResponse:
        """Return the answer that an effect leaves of a response."""
        from fiskaly_mockserver.web.faults.effects import (  # noqa: PLC0415 - few servers arm any
            Waiting,
            altered_by,
        )

        stopping = request.app[STOPPING]
        waiting = Waiting(pause=partial(_pause, stopping), stopping=stopping.is_set)
        return altered_by(effect, response, waiting, self._errors, self._operation_id)


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    """Wait in real time, but not for a server that shuts down."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
