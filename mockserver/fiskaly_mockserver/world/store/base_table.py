"""Tables that never change, shared by worlds: their rows, indexes and sorted positions."""

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from fiskaly_mockserver.domain.store import TableSpec

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
        return {value: tuple(positions) for value, positions in clashes.items()}


Key = TypeVar("Key", bound=Hashable)


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


_NONE: Sequence[int] = ()


class Positions:
    """Ascending numbers, below 2**32, on top of a base that is never changed.

    A change, and finding a page at any offset from either end, costs the logarithm of
    the size. (A change also moves a few kilobytes in memory, four bytes for each earlier
    one.) Nothing ever copies the base.
    """

    __slots__ = ("_added", "_base", "_dropped")

    def __init__(
        self, base: Sequence[int], dropped: Sequence[int] = _NONE, added: Sequence[int] = _NONE
    ) -> None:
        self._base = base
        self._dropped = array("I", dropped)  # indexes into the base, ascending
        self._added = array("I", added)  # ascending, none of them in the base

    def copy(self) -> "Positions":
        """Return an independent twin."""
        return Positions(self._base, self._dropped, self._added)

    def __len__(self) -> int:
        return len(self._base) - len(self._dropped) + len(self._added)

    def __iter__(self) -> Iterator[int]:
        return self._from(0, 0)

    def page(self, offset: int, limit: int) -> list[int]:
        """Return at most `limit` numbers after the first `offset`."""
        if offset >= len(self):
            return []
        if not self._dropped and not self._added:
            return list(self._base[offset : offset + limit])
        numbers = self._from(*self._place_of(offset))
        return [number for number, _ in zip(numbers, range(limit), strict=False)]

    def page_from_end(self, offset: int, limit: int) -> list[int]:
        """Return at most `limit` numbers before the last `offset`, the greatest first."""
        stop = max(0, len(self) - offset)
        start = max(0, stop - limit)
        return self.page(start, stop - start)[::-1]

    def add(self, number: int) -> None:
        """Put a number, which must not be here yet, into its place."""
        index = self._base_index(number)
        if index is None:
            insort(self._added, number)
        else:
            del self._dropped[bisect_left(self._dropped, index)]

    def discard(self, number: int) -> None:
        """Take a number, which must be here, out."""
        index = self._base_index(number)
        if index is None:
            del self._added[bisect_left(self._added, number)]
        else:
            insort(self._dropped, index)

    def _base_index(self, number: int) -> int | None:
        """Return where the number is in the base, `None` if it is not there."""
        base = self._base
        if not base or number > base[-1]:
            return None
        index = bisect_left(base, number)
        return index if base[index] == number else None

    def _before(self, index: int) -> int:
        """Return how many numbers here are less than the one at that index of the base."""
        kept = index - bisect_left(self._dropped, index)
        return kept + bisect_left(self._added, self._base[index])

    def _place_of(self, offset: int) -> tuple[int, int]:
        """Return where to go on, in the base and in what was added, after `offset` numbers."""
        base = self._base
        if not self._dropped and (not base or not self._added or self._added[0] > base[-1]):
            index = min(offset, len(base))
            return index, offset - index
        # The last index of the base that at most `offset` numbers precede
        index = bisect_right(range(len(base)), offset, key=self._before) - 1
        if index < 0:
            return 0, offset
        # What precedes it was passed; so it is, unless all of `offset` precedes it
        rest = offset - self._before(index)
        added = bisect_left(self._added, base[index])
        if rest:
            dropped = bisect_left(self._dropped, index)
            is_kept = dropped == len(self._dropped) or self._dropped[dropped] != index
            return index + 1, added + rest - is_kept
        return index, added

    def _from(self, index: int, place: int) -> Iterator[int]:
        """Yield what is left from an index of the base and a place among the added."""
        base, added = self._base, self._added
        for at in self._kept_from(index):
            while place < len(added) and added[place] < base[at]:
                yield added[place]
                place += 1
            yield base[at]
        yield from added[place:]

    def _kept_from(self, index: int) -> Iterator[int]:
        """Yield the indexes of the base whose numbers are still here."""
        dropped = self._dropped
        gap = bisect_left(dropped, index)
        while index < len(self._base):
            if gap == len(dropped):
                yield from range(index, len(self._base))
                return
            yield from range(index, dropped[gap])
            index, gap = self._behind(gap)

    def _behind(self, gap: int) -> tuple[int, int]:
        """Return the index behind a run of dropped ones, and the next gap: in one leap."""
        dropped = self._dropped
        first = dropped[gap]
        behind = gap + 1
        if behind < len(dropped) and dropped[behind] == first + 1:
            run = bisect_right(range(gap, len(dropped)), first - gap, key=self._shift)
            behind = gap + run
        return dropped[behind - 1] + 1, behind

    def _shift(self, gap: int) -> int:
        """Return what stays the same along a run of dropped indexes, and grows behind it."""
        return self._dropped[gap] - gap
