"""The flags of every verb that starts a server, and what they ask for."""

import re
import secrets
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.core import ParameterSource
from fiskaly_contracts import Checker, Contract
from fiskaly_contracts.checker import Judge
from fiskaly_fixtures import COUNTRIES, PRESETS, OrganizationTree, TreeArguments, generate_from
from fiskaly_fixtures.presets import TREE_ARGUMENTS

from fiskaly_mockserver.cli.request_log import LEVELS, RequestLog
from fiskaly_mockserver.domain.backend import Lifetimes
from fiskaly_mockserver.server.config import (
    DEFAULT_HOST,
    GREATEST_PORT,
    JUDGES,
    LoopKind,
    ServerConfig,
)
from fiskaly_mockserver.server.trees import read_tree
from fiskaly_mockserver.web.safety import is_loopback
from fiskaly_mockserver.world.journal.exchange import unheard
from fiskaly_mockserver.world.journal.journal import CAPACITY
from fiskaly_mockserver.world.rate_limits import RateLimit
from fiskaly_mockserver.world.worlds import MOST_SANDBOXES

Command = Callable[..., Any]
AddOption = Callable[[Command], Command]

PREFIX = "FISKALY_MOCK_"
PORTS = click.IntRange(0, GREATEST_PORT)
TOKEN_BYTES = 18
_DEFAULTS = TreeArguments()


def option(flag: str, *names: str, **settings: Any) -> AddOption:
    """Declare a flag that can also be set by `FISKALY_MOCK_<FLAG>`; `names` as in click."""
    variable = PREFIX + flag.removeprefix("--").partition("/")[0].replace("-", "_").upper()
    settings = {"envvar": variable, "show_envvar": True, "show_default": True, **settings}
    return click.option(flag, *names, **settings)


def is_typed(ctx: click.Context, name: str) -> bool:
    """Tell whether a flag stands on the command line: a variable or default gives way to it."""
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def with_options(command: Command, *options: AddOption) -> Command:
    """Add options in the order in which help shows them."""
    for add in reversed(options):
        command = add(command)
    return command


def tree_options(command: Command) -> Command:
    """Add the flags that choose an organization tree, passed on as one `tree`."""

    @wraps(command)
    def with_tree(*arguments: Any, **values: Any) -> Any:
        return command(*arguments, tree=_tree_of(values), **values)

    return with_options(with_tree, *_TREE)


def server_options(*, log_level: str) -> AddOption:
    """Add the flags of a server but for its port; `log_level` is the default.

    The tree's flags and `--data` are passed on as one `tree`.
    """

    def add(command: Command) -> Command:
        @wraps(command)
        @click.pass_context
        def with_tree(ctx: click.Context, *arguments: Any, **values: Any) -> Any:
            tree = _tree_or_file(ctx, values)
            return command(*arguments, tree=tree, **values)

        return with_options(
            with_tree,
            option(
                "--host",
                default=DEFAULT_HOST,
                callback=_host,
                metavar="ADDRESS",
                help="Address to listen on; 0.0.0.0: all of this machine.",
            ),
            *_TREE,
            *_WHAT_IS_SERVED,
            *_how_it_runs(log_level),
        )

    return add


class Setup(NamedTuple):
    """What the flags ask for: a server's settings, its organizations, its request log."""

    config: ServerConfig
    tree: OrganizationTree
    log: RequestLog


