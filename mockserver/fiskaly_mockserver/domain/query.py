"""Filtering, ordering and paging of lists."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from fiskaly_mockserver.domain.store import Selection

Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)
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


@dataclass(frozen=True, slots=True)
class Page(Generic[Row_co]):
    """One page of a list; `count` is the size of the whole. Source: assumption (A-02)."""

    rows: Sequence[Row_co]
    count: int


class Narrowing(NamedTuple, Generic[Row]):
    """Which rows of a list are asked for; equal names mean equal answers."""

    name: Hashable
    admits: Callable[[Row], bool]


class StateFilter(NamedTuple):
    """What a list is narrowed to by the state of its rows; an empty collection does not narrow."""

    states: Collection[str] = ()

    @property
    def narrowing(self) -> Narrowing[Any] | None:
        """What it does to a list, None if nothing."""
        return Narrowing(frozenset(self.states), self.admits) if self.states else None

    def admits(self, row: Any) -> bool:
        """Tell whether the row passes."""
        return row.state in self.states


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
        page = rows.page(paging.offset, paging.limit, descending=paging.descending)
        return Page(page, len(rows))

    def arrange() -> Sequence[Row]:
        narrowed = rows if narrowing is None else filter(narrowing.admits, rows)
        return arranged(narrowed, paging, sort_keys)

    name = ("paged", paging.order, None if narrowing is None else narrowing.name)
    return cut(rows.kept(name, arrange), paging)
