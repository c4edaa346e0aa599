"""The flags that describe a server, for every verb that starts one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from fiskaly_fixtures import COUNTRIES, PRESETS

from fiskaly_mockserver.cli.request_log import LEVELS
from fiskaly_mockserver.domain.ports import Lifetimes
from fiskaly_mockserver.server.config import (
    DEFAULT_COUNTRY,
    DEFAULT_HOST,
    DEFAULT_PRESET,
    DEFAULT_SEED,
    DEFAULT_SIZE,
)
from fiskaly_mockserver.server.config import LoopKind
from fiskaly_mockserver.world.journal.journal import CAPACITY
from fiskaly_mockserver.world.rate_limits import RateLimit
from fiskaly_mockserver.world.worlds import MOST_SANDBOXES

Command = TypeVar("Command", bound=Callable[..., Any])

PREFIX = "FISKALY_MOCK_"


def option(flag: str, *names: str, **settings: Any) -> Callable[[Command], Command]:
    """Declare a flag that can also be set by `FISKALY_MOCK_<FLAG>`; `names` as in click."""
    variable = PREFIX + flag.removeprefix("--").replace("-", "_").upper()
    return click.option(
        flag, *names, envvar=variable, show_envvar=True, show_default=True, **settings
    )


def tree_options(command: Command) -> Command:
    """Add the flags that choose an organization tree.

    Values are checked by the generator, which knows what is near to a wrong one.
    """
    for add in reversed(
        (
            option(
                "--preset",
                default=DEFAULT_PRESET,
                metavar="NAME",
                help=f"Organization tree: {', '.join(PRESETS)}.",
            ),
            option(
                "--seed",
                default=DEFAULT_SEED,
                type=int,
                metavar="N",
                help="Same seed: same ids, keys, secrets.",
            ),
            option(
                "--size",
                default=DEFAULT_SIZE,
                type=int,
                metavar="N",
                help="Managed organizations in total.",
            ),
            option(
                "--country",
                default=DEFAULT_COUNTRY,
                metavar="CODE",
                help=f"Where the organizations are: {', '.join(COUNTRIES)}.",
            ),
        )
    ):
        command = add(command)
    return command


HIGHEST_PORT = 65_535


def server_options(*, log_level: str) -> Callable[[Command], Command]:
    """Add the flags of a server but for its port; `log_level` is the default."""

    def add_all(command: Command) -> Command:
        for add in reversed((*_what_is_served(), *_how_it_runs(log_level))):
            command = add(command)
        return command

    return add_all


def _rate_limit(_: click.Context, __: click.Parameter, text: str | None) -> RateLimit | None:
    try:
        return None if text is None else RateLimit.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _loop(_: click.Context, __: click.Parameter, name: str) -> LoopKind:
    return LoopKind(name)


def _what_is_served() -> tuple[Callable[[Command], Command], ...]:
    return (
        option("--host", default=DEFAULT_HOST, metavar="ADDRESS", help="Address to listen on."),
        tree_options,
        option(
            "--data",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Serve the tree of a YAML or JSON file instead of a preset.",
        ),
        option(
            "--loose",
            is_flag=True,
            help="Drop unknown body properties and journal a violation, instead of answering 400.",
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


def _how_it_runs(log_level: str) -> tuple[Callable[[Command], Command], ...]:
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
        click.option(
            "--control/--no-control",
            default=True,
            envvar="FISKALY_MOCK_CONTROL",
            show_envvar=True,
            help="Serve control calls under /_mock, or health and documents only.",
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
