"""The limit in this stack: our app, store, writer and authentication, nothing else.

No contract check, no journal, no faults, no limits, no sandboxes. The answers are byte for
byte those of our server, headers included.
"""

import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast

from aiohttp import hdrs, web
from fiskaly_contracts import AnswerPlan, Contract, Operation
from fiskaly_fixtures import generate_from
from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.server.compose import compose
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.web.api import Call, Download, Handler
from fiskaly_mockserver.web.endpoint import caller_of
from fiskaly_mockserver.web.management.api import ManagementErrors
from fiskaly_mockserver.web.management.handlers import HANDLERS
from fiskaly_mockserver.web.responses import ResponseHeaders, drop_server_header, response_of
from fiskaly_mockserver.web.service import RowCache
from fiskaly_mockserver.world.world import World

from benchmarks.mix import SIZE
from benchmarks.servers.loop import serve

if TYPE_CHECKING:
    from fiskaly_mockserver.domain.account.access import Principal

Endpoint = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Anything(AnswerPlan):
    """The plan of an answer that nobody checks."""

    rows_apart = True

    def __init__(self) -> None:
        """Compile nothing."""

    def accepts(self, value: object) -> bool:
        """Let it pass."""
        return True

    def accepts_written(self, value: object, raw: bytes) -> bool:
        """Let it pass."""
        return True


_ANYTHING = _Anything()


def app() -> web.Application:
    """Return the application."""
    config = ServerConfig(size=SIZE)
    world = compose(config, generate_from(config)).world
    contract = Contract.bundled()
    serving = _Serving(world, RowCache(lambda *_: _ANYTHING), ResponseHeaders())
    made = web.Application()
    made.on_response_prepare.append(drop_server_header)
    for operation_id, operation in contract.operations.items():
        made.router.add_route(
            operation.method,
            contract.base_path + operation.path,
            serving.endpoint(operation, HANDLERS[operation_id]),
        )

    async def reset(_: web.Request) -> web.Response:
        world.reset()
        return web.Response()

    made.router.add_post("/reset", reset)
    return made


class _Serving:
    """Turns handlers into endpoints."""

    def __init__(self, world: World, writer: RowCache, headers: ResponseHeaders) -> None:
        self._world = world
        self._writer = writer
        self._headers = headers

    def endpoint(self, operation: Operation, handler: Handler) -> Endpoint:
        """Return what answers an operation."""
        world, write, headers = self._world, self._writer.response, self._headers
        defaults = operation.query(())

        async def answer(request: web.Request) -> web.StreamResponse:
            started, now = time.perf_counter(), world.clock.now()
            raw = await request.read() if operation.has_body else b""
            url = request.rel_url
            try:
                caller = (
                    caller_of(request.headers.get(hdrs.AUTHORIZATION), world.sessions, now)
                    if operation.secured
                    else None
                )
                call = Call(
                    world=world,
                    principal=cast("Principal", caller),
                    path=request.match_info,
                    query=operation.query(url.query.items()) if url.raw_query_string else defaults,
                    body=json.loads(raw) if raw else {},
                )
                presented = handler(call)
                if isinstance(presented, Download):
                    raise TypeError("files are not part of what is measured")
                response = write(operation.operation_id, presented)
            except DomainError as error:
                response = response_of(ManagementErrors().refused(error))
            headers.write(
                response,
                request=request,
                request_id=headers.request_id(),
                seconds=time.perf_counter() - started,
                now=now,
                violations=0,
            )
            return response

        return answer


if __name__ == "__main__":
    serve(app(), int(sys.argv[1]))
