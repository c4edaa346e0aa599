"""Indexes of frozen tables against a dictionary."""

from collections.abc import Hashable, Sequence

from fiskaly_mockserver.world.store.table import FrozenIndex
from hypothesis import given, settings
from hypothesis import strategies as st

# The hashes of -1 and -2 are the same, and so are 2**61 and 1, 2**61 - 1 and 0
VALUES = (-2, -1, 0, 1, 2**61 - 1, 2**61, "", "a", ("a", 1), ("a", -1), ("a", -2))
ROWS = st.lists(st.lists(st.sampled_from(VALUES), max_size=4), max_size=12)


def own(row: Sequence[Hashable]) -> Sequence[Hashable]:
    return row


@settings(derandomize=True, database=None, deadline=None, max_examples=200)
@given(ROWS)
def test_every_value_finds_its_rows_in_order_even_if_its_hash_is_not_its_own(
    rows: list[list[Hashable]],
) -> None:
    index = FrozenIndex(rows, own)
    for value in (*VALUES, "nobody's"):
        expected = [at for at, row in enumerate(rows) if value in row]
        assert list(index.find(value)) == expected


def test_a_value_that_is_not_there_finds_nothing_though_its_hash_is() -> None:
    assert hash(-1) == hash(-2)
    index = FrozenIndex([[-1], [-1]], own)
    assert list(index.find(-1)) == [0, 1]
    assert list(index.find(-2)) == []


def test_what_is_found_is_no_copy() -> None:
    index = FrozenIndex([["a"]] * 50, own)
    found = index.find("a")
    assert isinstance(found, memoryview)
    assert found.readonly
    assert found.obj is index._positions.obj
