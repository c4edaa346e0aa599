"""Filtering, ordering and paging of lists."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from fiskaly_mockserver.domain.store import Selection

Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)
SortValue = str | int
SortKey = Callable[[Row], SortValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How a list is cut: `order_by` names a field, `None` means order of creation."""

    order_by: str | None = None
    descending: bool = False
    limit: int = 100
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Page(Generic[Row_co]):
    """One page of a list; `count` is the size of the whole. Source: assumption (A-02)."""

    rows: Sequence[Row_co]
    count: int


def paged(rows: Iterable[Row], paging: Paging, sort_keys: Mapping[str, SortKey[Row]]) -> Page[Row]:
    """Cut one page out of `rows`, which come in order of creation.

    Text sorts by code point; rows without the field come last in both directions;
    ties keep the order of creation. Source: assumptions (A-03, A-04).
    """
    ordered = list(rows)
    if paging.order_by is not None:
        value = sort_keys[paging.order_by]
        present = [row for row in ordered if value(row) != ""]
        missing = [row for row in ordered if value(row) == ""]
        ordered = sorted(present, key=value, reverse=paging.descending) + missing
    elif paging.descending:
        ordered.reverse()
    return Page(ordered[paging.offset : paging.offset + paging.limit], len(ordered))


def paged_selection(
    rows: Selection[Row], paging: Paging, sort_keys: Mapping[str, SortKey[Row]]
) -> Page[Row]:
    """Cut one page out of a selection, without touching the other rows if it can."""
    if paging.order_by is None and not paging.descending:
        return Page(rows.page(paging.offset, paging.limit), len(rows))
    return paged(rows, paging, sort_keys)
