"""What a world takes from outside: clock, ids, secrets, tokens, settings and start values."""

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random, SystemRandom
from secrets import token_bytes
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from fiskaly_mockserver.domain.backend import (
    Clock,
    IdSource,
    Lifetimes,
    SecretSource,
    TokenIssuer,
)
from fiskaly_mockserver.world.clock import SystemClock, process_time
from fiskaly_mockserver.world.faults import Target
from fiskaly_mockserver.world.journal.journal import CAPACITY, JournalRoom
from fiskaly_mockserver.world.rate_limits import RateLimit
from fiskaly_mockserver.world.tokens import JwtIssuer

_BASE_36 = string.digits + string.ascii_lowercase
_BASE_62 = string.digits + string.ascii_letters
KEY_PART_LENGTH = 25
SECRET_LENGTH = 43
SHORTENED = frozenset("0Pp1")
"""Last characters that are left out of a new secret: four of sixty-two."""


class SystemIds(IdSource):
    """Random ids that nobody can foresee."""

    def uuid(self) -> str:
        """Return a new lower-case UUID of version 4."""
        return str(UUID(bytes=token_bytes(16), version=4))


class SystemSecrets(SecretSource):
    """Secrets from the system's randomness."""

    def __init__(self) -> None:
        self._random = SystemRandom()

    def key_part(self) -> str:
        """Return 25 characters of `[0-9a-z]`."""
        return "".join(self._random.choices(_BASE_36, k=KEY_PART_LENGTH))

    def secret(self) -> str:
        """Return 43 characters of `[0-9A-Za-z]`, now and then 42."""
        return _secret(self._random)


def _secret(random: Random) -> str:
    """Draw a secret; about one in sixteen is a character shorter, as the real service's are.

    A client that insists on 43 characters fails in production. Source: reported.
    """
    secret = "".join(random.choices(_BASE_62, k=SECRET_LENGTH))
    return secret[:-1] if secret[-1] in SHORTENED else secret


class SeededSource(IdSource, SecretSource):
    """Ids and secrets that are the same in every run with the same seed, for tests.

    `seed` may be any text, such as a test's name.
    """

    def __init__(self, seed: str) -> None:
        self._random = Random(f"fiskaly-mockserver:{seed}")  # noqa: S311 - repeatable on purpose

    def uuid(self) -> str:
        """Return a new lower-case UUID of version 4."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def key_part(self) -> str:
        """Return 25 characters of `[0-9a-z]`."""
        return "".join(self._random.choices(_BASE_36, k=KEY_PART_LENGTH))

    def secret(self) -> str:
        """Return 43 characters of `[0-9A-Za-z]`, now and then 42."""
        return _secret(self._random)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Seams:
    """What a world takes from outside; every part can be replaced in a test."""

    clock: Clock = field(default_factory=SystemClock)
    ids: IdSource = field(default_factory=SystemIds)
    secrets: SecretSource = field(default_factory=SystemSecrets)
    tokens: TokenIssuer = field(default_factory=JwtIssuer)
    lifetimes: Lifetimes = field(default_factory=Lifetimes)


class WorldSettings(NamedTuple):
    """Settings of a world.

    Attributes:
        operations: What faults may be about, by operationId.
        rate_limit: How often a principal may call; `None` sets no limit.
        journal_capacity: How many exchanges the journal keeps.
        journal_room: How many bytes it may keep, together with other worlds; its own if None.
        sign_de_main_keys: Whether a main organization's key may create a TSS (S1).
        sign_de_daily_time: Whether each TSS signs that its time was set once a day (S6).
    """

    operations: Mapping[str, Target] = MappingProxyType({})
    rate_limit: RateLimit | None = None
    journal_capacity: int = CAPACITY
    journal_room: JournalRoom | None = None
    sign_de_main_keys: bool = True
    sign_de_daily_time: bool = False


class StartingClock(Clock):
    """Real time, a time that was set at the start and runs as real time does, or that of tests.

    Attributes:
        goes_back: Whether it follows what the tests of this process make of the time.
    """

    def __init__(self) -> None:
        self.goes_back = False
        self._real = SystemClock()
        self._ahead = 0.0
        self._held: float | None = None

    def now(self) -> float:
        """Return the current time in unix seconds."""
        if self.goes_back:
            return process_time()
        return self._real.now() + self._ahead if self._held is None else self._held

    def hold(self, at: float | None) -> None:
        """Stand still at a time (unix seconds), or run in real time for `None`."""
        self._held = at
        self._ahead = 0.0

    def release(self) -> None:
        """Run on from where it was held; does nothing if it was not."""
        if self._held is not None:
            self._ahead = self._held - self._real.now()
            self._held = None


class StartingSource(IdSource, SecretSource):
    """Ids and secrets from the system's randomness, or from a seed."""

    def __init__(self) -> None:
        self.begin(None)

    def begin(self, seed: str | None) -> None:
        """Draw from a seed from now on, which may be any text; randomly for `None`."""
        self._seed = seed
        self._seeded: SeededSource | None = None

    def uuid(self) -> str:
        """Return a new lower-case UUID of version 4."""
        return (self._source() or SystemIds()).uuid()

    def key_part(self) -> str:
        """Return 25 characters of `[0-9a-z]`."""
        return (self._source() or SystemSecrets()).key_part()

    def secret(self) -> str:
        """Return 43 characters of `[0-9A-Za-z]`, now and then 42."""
        return (self._source() or SystemSecrets()).secret()

    def _source(self) -> SeededSource | None:
        """Return what draws from the seed: most tests draw from one or two of the three."""
        if self._seeded is None and self._seed is not None:
            self._seeded = SeededSource(self._seed)
        return self._seeded


class StartingSeams:
    """The seams of a server that can start over.

    Attributes:
        clock: The time of its worlds.
        minted: The ids in tokens that are made without a request, so that making one
            does not change the ids that the API gives out.
    """

    def __init__(self) -> None:
        self.clock = StartingClock()
        self.minted = StartingSource()
        self._ids = StartingSource()
        self._secrets = StartingSource()

    def begin(
        self, seed: str | None = None, at: float | None = None, *, follow_process: bool = False
    ) -> None:
        """Draw ids and secrets from a seed, and hold the clock until it is released.

        Args:
            seed: Any text; `None` for what nobody can foresee.
            at: Unix seconds; `None` leaves the clock running in real time.
            follow_process: Whether the time is the one that the tests of this process see.
        """
        for name, source in (("id", self._ids), ("secret", self._secrets), ("token", self.minted)):
            source.begin(None if seed is None else f"{name}:{seed}")
        self.clock.goes_back = follow_process
        self.clock.hold(at)

    def seams(self, lifetimes: Lifetimes) -> Seams:
        """Return what a world takes from outside."""
        return Seams(clock=self.clock, ids=self._ids, secrets=self._secrets, lifetimes=lifetimes)
