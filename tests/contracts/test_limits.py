"""The last that is let through, shown or compared, and the first that is not."""

from collections.abc import Callable
from math import nan
from typing import Any

import pytest
from contracts.openapi_document import contract_of
from fiskaly_contracts import Checker, Contract, JsonValue, RequestData
from fiskaly_contracts.body import MAX_DEPTH
from fiskaly_contracts.compiled import parameters
from fiskaly_contracts.compiled.parameters import LONGEST_KNOWN, MAX_DIGITS, DoubtError
from fiskaly_contracts.json_value import TEXT_LIMIT, pointer_to, shorten
from fiskaly_contracts.wording import did_you_mean, hidden, nearest, respelt, shown, words


@pytest.mark.parametrize(
    ("digits", "rules"), [(MAX_DIGITS, []), (MAX_DIGITS + 1, ["integer-digits"])]
)
def test_an_integer_of_a_query_has_at_most_640_digits(
    small: Checker, digits: int, rules: list[str]
) -> None:
    request = RequestData(
        operation_id="find",
        path_parameters={"thing_id": "abc"},
        query=(("offset", "9" * digits),),
    )
    assert [one.rule for one in small.request(request)] == rules


def test_few_short_texts_of_a_parameter_are_kept_in_mind(
    small_contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parameters, "MOST_KNOWN", 3)
    plan = Checker(small_contract)._request_plan("find")
    assert plan is not None
    offset = plan.query["offset"]
    for number in (*range(7), 10**LONGEST_KNOWN - 1, 10**LONGEST_KNOWN):
        assert [offset.read(str(number)) for _ in range(2)] == [number] * 2
        assert 0 < len(offset.known) <= 3
        assert (str(number) in offset.known) is (number < 10**LONGEST_KNOWN)
    with pytest.raises(DoubtError):
        offset.read("x")
    assert "x" not in offset.known


def test_text_is_shortened_beyond_80_characters() -> None:
    whole, longer = "x" * TEXT_LIMIT, "x" * (TEXT_LIMIT + 1)
    cut = "x" * 79 + "…"
    assert [shorten(whole), shorten(longer)] == [whole, cut]
    assert [pointer_to([whole]), pointer_to([longer])] == [f"/{whole}", f"/{cut}"]
    assert shown(whole) == (whole, f'"{whole}"')
    assert shown(longer) == (cut, f'"{cut}" of 81 characters')


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**63 - 1, (2**63 - 1, str(2**63 - 1))),
        (1 - 2**63, (1 - 2**63, str(1 - 2**63))),
        (2**63, (None, "an integer of more than 63 bits")),
        (-(2**63), (None, "an integer of more than 63 bits")),
        (1.5, (1.5, "1.5")),
        (True, (True, "true")),
        (None, (None, "null")),
        ([1], (None, "an array of 1 item")),
        ({}, (None, "an object of 0 properties")),
    ],
)
def test_a_value_is_shown_or_described(value: JsonValue, expected: tuple[JsonValue, str]) -> None:
    assert shown(value) == expected


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("x", "a string of 1 character"),
        ([], "an array of 0 items"),
        ({"a": 1, "b": 2}, "an object of 2 properties"),
        (7, "an integer"),
        (False, "a boolean"),
    ],
)
def test_a_hidden_value_is_described_by_kind_and_size(value: JsonValue, told: str) -> None:
    assert hidden(value) == told


def test_at_most_twelve_values_are_listed() -> None:
    names = [f"n{number}" for number in range(13)]
    assert words("enum", names[:1], {})[1] == "n0"
    assert words("enum", names[:12], {})[1] == f"one of {', '.join(names[:12])}"
    assert words("enum", names, {})[1] == "one of 13 allowed values, such as n0, n1"
    assert words("enum", names, {"example": "n5"})[1] == "one of 13 allowed values, such as n5, n0"
    assert words("enum", names, {}, "N-7")[1] == "one of 13 allowed values, did you mean n7?"
    assert words("enum", ["", "a"], {})[1] == 'one of "", a'


