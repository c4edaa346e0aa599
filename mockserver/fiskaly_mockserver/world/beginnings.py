"""Where a world can be told to begin: at which time, and with which ids to come.

These are seams like any others until `begin` is called: real time, ids that nobody can
foresee. A test suite begins each test with the test's name, and then has the same ids
and secrets in every run.
"""

from fiskaly_mockserver.domain.ports import Clock, IdSource, Lifetimes, SecretSource
from fiskaly_mockserver.world.clock import SystemClock
from fiskaly_mockserver.world.settings import Seams
from fiskaly_mockserver.world.sources import SeededSource, SystemIds, SystemSecrets


class StartingClock(Clock):
    """Real time, or a time that was started elsewhere and runs as real time does."""

    def __init__(self) -> None:
        self._real = SystemClock()
        self._ahead = 0.0
        self._held: float | None = None

    def now(self) -> float:
        """Return the current time in unix seconds."""
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
        source = None if seed is None else SeededSource(seed)
        self._ids: IdSource = source or SystemIds()
        self._secrets: SecretSource = source or SystemSecrets()

    def uuid(self) -> str:
        """Return a new lower-case UUID of version 4."""
        return self._ids.uuid()

    def key_part(self) -> str:
        """Return 25 characters of `[0-9a-z]`."""
        return self._secrets.key_part()

    def secret(self) -> str:
        """Return 43 characters of `[0-9A-Za-z]`."""
        return self._secrets.secret()


class StartingSeams:
    """The seams of a server that can be told to begin anew.

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

    def begin(self, seed: str | None = None, at: float | None = None) -> None:
        """Draw ids and secrets from a seed, and hold the clock until it is released.

        Args:
            seed: Any text; `None` for what nobody can foresee.
            at: Unix seconds; `None` leaves the clock running in real time.
        """
        for name, source in (("id", self._ids), ("secret", self._secrets), ("token", self.minted)):
            source.begin(None if seed is None else f"{name}:{seed}")
        self.clock.hold(at)

    def seams(self, lifetimes: Lifetimes) -> Seams:
        """Return what a world takes from outside."""
        return Seams(clock=self.clock, ids=self._ids, secrets=self._secrets, lifetimes=lifetimes)
