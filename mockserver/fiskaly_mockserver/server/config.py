"""What a server can be told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from fiskaly_fixtures import TreeArguments

from fiskaly_mockserver.domain.ports import Lifetimes
from fiskaly_mockserver.server.loops import LoopKind
from fiskaly_mockserver.world.journal.exchange import Exchange, unheard
from fiskaly_mockserver.world.journal.journal import CAPACITY
from fiskaly_mockserver.world.rate_limits import RateLimit
from fiskaly_mockserver.world.worlds import MOST_SANDBOXES

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8722
GREATEST_PORT = 65_535
Judge = Literal["jsonschema-rs", "openapi-core"]
"""What decides whether a message is as the contract has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig(TreeArguments):
    """The settings of one server: the tree it starts with, and how it serves that.

    Attributes:
        host: The address to listen on.
        port: The port to listen on; 0 picks a free one.
        loose: Drop body properties that the contract does not know, and journal a
            violation, instead of refusing with 400.
        lifetimes: How long tokens live.
        rate_limit: How often a principal may call; none by default.
        journal_size: How many exchanges each world's journal keeps.
        sandboxes: How many sandboxes there may be before the one left alone the longest
            is reclaimed.
        judge: What decides whether a message is as the contract has it: jsonschema-rs, or
            openapi-core, which is the reference and slower.
        loop: Which event loop it runs on: uvloop's where that is installed, unless told.
        control: Whether control calls are served over HTTP.
        control_token: What they must carry in `X-Mock-Token`; needed beyond loopback.
        on_exchange: Called in the server's thread with each finished exchange.
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    loose: bool = False
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    rate_limit: RateLimit | None = None
    journal_size: int = CAPACITY
    sandboxes: int = MOST_SANDBOXES
    judge: Judge = "jsonschema-rs"
    loop: LoopKind = LoopKind.AUTO
    control: bool = True
    control_token: str | None = field(default=None, repr=False)
    on_exchange: Callable[[Exchange], None] = unheard

    def __post_init__(self) -> None:
        """Check the settings of the tree, and the port, which no loop refuses alike.

        Raises:
            TreeError: The preset, seed, size or country does not exist.
            ValueError: The port is none; uvloop would listen on another one.
        """
        TreeArguments.__post_init__(self)
        if not 0 <= self.port <= GREATEST_PORT:
            raise ValueError(f"port {self.port} is not one of 0 to {GREATEST_PORT}")
