"""Sorted positions against a plain set of numbers."""

import pytest
from fiskaly_mockserver.world.store.base_table import Positions
from hypothesis import given, settings
from hypothesis import strategies as st

NUMBERS = 24
Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["flip", "flip", "flip", "copy"]), st.integers(0, NUMBERS - 1)),
    max_size=30,
)


def agree(positions: Positions, expected: set[int]) -> None:
    ordered = sorted(expected)
    assert list(positions) == ordered
    assert len(positions) == len(ordered)
    for offset in range(len(ordered) + 2):
        for limit in (0, 1, 2, 5, NUMBERS):
            assert positions.page(offset, limit) == ordered[offset : offset + limit]
            backwards = ordered[::-1][offset : offset + limit]
            assert positions.page_from_end(offset, limit) == backwards


@settings(derandomize=True, database=None, deadline=None, max_examples=150)
@given(st.sets(st.integers(0, NUMBERS - 1)), STEPS)
def test_any_run_of_changes_gives_the_sorted_numbers_and_every_page_of_them(
    base: set[int], steps: list[Step]
) -> None:
    frozen = tuple(sorted(base))
    positions, expected = Positions(frozen), set(base)
    left_behind: list[tuple[Positions, set[int]]] = []
    for action, number in steps:
        if action == "copy":
            left_behind.append((positions, set(expected)))
            positions = positions.copy()
        elif number in expected:
            positions.discard(number)
            expected.remove(number)
        else:
            positions.add(number)
            expected.add(number)
        agree(positions, expected)
    for twin, then in left_behind:
        agree(twin, then)
    assert frozen == tuple(sorted(base))


def test_a_copy_and_its_origin_go_apart_in_both_directions() -> None:
    origin = Positions((1, 2, 3))
    origin.discard(2)
    origin.add(9)
    twin = origin.copy()
    origin.discard(1)
    origin.add(10)
    twin.discard(9)
    twin.add(2)
    assert list(origin) == [3, 9, 10]
    assert list(twin) == [1, 2, 3]


@pytest.mark.parametrize("number", [4, 6])
def test_a_number_between_old_ones_leaves_the_shared_base_alone(number: int) -> None:
    base = (3, 5, 7)
    positions, other = Positions(base), Positions(base)
    positions.discard(5)
    positions.add(number)
    positions.add(5)
    assert list(positions) == sorted((3, 5, 7, number))
    assert list(other) == [3, 5, 7]
    assert other._base is base
