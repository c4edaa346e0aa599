"""The limit in this stack: our app, store, presenters and authentication, nothing else.

No contract check, no journal, no faults, no limits, no sandboxes. The answers are byte for
byte those of our server, headers included.
"""

import json
import secrets
import sys
import time
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from fiskaly_contracts import Contract, Operation
from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.server.compose import compose
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.server.trees import tree_of
from fiskaly_mockserver.web.answers import Answer
from fiskaly_mockserver.web.authorization import caller_of
from fiskaly_mockserver.web.call import Call, Handler
from fiskaly_mockserver.web.errors import answer_to
from fiskaly_mockserver.web.handlers import HANDLERS
from fiskaly_mockserver.web.responses import drop_server_header, response_of, stamp
from fiskaly_mockserver.world.world import World

from benchmarks.mix import SIZE
from benchmarks.servers.loop import serve

Endpoint = Callable[[web.Request], Awaitable[web.Response]]


def app() -> web.Application:
    """Return the application."""
    config = ServerConfig(size=SIZE)
    world = compose(config, tree_of(config)).world
    contract = Contract.bundled()
    made = web.Application()
    made.on_response_prepare.append(drop_server_header)
    for operation_id, operation in contract.operations.items():
        made.router.add_route(
            operation.method,
            contract.base_path + operation.path,
            _endpoint(operation, HANDLERS[operation_id], world),
        )

    async def reset(_: web.Request) -> web.Response:
        world.reset()
        return web.Response()

    made.router.add_post("/reset", reset)
    return made


def _endpoint(operation: Operation, handler: Handler, world: World) -> Endpoint:
    defaults = operation.query(())

    async def answer(request: web.Request) -> web.Response:
        started = time.perf_counter()
        raw = await request.read() if operation.has_body else b""
        try:
            caller = (
                caller_of(request.headers.get(hdrs.AUTHORIZATION), world.sessions)
                if operation.secured
                else None
            )
            asked = request.rel_url.query
            call = Call(
                world=world,
                caller=caller,
                path=request.match_info,
                query=operation.query(asked.items()) if asked else defaults,
                body=json.loads(raw) if raw else {},
            )
            response = response_of(Answer(200, handler(call)))
        except DomainError as error:
            response = response_of(answer_to(error))
        stamp(
            response,
            request=request,
            request_id=secrets.token_hex(16),
            seconds=time.perf_counter() - started,
            now=world.clock.now(),
            violations=0,
        )
        return response

    return answer


if __name__ == "__main__":
    serve(app(), int(sys.argv[1]))
