"""The server that `verify`, `replay` and `fuzz` call: by whose key, and how far from here."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from types import FrameType
from typing import Any, NoReturn, TypeVar

import click
from fiskaly_contracts.conformance.exchanges import HttpSender
from fiskaly_contracts.conformance.verify import RefusedError, Settings

from fiskaly_mockserver.cli.remote_server import API_KEY, API_SECRET
from fiskaly_mockserver.cli.reporting import BadCheck

SIGNALLED = 128
"""What a shell adds to the number of the signal that ended a command."""
Verb = TypeVar("Verb", bound=Callable[..., None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the flags say of a server that is not ours."""

    allow_live: bool
    hosts: tuple[str, ...]
    ca_file: str | None

    def settings(self, management: str, sign_de: str | None, **more: Any) -> Settings:
        """Return guarded settings with the credentials of the environment.

        Raises:
            BadCheck: There are none, or a guard refuses.
        """
        key, secret = (os.environ.get(name, "") for name in (API_KEY, API_SECRET))
        if not key or not secret:
            raise BadCheck(f"set {API_KEY} and {API_SECRET}: credentials come from there alone")
        settings = Settings(
            management=management,
            sign_de=sign_de,
            key=key,
            secret=secret,
            allow_live=self.allow_live,
            hosts=self.hosts,
            **more,
        )
        try:
            return settings.guarded()
        except RefusedError as error:
            raise BadCheck(str(error)) from error

    def sender(self) -> HttpSender:
        """Return what carries requests there.

        Raises:
            BadCheck: The file of certificates cannot be read or holds none.
        """
        try:
            return HttpSender(self.ca_file)
        except OSError as error:
            raise BadCheck(f"--ca-file {self.ca_file}: {error.strerror or error}") from error


def target_options(verb: Verb) -> Verb:
    """Give a verb the flags that guard whom it calls; it gets `target`."""

    @click.option("--allow-live", is_flag=True, help="Accept a LIVE key.")
    @click.option(
        "--yes-host",
        "hosts",
        multiple=True,
        metavar="NAME",
        help="A host beyond this machine that may be called; may be given several times.",
    )
    @click.option(
        "--ca-file",
        type=click.Path(dir_okay=False, exists=True),
        metavar="FILE",
        help="Certificates to trust beside the system's.",
    )
    @wraps(verb)
    def with_target(
        *words: Any, allow_live: bool, hosts: tuple[str, ...], ca_file: str | None, **flags: Any
    ) -> None:
        target = Target(allow_live=allow_live, hosts=hosts, ca_file=ca_file)
        with _ended_in_order():
            verb(*words, target=target, **flags)

    return with_target  # type: ignore[return-value]


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let SIGTERM, and Ctrl+C, break off a run that then cleans up; its exit code tells which."""

    def end(number: int, _: FrameType | None) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # cleaning up is broken off by Ctrl+C alone
        signal.signal(signal.SIGINT, signal.default_int_handler)
        raise SystemExit(SIGNALLED + number)

    handled = {one: signal.signal(one, end) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, before in handled.items():
            signal.signal(one, before)
