"""Flags that several verbs share, each with its environment variable."""

from collections.abc import Callable
from typing import Any, TypeVar

import click
from fiskaly_fixtures import COUNTRIES, PRESETS

from fiskaly_mockserver.server.config import (
    DEFAULT_COUNTRY,
    DEFAULT_PRESET,
    DEFAULT_SEED,
    DEFAULT_SIZE,
)

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
