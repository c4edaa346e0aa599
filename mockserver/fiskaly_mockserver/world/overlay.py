"""Tables as a frozen base that worlds share, plus one world's own changes.

Reset drops the changes, a fork copies them: neither cost depends on the size of the
base.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from fiskaly_mockserver.domain.store import TableSpec
from fiskaly_mockserver.world.ordered import Positions

Key = TypeVar("Key", bound=Hashable)
Row = TypeVar("Row")


class FrozenTable(Generic[Key, Row]):
    """Rows that never change, with their order and indexes.

    A row's position is its place in `keys`.
    """

    __slots__ = ("indexes", "keys", "positions", "rows", "spec")

    def __init__(self, spec: TableSpec[Key, Row], rows: Iterable[Row] = ()) -> None:
        self.spec = spec
        self.rows: Mapping[Key, Row] = {spec.key(row): row for row in rows}
        self.keys = tuple(self.rows)
        self.positions: Mapping[Key, int] = {key: at for at, key in enumerate(self.keys)}
        found: dict[str, dict[Hashable, list[int]]] = {name: {} for name in spec.indexes}
        for at, row in enumerate(self.rows.values()):
            for name, values_of in spec.indexes.items():
                for value in dict.fromkeys(values_of(row)):
                    found[name].setdefault(value, []).append(at)
        self.indexes: Mapping[str, Mapping[Hashable, tuple[int, ...]]] = {
            name: {value: tuple(positions) for value, positions in index.items()}
            for name, index in found.items()
        }


class OverlayTable(Generic[Key, Row]):
    """One world's view of a frozen table, and its own additions and removals.

    It has the methods of `fiskaly_mockserver.domain.store.Table`.
    """

    __slots__ = (
        "_added_keys",
        "_added_positions",
        "_base",
        "_changed",
        "_gone",
        "_indexes",
        "_next",
    )

    def __init__(self, base: FrozenTable[Key, Row]) -> None:
        self._base = base
        self.reset()

    def reset(self) -> None:
        """Forget every change."""
        self._changed: dict[Key, Row] = {}
        self._gone: set[Key] = set()
        self._added_keys: dict[int, Key] = {}
        self._next = len(self._base.keys)
        self._added_positions: dict[Key, int] = {}
        self._indexes: dict[tuple[str, Hashable], Positions] = {}

    def fork(self) -> "OverlayTable[Key, Row]":
        """Return an independent table that starts with the same rows."""
        twin = OverlayTable(self._base)
        twin._changed = dict(self._changed)
        twin._gone = set(self._gone)
        twin._added_keys = dict(self._added_keys)
        twin._next = self._next
        twin._added_positions = dict(self._added_positions)
        twin._indexes = {place: found.copy() for place, found in self._indexes.items()}
        return twin

    def become(self, kept: "OverlayTable[Key, Row]") -> None:
        """Take over the rows of `kept`, which is left as it is, and its base."""
        twin = kept.fork()
        for slot in OverlayTable.__slots__:
            setattr(self, slot, getattr(twin, slot))

    def __len__(self) -> int:
        return len(self._base.keys) - len(self._gone) + len(self._added_positions)

    def __iter__(self) -> Iterator[Row]:
        """Yield every row, oldest first."""
        base = self._base
        for key in base.keys:
            if key not in self._gone:
                row = self._changed.get(key)
                yield base.rows[key] if row is None else row
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
                self._own_index(name, value).add(position)
        self._changed[key] = row

    def remove(self, key: Key) -> None:
        """Drop the row of that key.

        Raises:
            KeyError: There is none.
        """
        row = self.get(key)
        if row is None:
            raise KeyError(key)
        position = self.position(key)
        for name, values_of in self._base.spec.indexes.items():
            for value in set(values_of(row)):
                self._discard(name, value, position)
        self._changed.pop(key, None)
        self._added_positions.pop(key, None)
        self._added_keys.pop(position, None)
        if key in self._base.rows:
            self._gone.add(key)

    def select(self, index: str, value: Hashable) -> "Rows[Key, Row]":
        """Return the rows found under `value`, oldest first."""
        found = self._indexes.get((index, value))
        return Rows(self, found if found is not None else self._shared_index(index, value))

    def position(self, key: Key) -> int:
        """Return a number that grows with the order of creation."""
        added = self._added_positions.get(key)
        return self._base.positions[key] if added is None else added

    def rows_at(self, positions: Iterable[int]) -> Iterator[Row]:
        """Return the rows at those positions, which must be taken."""
        base = self._base
        for position in positions:
            if position < len(base.keys):
                key = base.keys[position]
                row = self._changed.get(key)
                yield base.rows[key] if row is None else row
            else:
                yield self._changed[self._added_keys[position]]

    def _shared_index(self, name: str, value: Hashable) -> Positions:
        return Positions(self._base.indexes[name].get(value, ()))

    def _discard(self, name: str, value: Hashable, position: int) -> None:
        """Take a position out, and forget an index value that nothing is left of."""
        found = self._own_index(name, value)
        found.discard(position)
        if not len(found) and value not in self._base.indexes[name]:
            del self._indexes[name, value]

    def _own_index(self, name: str, value: Hashable) -> Positions:
        place = (name, value)
        found = self._indexes.get(place)
        if found is None:
            found = self._indexes[place] = self._shared_index(name, value)
        return found


class Rows(Generic[Key, Row]):
    """The rows at some positions, looked up as they are asked for."""

    __slots__ = ("_positions", "_table")

    def __init__(self, table: OverlayTable[Key, Row], positions: Positions) -> None:
        self._table = table
        self._positions = positions

    def __len__(self) -> int:
        return len(self._positions)

    def __iter__(self) -> Iterator[Row]:
        return self._table.rows_at(self._positions)

    def page(self, offset: int, limit: int) -> tuple[Row, ...]:
        """Return at most `limit` rows after the first `offset`."""
        return tuple(self._table.rows_at(self._positions.page(offset, limit)))
