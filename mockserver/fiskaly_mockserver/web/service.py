"""What every request needs at hand: the contract, its checker and the worlds."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web
from fiskaly_contracts import Checker, Contract

from fiskaly_mockserver.web.contract_check import Checks
from fiskaly_mockserver.web.journal.recorder import Recorder
from fiskaly_mockserver.web.response_headers import Stamps
from fiskaly_mockserver.web.row_cache import Writer
from fiskaly_mockserver.web.safety import Safety
from fiskaly_mockserver.world.journal.exchange import Exchange, unheard
from fiskaly_mockserver.world.world import World
from fiskaly_mockserver.world.worlds import Worlds

MOST_DEFECTS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Service:
    """One server's parts, free of any socket.

    Attributes:
        recorder: Writes exchanges down, without secrets.
        safety: Who may make control calls.
        loose: Drop body properties that the contract does not know instead of refusing.
        on_exchange: Called with each finished exchange of the API.
        defects: The exchanges of any world in which the fake itself was wrong; no clearing
            of a journal hides them.
        about: What `GET /_mock/health` tells of the server.
    """

    contract: Contract
    checker: Checker
    worlds: Worlds
    recorder: Recorder
    safety: Safety = field(default_factory=Safety)
    loose: bool = False
    on_exchange: Callable[[Exchange], None] = unheard
    defects: deque[Exchange] = field(default_factory=lambda: deque(maxlen=MOST_DEFECTS))
    about: dict[str, str | int | None] = field(default_factory=dict)

    @property
    def world(self) -> World:
        """The default world."""
        return self.worlds.default


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Serving:
    """A service and what one application serves it with."""

    service: Service
    checks: Checks
    writer: Writer
    stamps: Stamps = field(default_factory=Stamps)


SERVING: web.AppKey[Serving] = web.AppKey("serving", Serving)
