"""Tables as a shared base plus one world's own changes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar, cast

from fiskaly_mockserver.world.store.base_table import FrozenTable, Positions

T = TypeVar("T")
Place = tuple[str, Hashable]
"""An index and a value under which it finds rows."""

MOST_KEPT = 32


class Kept:
    """Results by name, each worked out from the rows found at some places.

    There are at most `limit`: then that which was not asked for the longest is dropped.
    """

    __slots__ = ("_limit", "_names_at", "_results")

    def __init__(self, limit: int = MOST_KEPT) -> None:
        self._limit = limit
        self._results: OrderedDict[Hashable, tuple[tuple[Place, ...], object]] = OrderedDict()
        self._names_at: dict[Place, set[Hashable]] = {}

    def __len__(self) -> int:
        return len(self._results)

    def get(self, places: tuple[Place, ...], name: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` gives, as long as nothing changes at any of the places.

        `name` tells it from what else is worked out from the same places.
        """
        full_name = (places, name)
        found = self._results.get(full_name)
        if found is not None:
            self._results.move_to_end(full_name)
            return cast("T", found[1])
        made = make()
        if len(self._results) >= self._limit:
            self._drop(next(iter(self._results)))
        self._results[full_name] = places, made
        for place in places:
            self._names_at.setdefault(place, set()).add(full_name)
        return made

    def changed(self, place: Place) -> None:
        """Drop all that was worked out from a place."""
        for full_name in tuple(self._names_at.get(place, ())):
            self._drop(full_name)

    def clear(self) -> None:
        """Drop everything."""
        self._results.clear()
        self._names_at.clear()

    def _drop(self, full_name: Hashable) -> None:
        places, _ = self._results.pop(full_name)
        for place in places:
            names = self._names_at.get(place, set[Any]())
            names.discard(full_name)
            if not names:
                self._names_at.pop(place, None)


Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)

FEW = 100
"""Up to so many rows nothing is kept: to work it out again costs less than to remember."""