def set_up(
    *,
    host: str,
    port: int,
    tree: TreeArguments | Path,
    sign_de: bool,
    sign_de_main_keys: str,
    sign_de_backend: bool,
    sign_de_daily_time: bool,
    sign_de_limits: bool,
    loose: bool,
    judge: Judge,
    access_lifetime: int,
    refresh_lifetime: int,
    rate_limit: RateLimit | None,
    journal_size: int,
    sandboxes: int,
    loop: LoopKind,
    control: bool,
    allow_host: tuple[str, ...],
    control_token: str | None,
    log_format: str,
    log_level: str,
) -> Setup:
    """Return what the flags of `server_options` and a port ask for.

    Raises:
        click.UsageError: Two flags do not go together.
        TreeError: The file holds no tree.
    """
    if refresh_lifetime < access_lifetime:
        raise click.UsageError("--refresh-lifetime must not be shorter than --access-lifetime")
    log = RequestLog(sys.stderr, level=log_level, as_json=log_format == "json")
    if not control_token:  # one is made up where other machines reach the address
        control_token = None if is_loopback(host) else secrets.token_urlsafe(TOKEN_BYTES)
    config = ServerConfig(
        **({} if isinstance(tree, Path) else asdict(tree)),
        host=host,
        port=port,
        sign_de=sign_de,
        sign_de_main_keys=sign_de_main_keys == "allow",
        sign_de_backend=sign_de_backend,
        sign_de_daily_time=sign_de_daily_time,
        sign_de_limits=sign_de_limits,
        loose=loose,
        judge=judge,
        lifetimes=Lifetimes(access=access_lifetime, refresh=refresh_lifetime),
        rate_limit=rate_limit,
        journal_size=journal_size,
        sandboxes=sandboxes,
        loop=loop,
        control=control,
        allow_hosts=allow_host,
        control_token=control_token,
        on_exchange=unheard if log_level == "off" else log.write,
    )
    if isinstance(tree, Path):
        return Setup(config, read_tree(tree, Checker(Contract.bundled())), log)
    return Setup(config, generate_from(tree), log)


def _tree_of(flags: dict[str, Any]) -> TreeArguments:
    """Take the tree's flags out of all flags.

    Raises:
        TreeError: A value is wrong; the message has what is near to it.
    """
    return TreeArguments(**{name: flags.pop(name) for name in TREE_ARGUMENTS})


def _tree_or_file(ctx: click.Context, flags: dict[str, Any]) -> TreeArguments | Path:
    """Take the tree's flags and `--data` out of all flags, and return what they name.

    Of a file and the other flags, those on the command line beat a variable.
    """
    data: Path | None = flags.pop("data")
    typed = [f"--{name}" for name in TREE_ARGUMENTS if is_typed(ctx, name)]
    if data is None or (typed and not is_typed(ctx, "data")):
        return _tree_of(flags)
    if typed:
        raise click.UsageError(f"--data excludes {', '.join(typed)}: the file says what they say")
    for name in TREE_ARGUMENTS:
        del flags[name]
    return data


def _host(_: click.Context, __: click.Parameter, host: str) -> str:
    if not host:
        raise click.BadParameter("it is empty: give an address, as 127.0.0.1")
    return host


