"""One world: its state, its journal, and the services that work on them."""

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from fiskaly_mockserver.domain.account.access import Sight
from fiskaly_mockserver.domain.account.api_keys import ApiKeys
from fiskaly_mockserver.domain.account.billing_addresses import BillingAddresses
from fiskaly_mockserver.domain.account.model import Tables
from fiskaly_mockserver.domain.account.organizations import Organizations
from fiskaly_mockserver.domain.account.sessions import Sessions
from fiskaly_mockserver.domain.account.users import Users
from fiskaly_mockserver.domain.backend import Backend
from fiskaly_mockserver.domain.signing.tables import SigningTables
from fiskaly_mockserver.world.clock import WorldClock
from fiskaly_mockserver.world.faults.plan import FaultPlan
from fiskaly_mockserver.world.journal.journal import Journal
from fiskaly_mockserver.world.rate_limits import RateWindows
from fiskaly_mockserver.world.seams import Seams, WorldSettings
from fiskaly_mockserver.world.snapshots import Snapshots
from fiskaly_mockserver.world.store.tables import Baseline, Rows

if TYPE_CHECKING:
    from fiskaly_mockserver.domain.account.onboarding import Environments, SignUps
    from fiskaly_mockserver.world.signing import Signing

__all__ = ["Seams", "State", "World", "WorldSettings"]


class State(NamedTuple):
    """A world at one moment, apart from its journal and snapshots.

    The sessions are part of the rows.
    """

    rows: Rows
    clock: WorldClock
    faults: FaultPlan
    limits: RateWindows


