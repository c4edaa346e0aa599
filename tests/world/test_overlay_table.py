"""Overlay tables against a dictionary in order of creation."""

from collections.abc import Hashable
from dataclasses import dataclass, field

import pytest
from builders.snapshots import rows_of
from fiskaly_mockserver.domain.store import Page, TableSpec
from fiskaly_mockserver.world.store.table import FrozenTable, OverlayTable
from hypothesis import given, settings
from hypothesis import strategies as st

KEYS = range(10)
TAGS = "abcd"


@dataclass(frozen=True)
class Item:
    key: int
    tags: str
    version: int = 0


SPEC: TableSpec[int, Item] = TableSpec(
    "items",
    lambda row: row.key,
    {
        "tag": lambda row: row.tags,  # none, one or several, also one twice
        "count": lambda row: [len(row.tags)],
        "never": lambda _: [],
    },
)
VALUES: list[tuple[str, Hashable]] = [
    *(("tag", tag) for tag in [*TAGS, "unheard of"]),
    *(("count", count) for count in range(5)),
    ("never", 1),
]
Rows = dict[int, Item]


def agree(table: OverlayTable[int, Item], expected: Rows) -> None:
    for key in KEYS:
        assert table.get(key) == expected.get(key)
    places = [table.position(key) for key in expected]
    assert places == sorted(set(places))
    assert rows_of(table) == expected
    assert list(rows_of(table)) == list(expected)
    for index, value in VALUES:
        rows = [row for row in expected.values() if value in SPEC.indexes[index](row)]
        found = table.select(index, value)
        assert list(found) == rows
        assert len(found) == len(rows)
        for offset in range(len(rows) + 2):
            for limit in (0, 1, 2, len(KEYS)):
                page = Page(tuple(rows[offset : offset + limit]), len(rows))
                assert found.page(offset, limit) == page
                latest = Page(tuple(rows[::-1][offset : offset + limit]), len(rows))
                assert found.page(offset, limit, descending=True) == latest


Step = tuple[str, int, str]
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "remove", "remove", "replace", "fork", "reset"]),
        st.sampled_from(KEYS),
        st.text(TAGS, max_size=4),
    ),
    max_size=25,
)
BASES: st.SearchStrategy[list[Item]] = st.lists(
    st.builds(Item, st.sampled_from(KEYS), st.text(TAGS, max_size=4)), max_size=8
)


def facts(base: FrozenTable[int, Item]) -> object:
    """Return a copy of all that is in a table."""
    indexes = [(index, value, [*base.indexes[index].find(value)]) for index, value in VALUES]
    return dict(base.rows), base.order, {key: base.position(key) for key in base.rows}, indexes


@dataclass
class Twins:
    """Tables over one base, each with the rows it should hold; the last is worked on."""

    base: FrozenTable[int, Item]
    start: Rows
    pairs: list[tuple[OverlayTable[int, Item], Rows]] = field(default_factory=list)

    def take(self, action: str, key: int, tags: str, version: int) -> None:
        table, expected = self.pairs[-1]
        if action == "put":
            row = Item(key, tags, version)
            table.put(row)
            expected[key] = row
        elif action == "replace" and key in expected:
            row = Item(key, expected[key].tags, version)
            table.put(row)
            expected[key] = row
        elif action == "remove" and key in expected:
            table.remove(key)
            del expected[key]
        elif action == "fork":
            self.pairs.append((table.fork(), dict(expected)))
            at = key % len(self.pairs)
            self.pairs.append(self.pairs.pop(at))
        elif action == "reset":
            table.reset()
            expected.clear()
            expected.update(self.start)


@settings(derandomize=True, database=None, deadline=None, max_examples=150)
@given(BASES, STEPS)
def test_any_run_of_changes_forks_and_resets_gives_what_a_dictionary_gives(
    start: list[Item], steps: list[Step]
) -> None:
    rows = {row.key: row for row in start}
    base = FrozenTable(SPEC, start)
    before = facts(base)
    twins = Twins(base, rows, [(OverlayTable(base), dict(rows))])
    for version, (action, key, tags) in enumerate(steps, 1):
        twins.take(action, key, tags, version)
        agree(*twins.pairs[-1])
    for table, expected in twins.pairs:
        agree(table, expected)
    assert facts(base) == before


