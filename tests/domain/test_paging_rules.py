"""Lists in general: order, ties, missing values and pages (A-02 to A-04)."""

from collections.abc import Iterator
from operator import itemgetter

import pytest
from fiskaly_mockserver.domain.query import Page, Paging, paged, paged_selection
from hypothesis import given, settings
from hypothesis import strategies as st

Entry = tuple[str, int]
BY_TEXT = {"text": itemgetter(0)}
ENTRIES: list[Entry] = [("b", 0), ("", 1), ("a", 2), ("ä", 3), ("B", 4), ("b", 5), ("", 6)]


def test_without_an_order_rows_come_as_they_were_made() -> None:
    assert paged(ENTRIES, Paging(), BY_TEXT) == Page(ENTRIES, 7)


def test_descending_without_an_order_is_creation_reversed() -> None:
    assert paged(ENTRIES, Paging(descending=True), BY_TEXT).rows == ENTRIES[::-1]


def test_text_sorts_by_code_point_with_ties_by_creation_and_missing_last() -> None:
    rows = paged(ENTRIES, Paging(order_by="text"), BY_TEXT).rows
    assert [number for _, number in rows] == [4, 2, 0, 5, 3, 1, 6]


def test_descending_keeps_ties_by_creation_and_missing_last() -> None:
    rows = paged(ENTRIES, Paging(order_by="text", descending=True), BY_TEXT).rows
    assert [number for _, number in rows] == [3, 0, 5, 2, 4, 1, 6]


def test_numbers_sort_as_numbers_and_zero_is_a_value() -> None:
    rows = paged([("", 10), ("", 0), ("", 9)], Paging(order_by="n"), {"n": itemgetter(1)}).rows
    assert [number for _, number in rows] == [0, 9, 10]


@settings(derandomize=True, database=None, deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from(["", "a", "b"]), st.integers(0, 9))),
    st.sampled_from([None, "text"]),
    st.booleans(),
    st.integers(1, 5),
)
def test_pages_put_together_are_the_whole_list(
    entries: list[Entry],
    order_by: str | None,
    descending: bool,  # noqa: FBT001 - drawn
    limit: int,
) -> None:
    def page(limit: int, offset: int) -> Page[Entry]:
        paging = Paging(order_by=order_by, descending=descending, limit=limit, offset=offset)
        return paged(entries, paging, BY_TEXT)

    whole = page(len(entries) + 1, 0)
    pieces = [page(limit, offset) for offset in range(0, len(entries) + limit, limit)]
    assert [row for piece in pieces for row in piece.rows] == list(whole.rows)
    assert {piece.count for piece in pieces} == {len(entries)}


class Shelf:
    """A selection that tells how it was read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __len__(self) -> int:
        return len(ENTRIES)

    def __iter__(self) -> Iterator[Entry]:
        self.read.append("all")
        return iter(ENTRIES)

    def page(self, offset: int, limit: int) -> tuple[Entry, ...]:
        self.read.append("page")
        return tuple(ENTRIES[offset : offset + limit])


@pytest.mark.parametrize(
    ("paging", "read"),
    [
        (Paging(limit=2, offset=3), "page"),
        (Paging(limit=2, offset=3, descending=True), "all"),
        (Paging(limit=2, offset=3, order_by="text"), "all"),
    ],
    ids=["creation", "reversed", "sorted"],
)
def test_a_page_in_order_of_creation_does_not_touch_the_other_rows(
    paging: Paging, read: str
) -> None:
    shelf = Shelf()
    page = paged_selection(shelf, paging, BY_TEXT)
    assert (list(page.rows), page.count) == (list(paged(ENTRIES, paging, BY_TEXT).rows), 7)
    assert shelf.read == [read]
