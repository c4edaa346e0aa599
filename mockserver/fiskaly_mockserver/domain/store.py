"""What the services need of a store: tables with keys and indexes; lists, filtered and paged.

The domain says which tables and indexes there are; `fiskaly_mockserver.world` keeps
the rows. Every method is synchronous: a service reads and writes without a break.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

Key = TypeVar("Key", bound=Hashable)
Key_contra = TypeVar("Key_contra", bound=Hashable, contravariant=True)
Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)
T = TypeVar("T")


class TableSpec(NamedTuple, Generic[Key, Row]):
    """A table's primary key and its indexes.

    An index maps a row to the values under which it is found: none, one or several.

    Attributes:
        fixed: The indexes whose values stay the same when a row is replaced.
    """

    name: str
    key: Callable[[Row], Key]
    indexes: Mapping[str, Callable[[Row], Iterable[Hashable]]]
    fixed: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Page(Generic[Row_co]):
    """One page of a list; `count` is the size of the whole. Source: assumption (A-02)."""

    rows: Sequence[Row_co]
    count: int


class Selection(Protocol[Row_co]):
    """The rows under some values of an index, each once, oldest first."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Row_co]: ...

    def page(self, offset: int, limit: int, *, descending: bool = False) -> Page[Row_co]:
        """Return at most `limit` rows after the first `offset`.

        Descending, those are counted from the latest backwards.
        """
        ...

    def kept(self, name: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` works out from the rows, kept until any of them changes.

        `name` tells it from all else that is worked out from them; what `make` looks at
        beside the rows must be part of it.
        """
        ...


class Table(Protocol[Key_contra, Row]):
    """Rows by key, in the order of their creation."""

    @property
    def revision(self) -> int:
        """A number that no two states of this table have in common."""
        ...

    def get(self, key: Key_contra) -> Row | None:
        """Return the row, or `None` if there is none."""
        ...

    def put(self, row: Row) -> None:
        """Add the row, or replace the one of the same key in its old place."""
        ...

    def remove(self, key: Key_contra) -> None:
        """Drop the row of that key, which must exist."""
        ...

    def select(self, index: str, *values: Hashable) -> Selection[Row]:
        """Return the rows found under any of the values."""
        ...

    def position(self, key: Key_contra) -> int:
        """Return a number that grows with the order of creation."""
        ...


SortValue = str | int
SortKey = Callable[[Row], SortValue]


class Paging(NamedTuple):
    """How a list is cut: `order_by` names a field, `None` means order of creation."""

    order_by: str | None = None
    descending: bool = False
    limit: int = 100
    offset: int = 0

    @property
    def order(self) -> tuple[str | None, bool]:
        """What the order of the rows follows from."""
        return self.order_by, self.descending


class Narrowing(NamedTuple, Generic[Row]):
    """Which rows of a list are asked for; equal names mean equal answers."""

    name: Hashable
    admits: Callable[[Row], bool]


class StateFilter(NamedTuple):
    """What a list is narrowed to by the state of its rows; None does not narrow."""

    states: Collection[str] | None = None

    @property
    def narrowing(self) -> Narrowing[Any] | None:
        """What it does to a list, None if nothing."""
        return None if self.states is None else Narrowing(frozenset(self.states), self.admits)

    def admits(self, row: Any) -> bool:
        """Tell whether the row passes."""
        return self.states is None or row.state in self.states


def arranged(
    rows: Iterable[Row], paging: Paging, sort_keys: Mapping[str, SortKey[Row]]
) -> Sequence[Row]:
    """Return all of `rows`, which come in order of creation, in the order asked for.

    Text sorts by code point; rows without the field come last in both directions;
    ties keep the order of creation. Source: assumptions (A-03, A-04).
    """
    ordered = list(rows)
    if paging.order_by is not None:
        value = sort_keys[paging.order_by]
        present = [row for row in ordered if value(row) != ""]
        missing = [row for row in ordered if value(row) == ""]
        present.sort(key=value, reverse=paging.descending)
        return present + missing
    if paging.descending:
        ordered.reverse()
    return ordered


def cut(rows: Sequence[Row], paging: Paging) -> Page[Row]:
    """Cut one page out of rows that are in order."""
    return Page(rows[paging.offset : paging.offset + paging.limit], len(rows))


def paged(
    rows: Selection[Row],
    paging: Paging,
    sort_keys: Mapping[str, SortKey[Row]],
    narrowing: Narrowing[Row] | None = None,
) -> Page[Row]:
    """Cut one page out of a selection.

    In order of creation the other rows are not touched. Any other order, and what is
    narrowed, is computed once and cached until the selection changes.
    """
    if paging.order_by is None and narrowing is None:
        return rows.page(paging.offset, paging.limit, descending=paging.descending)

    def arrange() -> Sequence[Row]:
        narrowed = rows if narrowing is None else filter(narrowing.admits, rows)
        return arranged(narrowed, paging, sort_keys)

    name = ("paged", paging.order, None if narrowing is None else narrowing.name)
    return cut(rows.kept(name, arrange), paging)