class World:
    """An account's whole state and the operations on it.

    `name` is the sandbox's, `""` for the default world. `baseline` is what a reset
    returns to; the rows may be based on another one after a restore or an import. `rows`,
    `tables`, `clock` and `journal` are the same objects for ever; `faults` and `limits`
    are others after a reset, restore or import.

    `generation` counts how often the whole state was replaced, by reset, reseed, restore or
    import. Work that began in an older generation belongs to a state that is gone: it should
    change nothing.

    Not thread-safe: one thread works on a world. `reset`, `fork`, `snapshot` and
    `restore` take the same time however many rows there are and were changed; the first
    change after one of them copies references to what was changed since the baseline.
    """

    def __init__(
        self,
        baseline: Baseline,
        seams: Seams,
        *,
        settings: WorldSettings | None = None,
        name: str = "",
    ) -> None:
        self.name = name
        self.generation = 0
        self.seams = seams
        self.settings = settings or WorldSettings()
        self.rows = Rows.of(baseline)
        self.clock = WorldClock(seams.clock)
        self.faults = FaultPlan(self.settings.operations)
        self.limits = RateWindows(self.settings.rate_limit)
        self.journal = Journal(self.settings.journal_capacity, self.settings.journal_room)
        self._pristine = Rows.of(baseline)
        self._snapshots: Snapshots[State] = Snapshots()
        tables = self.rows.tables(Tables, Tables._fields)
        backend = Backend(
            tables=tables,
            sight=Sight(tables),
            clock=self.clock,
            ids=seams.ids,
            secrets=seams.secrets,
            tokens=seams.tokens,
            lifetimes=seams.lifetimes,
        )
        self.tables = backend.tables
        signing = self.rows.tables(SigningTables, SigningTables._fields)
        self.organizations = Organizations(backend, signing)
        self.api_keys = ApiKeys(backend)
        self.users = Users(backend)
        self.billing_addresses = BillingAddresses(backend)
        self.sessions = Sessions(backend)
        self._backend = backend

    @classmethod
    def on(
        cls,
        baseline: Baseline,
        seams: Seams | None = None,
        *,
        settings: WorldSettings | None = None,
        name: str = "",
    ) -> "World":
        """Return a world that starts with the rows of `baseline` and returns to them."""
        return cls(baseline, seams or Seams(), settings=settings, name=name)

    @cached_property
    def environments(self) -> "Environments":
        """The service of environments; a start can do without it."""
        from fiskaly_mockserver.domain.account.onboarding import Environments  # noqa: PLC0415 - see above

        return Environments(self._backend)

    @cached_property
    def sign_ups(self) -> "SignUps":
        """What the Dashboard does for someone new; a start can do without it."""
        from fiskaly_mockserver.domain.account.onboarding import SignUps  # noqa: PLC0415 - see above

        return SignUps(self._backend)

    @cached_property
    def signing(self) -> "Signing":
        """The services of SIGN DE; a start can do without them and their cryptography."""
        from fiskaly_mockserver.domain.signing.backend import SigningOptions  # noqa: PLC0415 - see above
        from fiskaly_mockserver.world.signing import Signing  # noqa: PLC0415

        options = SigningOptions(
            main_keys=self.settings.sign_de_main_keys,
            daily_time=self.settings.sign_de_daily_time,
        )
        return Signing(self.rows, self._backend, options)

    @property
    def baseline(self) -> Baseline:
        """The rows that a reset returns to."""
        return self._pristine.baseline

    @property
    def preset(self) -> str | None:
        """The preset of the tree that the present rows come from, `None` without one."""
        return self.rows.baseline.preset

    @property
    def seed(self) -> int | None:
        """The seed that the secrets of seeded rows derive from, `None` without a tree."""
        return self.rows.baseline.seed

    def reset(self) -> None:
        """Return to the baseline; what a test can change is forgotten.

        That is rows, sessions, clock, faults, used-up rate limits and journal; the time is
        that of the seams' clock again. Named snapshots stay. Tokens that were handed out
        before stay valid as long as their organization is part of the baseline, since nothing
        about them is stored.
        """
        self.generation += 1
        self.rows.become(self._pristine)
        self.clock.reset()
        self.faults = FaultPlan(self.settings.operations)
        self.limits = RateWindows(self.settings.rate_limit)
        self.sessions.forget()
        self.journal.clear()

    def reseed(self, baseline: Baseline) -> None:
        """Start over with other rows, which every later reset returns to.

        Named snapshots are dropped: they are states of another account.
        """
        if baseline is not self.baseline:
            self._pristine = Rows.of(baseline)
        self._snapshots.clear()
        self.reset()

    def end(self) -> None:
        """Let work that is still under way end without a change: nobody uses the world again."""
        self.generation += 1

    def sibling(self, seams: Seams | None = None, *, name: str = "") -> "World":
        """Return an independent world that starts with the baseline of this one.

        It keeps the seams of this one, ids too, unless others are given, and its
        settings.
        """
        return World(self.baseline, seams or self.seams, settings=self.settings, name=name)

    def fork(self, seams: Seams | None = None, *, name: str = "") -> "World":
        """Return a sibling that starts in the present state of this world.

        With other seams it runs by their clock. The journal is empty, there is no
        snapshot.
        """
        fork = self.sibling(seams, name=name)
        state = self.state()
        fork.become(state if seams is None else state._replace(clock=fork.clock))
        return fork

    def state(self) -> State:
        """Return what the world is now, apart from journal and snapshots."""
        return State(
            rows=self.rows.fork(),
            clock=self.clock.copy(),
            faults=self.faults.copy(),
            limits=self.limits.copy(),
        )

    def become(self, state: State) -> None:
        """Take over a state, which is left as it is, and keep journal and snapshots."""
        self.generation += 1
        self.rows.become(state.rows)
        self.clock.follow(state.clock)
        self.faults = state.faults.copy()
        self.limits = state.limits.copy()

    def snapshot(self, name: str) -> None:
        """Keep the present state under a name, in place of an earlier one.

        Raises:
            BadSnapshotName: The name breaks the rule for names.
            TooManySnapshots: It is a new name and there are 100 already.
        """
        self._snapshots.keep(name, self.state())

    def restore(self, name: str) -> None:
        """Return to a snapshot, which stays; the journal goes on.

        Raises:
            UnknownSnapshot: There is none of that name; the message lists the others.
        """
        self.become(self._snapshots.find(name))

    def drop_snapshot(self, name: str) -> None:
        """Forget a snapshot.

        Raises:
            UnknownSnapshot: There is none of that name; the message lists the others.
        """
        self._snapshots.drop(name)

    def snapshots(self) -> tuple[str, ...]:
        """Return the names of the snapshots, oldest first."""
        return self._snapshots.names
