"""`proxy`: between any client and any server, judging both."""

import signal
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any, get_args

import click
from fiskaly_contracts.checker import Judge

from fiskaly_mockserver.cli.proxying import proxying, upstream_of
from fiskaly_mockserver.cli.reporting import Reporting, reporting_options
from fiskaly_mockserver.cli.server_options import PORTS

DEFAULT_PORT = 8723
LOOK = 0.5
"""Seconds between two looks for Ctrl+C, which a console of Windows does not break a wait with."""


@click.command()
@click.argument("upstream", metavar="UPSTREAM")
@click.option("--sign-de", metavar="URL", help="Where SIGN DE is, if not at the same address.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=DEFAULT_PORT,
    show_default=True,
    type=PORTS,
    metavar="N",
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.har",
    help="Write what came by, without secrets, at the end.",
)
@click.option(
    "--judge",
    type=click.Choice(get_args(Judge)),
    default="jsonschema-rs",
    show_default=True,
    help="Who decides; openapi-core is the reference, and slower.",
)
@click.option("--block", is_flag=True, help="Refuse a request that breaks the contract.")
@reporting_options
def proxy(
    upstream: str,
    *,
    sign_de: str | None,
    host: str,
    port: int,
    record: Path | None,
    judge: Judge,
    block: bool,
    reporting: Reporting,
) -> None:
    """Forward everything to UPSTREAM, and tell at the end what broke the contract.

    Give the client the proxy's address in place of the server's. Both directions are judged:
    what the client broke, and what the server did. SIGTERM or Ctrl+C ends it with a report.

    Exit code 1: findings; 3: the upstream never answered; 4: nothing came by.
    """
    stopped = Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopped.set()

    before = {one: signal.signal(one, stop) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        target = upstream_of(upstream, sign_de)
        settings: Any = {"host": host, "port": port, "judge": judge, "block": block}
        with proxying(target, record, **settings) as (running, finish):
            click.echo(f"Proxy       {running.origin}\nUpstream    {target.management}", err=True)
            while not stopped.wait(LOOK):
                pass
        finish(reporting)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
