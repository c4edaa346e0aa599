"""`serve`: answer until Ctrl+C."""

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from types import MappingProxyType
from typing import Any, cast

import click
from fiskaly_contracts import JsonValue

from fiskaly_mockserver.cli.https_options import (
    Https,
    WithOptionalHosts,
    https_options,
)
from fiskaly_mockserver.cli.request_log import LineWriter
from fiskaly_mockserver.cli.server_options import PORTS, option, server_options, set_up
from fiskaly_mockserver.server.compose import compose
from fiskaly_mockserver.server.config import DEFAULT_PORT, ServerConfig, loop_factory
from fiskaly_mockserver.server.listening import Listening, listen
from fiskaly_mockserver.server.tls import tls_of
from fiskaly_mockserver.version import VERSION
from fiskaly_mockserver.web.safety import is_loopback
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.garbage import collector_off
from fiskaly_mockserver.world.names import TOKEN_HEADER
from fiskaly_mockserver.world.seeding import OrganizationCredentials, Seeded
from fiskaly_mockserver.world.store.tables import Baseline

SCHEMA = 2
"""The version of the JSON line; it grows when a field changes its meaning."""
TOPS_SHOWN = 3
"""Top organizations whose keys the banner shows, so that it stays one screen."""


def banner(
    baseline: Baseline,
    listening: Listening,
    contract: str,
    *,
    control: bool = True,
    dashboard: bool = True,
    intercepts: bool = False,
) -> str:
    """Return the screen that tells a developer what to paste where.

    `control` is whether control calls are served, `dashboard` whether pages are, `intercepts`
    whether clients whose host is hard-coded can be led here.
    """
    name = f"fiskaly-mockserver {VERSION}"
    return "\n".join(
        [
            f"{name} · contract {contract} · unofficial, for testing only",
            "",
            f"  Base URL    {listening.base_url}",
            *([f"  SIGN DE     {listening.sign_de_url}"] if listening.sign_de_url else []),
            *([f"  Dashboard   {listening.dashboard_url}"] if dashboard else []),
            *_tops(baseline),
            "",
            f"  Tree        {_tree_line(baseline)}",
            f"  Control     {listening.control_url if control else 'switched off'}",
            *([f"  CA file     {listening.ca_file}"] if listening.ca_file else []),
            *(['  Intercept   eval "$(fiskaly-mockserver env --intercept)"'] if intercepts else []),
            "",
            "Ctrl+C stops the server.",
        ]
    )


def json_line(
    baseline: Baseline,
    listening: Listening,
    contract: str,
    interception: Mapping[str, JsonValue] = MappingProxyType({}),
    *,
    dashboard: bool = True,
) -> str:
    """Return one line of JSON, in ASCII, with the address, every enabled key and every user.

    `{"schema": 2, "base_url", "sign_de_url", "dashboard_url", "control_url", "ca_file",
    "interception": {"hosts", "proxy_port", "folder"}, "pid", "preset", "seed", "tills",
    "receipts", "contract",
    "organizations": [{"id", "type", "name", "envs", "managed_by_organization_id",
    "api_keys": [{"env", "key", "secret"}], "tss": [{"id", "env", "state", "admin_puk",
    "admin_pin", "clients": [{"id", "serial_number"}]}]}], "users": [{"id", "email", "password",
    "organization_ids"}]}`
    """
    return json.dumps(
        {
            "schema": SCHEMA,
            "base_url": listening.base_url,
            "sign_de_url": listening.sign_de_url,
            "dashboard_url": listening.dashboard_url if dashboard else None,
            "control_url": listening.control_url,
            "ca_file": None if listening.ca_file is None else str(listening.ca_file),
            "interception": dict(interception) or None,
            "pid": os.getpid(),
            "preset": baseline.preset,
            "seed": baseline.seed,
            "tills": baseline.tills,
            "receipts": baseline.receipts,
            "contract": contract,
            **Seeded(baseline).as_json(),
        },
        separators=(",", ":"),
    )


