"""JSON on the wire: compact, raw UTF-8, and nothing that is no JSON."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from fiskaly_contracts import JsonValue
from fiskaly_mockserver.domain.account.model import BillingOptions
from fiskaly_mockserver.web.responses import to_bytes
from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


@given(VALUES)
def test_bytes_are_those_of_the_standard_library(value: JsonValue) -> None:
    expected = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    assert to_bytes(value) == expected


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_back_as_it_was(number: float) -> None:
    assert json.loads(to_bytes([number])) == [number]


@given(st.text())
def test_a_lone_surrogate_becomes_a_question_mark(text: str) -> None:
    assert to_bytes([text]) == to_bytes([text.encode("utf-8", "replace").decode()])


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("beside", [None, 1, "null"])
def test_what_is_no_number_is_not_written(number: float, beside: JsonValue) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        to_bytes({"a": beside, "b": [number]})


@pytest.mark.parametrize(
    "thing", [datetime(2026, 1, 1, tzinfo=UTC), BillingOptions(), {1, 2}, b"x"]
)
def test_what_is_no_json_value_is_not_written(thing: Any) -> None:
    with pytest.raises(TypeError):
        to_bytes({"a": thing})
