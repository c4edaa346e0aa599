"""One JSON value is contained in another, or not, or the journal cannot tell."""

import pytest
from fiskaly_contracts import JsonValue
from fiskaly_mockserver.world.journal.containment import (
    OMITTED,
    REDACTED,
    TEXT_KEPT,
    HiddenField,
    contains,
    shortened,
)
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("kept", "wanted", "contained"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": {"b": {"c": 1, "d": 2}}}, {"a": {"b": {"d": 2}}}, True),
        ({"a": {"b": 1}}, {"b": 1}, False),
        ([1, 2, 3], [1, 3], True),
        ([1, 2, 3], [3, 1], False),
        ([1], [1, 1], False),
        ([], [], True),
        ([{"a": 1}, {"a": 1, "b": 2}], [{"b": 2}], True),
        ([[1, 2], [3]], [[2], [3]], True),
        ({"a": []}, {"a": {}}, False),
        (1, 1.0, True),
        (1, True, False),
        (False, 0, False),
        (True, True, True),
        (None, None, True),
        (0, None, False),
        ("1", 1, False),
        ("Cafe", "cafe", False),
        ({"a": None}, {"a": None}, True),
        ({}, {"a": None}, False),
    ],
)
def test_containment(kept: JsonValue, wanted: JsonValue, contained: object) -> None:
    assert contains(kept, wanted) is contained


@pytest.mark.parametrize(
    ("kept", "wanted", "pointer"),
    [
        ({"api_secret": REDACTED}, {"api_secret": "x"}, "/api_secret"),
        ({"a": {"b/c": REDACTED}}, {"a": {"b/c": 1}}, "/a/b~1c"),
        ({"a": "[undeclared]"}, {"a": {"b": 1}}, "/a"),
        ({"a": 1, OMITTED: "7 more"}, {"z": 1}, "/z"),
        ([1, 2, OMITTED], [1, 9], "/1"),
        ([1, 2, OMITTED], [8, 9], "/0"),
        ([REDACTED, 1], ["x", 1], "/0"),
        (OMITTED, {}, ""),
        ({"note": f"see {REDACTED}"}, {"note": "see this"}, "/note"),
    ],
)
def test_what_is_hidden_cannot_be_searched_for(
    kept: JsonValue, wanted: JsonValue, pointer: str
) -> None:
    with pytest.raises(HiddenField, match="does not keep") as caught:
        contains(kept, wanted)
    assert caught.value.pointer == pointer


@pytest.mark.parametrize(
    ("kept", "wanted", "contained"),
    [
        ({"name": "Cafe", "secret": REDACTED}, {"name": "Bar", "secret": "x"}, False),
        ({"secret": REDACTED, "name": "Cafe"}, {"secret": "x", "name": "Bar"}, False),
        ({"name": "Cafe", "secret": REDACTED}, {"name": "Cafe"}, True),
        ({"secret": REDACTED}, {"secret": REDACTED}, True),
        ([{"s": REDACTED, "n": 1}, {"s": "x", "n": 2}], [{"s": "x", "n": 2}], True),
        ([REDACTED, "x"], ["x"], True),
        ([1, 2, OMITTED], [1, 2], True),
        ({"a": 1, OMITTED: "7 more"}, {"a": 2}, False),
    ],
)
def test_what_is_hidden_does_not_matter_where_the_rest_decides(
    kept: JsonValue, wanted: JsonValue, contained: object
) -> None:
    assert contains(kept, wanted) is contained


def test_a_shortened_text_compares_by_its_beginning_and_length() -> None:
    long = "x" * TEXT_KEPT + "tail"
    assert contains({"a": shortened(long)}, {"a": long})
    assert not contains({"a": shortened(long)}, {"a": long + "!"})
    assert not contains({"a": shortened(long)}, {"a": "y" + long[1:]})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(derandomize=True, database=None, deadline=None, max_examples=40)
@given(JSON, st.data())
def test_whatever_is_left_after_leaving_something_out_is_contained(
    whole: JsonValue, data: st.DataObject
) -> None:
    def thinned(value: JsonValue) -> JsonValue:
        if isinstance(value, dict):
            return {k: thinned(v) for k, v in value.items() if data.draw(st.booleans())}
        if isinstance(value, list):
            return [thinned(item) for item in value if data.draw(st.booleans())]
        return value

    assert contains(whole, thinned(whole))
