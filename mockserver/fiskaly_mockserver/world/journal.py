"""What happened in a world, newest last, in a ring of bounded size."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from fiskaly_mockserver.world.exchanges import Caller, Exchange, Refusal
from fiskaly_mockserver.world.journal_queries import EVERYTHING, JournalQuery
from fiskaly_mockserver.world.subsets import HiddenField

__all__ = [
    "CAPACITY",
    "Caller",
    "Count",
    "Exchange",
    "HiddenField",
    "Journal",
    "JournalQuery",
    "Overflowed",
    "Refusal",
    "UnknownRequest",
]

CAPACITY = 1_000
"""Exchanges that a journal keeps unless told otherwise."""


class Overflowed(NamedTuple):
    """A count that nobody can give: the ring had no room for all that was looked for.

    `dropped` exchanges in all were let go since the journal was last cleared;
    `at_least` of those that are left match.
    """

    dropped: int
    capacity: int
    at_least: int

    def __str__(self) -> str:
        return (
            f"the journal overflowed: it keeps {self.capacity} exchanges and had to drop"
            f" {self.dropped}; at least {self.at_least} match"
        )


Count: TypeAlias = int | Overflowed
Listener: TypeAlias = Callable[[Exchange], None]


class UnknownRequest(LookupError):
    """No exchange has that request id."""

    def __init__(self, request_id: str) -> None:
        super().__init__(f"no exchange in the journal has the request id {request_id!r}")
        self.request_id = request_id


class Journal:
    """The latest exchanges of a world.

    Of what it had to drop it remembers the kinds (operation, method and status), so that
    a count is refused only if a dropped exchange may have been looked for.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        """Make an empty journal.

        Raises:
            ValueError: `capacity` is less than 1.
        """
        if capacity < 1:
            raise ValueError(f"a journal keeps at least 1 exchange, not {capacity}")
        self.capacity = capacity
        self.dropped = 0
        self.cleared = 0
        """How often it was cleared: who counts along starts over when this changes."""
        self._exchanges: deque[Exchange] = deque()
        self._dropped_kinds: set[tuple[str, str | None, int]] = set()
        self._listeners: dict[object, Listener] = {}

    def __len__(self) -> int:
        return len(self._exchanges)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(tuple(self._exchanges))

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange, let the oldest go if there is no room, and tell who listens."""
        kept = self._exchanges
        kept.append(exchange)
        if len(kept) > self.capacity:
            oldest = kept.popleft()
            self.dropped += 1
            # Without an operation a client could name any number of methods.
            method = oldest.method if oldest.operation_id else None
            self._dropped_kinds.add((oldest.operation_id, method, oldest.status))
        if self._listeners:
            for listener in tuple(self._listeners.values()):
                listener(exchange)

    def clear(self) -> None:
        """Forget everything, also what was dropped; listeners stay."""
        self._exchanges.clear()
        self._dropped_kinds.clear()
        self.dropped = 0
        self.cleared += 1

    def get(self, request_id: str) -> Exchange:
        """Return the exchange of that `X-Request-Id`.

        Raises:
            UnknownRequest: There is none, or it was dropped.
        """
        found = self._find(request_id)
        if found is None:
            raise UnknownRequest(request_id)
        return found

    def find(self, query: JournalQuery = EVERYTHING) -> list[Exchange]:
        """Return what is looked for and still kept, oldest first.

        Where the exchange that `since` names was dropped, all that is kept is later.

        Raises:
            HiddenField: The query asks for a value that the journal does not keep.
            UnknownRequest: `since` names no exchange, and none was dropped.
        """
        return [exchange for exchange in self._after(query.since) if query.matches(exchange)]

    def count(self, query: JournalQuery = EVERYTHING) -> Count:
        """Return how many exchanges are looked for, never a wrong number.

        The number is exact if nothing was dropped since the journal was last cleared;
        if the exchange that `since` names is still kept; or, without `since`, if no
        dropped exchange had the operation, method and status that are looked for.
        Otherwise the answer is `Overflowed`.

        Raises:
            HiddenField: The query asks for a value that the journal does not keep.
            UnknownRequest: `since` names no exchange, and none was dropped.
        """
        found = len(self.find(query))
        if query.since is None:
            missed = any(query.admits(*kind) for kind in self._dropped_kinds)
        else:
            missed = self._find(query.since) is None
        if missed:
            return Overflowed(dropped=self.dropped, capacity=self.capacity, at_least=found)
        return found

    def violations(self) -> list[Exchange]:
        """Return the exchanges in which the client broke the contract, warnings included."""
        return [exchange for exchange in self._exchanges if exchange.violations]

    def add_listener(self, listener: Listener) -> Callable[[], None]:
        """Have each exchange told from now on; the returned call ends it, also repeatedly.

        A listener is called in the middle of a request: it returns at once and never
        raises.
        """
        key = object()
        self._listeners[key] = listener

        def remove() -> None:
            self._listeners.pop(key, None)

        return remove

    def _find(self, request_id: str) -> Exchange | None:
        """Look an exchange up: who asks for one is rare, so an index would not pay."""
        latest_first = reversed(self._exchanges)
        return next((one for one in latest_first if one.request_id == request_id), None)

    def _after(self, request_id: str | None) -> Iterator[Exchange]:
        if request_id is None or (self.dropped and self._find(request_id) is None):
            return iter(self._exchanges)
        first = self.get(request_id)
        later = iter(self._exchanges)
        for exchange in later:
            if exchange is first:
                break
        return later
