"""What every request needs at hand: the contract, its checker and the world."""

from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web
from fiskaly_contracts import Checker, Contract

from fiskaly_mockserver.world.journal import Exchange
from fiskaly_mockserver.world.world import World

MAX_BODY = 1024 * 1024
"""Bytes of the largest body that is read. Source: assumption (A-35)."""


def _nobody_listens(_: Exchange) -> None:
    """Take no notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One server's parts, free of any socket.

    Attributes:
        loose: Drop body properties that the contract does not know instead of refusing.
        check_responses: Check every answer against the contract too.
        on_exchange: Called with each finished exchange of the API.
        about: What `GET /_mock/health` tells beside `status`.
    """

    contract: Contract
    checker: Checker
    world: World
    loose: bool = False
    check_responses: bool = False
    on_exchange: Callable[[Exchange], None] = _nobody_listens
    about: dict[str, str | int | None] = field(default_factory=dict)


SERVICE: web.AppKey[Service] = web.AppKey("service", Service)
EXCHANGE: web.RequestKey[Exchange] = web.RequestKey("exchange", Exchange)
