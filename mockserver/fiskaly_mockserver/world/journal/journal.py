"""What happened in a world, newest last, in a ring of bounded size."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from fnmatch import fnmatchcase
from operator import attrgetter
from typing import Literal, NamedTuple, TypeAlias, cast
from weakref import WeakSet

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.world.journal.containment import HiddenField, contains
from fiskaly_mockserver.world.journal.exchange import Caller, Exchange, Refusal

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


NULL = "null"
"""The note of a body that is the JSON value null, of which `None` alone would not tell."""


class Unasked(Enum):
    """Stands for a body that is not asked for: `None` asks for the JSON value null."""

    BODY = "body"


class JournalQuery(NamedTuple):
    """What exchanges are looked for; what is left as it is does not narrow.

    Attributes:
        path: A glob, as `/organizations/*/api-keys`, in which `*` also matches slashes.
            It has to match the whole path, or what follows one of the `base_paths` in it.
        body: What the request's body has to contain; see `subsets.contains`.
        since: A request id; only later exchanges are looked at.
        base_paths: The paths that operations are under, as "/api/v0".
    """

    operation: str | None = None
    status: int | None = None
    method: str | None = None
    path: str | None = None
    body: JsonValue | Literal[Unasked.BODY] = Unasked.BODY
    since: str | None = None
    base_paths: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, wanted: Mapping[str, JsonValue], *, base_paths: tuple[str, ...] = ()
    ) -> "JournalQuery":
        """Return the query that a control call's JSON object asks.

        It holds any of `operation`, `status`, `method`, `path`, `body` and `since`, of
        the types that the control contract demands.
        """
        return cls(
            operation=cast("str | None", wanted.get("operation")),
            status=cast("int | None", wanted.get("status")),
            method=cast("str | None", wanted.get("method")),
            path=cast("str | None", wanted.get("path")),
            body=wanted.get("body", Unasked.BODY),
            since=cast("str | None", wanted.get("since")),
            base_paths=base_paths,
        )

    def matches(self, exchange: Exchange) -> bool:
        """Tell whether an exchange is looked for, wherever `since` may be.

        Raises:
            HiddenField: That hangs on a value that the journal does not keep.
        """
        return (
            self.admits(exchange.operation_id, exchange.method, exchange.status)
            and self._has_path(exchange.path)
            and self._has_body(exchange)
        )

    def admits(self, operation_id: str, method: str | None, status: int) -> bool:
        """Tell whether an exchange of that kind may be looked for; `None` is any method."""
        return (
            self.operation in (None, operation_id)
            and self.status in (None, status)
            and (self.method is None or method is None or self.method.upper() == method)
        )

    def _has_path(self, path: str) -> bool:
        if self.path is None or fnmatchcase(path, self.path):
            return True
        parts = (path.partition(base) for base in self.base_paths)
        return any(bool(base) and fnmatchcase(below, self.path) for _, base, below in parts)

    def _has_body(self, exchange: Exchange) -> bool:
        if self.body is Unasked.BODY:
            return True
        if exchange.request_body is None:
            return self.body is None and exchange.request_body_note == NULL
        return contains(exchange.request_body, self.body)


EVERYTHING = JournalQuery()
"""Asks for every exchange."""


CAPACITY = 1_000
"""Exchanges that a journal keeps by default."""
_KIND = attrgetter("operation_id", "method", "status")
_SIZE = attrgetter("size")
OVER = 100
"""Exchanges over the capacity that are let go of together, which takes less time than one by one;
who looks at a journal sees none of them."""
MOST_BYTES = 128 * 1024 * 1024
"""Bytes of messages that all journals of a server keep by default: 80 000 usual exchanges."""


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


class JournalRoom:
    """The bytes of messages that the journals of one server may keep together.

    Attributes:
        taken: Those that they keep; more where one of them is gone with its world.
    """

    def __init__(self, limit: int = MOST_BYTES) -> None:
        self.limit = limit
        self.taken = 0
        self._journals: WeakSet[Journal] = WeakSet()

    def join(self, journal: "Journal") -> None:
        """Let a journal share the room, as long as there is anybody who keeps it."""
        self._journals.add(journal)

    def make_room(self) -> None:
        """Let the journals that take most drop their oldest exchanges, but never their newest."""
        for one in self._journals:
            one.trim()
        self.taken = sum(one.size for one in self._journals)
        while self.taken > self.limit:
            largest = max(self._journals, key=lambda one: one.size if len(one) > 1 else 0)
            if len(largest) <= 1:
                return
            largest.drop()


class Journal:
    """The latest exchanges of a world.

    Of what it had to drop it remembers the kinds (operation, method and status), so that
    a count is refused only if a dropped exchange may have been looked for.
    """

    def __init__(self, capacity: int = CAPACITY, room: JournalRoom | None = None) -> None:
        """Make an empty journal.

        Args:
            capacity: How many exchanges it keeps.
            room: How many bytes it may keep, together with others.

        Raises:
            ValueError: `capacity` is less than 1.
        """
        if capacity < 1:
            raise ValueError(f"a journal keeps at least 1 exchange, not {capacity}")
        self.capacity = capacity
        self._most = capacity + OVER
        self._dropped = 0
        self.size = 0
        """The bytes of the messages that it keeps."""
        self.cleared = 0
        """How often it was cleared: who counts along starts over when this changes."""
        self._room = room or JournalRoom()
        self._room.join(self)
        self._exchanges: deque[Exchange] = deque()
        self._dropped_kinds: set[tuple[str, str | None, int]] = set()
        self._listeners: dict[object, Listener] = {}

    @property
    def dropped(self) -> int:
        """How many exchanges were let go of since it was last cleared."""
        self.trim()
        return self._dropped

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(tuple(self._kept))

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange, drop the oldest if there is no room, and call the listeners."""
        exchanges, room, size = self._exchanges, self._room, exchange.size
        exchanges.append(exchange)
        self.size += size
        room.taken += size
        if len(exchanges) > self._most:
            self.trim()
        if room.taken > room.limit:
            room.make_room()
        if self._listeners:
            for listener in tuple(self._listeners.values()):
                listener(exchange)

    def trim(self) -> None:
        """Let go of what is over the capacity."""
        over = len(self._exchanges) - self.capacity
        if over > 0:
            self.drop(over)

    def drop(self, count: int = 1) -> None:
        """Let go of the oldest exchanges, and remember of what kinds they were."""
        oldest = [self._exchanges.popleft() for _ in range(count)]
        size = sum(map(_SIZE, oldest))
        self.size -= size
        self._room.taken -= size
        self._dropped += count
        self._dropped_kinds.update(
            # Without an operation a client could name any number of methods.
            (operation_id, method if operation_id else None, status)
            for operation_id, method, status in set(map(_KIND, oldest))
        )

    @property
    def _kept(self) -> deque[Exchange]:
        """The latest exchanges, as many as the capacity allows."""
        self.trim()
        return self._exchanges

    def clear(self) -> None:
        """Forget everything, also what was dropped; listeners stay."""
        self._room.taken -= self.size
        self.size = 0
        self._exchanges.clear()
        self._dropped_kinds.clear()
        self._dropped = 0
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
        return [exchange for exchange in self._kept if exchange.violations]

    def add_listener(self, listener: Listener) -> Callable[[], None]:
        """Call a listener for each exchange from now on, until the returned function is called.

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
        latest_first = reversed(self._kept)
        return next((one for one in latest_first if one.request_id == request_id), None)

    def _after(self, request_id: str | None) -> Iterator[Exchange]:
        if request_id is None or (self.dropped and self._find(request_id) is None):
            return iter(self._kept)
        first = self.get(request_id)
        later = iter(self._kept)
        for exchange in later:
            if exchange is first:
                break
        return later
