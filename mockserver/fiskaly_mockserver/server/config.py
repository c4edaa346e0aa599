"""What a server can be told: its settings, how it starts over, which event loop it runs on."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, TypedDict, get_args

from fiskaly_contracts.checker import Judge
from fiskaly_fixtures import TreeArguments
from fiskaly_fixtures.presets import TREE_ARGUMENTS, CountryCode, PresetName

from fiskaly_mockserver.domain.backend import Lifetimes
from fiskaly_mockserver.server.errors import ServerError
from fiskaly_mockserver.world.clock import RealTime
from fiskaly_mockserver.world.journal.exchange import Exchange, unheard
from fiskaly_mockserver.world.journal.journal import CAPACITY
from fiskaly_mockserver.world.rate_limits import RateLimit
from fiskaly_mockserver.world.worlds import MOST_SANDBOXES

__tracebackhide__ = True
"""For pytest: a wrong setting is shown where it is written."""
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8722
GREATEST_PORT = 65_535
JUDGES: tuple[Judge, ...] = get_args(Judge)
"""Who may decide whether a message is as the contract has it."""


class LoopKind(StrEnum):
    """The event loops to choose from; `auto` is uvloop where the extra `speed` installed it."""

    AUTO = "auto"
    ASYNCIO = "asyncio"
    UVLOOP = "uvloop"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig(TreeArguments):
    """The settings of one server: the tree it starts with, and how it serves that.

    Attributes:
        host: The address to listen on.
        port: The port to listen on; 0 picks a free one.
        sign_de: Whether SIGN DE is served beside the Management API.
        sign_de_main_keys: Whether a main organization's key may create a TSS (S1).
        sign_de_backend: Whether SIGN DE is that of the backend alone: 432 to what only the
            middleware has (S10).
        sign_de_daily_time: Whether each TSS signs that its time was set once a day (S6).
        sign_de_limits: Whether the documented rate limits of single operations hold (S10).
        loose: Drop body properties that the contract does not know, and journal a
            violation, instead of refusing with 400.
        judge: Who decides whether a message keeps the contract: `jsonschema-rs`, or
            `openapi-core`, the reference, which takes longer.
        lifetimes: How long tokens live.
        rate_limit: How often a principal may call; none by default.
        journal_size: How many exchanges each world's journal keeps.
        sandboxes: How many sandboxes there may be before the one left alone the longest
            is reclaimed.
        loop: Which event loop it runs on: uvloop's where that is installed, unless told.
        control: Whether control calls are served over HTTP.
        dashboard: Whether there are pages for people, under `/dashboard`.
        allow_hosts: Names, besides those of this machine, under which clients may call it,
            as that of a compose service.
        control_token: What they must carry in `X-Mock-Token`; needed beyond loopback.
        tls: Whether it speaks HTTPS instead of HTTP, with a certificate of a CA of its own.
        cert: A certificate, with its chain, to use instead; PEM, as `key`.
        key: The certificate's key, not encrypted.
        ca_file: Where the certificate of its own CA is written; a file that goes when the
            server ends, unless told.
        intercept: Hosts that its certificate is for as well, at a TLS port beside plain
            HTTP: for clients whose calls are intercepted.
        on_exchange: Called in the server's thread with each finished exchange.
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    sign_de: bool = True
    sign_de_main_keys: bool = True
    sign_de_backend: bool = False
    sign_de_daily_time: bool = False
    sign_de_limits: bool = False
    loose: bool = False
    judge: Judge = "jsonschema-rs"
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    rate_limit: RateLimit | None = None
    journal_size: int = CAPACITY
    sandboxes: int = MOST_SANDBOXES
    loop: LoopKind = LoopKind.AUTO
    control: bool = True
    dashboard: bool = False
    allow_hosts: tuple[str, ...] = ()
    control_token: str | None = field(default=None, repr=False)
    tls: bool = False
    cert: Path | None = None
    key: Path | None = None
    ca_file: Path | None = None
    intercept: tuple[str, ...] = ()
    on_exchange: Callable[[Exchange], None] = unheard

    def __post_init__(self) -> None:
        """Refuse what nothing else refuses, or not everywhere alike.

        Raises:
            TreeError: The preset, seed, size or country does not exist.
            ValueError: The host is empty (it would be every one), the port is none (uvloop
                would listen on another one), or the judge; or a file of TLS stands alone.
        """
        TreeArguments.__post_init__(self)
        if not self.host:
            raise ValueError("host is empty: give an address, as 127.0.0.1, or 0.0.0.0 for all")
        if not 0 <= self.port <= GREATEST_PORT:
            raise ValueError(f"port {self.port} is not one of 0 to {GREATEST_PORT}")
        if self.judge not in JUDGES:
            raise ValueError(f"judge {self.judge!r} is not one of {', '.join(JUDGES)}")
        if (self.cert is None) != (self.key is None):
            raise ValueError("cert and key go together: give both or neither")
        if self.cert is not None and self.ca_file is not None:
            raise ValueError("ca_file is that of a CA made here: it does not go with cert")
        if not (self.tls or self.intercept) and (self.cert or self.ca_file):
            raise ValueError("cert, key and ca_file are of no use without tls")


