"""Named states of a world to come back to, in bounded number."""

from typing import Generic, TypeVar

from fiskaly_mockserver.world.names import NAME_RULE, is_name, listed, shown

MOST_SNAPSHOTS = 100
State = TypeVar("State")


class SnapshotError(Exception):
    """A snapshot that cannot be taken or found; the message says what can be."""


class BadSnapshotName(SnapshotError):
    """The name breaks the rule for names."""


class UnknownSnapshot(SnapshotError):
    """There is no snapshot of that name."""


class TooManySnapshots(SnapshotError):
    """There is no room for another one."""


class Snapshots(Generic[State]):
    """States under names, in the order in which the names were first used.

    It neither copies nor looks into a state.
    """

    def __init__(self, limit: int = MOST_SNAPSHOTS) -> None:
        self._limit = limit
        self._states: dict[str, State] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names, oldest first."""
        return tuple(self._states)

    def keep(self, name: str, state: State) -> None:
        """Keep a state, in place of an earlier one of the same name.

        Raises:
            BadSnapshotName: The name breaks the rule for names.
            TooManySnapshots: It is a new name and the limit is reached.
        """
        if not is_name(name):
            raise BadSnapshotName(f"a snapshot's name has {NAME_RULE}, unlike {shown(name)}")
        if name not in self._states and len(self._states) >= self._limit:
            raise TooManySnapshots(
                f"no room for snapshot {shown(name)}: there are {self._limit} already, which is"
                f" the limit; drop one first: {listed(self._states)}"
            )
        self._states[name] = state

    def find(self, name: str) -> State:
        """Return the state of a name.

        Raises:
            UnknownSnapshot: There is none; the message lists the names there are.
        """
        if name not in self._states:
            raise UnknownSnapshot(f"no snapshot {shown(name)}; there are: {listed(self._states)}")
        return self._states[name]

    def drop(self, name: str) -> None:
        """Drop the state of a name.

        Raises:
            UnknownSnapshot: There is none; the message lists the names there are.
        """
        self.find(name)
        del self._states[name]

    def clear(self) -> None:
        """Forget all of them."""
        self._states.clear()