def table_of(*tags: str) -> OverlayTable[int, Item]:
    return OverlayTable(FrozenTable(SPEC, [Item(key, tag) for key, tag in enumerate(tags)]))


def test_a_key_that_is_dropped_and_added_again_goes_to_the_end() -> None:
    table = table_of("a", "a", "a")
    table.remove(1)
    table.put(Item(1, "a"))
    assert [row.key for row in table.select("tag", "a")] == [0, 2, 1]
    table.remove(1)
    table.put(Item(9, "a"))
    table.put(Item(1, "a"))
    assert [row.key for row in table.select("tag", "a")] == [0, 2, 9, 1]


def test_a_row_that_gets_an_index_value_later_stands_at_its_old_place() -> None:
    table = table_of("a", "", "a")
    table.put(Item(1, "a"))
    assert [row.key for row in table.select("tag", "a")] == [0, 1, 2]


@pytest.mark.parametrize("key", [7, 0])
def test_removing_what_is_not_there_is_refused_and_changes_nothing(key: int) -> None:
    table = table_of("a", "b")
    table.remove(0)
    before = rows_of(table)
    with pytest.raises(KeyError):
        table.remove(key)
    assert rows_of(table) == before
    assert list(table.select("tag", "a")) == []


def test_a_row_with_the_same_index_value_twice_is_found_once() -> None:
    assert [row.key for row in table_of("aa").select("tag", "a")] == [0]
    table = table_of()
    table.put(Item(0, "aa"))
    assert [row.key for row in table.select("tag", "a")] == [0]


def test_of_two_rows_with_one_key_a_frozen_table_keeps_the_later_at_the_first_place() -> None:
    base = FrozenTable(SPEC, [Item(0, "a"), Item(1, "a"), Item(0, "b")])
    assert list(base.rows.values()) == [Item(0, "b"), Item(1, "a")]
    assert [row.key for row in OverlayTable(base).select("tag", "a")] == [1]


def test_a_fork_and_a_reset_share_the_base_instead_of_copying_it() -> None:
    table = table_of("a", "b", "c")
    base = table._base
    twin = table.fork()
    assert twin._base is base
    assert twin.get(1) is table.get(1) is base.rows[1]
    table.put(Item(1, "z"))
    table.reset()
    assert table._base is base
    assert table.get(1) is base.rows[1]
    shared = table.positions_at(("tag", "a"))
    assert isinstance(shared, memoryview)
    assert shared.obj is base.indexes["tag"]._positions.obj


def test_what_one_fork_changes_the_others_never_see() -> None:
    table = table_of("a", "b")
    table.put(Item(5, "a"))
    twin = table.fork()
    table.remove(5)
    twin.put(Item(0, "b"))
    assert [row.key for row in table.select("tag", "a")] == [0]
    assert [row.key for row in twin.select("tag", "a")] == [5]
    assert [row.key for row in table.select("tag", "b")] == [1]
    assert [row.key for row in twin.select("tag", "b")] == [0, 1]


def test_a_fork_of_a_reset_table_starts_at_the_base() -> None:
    table = table_of("a", "b")
    table.put(Item(7, "c"))
    table.reset()
    assert rows_of(table.fork()) == {0: Item(0, "a"), 1: Item(1, "b")}


def test_churn_leaves_nothing_behind() -> None:
    table = OverlayTable(FrozenTable(SPEC, [Item(key=1, tags="a", version=1)]))
    for version in range(50):
        table.put(Item(key=2, tags="bc", version=version))
        table.remove(2)
    assert (table._added_keys, table._added_positions, table._changed) == ({}, {}, {})
    assert set(table._indexes) <= {("count", 1), ("tag", "a")}
