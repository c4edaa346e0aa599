"""`doctor`: is the server up, and do this machine's clients get to it."""

import os
from collections.abc import Iterator, Sequence

import click

from fiskaly_mockserver.cli.checks import Check, all_well, fail, ok, warn
from fiskaly_mockserver.cli.json_text import show_json
from fiskaly_mockserver.cli.outcomes import GIVE_TOKEN, START_ONE, is_plain_http, plain, words_of
from fiskaly_mockserver.cli.reachability import base_url_check, name_checks, proxy_check
from fiskaly_mockserver.cli.round_trip import token_check
from fiskaly_mockserver.cli.target import Target, target_options
from fiskaly_mockserver.cli.times import NOTICEABLE, clock_words
from fiskaly_mockserver.control.client import ControlRefused
from fiskaly_mockserver.control.http import ServerUnreachable
from fiskaly_mockserver.control.shapes import ClockState, Fault, Health
from fiskaly_mockserver.version import VERSION
from fiskaly_mockserver.world.clock import SystemClock

FAILED = 1
UNREACHABLE = 3
SWITCHED_OFF = 404
PATIENCE = 10.0
"""Seconds until a server that does not answer is given up."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
@target_options
@click.pass_context
def doctor(ctx: click.Context, target: Target, *, as_json: bool) -> None:
    """Check that a server is up and this machine's clients get to it.

    A line per check: ok, warn or fail, and after an arrow what to do. The token is tried
    in a sandbox of its own, so that journal and faults are left alone. Exit code 1:
    something failed; 3: no server answers.
    """
    try:
        checks = [_server_check(target, target.health(PATIENCE)), *_inside(target)]
        up = True
    except ServerUnreachable as error:
        checks = [fail("server", plain(error), _hint(target, error))]
        up = False
    checks += name_checks(target, up=up)
    checks += [proxy_check(target), base_url_check(target, os.environ)]
    if as_json:
        show_json(
            {
                "url": target.origin,
                "ok": all_well(checks),
                "checks": [check.as_json() for check in checks],
            }
        )
    else:
        for check in checks:
            click.echo(check.line())
    if not up:
        ctx.exit(UNREACHABLE)
    if not all_well(checks):
        ctx.exit(FAILED)


def _server_check(target: Target, health: Health) -> Check:
    said = (
        f"fiskaly-mockserver {health['version']}, contract {health['contract']},"
        f" answers at {target.origin}"
    )
    if health["version"] == VERSION:
        return ok("server", said)
    return warn("server", f"{said}; this command is {VERSION}", "install the same version for both")


def _inside(target: Target) -> Iterator[Check]:
    """Yield what control calls tell, as long as they are served."""
    control = target.control()
    try:
        tree = control.tree()
        quantity = len(tree["organizations"])
        noun = "organization" if quantity == 1 else "organizations"
        world = "" if target.sandbox is None else f"sandbox {target.sandbox}, "
        yield ok("world", f"{world}preset {tree['preset']}, seed {tree['seed']}: {quantity} {noun}")
        yield _clock_check(control.clock())
        yield _faults_check(control.faults())
        yield token_check(target, Target(origin=target.origin, token=target.token).control())
    except ControlRefused as refused:
        said = words_of(refused)
        if refused.status == SWITCHED_OFF:
            yield warn("control", f"{said}; nor can more be checked", "start it without it")
        else:
            yield fail("control", said, GIVE_TOKEN)


def _faults_check(armed: Sequence[Fault]) -> Check:
    if not armed:
        return ok("faults", "none is armed")
    ids = ", ".join(fault["id"] for fault in armed)
    return warn("faults", f"armed: {ids}", "`fiskaly-mockserver faults clear` disarms them")


def _clock_check(state: ClockState) -> Check:
    drift = state["now"] - SystemClock().now()
    said = clock_words(state)
    if state["frozen"] or state["scale"] != 1 or abs(state["offset"]) >= NOTICEABLE:
        return warn("clock", said, "`fiskaly-mockserver reset` returns to real time")
    if abs(drift) >= NOTICEABLE:
        return warn(
            "clock",
            f"{said}; this machine's is {abs(drift):.0f} s {'behind' if drift > 0 else 'ahead'}",
            "set one of the two machines right",
        )
    return ok("clock", f"{said}, as this machine's")


def _hint(target: Target, error: ServerUnreachable) -> str:
    if is_plain_http(error):
        return f"it speaks plain HTTP: use http:{target.origin.partition(':')[2]}"
    return START_ONE
