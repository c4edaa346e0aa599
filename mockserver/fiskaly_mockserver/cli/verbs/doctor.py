"""`doctor`: is the server up, and do this machine's clients get to it."""

import json
import os
import secrets
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from http.client import HTTPException
from typing import Any, Literal, cast
from urllib.error import HTTPError
from urllib.parse import SplitResult, urlsplit
from urllib.request import (
    Request,
    getproxies_environment,
    proxy_bypass,
)

import click

from fiskaly_mockserver.cli.output import CLOCK_TOLERANCE, describe_clock, show_json
from fiskaly_mockserver.cli.remote_server import (
    API_KEY,
    API_SECRET,
    BASE_URL,
    GIVE_TOKEN,
    ORGANIZATION_ID,
    PLAIN_HTTP,
    RemoteServer,
    hint_at,
    key_variables,
    refusal_message,
    remote_server_options,
    without_number,
)
from fiskaly_mockserver.control.client import Control, ControlRefused
from fiskaly_mockserver.control.shapes import ClockState, Fault, Health
from fiskaly_mockserver.control.transports import ServerUnreachable, opener
from fiskaly_mockserver.version import VERSION
from fiskaly_mockserver.web.safety import is_loopback, is_real
from fiskaly_mockserver.world.clock import SystemClock
from fiskaly_mockserver.world.names import BASE_PATH

FAILED = 1
UNREACHABLE = 3
SWITCHED_OFF = 404
SERVER_TIMEOUT = 10.0
"""Seconds that the server, and a call of the API, may take."""
ADDRESS_TIMEOUT = 1.0
"""Seconds that each address of a name gets to answer."""
LOCALHOST = "localhost"
STANDARD_PORTS = {"http": 80, "https": 443}
REPORT = "look at the server's log, and report it if it says no more"


@dataclass(frozen=True, slots=True)
class Check:
    """What was checked, how it is, and what to do about it; `fix` is empty where all is well."""

    name: str
    level: Literal["ok", "warn", "fail"]
    said: str
    fix: str = ""

    def __str__(self) -> str:
        fix = f" -> {self.fix}" if self.fix else ""
        return f"{self.level.ljust(4)}  {self.name.ljust(9)} {self.said}{fix}"


@click.command(context_settings={"allow_interspersed_args": False})
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
@click.option(
    "--intercept",
    is_flag=True,
    help="Tell which runtimes of this machine `exec --intercept` catches, and whether COMMAND is.",
)
@remote_server_options
@click.pass_context
def doctor(
    ctx: click.Context,
    server: RemoteServer,
    *,
    command: tuple[str, ...],
    as_json: bool,
    intercept: bool,
) -> None:
    """Check that a server is up and this machine's clients get to it.

    A line per check: ok, warn or fail, and after an arrow what to do. The token is tried
    in a sandbox of its own, so that journal and faults are left alone. Exit code 1:
    something failed; 3: no server answers.

    With --intercept a server of its own is started, and small clients with a hard-coded
    host are tried, whatever runs elsewhere.
    """
    if command and as_json:
        raise click.UsageError("--json would share stdout with the command: leave out one of them")
    if intercept:
        _intercept(ctx, command, as_json=as_json)
        return
    if command:
        raise click.UsageError("a command is of no use without --intercept")
    try:
        checks = [_server_check(server, server.health(SERVER_TIMEOUT)), *_control_checks(server)]
        up = True
    except ServerUnreachable as error:
        checks = [Check("server", "fail", without_number(error), _start_hint(server, error))]
        up = False
    checks += name_checks(server, up=up)
    checks += [proxy_check(server), base_url_check(server, os.environ)]
    failed = any(check.level == "fail" for check in checks)
    if as_json:
        show_json({"url": server.origin, "ok": not failed, "checks": list(map(asdict, checks))})
    else:
        for check in checks:
            click.echo(str(check))
    if not up:
        ctx.exit(UNREACHABLE)
    if failed:
        ctx.exit(FAILED)


def _intercept(ctx: click.Context, command: tuple[str, ...], *, as_json: bool) -> None:
    from fiskaly_mockserver.cli.probes import intercept_checks  # noqa: PLC0415 - as few ask for it

    checks = []
    for found in intercept_checks(command):
        checks.append(Check(*found))
        if not as_json:
            click.echo(str(checks[-1]))  # at once: some take seconds
    failed = any(check.level == "fail" for check in checks)
    if as_json:
        show_json({"ok": not failed, "checks": list(map(asdict, checks))})
    ctx.exit(FAILED if failed else 0)


def _server_check(server: RemoteServer, health: Health) -> Check:
    said = (
        f"fiskaly-mockserver {health['version']}, contract {health['contract']},"
        f" answers at {server.origin}"
    )
    if health["version"] == VERSION:
        return Check("server", "ok", said)
    fix = "install the same version for both"
    return Check("server", "warn", f"{said}; this command is {VERSION}", fix)


