"""Bodies are compared as the control API compares them, and what differs is told."""

import doctest
import re
from unittest.mock import ANY

import pytest
from fiskaly_contracts import JsonValue
from fiskaly_mockserver.world.journal.containment import OMITTED, REDACTED, HiddenField, contains
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_fiskaly.journal import matching
from pytest_fiskaly.journal.matching import SHOWN_AT_MOST, differences, shown

SCALARS: st.SearchStrategy[JsonValue] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 2),
    st.sampled_from([0.0, 1.0, 1.5]),
    st.sampled_from(["", "a", "b", "a/b~", OMITTED, REDACTED, f"Bearer {REDACTED}"]),
)
NAMES = st.sampled_from(["a", "b", "a/b~", OMITTED])
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    SCALARS,
    lambda parts: st.one_of(st.lists(parts, max_size=4), st.dictionaries(NAMES, parts, max_size=3)),
    max_leaves=8,
)


@given(kept=VALUES, wanted=VALUES)
@example(kept=[REDACTED, 1], wanted=[1])
@example(kept=[1, OMITTED], wanted=[1, 2, 3])
@example(kept=[[REDACTED], [2]], wanted=[[1], [2]])
@example(kept={"a": REDACTED, "b": 1}, wanted={"a": 1, "b": 2})
def test_it_is_the_comparison_of_the_control_api(kept: JsonValue, wanted: JsonValue) -> None:
    found = differences(kept, wanted, "body")
    if found and all(one.hidden for one in found):
        with pytest.raises(HiddenField) as hidden:
            contains(kept, wanted)
        assert found[0].place == f"body{hidden.value.pointer}"
    else:
        assert contains(kept, wanted) is (not found)


@given(kept=VALUES)
def test_anything_is_anything(kept: JsonValue) -> None:
    assert differences(kept, ANY, "body") == []


@pytest.mark.parametrize(
    ("kept", "wanted", "alike"),
    [
        ("till-1", re.compile("ill"), True),
        ("till-1", re.compile("^ill"), False),
        (1, re.compile("1"), False),
        (True, ANY, True),
        (0.1 + 0.2, pytest.approx(0.3), True),
        (0.4, pytest.approx(0.3), False),
        ([{"a": 1}, {"a": "x"}], [{"a": re.compile("x")}], True),
        ([{"a": "y"}], [{"a": re.compile("x")}, 2], False),
    ],
)
def test_what_compares_with_a_value_may_stand_in_its_place(
    kept: JsonValue, wanted: object, *, alike: bool
) -> None:
    assert (not differences(kept, wanted, "body")) is alike


def test_a_pattern_in_the_place_of_a_secret_cannot_be_searched_for() -> None:
    [hidden] = differences({"a": REDACTED}, {"a": re.compile("x")}, "body")
    assert hidden.hidden


@pytest.mark.parametrize(
    ("kept", "wanted", "told"),
    [
        ([1, 2], [1, 3], "body/1: expected 3, got 2"),
        ([1], [1, 2], "body/1: expected 2, got no such element in [1]"),
        ({"a": {"b": 1}}, {"a": {"b": True}}, "body/a/b: expected true, got 1"),
        ({}, {"a": None}, "body/a: expected null, got nothing: it is missing"),
    ],
)
def test_the_place_that_differs_is_named(kept: JsonValue, wanted: JsonValue, told: str) -> None:
    [found] = differences(kept, wanted, "body")
    assert f"{found.place}: expected {found.expected}, got {found.got}" == told


def test_of_long_values_that_begin_alike_is_shown_where_they_differ() -> None:
    begin = "Café" + "x" * 300
    [found] = differences({"a": f"{begin} Nord"}, {"a": f"{begin} Süd" + "y" * 300}, "body")
    assert found.got == f'…{"x" * 19} Nord"'
    assert found.expected.startswith(f"…{'x' * 19} Süd")
    assert len(found.expected) == SHOWN_AT_MOST
    [found] = differences({"a": begin}, {"a": begin[:-1]}, "body")
    assert (found.got, found.expected) == (f'…{"x" * 21}"', f'…{"x" * 20}"')


def test_examples_in_docstrings_of_the_journal_are_true() -> None:
    result = doctest.testmod(matching)
    assert result.attempted > 0
    assert result.failed == 0


def test_a_value_is_shown_in_one_short_line_without_secrets() -> None:
    assert (
        shown({"name": "Café", "api_secret": "x"}) == '{"name": "Café", "api_secret": "[redacted]"}'
    )
    assert shown("a\nb") == '"a\\nb"'
    assert shown(chr(0xD800)) == '"\\ud800"'
    assert shown(ANY) == '"<ANY>"'
    assert shown({"api_secret": ANY, "x": ANY}) == '{"api_secret": "<ANY>", "x": "<ANY>"}'
    assert len(shown("x" * 1_000)) == SHOWN_AT_MOST
