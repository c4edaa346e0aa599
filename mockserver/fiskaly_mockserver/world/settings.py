"""What a world takes from outside, and what it is told; sandboxes take over both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from fiskaly_mockserver.domain.ports import (
    Clock,
    IdSource,
    Lifetimes,
    SecretSource,
    TokenIssuer,
)
from fiskaly_mockserver.world.clock import SystemClock
from fiskaly_mockserver.world.faults import Target
from fiskaly_mockserver.world.journal import CAPACITY
from fiskaly_mockserver.world.limits import RateLimit
from fiskaly_mockserver.world.sources import SystemIds, SystemSecrets
from fiskaly_mockserver.world.tokens import JwtIssuer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Seams:
    """What a world takes from outside; every part can be replaced in a test."""

    clock: Clock = field(default_factory=SystemClock)
    ids: IdSource = field(default_factory=SystemIds)
    secrets: SecretSource = field(default_factory=SystemSecrets)
    tokens: TokenIssuer = field(default_factory=JwtIssuer)
    lifetimes: Lifetimes = field(default_factory=Lifetimes)


class WorldSettings(NamedTuple):
    """What a world is told.

    Attributes:
        operations: What faults may be about, by operationId.
        rate_limit: How often a principal may call; `None` sets no limit.
        journal_capacity: How many exchanges the journal keeps.
    """

    operations: Mapping[str, Target] = MappingProxyType({})
    rate_limit: RateLimit | None = None
    journal_capacity: int = CAPACITY
