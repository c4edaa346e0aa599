"""Our server with openapi-core asked about every message, as a plain fake would ask it."""

import asyncio
import signal
import sys
from dataclasses import replace

from fiskaly_mockserver.server.compose import compose
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.server.listening import listen
from fiskaly_mockserver.server.trees import tree_of
from fiskaly_mockserver.web.service import Service

from benchmarks.mix import SIZE


def service(what: list[str]) -> Service:
    """Return our service; `what` says whether "requests" or "answers" are checked."""
    config = ServerConfig(size=SIZE)
    return replace(compose(config, tree_of(config)), check_responses="answers" in what)


async def _serve(port: int, what: list[str]) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    listening = await listen(service(what), "127.0.0.1", port)
    try:
        await stopped.wait()
    finally:
        await listening.close()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2:]))
