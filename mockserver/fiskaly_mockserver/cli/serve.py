"""`serve`: answer until Ctrl+C."""

import asyncio
import secrets
import signal
from collections.abc import Callable
from pathlib import Path

import click
from click.core import ParameterSource
from fiskaly_contracts import Checker, Contract

from fiskaly_mockserver.cli.banner import banner, json_line
from fiskaly_mockserver.cli.options import option, tree_options
from fiskaly_mockserver.cli.request_log import LEVELS, RequestLog
from fiskaly_mockserver.domain.ports import Lifetimes
from fiskaly_mockserver.server.compose import compose
from fiskaly_mockserver.server.config import DEFAULT_HOST, DEFAULT_PORT, ServerConfig
from fiskaly_mockserver.server.listening import Listening, listen
from fiskaly_mockserver.server.trees import read_tree, tree_of
from fiskaly_mockserver.web.safety import TOKEN_HEADER, is_loopback
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.journal import CAPACITY
from fiskaly_mockserver.world.limits import RateLimit
from fiskaly_mockserver.world.worlds import MOST_SANDBOXES

TREE_FLAGS = ("preset", "seed", "size", "country")
HIGHEST_PORT = 65_535
TOKEN_BYTES = 18


def _rate_limit(_: click.Context, __: click.Parameter, text: str | None) -> RateLimit | None:
    try:
        return None if text is None else RateLimit.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _token_for(host: str) -> str | None:
    """Return a new control token if other machines can reach the address."""
    return None if is_loopback(host) else secrets.token_urlsafe(TOKEN_BYTES)


@click.command()
@option("--host", default=DEFAULT_HOST, metavar="ADDRESS", help="Address to listen on.")
@option(
    "--port",
    default=DEFAULT_PORT,
    type=click.IntRange(0, HIGHEST_PORT),
    metavar="N",
    help="Port to listen on; 0 picks a free one.",
)
@tree_options
@option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Serve the tree of a YAML or JSON file instead of a preset.",
)
@option(
    "--loose",
    is_flag=True,
    help="Drop unknown body properties and journal a violation, instead of answering 400.",
)
@option(
    "--check-responses", is_flag=True, help="Check the fake's own answers too (for its developers)."
)
@option(
    "--access-lifetime",
    type=click.IntRange(min=1),
    default=Lifetimes().access,
    metavar="SECONDS",
    help="Life of an access token.",
)
@option(
    "--refresh-lifetime",
    type=click.IntRange(min=1),
    default=Lifetimes().refresh,
    metavar="SECONDS",
    help="Life of a refresh token.",
)
@option(
    "--rate-limit",
    callback=_rate_limit,
    metavar="N/UNIT",
    help="Answer 429 to a key that calls more often, as 10/s, 100/min or 1000/h.",
)
@option(
    "--journal-size",
    type=click.IntRange(min=1),
    default=CAPACITY,
    metavar="N",
    help="Exchanges that a journal keeps.",
)
@option(
    "--sandboxes",
    type=click.IntRange(min=1),
    default=MOST_SANDBOXES,
    metavar="N",
    help="Sandboxes there may be; one more, and the one left alone the longest is reclaimed.",
)
@click.option(
    "--control/--no-control",
    default=True,
    envvar="FISKALY_MOCK_CONTROL",
    show_envvar=True,
    help="Serve control calls under /_mock, or health and documents only.",
)
@option(
    "--control-token",
    metavar="TOKEN",
    help="What control calls must carry in X-Mock-Token; made up beyond loopback.",
)
@option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    help="Form of the line per request on stderr.",
)
@option(
    "--log-level",
    type=click.Choice(list(LEVELS)),
    default="info",
    help="info: every request; warning: those that broke the contract; error: crashes; off.",
)
@option("--json", "as_json", is_flag=True, help="Print one JSON line instead of the banner.")
@click.pass_context
def serve(
    ctx: click.Context,
    *,
    host: str,
    port: int,
    preset: str,
    seed: int,
    size: int,
    country: str,
    data: Path | None,
    loose: bool,
    check_responses: bool,
    access_lifetime: int,
    refresh_lifetime: int,
    rate_limit: RateLimit | None,
    journal_size: int,
    sandboxes: int,
    control: bool,
    control_token: str | None,
    log_format: str,
    log_level: str,
    as_json: bool,
) -> None:
    """Answer as the Management API does, until Ctrl+C."""
    if refresh_lifetime < access_lifetime:
        raise click.UsageError("--refresh-lifetime must not be shorter than --access-lifetime")
    log = RequestLog(level=log_level, as_json=log_format == "json")
    config = ServerConfig(
        host=host,
        port=port,
        preset=preset,
        seed=seed,
        size=size,
        country=country,
        loose=loose,
        check_responses=check_responses,
        lifetimes=Lifetimes(access=access_lifetime, refresh=refresh_lifetime),
        rate_limit=rate_limit,
        journal_size=journal_size,
        sandboxes=sandboxes,
        control=control,
        control_token=control_token or _token_for(host),
        on_exchange=log.write,
    )
    if data is None:
        tree = tree_of(config)
    else:
        _refuse_tree_flags(ctx)
        tree = read_tree(data, Checker(Contract.bundled()))

    service = compose(config, tree)

    def announce(listening: Listening) -> None:
        show = json_line if as_json else banner
        click.echo(show(service.world.baseline, listening, service.contract.version))
        if config.control_token and not is_loopback(host):
            click.echo(
                f"Warning: {host} can be reached from other machines; control calls need the"
                f" header {TOKEN_HEADER}: {config.control_token}",
                err=True,
            )

    with log.take_over():
        asyncio.run(_serve(service, config, announce))


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


def _refuse_tree_flags(ctx: click.Context) -> None:
    """A file says what the tree is; flags on the command line would be ignored."""
    given = [
        f"--{name}"
        for name in TREE_FLAGS
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(f"--data excludes {', '.join(given)}: the file says what they say")