def _start_hint(server: RemoteServer, error: ServerUnreachable) -> str:
    hint = hint_at(error)
    if hint == PLAIN_HTTP:
        return f"it speaks plain HTTP: use http:{server.origin.partition(':')[2]}"
    return hint


def _control_checks(server: RemoteServer) -> Iterator[Check]:
    """Yield what control calls tell, as long as they are served."""
    control = server.control()
    try:
        tree = control.tree()
        quantity = len(tree["organizations"])
        noun = "organization" if quantity == 1 else "organizations"
        world = "" if server.sandbox is None else f"sandbox {server.sandbox}, "
        said = f"{world}preset {tree['preset']}, seed {tree['seed']}: {quantity} {noun}"
        yield Check("world", "ok", said)
        yield _clock_check(control.clock())
        yield _faults_check(control.faults())
        yield _token_check(server, replace(server, sandbox=None).control())
    except ControlRefused as refused:
        said = refusal_message(refused)
        if refused.status == SWITCHED_OFF:
            said += "; nor can more be checked"
            yield Check("control", "warn", said, "start it without --no-control")
        else:
            yield Check("control", "fail", said, GIVE_TOKEN)


def _faults_check(armed: Sequence[Fault]) -> Check:
    if not armed:
        return Check("faults", "ok", "none is armed")
    ids = ", ".join(fault["id"] for fault in armed)
    fix = "`fiskaly-mockserver faults clear` disarms them"
    return Check("faults", "warn", f"armed: {ids}", fix)


def _clock_check(state: ClockState) -> Check:
    drift = state["now"] - SystemClock().now()
    said = describe_clock(state)
    if state["frozen"] or state["scale"] != 1 or abs(state["offset"]) >= CLOCK_TOLERANCE:
        fix = "`fiskaly-mockserver reset` returns to real time"
        return Check("clock", "warn", said, fix)
    if abs(drift) >= CLOCK_TOLERANCE:
        side = "behind" if drift > 0 else "ahead"
        said += f"; this machine's is {abs(drift):.0f} s {side}"
        return Check("clock", "warn", said, "set one of the two machines right")
    return Check("clock", "ok", f"{said}, as this machine's")


def _token_check(server: RemoteServer, control: Control) -> Check:
    """Return whether a seeded key gets a token, and the token an organization.

    It happens in a sandbox that is dropped at the end: nothing of it is in anybody's
    journal, and no armed fault is used up. `control` is that of the default world.
    """
    known = cast("dict[str, Any]", control.sandboxes())
    if len(known["sandboxes"]) >= known["limit"]:
        said = f"not tried: it needs a sandbox, and all {known['limit']} are taken"
        return Check("token", "warn", said, "drop one, or let `serve --sandboxes` have more")
    name = f"doctor-{secrets.token_hex(4)}"
    try:
        key = key_variables(control.sandbox(name).tree())
        if not key:
            return Check("token", "ok", "not tried: the tree has no enabled API key")
        return _round_trip(replace(server, sandbox=name), key)
    finally:
        with suppress(ControlRefused):  # somebody's new sandbox took its place
            control.drop_sandbox(name)


class CallFailed(Exception):
    """A call of the API that got no 200."""


def _round_trip(server: RemoteServer, key: dict[str, str]) -> Check:
    try:
        body = {"api_key": key[API_KEY], "api_secret": key[API_SECRET]}
        token = str(_fetch(server, "/auth", body=body)["access_token"])
        path = f"/organizations/{key[ORGANIZATION_ID]}"
        name = _fetch(server, path, token=token)["name"]
    except CallFailed as error:
        return Check("token", "fail", str(error), REPORT)
    except (KeyError, TypeError):
        said = "what answers the API's calls is no fiskaly-mockserver"
        return Check("token", "fail", said, REPORT)
    return Check("token", "ok", f"a seeded key gets a token, and the token reads {name!r}")


