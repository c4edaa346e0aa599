"""`doctor`: is the server up, and do this machine's clients get to it."""

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from http.client import HTTPException
from typing import Any, cast
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import click

from fiskaly_mockserver.cli.output import show_json
from fiskaly_mockserver.cli.reachability import (
    Check,
    all_well,
    base_url_check,
    fail,
    name_checks,
    ok,
    proxy_check,
    warn,
)
from fiskaly_mockserver.cli.remote_server import (
    GIVE_TOKEN,
    START_ONE,
    Target,
    is_plain_http,
    plain,
    target_options,
    words_of,
)
from fiskaly_mockserver.cli.times import NOTICEABLE, clock_words
from fiskaly_mockserver.cli.variables import API_KEY, API_SECRET, ORGANIZATION_ID, key_variables
from fiskaly_mockserver.control.client import Control, ControlRefused
from fiskaly_mockserver.control.http import ServerUnreachable
from fiskaly_mockserver.control.shapes import ClockState, Fault, Health
from fiskaly_mockserver.version import VERSION
from fiskaly_mockserver.world.clock import SystemClock

NAME = "token"
PATIENCE = 10.0
"""Seconds that a call of the API may take."""
REPORT = "look at the server's log, and report it if it says no more"


class CallFailed(Exception):
    """A call of the API that got no 200."""


def token_check(target: Target, server: Control) -> Check:
    """Return whether a seeded key gets a token, and the token an organization.

    It happens in a sandbox that is dropped afterwards: nothing of it is in anybody's
    journal, and no armed fault is used up. `server` is the control of the default world.
    """
    known = cast("dict[str, Any]", server.sandboxes())
    if len(known["sandboxes"]) >= known["limit"]:
        return warn(
            NAME,
            f"not tried: it needs a sandbox, and all {known['limit']} are taken",
            "drop one, or let `serve --sandboxes` have more",
        )
    name = f"doctor-{secrets.token_hex(4)}"
    try:
        key = key_variables(server.sandbox(name).tree())
        if not key:
            return ok(NAME, "not tried: the tree has no enabled API key")
        return _tried(Target(origin=target.origin, sandbox=name).base_url, key)
    finally:
        with suppress(ControlRefused):  # somebody's new sandbox took its place
            server.drop_sandbox(name)


def _tried(base_url: str, key: dict[str, str]) -> Check:
    try:
        body = {"api_key": key[API_KEY], "api_secret": key[API_SECRET]}
        token = str(_asked(f"{base_url}/auth", body=body)["access_token"])
        path = f"/organizations/{key[ORGANIZATION_ID]}"
        name = _asked(base_url + path, token=token)["name"]
    except CallFailed as error:
        return fail(NAME, str(error), REPORT)
    except (KeyError, TypeError):
        return fail(NAME, "what answers the API's calls is no fiskaly-mockserver", REPORT)
    return ok(NAME, f"a seeded key gets a token, and the token reads {name!r}")


def _asked(url: str, *, body: dict[str, str] | None = None, token: str = "") -> Any:
    """Return the JSON of a 200; no proxy of the environment is asked."""
    headers = {"Content-Type": "application/json"} if body else {}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body else None
    request = Request(url, data=data, headers=headers)  # noqa: S310 - the scheme was looked at
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read())
    except HTTPError as error:
        with error:
            raise CallFailed(f"{request.get_method()} {url} got {error.code}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise CallFailed(f"{request.get_method()} {url} got no answer: {plain(error)}") from error


FAILED = 1
UNREACHABLE = 3
SWITCHED_OFF = 404
HEALTH_PATIENCE = 10.0
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
        checks = [_server_check(target, target.health(HEALTH_PATIENCE)), *_inside(target)]
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
