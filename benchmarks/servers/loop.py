"""How the servers that are measured beside ours listen: as ours does."""

import asyncio
import signal

from aiohttp import web
from fiskaly_mockserver.server.config import loop_factory


def serve(app: web.Application, port: int) -> None:
    """Serve an application on loopback until SIGTERM, in the kind of loop that ours takes."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(app, port))


async def _serve(app: web.Application, port: int) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await stopped.wait()
    finally:
        await runner.cleanup()