def _fetch(
    server: RemoteServer, path: str, *, body: dict[str, str] | None = None, token: str = ""
) -> Any:
    """Return the JSON of a 200; no proxy of the environment is asked."""
    headers = {"Content-Type": "application/json"} if body else {}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body else None
    url = server.base_url + path
    request = Request(url, data=data, headers=headers)  # noqa: S310 - the scheme was looked at
    call = f"{request.get_method()} {url}"
    try:
        with opener(server.ca_file).open(request, timeout=SERVER_TIMEOUT) as answer:
            return json.loads(answer.read())
    except HTTPError as error:
        with error:
            raise CallFailed(f"{call} got {error.code}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise CallFailed(f"{call} got no answer: {without_number(error)}") from error


def name_checks(server: RemoteServer, *, up: bool) -> Iterator[Check]:
    """Yield what the name of the server leads to, and on loopback what `localhost` does.

    Many clients try the first address of a name alone, which is ::1 on some machines.
    Where the server is not `up`, only what helps to find it is said.
    """
    parts = urlsplit(server.origin)
    host, port = parts.hostname or "", parts.port or STANDARD_PORTS[parts.scheme]
    if ":" not in host and not host.replace(".", "").isdecimal():
        yield _own_name_check(server, host, *_resolve(server, host, port))
    if is_loopback(host) and host != LOCALHOST:
        addresses, answering = _resolve(server, LOCALHOST, port)
        leads_to = _leads_to(LOCALHOST, addresses)
        if up and answering[:1] == addresses[:1] != []:
            yield Check("name", "ok", f"{leads_to}: {answering[0]} answers")
        elif up:
            said = f"{leads_to}: clients that are given it may find nobody"
            yield Check("name", "warn", said, f"give them {server.base_url}")
        elif answering:
            said = f"{leads_to}: {answering[0]} answers"
            yield Check("name", "warn", said, f"--url {LOCALHOST}:{parts.port}")


def _own_name_check(
    server: RemoteServer, host: str, addresses: list[str], answering: list[str]
) -> Check:
    leads_to = _leads_to(host, addresses)
    if not answering:
        said = f"{leads_to}: no fiskaly-mockserver answers there"
        return Check("name", "fail", said, "try --url 127.0.0.1")
    if answering[0] == addresses[0]:
        return Check("name", "ok", f"{leads_to}: {answering[0]} answers")
    right = server.base_url.replace(host, _in_url(answering[0]), 1)
    said = f"{leads_to}: only {answering[0]} answers"
    return Check("name", "warn", said, f"give clients {right}")


def _resolve(server: RemoteServer, host: str, port: int) -> tuple[list[str], list[str]]:
    """Return the addresses of a name in their order, and those at which a server answers."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        found = []
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    return addresses, [one for one in addresses if _answers(server, one, port)]


def _answers(server: RemoteServer, address: str, port: int) -> bool:
    origin = f"{urlsplit(server.origin).scheme}://{_in_url(address)}:{port}"
    try:
        replace(server, origin=origin).health(ADDRESS_TIMEOUT)
    except ServerUnreachable:
        return False
    return True


def _leads_to(host: str, addresses: Sequence[str]) -> str:
    return f"{host} is {', '.join(addresses) or 'no address'}"


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def proxy_check(server: RemoteServer) -> Check:
    """Return whether a proxy of the environment would catch calls to the server."""
    proxies, parts = getproxies_environment(), urlsplit(server.origin)
    catching = [scheme for scheme in (parts.scheme, "all") if scheme in proxies]
    if not catching:
        return Check("proxy", "ok", "no variable sends calls to a proxy")
    if proxy_bypass(parts.netloc):
        return Check("proxy", "ok", f"no_proxy spares {parts.hostname}")
    said = f"clients that obey {catching[0]}_proxy send calls to {server.origin} to a proxy"
    return Check("proxy", "warn", said, f"add {parts.hostname} to no_proxy and NO_PROXY")


def base_url_check(server: RemoteServer, environment: Mapping[str, str]) -> Check:
    """Return whether `FISKALY_BASE_URL`, if it is set, is the server's base URL."""
    name, right, given = "base URL", server.base_url, environment.get(BASE_URL)
    if given is None:
        return Check(name, "ok", f"give clients {right}, without a slash at the end")
    fix = f"export {BASE_URL}={right}"
    if _is_real(given):
        return Check(name, "fail", f"{BASE_URL} is the address of the real service", fix)
    if not _same_place(given, right):
        return Check(name, "warn", f"{BASE_URL} is the address of another server", fix)
    return _path_check(name, urlsplit(given), urlsplit(right), fix)


def _path_check(name: str, given: SplitResult, right: SplitResult, fix: str) -> Check:
    """Return whether an address of the right server also leads to the right world."""
    path = given.path.rstrip("/")
    if given.scheme != right.scheme:
        said = f"{BASE_URL} says {given.scheme}, the server speaks {right.scheme}"
        return Check(name, "fail", said, fix)
    if given.path == right.path:
        return Check(name, "ok", f"{BASE_URL} leads to the API")
    if path == right.path:
        said = f"{BASE_URL} ends in a slash: clients that append /auth to it get 404"
        return Check(name, "warn", said, fix)
    if path.endswith(BASE_PATH):
        return Check(name, "warn", f"{BASE_URL} leads to another world of the server", fix)
    said = f"{BASE_URL} does not end in {BASE_PATH}: every call gets 404"
    return Check(name, "fail", said, fix)


def _is_real(given: str) -> bool:
    """Tell whether an address is one of fiskaly's own hosts: tests would touch real data."""
    try:
        host = urlsplit(given if "://" in given else f"//{given}").hostname or ""
    except ValueError:
        return False
    return is_real(host)


def _same_place(given: str, right: str) -> bool:
    """Tell whether two addresses lead to the same port of the same machine."""
    try:
        one, other = urlsplit(given), urlsplit(right)
        ports = {part.port or STANDARD_PORTS.get(part.scheme) for part in (one, other)}
    except ValueError:
        return False
    hosts = {part.hostname or "" for part in (one, other)}
    return len(ports) == 1 and (len(hosts) == 1 or all(map(is_loopback, hosts)))
