"""What every request needs at hand: the APIs as one server serves them, and the worlds."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from fiskaly_contracts import Checker, Contract
from fiskaly_contracts.checker import Judge

from fiskaly_mockserver.web.api import Api
from fiskaly_mockserver.web.journal.lifetime import LifetimeViolations
from fiskaly_mockserver.web.journal.redaction import Redactor
from fiskaly_mockserver.web.journal.secrets import KnownSecrets
from fiskaly_mockserver.web.responses import ResponseHeaders
from fiskaly_mockserver.web.row_cache import RowCache
from fiskaly_mockserver.web.safety import Safety
from fiskaly_mockserver.world.journal.exchange import Exchange, unheard
from fiskaly_mockserver.world.world import World
from fiskaly_mockserver.world.worlds import Worlds

MOST_DEFECTS = 1_000
_LOG = logging.getLogger("fiskaly_mockserver.exchanges")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ServedApi:
    """An API, and what one server serves it with.

    Attributes:
        redactor: Takes the secrets out of what is kept of its exchanges.
    """

    api: Api
    checker: Checker
    redactor: Redactor
    headers: ResponseHeaders
    rows: RowCache

    @classmethod
    def of(cls, api: Api, checker: Checker, secrets: KnownSecrets | None = None) -> Self:
        """Return an API whose messages that checker checks; `secrets` are kept nowhere."""
        return cls(
            api=api,
            checker=checker,
            redactor=Redactor(api.contract, secrets),
            headers=api.headers(),
            rows=RowCache(checker.answer_plan),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Service:
    """One server's parts, free of any socket.

    Attributes:
        apis: At least one. What lies under no base path is answered as the first would.
        safety: Who may make control calls.
        on_exchange: Called with each finished exchange of an API.
        defects: The exchanges of any world in which the fake itself was wrong; no clearing
            of a journal hides them.
        lifetime: What broke a contract since the server was made, counted.
        about: What `GET /_mock/health` tells of the server.
    """

    apis: tuple[ServedApi, ...]
    worlds: Worlds
    safety: Safety = field(default_factory=Safety)
    on_exchange: Callable[[Exchange], None] = unheard
    defects: deque[Exchange] = field(default_factory=lambda: deque(maxlen=MOST_DEFECTS))
    lifetime: LifetimeViolations = field(default_factory=LifetimeViolations)
    about: dict[str, str | int | None] = field(default_factory=dict)

    @property
    def world(self) -> World:
        """The default world."""
        return self.worlds.default

    @property
    def secrets(self) -> KnownSecrets:
        """What the server issued or was told, which is kept nowhere."""
        return self.apis[0].redactor.secrets

    @property
    def contract(self) -> Contract:
        """The contract of the first API."""
        return self.apis[0].api.contract

    def finished(self, exchange: Exchange) -> None:
        """Count what broke a contract in a finished exchange, and tell who listens of it."""
        if exchange.crash or exchange.response_violations:
            self.defects.append(exchange)
        self.lifetime.add(exchange)
        try:
            self.on_exchange(exchange)
        except Exception:  # noqa: BLE001 - see below
            # The change stands and its answer is due, whatever a listener makes of it.
            _LOG.exception("a listener to exchanges failed")

    def served_under(self, path: str) -> ServedApi:
        """Return the API whose base path a path lies under; the first one if under none."""
        return next((one for one in self.apis if one.api.owns(path)), self.apis[0])


def served(
    apis: tuple[Api, ...], secrets: KnownSecrets, *, judge: Judge, loose: bool
) -> tuple[ServedApi, ...]:
    """Return APIs as one server serves them.

    Args:
        apis: The APIs.
        secrets: What the server knows to be secret.
        judge: Who decides whether a message keeps its contract.
        loose: Drop body properties that a contract does not know instead of refusing.
    """
    return tuple(
        ServedApi.of(api, Checker(api.contract, judge=judge, loose=loose), secrets) for api in apis
    )