def _tops(baseline: Baseline) -> Iterator[str]:
    tops = list(Seeded(baseline).tops())
    for top in tops[:TOPS_SHOWN]:
        yield ""
        yield f"  {top.name}"
        yield from _key_lines(top)
    if len(tops) > TOPS_SHOWN:
        yield f"  … and {len(tops) - TOPS_SHOWN} more: `--json` prints all keys"
    if not tops:
        yield ""
        yield "  No organizations: this tree is empty."


def _key_lines(top: OrganizationCredentials) -> Iterator[str]:
    yield f"    ID        {top.id}"
    if not top.api_keys:
        yield "    (no enabled API key)"
        return
    first = top.api_keys[0]
    yield f"    API key   {first.key}"
    yield f"    Secret    {first.secret}"


def _tree_line(baseline: Baseline) -> str:
    quantity = len(baseline.organizations.rows)
    noun = "organization" if quantity == 1 else "organizations"
    return f"preset {baseline.preset}, seed {baseline.seed}: {quantity} {noun}"


MOST_FILES = 65_536
"""File descriptors that are asked for, where the system would let a process have more."""
YOUNG_OBJECTS = 50_000
"""New objects after which the garbage collector looks for cycles; Python's own default is 700."""


@click.command(cls=WithOptionalHosts)
@option(
    "--port",
    default=DEFAULT_PORT,
    type=PORTS,
    metavar="N",
    help="Port to listen on; 0 picks a free one.",
)
@server_options(log_level="info")
@https_options
@option(
    "--dashboard/--no-dashboard",
    default=True,
    show_default=False,
    help="Serve the Dashboard's pages under /dashboard.",
)
@option("--open", "opens", is_flag=True, help="Open the Dashboard in a browser.")
@option("--json", "as_json", is_flag=True, help="Print one JSON line instead of the banner.")
def serve(*, as_json: bool, opens: bool, dashboard: bool, https: Https, **flags: Any) -> None:
    """Answer as the Management API does, until Ctrl+C."""
    raise_open_files()
    with collector_off():
        setup = set_up(**flags)
        config = replace(https.config(setup.config), dashboard=dashboard)
        setup.log.pages = dashboard and config.control
        service = compose(config, setup.tree)
        gc.freeze()  # what is there now stays: collections need not look at it
        # What requests make is let go of without the collector, but for the journal, which
        # it would look through again and again.
        gc.set_threshold(YOUNG_OBJECTS)

    def announce(listening: Listening) -> None:
        shown = (service.world.baseline, listening, service.contract.version)
        led = service.interception
        if as_json:
            output.write(json_line(*shown, led, dashboard=dashboard))
        else:
            output.write(
                banner(*shown, control=config.control, dashboard=dashboard, intercepts=bool(led))
            )
        if opens and dashboard:
            import webbrowser  # noqa: PLC0415 - few starts open one

            webbrowser.open(listening.dashboard_url)
        if config.control_token and not is_loopback(config.host):
            setup.log.note(
                f"Warning: {config.host} can be reached from other machines; control calls need"
                f" the header {TOKEN_HEADER}: {config.control_token}"
            )

    async def intercept(listening: Listening, stack: AsyncExitStack) -> None:
        from fiskaly_mockserver.cli.interception import (  # noqa: PLC0415 - few servers do
            staying,
        )

        led = await stack.enter_async_context(staying(https, listening, setup.log.note))
        service.interception.update(cast("dict[str, JsonValue]", led))

    output, new_loop = LineWriter(sys.stdout), loop_factory(config.loop)
    with setup.log.take_over(), asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_serve(service, config, intercept, announce))
        output.close()


def raise_open_files() -> None:
    """Let this process have more file descriptors, of which each connection takes one."""
    try:
        import resource  # noqa: PLC0415 - Windows has none, and no such limit
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(
    service: Service,
    config: ServerConfig,
    intercept: Callable[[Listening, AsyncExitStack], Awaitable[None]],
    announce: Callable[[Listening], None],
) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stopped.set)
        except NotImplementedError:  # on Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopped.set))
    listening = await listen(service, config.host, config.port, tls_of(config))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(listening.close)
        if config.intercept:
            await intercept(listening, stack)
        announce(listening)
        await stopped.wait()