@pytest.mark.parametrize("names", [80, 81])
def test_only_names_that_are_shown_whole_are_compared(names: int) -> None:
    known, name = "a" * names, "A" * names
    assert (respelt(name, [known]) == known) is (names == TEXT_LIMIT)
    assert (nearest(known, [known]) == known) is (names == TEXT_LIMIT)
    assert (did_you_mean(name, [known]) == f" (did you mean {known}?)") is (names == TEXT_LIMIT)
    meant = f"x, did you mean {known}?"
    schema = {"x-expected": "x", "x-meant": {name: known}}
    assert (words("pattern", "y", schema, name)[1] == meant) is (names == TEXT_LIMIT)


@pytest.mark.parametrize(
    ("name", "known", "found"),
    [
        ("abcde", ["abcxy"], "abcxy"),  # as like as it takes
        ("abcde", ["abxyz"], ""),
        ("abcd", ["abcx", "abcy"], "abcx"),
        ("", ["a"], ""),
        ("a", [], ""),
    ],
)
def test_a_name_that_is_like_enough_is_found(name: str, known: list[str], found: str) -> None:
    assert nearest(name, known) == found


def test_of_names_about_as_like_the_missing_one_goes_before_the_one_that_was_sent() -> None:
    known = ["abcx", "abcy", "abcz"]
    assert nearest("abcd", known, sent=["abcx"]) == "abcy"
    assert nearest("abcd", known, missing=["abcz"]) == "abcz"
    assert nearest("abcd", known, missing=["abcz"], sent=["abcz"]) == "abcx"


TEXT = {"type": "string"}
CLOSED = {"type": "object", "additionalProperties": False}
HIDING: list[tuple[dict[str, Any], Callable[[Any], Any]]] = [
    ({}, lambda x: x),
    ({"type": "number"}, lambda x: x),
    ({"type": "array"}, lambda x: [1, x]),
    ({"type": "array", "items": {"type": "array"}}, lambda x: [[x]]),
    ({"type": "object", "properties": {"a": TEXT}}, lambda x: {"a": "", "b": x}),
    ({**CLOSED, "properties": {"a": TEXT, "b": {}}}, lambda x: {"b": x}),
    ({**CLOSED, "properties": {"a": {"type": "array"}, "b": TEXT}}, lambda x: {"a": [x]}),
    ({"type": "object", "additionalProperties": {}}, lambda x: {"a": x}),
    ({**CLOSED, "nullable": True, "properties": {"a": {"nullable": True}}}, lambda x: {"a": x}),
    ({"anyOf": [TEXT, {}]}, lambda x: [x]),
    ({"oneOf": [TEXT, {"type": "array"}]}, lambda x: [x]),
    ({"allOf": [{}, {"type": "object"}]}, lambda x: {"a": x}),
    ({"type": "array", "items": {"$ref": "#/components/schemas/Any"}}, lambda x: [x]),
    ({"$ref": "#/components/schemas/Node"}, lambda x: {"next": {"next": {"value": [x]}}}),
]


@pytest.mark.parametrize(("schema", "around"), HIDING)
def test_nan_hides_in_no_kind_of_schema(
    schema: dict[str, Any], around: Callable[[Any], Any]
) -> None:
    node = {"properties": {"next": {"$ref": "#/components/schemas/Node"}, "value": {}}, **CLOSED}
    checker = Checker(contract_of({"S": schema, "Any": {}, "Node": node}))
    assert checker.value("S", around(1.5)) == []
    assert len(checker.value("S", around(nan))) == 1


@pytest.mark.parametrize("levels", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1])
def test_a_value_is_no_deeper_than_a_body_may_be(levels: int) -> None:
    schema: dict[str, Any] = {"type": "integer"}
    nested: JsonValue = 1
    for _ in range(levels):
        schema, nested = {"type": "array", "items": schema}, [nested]
    own = {"properties": {"next": {"$ref": "#/components/schemas/Own"}}, **CLOSED}
    checker = Checker(contract_of({"S": schema, "Own": own}))
    assert (checker.value("S", nested) == []) is (levels <= MAX_DEPTH)
    chain: Any = {}
    for _ in range(levels - 1):
        chain = {"next": chain}
    assert (checker.value("Own", chain) == []) is (levels <= MAX_DEPTH)
