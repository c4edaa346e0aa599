"""Rows that an index finds, looked up as they are asked for."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from fiskaly_mockserver.world.kept import Place
from fiskaly_mockserver.world.ordered import Positions

Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)
T = TypeVar("T")

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
