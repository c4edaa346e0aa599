"""`wait`: until the server is up, or a client has called it."""

import time
from typing import TypedDict

import click

from fiskaly_mockserver.cli.journal_options import query_options
from fiskaly_mockserver.cli.output import show_json
from fiskaly_mockserver.cli.remote_server import NotReached, Target, target_options
from fiskaly_mockserver.cli.times import duration, span_words
from fiskaly_mockserver.control.http import ServerUnreachable
from fiskaly_mockserver.control.shapes import Health, JournalQuery, Waited

PAUSE = 0.1
"""Seconds between two looks."""
LEAST_PATIENCE = 1.0
"""Seconds that a server gets to answer a look, also the last one."""
LONGEST_CALL = 50.0
"""Seconds of one call that waits in the server, which takes at most 60."""


class Outcome(TypedDict):
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
@target_options
def wait(
    target: Target, *, timeout: float, query: JournalQuery, times: int | None, as_json: bool
) -> None:
    """Wait until a server is up, or a client has called it.

    With --times or a filter it waits until the journal has so many such calls.

    Exit code 3: no server answered in time; 1: it did, but there were fewer calls.
    """
    deadline = time.monotonic() + timeout
    health = _up(target, deadline)
    if times is None and not query:
        outcome = Outcome(version=health["version"], reached=True, count=None)
        said = f"fiskaly-mockserver {health['version']} answers at {target.base_url}"
    else:
        waited = _called(target, query, times or 1, deadline)
        outcome = Outcome(
            version=health["version"], reached=waited["reached"], count=waited["count"]
        )
        said = _counted(waited["count"], times or 1)
    if as_json:
        show_json(outcome)
    elif outcome["reached"]:
        click.echo(said)
    if not outcome["reached"]:
        raise NotReached(f"{said} within {span_words(timeout)}")


def _counted(count: int, wanted: int) -> str:
    return (
        f"{count} of {wanted} such calls"
        if count <= wanted
        else f"{count} such calls, {wanted} were awaited"
    )


def _up(target: Target, deadline: float) -> Health:
    """Return what the server tells of itself, as soon as it does."""
    while True:
        left = deadline - time.monotonic()
        try:
            return target.health(max(left, LEAST_PATIENCE))
        except ServerUnreachable:
            if left <= 0:
                raise
        time.sleep(min(PAUSE, max(left, 0)))


def _called(target: Target, query: JournalQuery, times: int, deadline: float) -> Waited:
    """Return how the journal's wait ended; a server that stops meanwhile is unreachable."""
    while True:
        left = max(deadline - time.monotonic(), 0)
        waited = target.control().wait(times, query, min(left, LONGEST_CALL))
        if waited["reached"] or time.monotonic() >= deadline:
            return waited
        time.sleep(PAUSE)