class Source(Protocol[Row_co]):
    """What the rows come from."""

    def positions_at(self, place: Place) -> Positions:
        """Return where the rows are that an index finds."""
        ...

    def rows_at(self, positions: Iterable[int]) -> Iterator[Row_co]:
        """Return the rows at those positions."""
        ...

    def kept(self, places: tuple[Place, ...], name: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` gives, again and again until something changes at a place."""
        ...


class Rows(Generic[Row]):
    """The rows under one value of an index, oldest first."""

    __slots__ = ("_source", "place", "positions")

    def __init__(self, source: Source[Row], place: Place) -> None:
        self.place = place
        self.positions = source.positions_at(place)
        self._source = source

    def __len__(self) -> int:
        return len(self.positions)

    def __iter__(self) -> Iterator[Row]:
        return self._source.rows_at(self.positions)

    def page(self, offset: int, limit: int, *, descending: bool = False) -> tuple[Row, ...]:
        """Return at most `limit` rows after the first `offset`, or back from the last ones."""
        page = self.positions.page_from_end if descending else self.positions.page
        return tuple(self._source.rows_at(page(offset, limit)))

    def kept(self, name: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` works out from the rows, again and again until they change."""
        return make() if len(self) <= FEW else self._source.kept((self.place,), name, make)


class Either(Generic[Row]):
    """The rows under any of several values, each once, oldest first.

    They are put together once and kept until they change.
    """

    __slots__ = ("_parts", "_places", "_source")

    def __init__(self, parts: Sequence[Rows[Row]], source: Source[Row]) -> None:
        self._parts = parts
        self._places = tuple(part.place for part in parts)
        self._source = source

    def __len__(self) -> int:
        return len(self._rows())

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows())

    def page(self, offset: int, limit: int, *, descending: bool = False) -> tuple[Row, ...]:
        """Return at most `limit` rows after the first `offset`, or back from the last ones."""
        rows = self._rows()
        if not descending:
            return rows[offset : offset + limit]
        stop = max(0, len(rows) - offset)
        return rows[max(0, stop - limit) : stop][::-1]

    def kept(self, name: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` works out from the rows, again and again until they change."""
        if sum(map(len, self._parts)) <= FEW:
            return make()
        return self._source.kept(self._places, name, make)

    def _rows(self) -> tuple[Row, ...]:
        return self.kept(_ROWS, self._put_together)

    def _put_together(self) -> tuple[Row, ...]:
        positions: set[int] = set().union(*(part.positions for part in self._parts))
        return tuple(self._source.rows_at(sorted(positions)))


_ROWS = ("rows put together",)
"""What the rows themselves are kept as."""


Key = TypeVar("Key", bound=Hashable)

SHARED = (
    "_added_keys",
    "_added_positions",
    "_base",
    "_changed",
    "_gone",
    "_indexes",
    "_next",
)
"""What forks have in common until one of them changes something."""


class OverlayTable(Generic[Key, Row]):
    """One world's view of a frozen table, and its own additions and removals.

    It has the methods of `fiskaly_mockserver.domain.store.Table`.
    """

    __slots__ = (*SHARED, "_is_shared", "_kept", "_own_indexes", "_revision")

    def __init__(self, base: FrozenTable[Key, Row]) -> None:
        self._base = base
        self._kept = Kept()
        self._revision = 0
        self.reset()

    @property
    def revision(self) -> int:
        """A number that no two states of this table have in common."""
        return self._revision

    def reset(self) -> None:
        """Forget every change."""
        self._changed: dict[Key, Row] = {}
        self._gone: set[Key] = set()
        self._added_keys: dict[int, Key] = {}
        self._next = len(self._base.order)
        self._added_positions: dict[Key, int] = {}
        self._indexes: dict[Place, Positions] = {}
        self._own_indexes: set[Place] = set()
        self._is_shared = False
        self._kept.clear()
        self._revision += 1

    def fork(self) -> "OverlayTable[Key, Row]":
        """Return an independent table that starts with the same rows."""
        twin = OverlayTable(self._base)
        twin.become(self)
        return twin

    def become(self, kept: "OverlayTable[Key, Row]") -> None:
        """Take over the rows of `kept`, which is left as it is, and its base."""
        for slot in SHARED:
            setattr(self, slot, getattr(kept, slot))
        self.share()
        kept.share()
        self._kept.clear()
        self._revision += 1

    def share(self) -> None:
        """Leave what was changed so far as it is from now on: others work with it too."""
        self._is_shared = True
        self._own_indexes = set()

    def __len__(self) -> int:
        return len(self._base.order) - len(self._gone) + len(self._added_positions)

    def __iter__(self) -> Iterator[Row]:
        """Yield every row, oldest first."""
        for key, row in self._base.rows.items():
            if key not in self._gone:
                yield self._changed.get(key, row)
        for key in self._added_keys.values():
            yield self._changed[key]

    def get(self, key: Key) -> Row | None:
        """Return the row, or `None` if there is none."""
        row = self._changed.get(key)
        if row is None and key not in self._gone:
            row = self._base.rows.get(key)
        return row

    def put(self, row: Row) -> None:
        """Add the row, or replace the one of the same key in its old place."""
        key = self._base.spec.key(row)
        old = self.get(key)
        self._make_own()
        if old is None:
            self._added_positions[key] = self._next
            self._added_keys[self._next] = key
            self._next += 1
        position = self.position(key)
        for name, values_of in self._base.spec.indexes.items():
            before = set(values_of(old)) if old is not None else set()
            after = set(values_of(row))
            for value in before - after:
                self._discard(name, value, position)
            for value in after - before:
                self._own_index((name, value)).add(position)
            for value in before | after:
                self._kept.changed((name, value))
        self._changed[key] = row

    def remove(self, key: Key) -> None:
        """Drop the row of that key.

        Raises:
            KeyError: There is none.
        """
        row = self.get(key)
        if row is None:
            raise KeyError(key)
        self._make_own()
        position = self.position(key)
        for name, values_of in self._base.spec.indexes.items():
            for value in set(values_of(row)):
                self._discard(name, value, position)
                self._kept.changed((name, value))
        self._changed.pop(key, None)
        self._added_positions.pop(key, None)
        self._added_keys.pop(position, None)
        if key in self._base.rows:
            self._gone.add(key)

    def select(self, index: str, *values: Hashable) -> Rows[Row] | Either[Row]:
        """Return the rows found under any of the values, each once, oldest first."""
        if len(values) == 1:
            return Rows(self, (index, values[0]))
        return Either([Rows(self, (index, value)) for value in dict.fromkeys(values)], self)

    def position(self, key: Key) -> int:
        """Return a number that grows with the order of creation."""
        added = self._added_positions.get(key)
        return self._base.position(key) if added is None else added

    def positions_at(self, place: Place) -> Positions:
        """Return where the rows are that an index finds."""
        found = self._indexes.get(place)
        return self._shared_index(place) if found is None else found

    def rows_at(self, positions: Iterable[int]) -> Iterator[Row]:
        """Return the rows at those positions, which must be taken."""
        base, changed = self._base.order, self._changed
        key_of = self._base.spec.key
        for position in positions:
            if position >= len(base):
                yield changed[self._added_keys[position]]
            elif changed:
                row = base[position]
                yield changed.get(key_of(row), row)
            else:
                yield base[position]

    def kept(self, places: tuple[Place, ...], name: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` gives, again and again until something changes at a place."""
        return self._kept.get(places, name, make)

    def _make_own(self) -> None:
        """Part from other worlds before a change."""
        self._revision += 1
        if self._is_shared:
            self._changed = dict(self._changed)
            self._gone = set(self._gone)
            self._added_keys = dict(self._added_keys)
            self._added_positions = dict(self._added_positions)
            self._indexes = dict(self._indexes)
            self._is_shared = False

    def _shared_index(self, place: Place) -> Positions:
        name, value = place
        return Positions(self._base.indexes[name].find(value))

    def _discard(self, name: str, value: Hashable, position: int) -> None:
        """Take a position out, and forget an index value that nothing is left of."""
        place = (name, value)
        found = self._own_index(place)
        found.discard(position)
        if not len(found) and not self._base.indexes[name].find(value):
            del self._indexes[place]
            self._own_indexes.discard(place)

    def _own_index(self, place: Place) -> Positions:
        """Return positions that no other world works with."""
        found = self._indexes.get(place)
        if found is None:
            found = self._indexes[place] = self._shared_index(place)
        elif place not in self._own_indexes:
            found = self._indexes[place] = found.copy()
        self._own_indexes.add(place)
        return found
