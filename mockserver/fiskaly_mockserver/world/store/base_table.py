"""Tables that never change, which worlds share: their rows and indexes."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from fiskaly_mockserver.domain.store import TableSpec

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

    A row's position is its place in `order`.
    """

    __slots__ = ("_places", "indexes", "order", "rows", "spec")

    def __init__(self, spec: TableSpec[Key, Row], rows: Iterable[Row] = ()) -> None:
        self.spec = spec
        self.rows: Mapping[Key, Row] = {spec.key(row): row for row in rows}
        self.order = tuple(self.rows.values())
        self._places = FrozenIndex(self.order, lambda row: (spec.key(row),))
        self.indexes: Mapping[str, FrozenIndex[Row]] = {
            name: FrozenIndex(self.order, values_of) for name, values_of in spec.indexes.items()
        }

    def position(self, key: Key) -> int:
        """Return the place of the row of that key, which must exist."""
        return self._places.find(key)[0]