def host_names(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of hosts that stand in texts, apart by commas, in lower case."""
    names = [name.strip().lower() for text in texts for name in text.split(",")]
    for name in names:
        if not re.fullmatch(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?", name):
            raise click.BadParameter(
                f"{name!r} is no name of a host: give it without port, as mock"
            )
    return tuple(names)


def _rate_limit(_: click.Context, __: click.Parameter, text: str | None) -> RateLimit | None:
    try:
        return None if text is None else RateLimit.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _loop(_: click.Context, __: click.Parameter, name: str) -> LoopKind:
    return LoopKind(name)


_TREE: tuple[AddOption, ...] = (
    option(
        "--preset",
        default=_DEFAULTS.preset,
        metavar="NAME",
        help=f"Organization tree: {', '.join(PRESETS)}.",
    ),
    option(
        "--seed",
        default=_DEFAULTS.seed,
        type=int,
        metavar="N",
        help="Same seed: same ids, keys, secrets.",
    ),
    option(
        "--size",
        default=_DEFAULTS.size,
        type=int,
        metavar="N",
        help="Managed organizations in total.",
    ),
    option(
        "--country",
        default=_DEFAULTS.country,
        metavar="CODE",
        help=f"Where the organizations are: {', '.join(COUNTRIES)}.",
    ),
    option(
        "--tills",
        default=_DEFAULTS.tills,
        type=int,
        metavar="N",
        help="Clients of an initialized TSS for each managed organization.",
    ),
    option(
        "--receipts",
        default=_DEFAULTS.receipts,
        type=int,
        metavar="N",
        help="Finished receipts of each of those, over the last 30 days.",
    ),
)
_WHAT_IS_SERVED: tuple[AddOption, ...] = (
    option(
        "--data",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Serve the tree of a YAML or JSON file instead of a preset.",
    ),
    option(
        "--sign-de/--no-sign-de",
        default=True,
        help="Serve SIGN DE beside the Management API, under /api/v2.",
    ),
    option(
        "--sign-de-main-keys",
        type=click.Choice(("allow", "refuse")),
        default="allow",
        help="Whether a main organization's key may create a TSS.",
    ),
    option(
        "--sign-de-backend",
        is_flag=True,
        help="Answer 432 to what only SIGN DE's middleware has.",
    ),
    option(
        "--sign-de-daily-time",
        is_flag=True,
        help="Let each TSS sign once a day that its time was set.",
    ),
    option(
        "--sign-de-limits",
        is_flag=True,
        help="Obey SIGN DE's documented rate limits: 429.",
    ),
    option(
        "--loose",
        is_flag=True,
        help="Drop unknown body properties and journal a violation, instead of answering 400.",
    ),
    option(
        "--judge",
        type=click.Choice(JUDGES),
        default=JUDGES[0],
        help="Who decides whether a message keeps the contract; openapi-core is the reference, and"
        " slower.",
    ),
    option(
        "--access-lifetime",
        type=click.IntRange(min=1),
        default=Lifetimes().access,
        metavar="SECONDS",
        help="Life of an access token.",
    ),
    option(
        "--refresh-lifetime",
        type=click.IntRange(min=1),
        default=Lifetimes().refresh,
        metavar="SECONDS",
        help="Life of a refresh token.",
    ),
    option(
        "--rate-limit",
        callback=_rate_limit,
        metavar="N/UNIT",
        help="Answer 429 to a key that calls more often, as 10/s, 100/min or 1000/h.",
    ),
)


def _how_it_runs(log_level: str) -> tuple[AddOption, ...]:
    return (
        option(
            "--journal-size",
            type=click.IntRange(min=1),
            default=CAPACITY,
            metavar="N",
            help="Exchanges that a journal keeps.",
        ),
        option(
            "--sandboxes",
            type=click.IntRange(min=1),
            default=MOST_SANDBOXES,
            metavar="N",
            help="Sandboxes there may be; one more, and the one left alone the longest is"
            " reclaimed.",
        ),
        option(
            "--loop",
            type=click.Choice([kind.value for kind in LoopKind]),
            callback=_loop,
            default=LoopKind.AUTO.value,
            help="Event loop; auto: uvloop where it is installed.",
        ),
        option(
            "--control/--no-control",
            default=True,
            show_default=False,
            help="Serve control calls under /_mock, or health and documents only.",
        ),
        option(
            "--allow-host",
            multiple=True,
            callback=host_names,
            metavar="NAME",
            help="A name by which clients call the server, besides those of this machine; may be"
            " repeated.",
        ),
        option(
            "--control-token",
            metavar="TOKEN",
            help="What control calls must carry in X-Mock-Token; made up beyond loopback.",
        ),
        option(
            "--log-format",
            type=click.Choice(["text", "json"]),
            default="text",
            help="Form of the line per request on stderr.",
        ),
        option(
            "--log-level",
            type=click.Choice(list(LEVELS)),
            default=log_level,
            help="info: every request; warning: those that broke the contract; error: crashes;"
            " off.",
        ),
    )
