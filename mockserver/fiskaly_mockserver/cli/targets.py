"""The server that `verify`, `replay` and `fuzz` call: by whose key, and how far from here."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from types import FrameType
from typing import Any, Self, TypeVar

import click
from fiskaly_contracts.conformance.exchanges import HttpSender
from fiskaly_contracts.conformance.verify import RefusedError, Settings

from fiskaly_mockserver.cli.remote_server import API_KEY, API_SECRET
from fiskaly_mockserver.cli.reporting import BadCheck

SIGNALLED = 128
"""What a shell adds to the number of the signal that ended a command."""
Verb = TypeVar("Verb", bound=Callable[..., None])


class Ending:
    """Lets SIGTERM, and Ctrl+C, break off a run that then cleans up; its exit code tells which.

    Attributes:
        waits: Whether the run goes on until it calls `now`, as at the next request: the answer
            that is under way may have to be cleaned up, too. A second signal does not wait.
    """

    def __init__(self) -> None:
        self.waits = False
        self._number = 0

    def __enter__(self) -> Self:
        signals = (signal.SIGINT, signal.SIGTERM)
        self._before = {one: signal.signal(one, self._asked) for one in signals}
        return self

    def __exit__(self, *_: object) -> None:
        for one, before in self._before.items():
            signal.signal(one, before)

    def now(self) -> None:
        """End the run if a signal asked for that.

        Raises:
            SystemExit: One did.
        """
        if self._number:
            # Cleaning up is broken off by Ctrl+C alone
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            raise SystemExit(SIGNALLED + self._number)

    def _asked(self, number: int, _: FrameType | None) -> None:
        again, self._number = self._number, number
        if again or not self.waits:
            self.now()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the flags say of a server that is not ours, and what ends the run before its end."""

    allow_live: bool
    hosts: tuple[str, ...]
    ca_file: str | None
    ending: Ending

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
        with Ending() as ending:
            target = Target(allow_live=allow_live, hosts=hosts, ca_file=ca_file, ending=ending)
            verb(*words, target=target, **flags)

    return with_target  # type: ignore[return-value]
