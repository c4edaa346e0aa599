"""Tables: a base that never changes and that worlds share, and one world's changes on top."""

from array import array
from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Generic, TypeVar, cast

from fiskaly_mockserver.domain.store import Page, TableSpec

Key = TypeVar("Key", bound=Hashable)
Row = TypeVar("Row")

NOWHERE: Sequence[int] = ()


class FrozenIndex(Generic[Row]):
    """The positions of rows under each value that they are found by, ascending.

    It keeps no value but only hashes, in order: twelve bytes for each pair of value and
    row, where a dictionary takes two hundred. A look-up costs the logarithm of the size,
    and what it returns is a view, not a copy.
    """

    __slots__ = ("_clashes", "_hashes", "_positions", "_rows", "_values_of")

    def __init__(self, rows: Sequence[Row], values_of: Callable[[Row], Iterable[Hashable]]) -> None:
        found = [(at, value) for at, row in enumerate(rows) for value in {*values_of(row)}]
        hashes = [hash(value) for _, value in found]
        order = sorted(range(len(found)), key=hashes.__getitem__)
        self._rows = rows
        self._values_of = values_of
        self._hashes = array("q", map(hashes.__getitem__, order))
        self._positions = memoryview(array("I", [found[at][0] for at in order])).toreadonly()
        self._clashes = self._other_values([found[at][1] for at in order])

    def find(self, value: Hashable) -> Sequence[int]:
        """Return the positions of the rows under a value."""
        wanted = hash(value)
        start = bisect_left(self._hashes, wanted)
        if start == len(self._hashes) or self._hashes[start] != wanted:
            return NOWHERE
        if self._clashes and value in self._clashes:
            return self._clashes[value]
        if value not in self._values_of(self._rows[self._positions[start]]):
            return NOWHERE
        return self._positions[start : bisect_right(self._hashes, wanted, start)]

    def _other_values(self, values: Sequence[Hashable]) -> dict[Hashable, Sequence[int]]:
        """Return the positions under values that share their hash with another one."""
        places = range(1, len(values))
        shared = {
            self._hashes[at]
            for at in places
            if self._hashes[at] == self._hashes[at - 1] and values[at] != values[at - 1]
        }
        clashes: dict[Hashable, list[int]] = {}
        for at, value in enumerate(values):
            if shared and self._hashes[at] in shared:
                clashes.setdefault(value, []).append(self._positions[at])
        return {value: array("I", positions) for value, positions in clashes.items()}


class FrozenTable(Generic[Key, Row]):
    """Rows that never change, with their order and indexes.

    A row's position is its place in `order`; `moving` are the indexes in which a row that is
    replaced may move.
    """

    __slots__ = ("_places", "indexes", "moving", "order", "rows", "spec")

    def __init__(self, spec: TableSpec[Key, Row], rows: Iterable[Row] = ()) -> None:
        self.spec = spec
        self.moving = {name: one for name, one in spec.indexes.items() if name not in spec.fixed}
        self.rows: Mapping[Key, Row] = {spec.key(row): row for row in rows}
        self.order = tuple(self.rows.values())
        self._places = FrozenIndex(self.order, lambda row: (spec.key(row),))
        self.indexes: Mapping[str, FrozenIndex[Row]] = {
            name: FrozenIndex(self.order, values_of) for name, values_of in spec.indexes.items()
        }

    def position(self, key: Key) -> int:
        """Return the place of the row of that key, which must exist."""
        return self._places.find(key)[0]


T = TypeVar("T")
Place = tuple[str, Hashable]
"""An index, and a value under which it finds rows."""

FEW = 100
"""Up to so many rows no result is cached: to work it out again costs less."""
MOST_RESULTS = 32


class ResultCache:
    """Results by name, each worked out from the rows found at some places.

    There are at most `limit`; the one that was not asked for the longest makes room. `places`
    holds the names of the results by the places that they were worked out from.
    """

    __slots__ = ("_limit", "_results", "places")

    def __init__(self, limit: int = MOST_RESULTS) -> None:
        self._limit = limit
        self._results: OrderedDict[Hashable, tuple[tuple[Place, ...], object]] = OrderedDict()
        self.places: dict[Place, set[Hashable]] = {}

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
            self.places.setdefault(place, set()).add(full_name)
        return made

    def changed(self, place: Place) -> None:
        """Drop all that was worked out from a place."""
        for full_name in tuple(self.places.get(place, ())):
            self._drop(full_name)

    def clear(self) -> None:
        """Drop everything."""
        self._results.clear()
        self.places.clear()

    def _drop(self, full_name: Hashable) -> None:
        places, _ = self._results.pop(full_name)
        for place in places:
            names = self.places.get(place, set[Any]())
            names.discard(full_name)
            if not names:
                self.places.pop(place, None)


