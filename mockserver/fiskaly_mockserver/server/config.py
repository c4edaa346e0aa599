"""What a server can be told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fiskaly_fixtures import TreeArguments

from fiskaly_mockserver.domain.ports import Lifetimes
from fiskaly_mockserver.server.loops import LoopKind
from fiskaly_mockserver.world.journal.exchange import Exchange, unheard
from fiskaly_mockserver.world.journal.journal import CAPACITY
from fiskaly_mockserver.world.rate_limits import RateLimit
from fiskaly_mockserver.world.worlds import MOST_SANDBOXES

if TYPE_CHECKING:
    from fiskaly_contracts.checker import Judge

JUDGES = ("jsonschema-rs", "openapi-core")
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8722
GREATEST_PORT = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig(TreeArguments):
    """The settings of one server: the tree it starts with, and how it serves that.

    Attributes:
        host: The address to listen on.
        port: The port to listen on; 0 picks a free one.
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
        control_token: What they must carry in `X-Mock-Token`; needed beyond loopback.
        on_exchange: Called in the server's thread with each finished exchange.
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    loose: bool = False
    judge: "Judge" = "jsonschema-rs"
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    rate_limit: RateLimit | None = None
    journal_size: int = CAPACITY
    sandboxes: int = MOST_SANDBOXES
    loop: LoopKind = LoopKind.AUTO
    control: bool = True
    control_token: str | None = field(default=None, repr=False)
    on_exchange: Callable[[Exchange], None] = unheard

    def __post_init__(self) -> None:
        """Refuse what nothing else refuses, or not everywhere alike.

        Raises:
            TreeError: The preset, seed, size or country does not exist.
            ValueError: The host is empty (it would be every one), the port is none (uvloop
                would listen on another one), or the judge.
        """
        TreeArguments.__post_init__(self)
        if not self.host:
            raise ValueError("host is empty: give an address, as 127.0.0.1, or 0.0.0.0 for all")
        if not 0 <= self.port <= GREATEST_PORT:
            raise ValueError(f"port {self.port} is not one of 0 to {GREATEST_PORT}")
        if self.judge not in JUDGES:
            raise ValueError(f"judge {self.judge!r} is not one of {', '.join(JUDGES)}")
