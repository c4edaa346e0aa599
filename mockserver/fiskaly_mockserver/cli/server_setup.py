"""From the flags of a verb that starts a server to what it starts."""

import secrets
from pathlib import Path
from typing import NamedTuple

import click
from click.core import ParameterSource
from fiskaly_contracts import Checker, Contract
from fiskaly_fixtures import OrganizationTree

from fiskaly_mockserver.cli.request_log import RequestLog
from fiskaly_mockserver.domain.ports import Lifetimes
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.server.config import LoopKind
from fiskaly_mockserver.server.trees import read_tree
from fiskaly_mockserver.web.safety import is_loopback
from fiskaly_mockserver.world.rate_limits import RateLimit

TREE_FLAGS = ("preset", "seed", "size", "country")
TOKEN_BYTES = 18


class Setup(NamedTuple):
    """What the flags ask for: a server's settings, its organizations, its request log."""

    config: ServerConfig
    tree: OrganizationTree
    log: RequestLog


def set_up(
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
    access_lifetime: int,
    refresh_lifetime: int,
    rate_limit: RateLimit | None,
    journal_size: int,
    sandboxes: int,
    loop: LoopKind,
    control: bool,
    control_token: str | None,
    log_format: str,
    log_level: str,
) -> Setup:
    """Return what the flags of `server_options` and a port ask for.

    Raises:
        click.UsageError: Two flags do not go together.
        TreeError: There is no such tree, or the file is none.
    """
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
        lifetimes=Lifetimes(access=access_lifetime, refresh=refresh_lifetime),
        rate_limit=rate_limit,
        journal_size=journal_size,
        sandboxes=sandboxes,
        loop=loop,
        control=control,
        control_token=control_token or _token_for(host),
        on_exchange=log.write,
    )
    if data is None:
        tree = generate_from(config)
    else:
        _refuse_tree_flags(ctx)
        tree = read_tree(data, Checker(Contract.bundled()))
    return Setup(config=config, tree=tree, log=log)


def _token_for(host: str) -> str | None:
    """Return a new control token if other machines can reach the address."""
    return None if is_loopback(host) else secrets.token_urlsafe(TOKEN_BYTES)


def _refuse_tree_flags(ctx: click.Context) -> None:
    """A file says what the tree is; flags on the command line would be ignored."""
    given = [
        f"--{name}"
        for name in TREE_FLAGS
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(f"--data excludes {', '.join(given)}: the file says what they say")