class ServerSettings(TypedDict, total=False):
    """The fields of `ServerConfig`, as keyword arguments."""

    preset: PresetName
    seed: int
    size: int
    country: CountryCode
    tills: int
    receipts: int
    host: str
    port: int
    sign_de: bool
    sign_de_main_keys: bool
    sign_de_backend: bool
    sign_de_daily_time: bool
    sign_de_limits: bool
    loose: bool
    judge: Judge
    lifetimes: Lifetimes
    rate_limit: RateLimit | None
    journal_size: int
    sandboxes: int
    loop: LoopKind
    control: bool
    dashboard: bool
    allow_hosts: tuple[str, ...]
    control_token: str | None
    tls: bool
    cert: Path | None
    key: Path | None
    ca_file: Path | None
    intercept: tuple[str, ...]
    on_exchange: Callable[[Exchange], None]


class StartValues(NamedTuple):
    """How a running server is to start over.

    Attributes:
        preset: The tree's preset; `None` here and below leaves the server's own.
        seed: The tree's seed.
        size: How many managed organizations the tree has.
        country: Where they are.
        tills: How many clients of a TSS each managed organization has.
        receipts: How many receipts each of those has.
        ids_from: Any text that the ids and secrets of new things are drawn from, so that
            they are the same in every run; `None` for such as nobody can foresee.
        at: Unix seconds at which the time stands still, also in the past; `None` for
            the real time.
        follow_process: Whether the time is the one that the tests of this process see, which
            freezegun or time-machine may have frozen.
    """

    preset: str | None = None
    seed: int | None = None
    size: int | None = None
    country: str | None = None
    tills: int | None = None
    receipts: int | None = None
    ids_from: str | None = None
    at: float | None = None
    follow_process: bool = False

    @property
    def names_a_tree(self) -> bool:
        """Whether anything is said of the tree."""
        return any(getattr(self, name) is not None for name in TREE_ARGUMENTS)

    def tree(self, own: TreeArguments) -> TreeArguments:
        """Return the tree that is asked for; the rest as a server's own.

        Raises:
            TreeError: The preset, seed, size or country does not exist.
        """
        return own.changed(**{name: getattr(self, name) for name in TREE_ARGUMENTS})


AS_CONFIGURED = StartValues()


def loop_factory(kind: LoopKind = LoopKind.AUTO) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes loops of a kind, for `asyncio.Runner`.

    Raises:
        ServerError: It must be uvloop, which is not installed.
    """
    if kind is LoopKind.ASYNCIO:
        return _asyncio_loop
    try:
        loop = import_module("uvloop").Loop
    except ImportError as error:
        if kind is LoopKind.UVLOOP:
            raise ServerError(
                "uvloop is not installed: install fiskaly-mockserver[speed],"
                " or leave the choice of the loop to it"
            ) from error
        return _asyncio_loop
    # Each test's guard changes the class that clients' loops have, and loops look up all their
    # methods anew then: the server's is of another class with the same bases.
    factory: Callable[[], asyncio.AbstractEventLoop] = type(
        loop.__name__, loop.__bases__, {"__module__": loop.__module__}
    )
    return factory


def _asyncio_loop() -> asyncio.AbstractEventLoop:
    """Return a loop whose timers run in real time, whatever tests make of `time.monotonic`."""
    loop = asyncio.new_event_loop()
    loop.time = RealTime.monotonic  # type: ignore[method-assign]
    return loop