class SelectedRows(Generic[Row]):
    """The rows found under some values of an index, each once, oldest first."""

    __slots__ = ("_places", "_table")

    def __init__(self, table: "OverlayTable[Any, Row]", places: tuple[Place, ...]) -> None:
        self._table = table
        self._places = places

    def __len__(self) -> int:
        return len(self._positions())

    def __iter__(self) -> Iterator[Row]:
        return self._table.rows_at(self._positions())

    def page(self, offset: int, limit: int, *, descending: bool = False) -> Page[Row]:
        """Return at most `limit` rows after the first `offset`, or back from the last ones."""
        positions, rows_at = self._positions(), self._table.rows_at
        if not descending:
            return Page(tuple(rows_at(positions[offset : offset + limit])), len(positions))
        stop = max(0, len(positions) - offset)
        latest = tuple(rows_at(positions[max(0, stop - limit) : stop]))[::-1]
        return Page(latest, len(positions))

    def kept(self, name: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` works out from the rows, which is cached until they change."""
        found = sum(len(self._table.positions_at(place)) for place in self._places)
        return make() if found <= FEW else self._table.results.get(self._places, name, make)

    def _positions(self) -> Sequence[int]:
        if len(self._places) == 1:
            return self._table.positions_at(self._places[0])
        return self.kept(_POSITIONS, self._merged)

    def _merged(self) -> Sequence[int]:
        found = (self._table.positions_at(place) for place in self._places)
        return sorted(set(chain.from_iterable(found)))


_POSITIONS = ("merged positions",)
"""The name under which the positions of several values are cached."""

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

    It has the methods of `domain.store.Table`. Attributes: `results` is the cache of what
    was worked out from its rows.
    """

    __slots__ = (*SHARED, "_is_shared", "_own_indexes", "_revision", "results")

    def __init__(self, base: FrozenTable[Key, Row]) -> None:
        self._base = base
        self.results = ResultCache()
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
        self._indexes: dict[Place, array[int]] = {}
        self._own_indexes: set[Place] = set()
        self._is_shared = False
        self.results.clear()
        self._revision += 1

    def fork(self) -> "OverlayTable[Key, Row]":
        """Return an independent table that starts with the same rows."""
        twin = OverlayTable(self._base)
        twin.become(self)
        return twin

    def become(self, other: "OverlayTable[Key, Row]") -> None:
        """Take over the rows of another table, which is left as it is, and its base."""
        if self._changed is other._changed and self._base is other._base:  # noqa: SLF001
            return  # it has taken over the same before, and neither was changed since
        for slot in SHARED:
            setattr(self, slot, getattr(other, slot))
        self.share()
        other.share()
        self.results.clear()
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
        self._revision += 1
        if self._is_shared:
            self._part()
        if old is None:
            self._add(key, row)
        else:
            self._move(key, old, row)
        self._changed[key] = row

    def remove(self, key: Key) -> None:
        """Drop the row of that key.

        Raises:
            KeyError: There is none.
        """
        row = self.get(key)
        if row is None:
            raise KeyError(key)
        self._revision += 1
        if self._is_shared:
            self._part()
        position = self.position(key)
        for name, values_of in self._base.spec.indexes.items():
            for value in set(values_of(row)):
                self._discard((name, value), position)
                self.results.changed((name, value))
        self._changed.pop(key, None)
        self._added_positions.pop(key, None)
        self._added_keys.pop(position, None)
        if key in self._base.rows:
            self._gone.add(key)

    def select(self, index: str, *values: Hashable) -> SelectedRows[Row]:
        """Return the rows found under any of the values, each once, oldest first."""
        return SelectedRows(self, tuple((index, value) for value in dict.fromkeys(values)))

    def position(self, key: Key) -> int:
        """Return a number that grows with the order of creation."""
        added = self._added_positions.get(key)
        return self._base.position(key) if added is None else added

    def positions_at(self, place: Place) -> Sequence[int]:
        """Return the positions of the rows that an index finds, ascending."""
        found = self._indexes.get(place)
        if found is not None:
            return found
        name, value = place
        return self._base.indexes[name].find(value)

    def rows_at(self, positions: Sequence[int]) -> Iterator[Row]:
        """Return the rows at those positions, ascending, which must be taken."""
        base, changed, added = self._base.order, self._changed, self._added_keys
        size = len(base)
        if len(changed) == len(added) and (not positions or positions[-1] < size):
            return map(base.__getitem__, positions)  # rows of the beginning, none changed since
        key_of = self._base.spec.key
        return (
            changed[added[at]] if at >= size else changed.get(key_of(base[at]), base[at])
            for at in positions
        )

    def _add(self, key: Key, row: Row) -> None:
        """Give a new row the next position, which no index has a larger one than."""
        position = self._next
        self._added_positions[key] = position
        self._added_keys[position] = key
        self._next = position + 1
        for name, values_of in self._base.spec.indexes.items():
            for value in {*values_of(row)}:
                place = (name, value)
                self._own_index(place).append(position)
                if self.results.places:
                    self.results.changed(place)

    def _move(self, key: Key, old: Row, row: Row) -> None:
        """Bring the indexes from a row to the one that replaces it."""
        base = self._base
        indexes = base.spec.indexes if self.results.places else base.moving
        for name, values_of in indexes.items():
            found, wanted = values_of(old), values_of(row)
            if found == wanted and not self.results.places:
                continue
            position, before, after = self.position(key), set(found), set(wanted)
            for value in before - after:
                self._discard((name, value), position)
            for value in after - before:
                insort(self._own_index((name, value)), position)
            for value in before | after:
                self.results.changed((name, value))

    def _part(self) -> None:
        """Part from other worlds before a change."""
        for slot in ("_changed", "_gone", "_added_keys", "_added_positions", "_indexes"):
            setattr(self, slot, getattr(self, slot).copy())
        self._is_shared = False

    def _discard(self, place: Place, position: int) -> None:
        """Take a position out, and forget an index value that nothing is left of."""
        found = self._own_index(place)
        del found[bisect_left(found, position)]
        name, value = place
        if not found and not self._base.indexes[name].find(value):
            del self._indexes[place]
            self._own_indexes.discard(place)

    def _own_index(self, place: Place) -> "array[int]":
        """Return positions that no other world works with, copied before the first change.

        To copy those of 100 000 rows takes some 15 microseconds.
        """
        if place not in self._own_indexes:
            copy = array("I")
            found: Any = self.positions_at(place)
            if found:
                copy.frombytes(memoryview(found).cast("B"))
            self._indexes[place] = copy
            self._own_indexes.add(place)
        return self._indexes[place]
