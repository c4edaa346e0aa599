"""`wait`: until the server is up, or a client has called it."""

import time
from typing import TypedDict

import click

from fiskaly_mockserver.cli.output import duration, format_duration, show_json
from fiskaly_mockserver.cli.remote_server import RemoteServer, remote_server_options
from fiskaly_mockserver.cli.verbs.journal import query_options
from fiskaly_mockserver.control.shapes import Health, JournalQuery, Waited
from fiskaly_mockserver.control.transports import ServerUnreachable

PAUSE = 0.1
"""Seconds between two looks."""
LEAST_PATIENCE = 1.0
"""Seconds that a server gets to answer a look, also the last one."""
LONGEST_CALL = 50.0
"""Seconds of one call that waits in the server, which takes at most 60."""


class WaitedInVain(click.ClickException):
    """There were fewer calls than were waited for."""

    exit_code = 1


class WaitResult(TypedDict):
    """How a wait ended, as `--json` prints it."""

    version: str
    reached: bool
    count: int | None


@click.command()
@click.option(
    "--timeout",
    type=duration,
    default="30s",
    show_default=True,
    metavar="SPAN",
    help="How long at most, as 30s or 500ms.",
)
@query_options
@click.option(
    "--times", type=click.IntRange(min=1), metavar="N", help="Until there are N such calls."
)
@click.option("--json", "as_json", is_flag=True, help="Print how it ended as JSON.")
@remote_server_options
def wait(
    server: RemoteServer, *, timeout: float, query: JournalQuery, times: int | None, as_json: bool
) -> None:
    """Wait until a server is up, or a client has called it.

    With --times or a filter it waits until the journal has so many such calls.

    Exit code 3: no server answered in time; 1: it did, but there were fewer calls.
    """
    deadline = time.monotonic() + timeout
    health = _up(server, deadline)
    if times is None and not query:
        result = WaitResult(version=health["version"], reached=True, count=None)
        message = f"fiskaly-mockserver {health['version']} answers at {server.base_url}"
    else:
        waited = _called(server, query, times or 1, deadline)
        result = WaitResult(
            version=health["version"], reached=waited["reached"], count=waited["count"]
        )
        message = _counted(waited["count"], times or 1)
    if as_json:
        show_json(result)
    elif result["reached"]:
        click.echo(message)
    if not result["reached"]:
        raise WaitedInVain(f"{message} within {format_duration(timeout)}")


def _counted(count: int, wanted: int) -> str:
    return (
        f"{count} of {wanted} such calls"
        if count <= wanted
        else f"{count} such calls, {wanted} were awaited"
    )


def _up(server: RemoteServer, deadline: float) -> Health:
    """Return what the server tells of itself, as soon as it does."""
    while True:
        left = deadline - time.monotonic()
        try:
            return server.health(max(left, LEAST_PATIENCE))
        except ServerUnreachable:
            if left <= 0:
                raise
        time.sleep(min(PAUSE, max(left, 0)))


def _called(server: RemoteServer, query: JournalQuery, times: int, deadline: float) -> Waited:
    """Return how the journal's wait ended; a server that stops meanwhile is unreachable."""
    while True:
        left = max(deadline - time.monotonic(), 0)
        waited = server.control().wait(times, query, min(left, LONGEST_CALL))
        if waited["reached"] or time.monotonic() >= deadline:
            return waited
        time.sleep(PAUSE)
