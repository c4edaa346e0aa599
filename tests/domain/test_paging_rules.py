"""Lists in general: order, ties, missing values and pages (A-02 to A-04)."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from operator import itemgetter
from typing import TypeVar

import pytest
from fiskaly_mockserver.domain.store import Narrowing, Page, Paging, arranged, paged
from hypothesis import given, settings
from hypothesis import strategies as st

Entry = tuple[str, int]
T = TypeVar("T")
BY_TEXT = {"text": itemgetter(0)}
ENTRIES: list[Entry] = [("b", 0), ("", 1), ("a", 2), ("ä", 3), ("B", 4), ("b", 5), ("", 6)]


class Shelf:
    """A selection that tells how it was read, and keeps what is worked out from it."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = tuple(entries)
        self._kept: dict[Hashable, object] = {}
        self.read: list[str] = []

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        self.read.append("all")
        return iter(self._entries)

    def page(self, offset: int, limit: int, *, descending: bool = False) -> Page[Entry]:
        self.read.append("page")
        rows = self._entries[::-1] if descending else self._entries
        return Page(rows[offset : offset + limit], len(rows))

    def kept(self, name: Hashable, make: Callable[[], T]) -> T:
        if name not in self._kept:
            self._kept[name] = make()
        found: T = self._kept[name]  # type: ignore[assignment]
        return found


def test_without_an_order_rows_come_as_they_were_made() -> None:
    assert paged(Shelf(ENTRIES), Paging(), BY_TEXT) == Page(tuple(ENTRIES), 7)


def test_descending_without_an_order_is_creation_reversed() -> None:
    page = paged(Shelf(ENTRIES), Paging(descending=True), BY_TEXT)
    assert page.rows == tuple(ENTRIES[::-1])
    assert arranged(ENTRIES, Paging(descending=True), BY_TEXT) == ENTRIES[::-1]


def test_text_sorts_by_code_point_with_ties_by_creation_and_missing_last() -> None:
    rows = paged(Shelf(ENTRIES), Paging(order_by="text"), BY_TEXT).rows
    assert [number for _, number in rows] == [4, 2, 0, 5, 3, 1, 6]


def test_descending_keeps_ties_by_creation_and_missing_last() -> None:
    rows = paged(Shelf(ENTRIES), Paging(order_by="text", descending=True), BY_TEXT).rows
    assert [number for _, number in rows] == [3, 0, 5, 2, 4, 1, 6]


def test_numbers_sort_as_numbers_and_zero_is_a_value() -> None:
    entries = [("", 10), ("", 0), ("", 9)]
    rows = paged(Shelf(entries), Paging(order_by="n"), {"n": itemgetter(1)}).rows
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
        return paged(Shelf(entries), paging, BY_TEXT)

    whole = page(len(entries) + 1, 0)
    pieces = [page(limit, offset) for offset in range(0, len(entries) + limit, limit)]
    assert [row for piece in pieces for row in piece.rows] == list(whole.rows)
    assert {piece.count for piece in pieces} == {len(entries)}


@pytest.mark.parametrize("descending", [False, True])
def test_a_page_in_order_of_creation_does_not_touch_the_other_rows(
    descending: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    shelf, paging = Shelf(ENTRIES), Paging(limit=2, offset=3, descending=descending)
    page = paged(shelf, paging, BY_TEXT)
    whole = ENTRIES[::-1] if descending else ENTRIES
    assert (list(page.rows), page.count) == (whole[3:5], 7)
    assert shelf.read == ["page"]


def test_another_order_is_worked_out_once_for_all_its_pages() -> None:
    shelf = Shelf(ENTRIES)
    for offset in range(8):
        paged(shelf, Paging(order_by="text", limit=1, offset=offset), BY_TEXT)
    assert shelf.read == ["all"]
    paged(shelf, Paging(order_by="text", descending=True), BY_TEXT)
    assert shelf.read == ["all", "all"]


def test_what_is_narrowed_is_worked_out_once_for_each_order_and_counted() -> None:
    shelf = Shelf(ENTRIES)
    b: Narrowing[Entry] = Narrowing("b", lambda row: row[0] == "b")
    a: Narrowing[Entry] = Narrowing("a", lambda row: row[0] == "a")
    for _ in range(2):
        assert paged(shelf, Paging(), BY_TEXT, b) == Page([("b", 0), ("b", 5)], 2)
        latest = paged(shelf, Paging(descending=True, limit=1), BY_TEXT, b)
        assert latest == Page([("b", 5)], 2)
        assert paged(shelf, Paging(), BY_TEXT, a).rows == [("a", 2)]
    assert shelf.read == ["all"] * 3
