"""`serve`: answer until Ctrl+C."""

import asyncio
import gc
import signal
from collections.abc import Callable
from typing import Any

import click

from fiskaly_mockserver.cli.banner import banner, json_line
from fiskaly_mockserver.cli.options import option
from fiskaly_mockserver.cli.server_flags import HIGHEST_PORT, server_options
from fiskaly_mockserver.cli.server_setup import set_up
from fiskaly_mockserver.server.compose import compose
from fiskaly_mockserver.server.config import DEFAULT_PORT, ServerConfig
from fiskaly_mockserver.server.listening import Listening, listen
from fiskaly_mockserver.server.loops import loop_factory
from fiskaly_mockserver.web.safety import TOKEN_HEADER, is_loopback
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.garbage import collector_at_rest

YOUNG_OBJECTS = 50_000
"""New objects after which the garbage collector looks for cycles; Python's own default is 700."""


@click.command()
@option(
    "--port",
    default=DEFAULT_PORT,
    type=click.IntRange(0, HIGHEST_PORT),
    metavar="N",
    help="Port to listen on; 0 picks a free one.",
)
@server_options(log_level="info")
@option("--json", "as_json", is_flag=True, help="Print one JSON line instead of the banner.")
@click.pass_context
def serve(ctx: click.Context, /, *, as_json: bool, **flags: Any) -> None:
    """Answer as the Management API does, until Ctrl+C."""
    with collector_at_rest():
        setup = set_up(ctx, **flags)
        config = setup.config
        service = compose(config, setup.tree)
        gc.freeze()  # what is there now stays: collections need not look at it
        # What requests make is let go of without the collector, but for the journal, which
        # it would look through again and again.
        gc.set_threshold(YOUNG_OBJECTS)

    def announce(listening: Listening) -> None:
        told = (service.world.baseline, listening, service.contract.version)
        click.echo(json_line(*told) if as_json else banner(*told, control=config.control))
        if config.control_token and not is_loopback(config.host):
            click.echo(
                f"Warning: {config.host} can be reached from other machines; control calls need"
                f" the header {TOKEN_HEADER}: {config.control_token}",
                err=True,
            )

    new_loop = loop_factory(config.loop)
    with setup.log.take_over(), asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_serve(service, config, announce))


async def _serve(
    service: Service, config: ServerConfig, announce: Callable[[Listening], None]
) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    listening = await listen(service, config.host, config.port)
    try:
        announce(listening)
        await stopped.wait()
    finally:
        await listening.close()
