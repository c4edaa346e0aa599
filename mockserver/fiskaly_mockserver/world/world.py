"""One world: rows, sessions, clock and journal, with the services that work on them."""

from dataclasses import dataclass, field

from fiskaly_mockserver.domain.api_keys import ApiKeys
from fiskaly_mockserver.domain.backend import Backend
from fiskaly_mockserver.domain.billing_addresses import BillingAddresses
from fiskaly_mockserver.domain.environments import Environments
from fiskaly_mockserver.domain.organizations import Organizations
from fiskaly_mockserver.domain.ports import (
    Clock,
    IdSource,
    Lifetimes,
    SecretSource,
    TokenIssuer,
)
from fiskaly_mockserver.domain.sessions import Sessions
from fiskaly_mockserver.domain.users import Users
from fiskaly_mockserver.world.clock import SystemClock
from fiskaly_mockserver.world.journal import Journal
from fiskaly_mockserver.world.rows import Baseline, Rows
from fiskaly_mockserver.world.sources import SystemIds, SystemSecrets
from fiskaly_mockserver.world.tokens import JwtIssuer


@dataclass(frozen=True, slots=True, kw_only=True)
class Seams:
    """What a world takes from outside; every part can be replaced in a test."""

    clock: Clock = field(default_factory=SystemClock)
    ids: IdSource = field(default_factory=SystemIds)
    secrets: SecretSource = field(default_factory=SystemSecrets)
    tokens: TokenIssuer = field(default_factory=JwtIssuer)
    lifetimes: Lifetimes = field(default_factory=Lifetimes)


class World:
    """An account's whole state and the operations on it.

    Not thread-safe: one thread works on a world. `reset` and `fork` take a time that
    does not depend on how many rows the baseline has.
    """

    def __init__(self, rows: Rows, seams: Seams) -> None:
        self._rows = rows
        self.seams = seams
        self.journal = Journal()
        backend = Backend(
            tables=rows.tables(),
            clock=seams.clock,
            ids=seams.ids,
            secrets=seams.secrets,
            tokens=seams.tokens,
            lifetimes=seams.lifetimes,
        )
        self.tables = backend.tables
        self.organizations = Organizations(backend)
        self.environments = Environments(backend)
        self.api_keys = ApiKeys(backend)
        self.users = Users(backend)
        self.billing_addresses = BillingAddresses(backend)
        self.sessions = Sessions(backend)

    @classmethod
    def on(cls, baseline: Baseline, seams: Seams | None = None) -> "World":
        """Return a world that starts with the rows of `baseline` and returns to them."""
        return cls(Rows.of(baseline), seams or Seams())

    def reset(self) -> None:
        """Return to the baseline: changes, sessions and the journal are forgotten.

        Tokens that were handed out before stay valid as long as their organisation
        is part of the baseline, for they stand for themselves.
        """
        self._rows.reset()
        self.journal.clear()

    def fork(self, seams: Seams | None = None) -> "World":
        """Return an independent world that starts in the present state of this one.

        It keeps the seams of this one, clock and ids too, unless others are given, and
        starts with an empty journal.
        """
        return World(self._rows.fork(), seams or self.seams)
