"""Each keyword broken once: the place, the rule, and the sentence."""

import json
from typing import Any

import pytest
from contracts.openapi_document import contract_of
from fiskaly_contracts import Checker, JsonValue, RequestData, Where, explain
from fiskaly_contracts.compiled import errors, validators
from fiskaly_contracts.compiled.schemas import Translation

BROKEN = [
    ("name", "ab", "/name", "minLength", 'should NOT be shorter than 3 characters (got "ab")'),
    ("name", "a" * 10, "/name", "maxLength", "should NOT be longer than 9 characters"),
    ("name", 5, "/name", "type", "should be string (got 5)"),
    ("name", None, "/name", "type", "should be string (got null)"),
    ("count", True, "/count", "type", "should be integer (got true)"),
    ("count", 1.0, "/count", "type", "should be integer (got 1.0)"),
    ("count", "1", "/count", "type", 'should be integer (got "1")'),
    ("count", 0, "/count", "minimum", "should be >= 1 (got 0)"),
    ("count", 9, "/count", "maximum", "should be <= 5 (got 9)"),
    ("count", 10**400, "/count", "maximum", "(got an integer of more than 63 bits)"),
    ("above", 0, "/above", "minimum", "should be > 0 (got 0)"),
    ("below", 9.0, "/below", "maximum", "should be < 9 (got 9.0)"),
    ("step", 3, "/step", "multipleOf", "should be a multiple of 5 (got 3)"),
    ("flag", "true", "/flag", "type", 'should be boolean (got "true")'),
    ("kind", "TEST", "/kind", "enum", '(one of test, live, other; got "TEST")'),
    ("letter", "z", "/letter", "enum", "(one of 13 allowed values, such as k, a;"),
    ("code", "1", "/code", "pattern", r'should match pattern "^\d{2}$" (got "1")'),
    ("code", "12\n", "/code", "pattern", r'(got "12\n")'),
    ("code", "١٢", "/code", "pattern", '(got "١٢")'),
    ("worded", "y", "/worded", "pattern", 'should match pattern "^x+$", that is, some x'),
    ("id", "x", "/id", "format", 'should match format "uuid"'),
    ("id", "{12345678-1234-1234-1234-12345678901}", "/id", "format", "uuid"),
    ("id", "1_345678-1234-1234-1234-123456789012", "/id", "format", "uuid"),
    ("mail", "a b@c", "/mail", "format", 'should match format "email"'),
    ("mail", "a@b@c", "/mail", "format", "email"),
    ("mail", "a" * 253 + "@b", "/mail", "format", "email"),
    ("day", "2020-13-01", "/day", "format", 'should match format "date"'),
    ("day", "20201201", "/day", "format", "date"),
    ("moment", "2020-01-01 00:00:00Z", "/moment", "format", "such as 2027-01-31T23:59:58Z"),
    ("moment", "2020-01-01T25:00:00Z", "/moment", "format", 'format "date-time"'),
    ("small", 2**31, "/small", "format", 'should match format "int32" (got 2147483648)'),
    ("big", -(2**63) - 1, "/big", "format", 'should match format "int64"'),
    ("list", [], "/list", "minItems", "fewer than 1 item (got an array of 0 items)"),
    ("list", ["a", "b", "c"], "/list", "maxItems", "should NOT have more than 2 items"),
    ("list", ["a", "a"], "/list", "uniqueItems", "should NOT have duplicate items"),
    ("list", ["a", 1], "/list/1", "type", "body.list[1] should be string (got 1)"),
    ("map", {}, "/map", "minProperties", "(got an object of 0 properties)"),
    ("map", {"a": "", "b": "", "c": ""}, "/map", "maxProperties", "more than 2 properties"),
    ("map", {"abcde": ""}, "/map/abcde", "x-key-max-length", "longer than 4 characters"),
    ("map", {"a": "xxxx"}, "/map/a", "maxLength", "(got a string of 4 characters)"),
    ("map", {"": 5}, "/map/", "type", "body.map[''] should be string"),
    ("map", {"01": 5}, "/map/01", "type", "body.map[01] should be string"),
    ("map", {"+1": 5}, "/map/+1", "type", "body.map['+1'] should be string"),
    ("map", {"1": 5}, "/map/1", "type", "body.map[1] should be string"),
    ("map", {"12345": ""}, "/map/12345", "x-key-max-length", "longer than 4 characters"),
    ("map", {"a": [1]}, "/map/a", "type", "(got an array of 1 item)"),
    ("map", {"a": {"1": 1}}, "/map/a", "type", "(got an object of 1 property)"),
    ("map", {"a/b~": 5}, "/map/a~1b~0", "type", "body.map['a/b~'] should be string"),
    ("never", "x", "/never", "not", 'should NOT be valid (got "x")'),
    ("made_at", 1, "/made_at", "readOnly", "should NOT be sent (it is read-only)"),
    ("rule", {"held": True}, "/rule", "anyOf", "body.rule should name by where held is true"),
    ("nam", "x", "/nam", "additionalProperties", "property 'nam' (did you mean name?)"),
    ("other", "x", "/other", "additionalProperties", "additional property 'other'"),
]


def send(checker: Checker, body: JsonValue, operation_id: str = "make") -> Any:
    return checker.request(
        RequestData(
            operation_id=operation_id,
            path_parameters={"thing_id": "abc"},
            content_type="application/json",
            body=json.dumps(body).encode(),
        )
    )


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [(field, value, expected) for field, value, *expected in BROKEN],
    ids=[f"{field}-{rule}-{number}" for number, (field, _, _, rule, _) in enumerate(BROKEN)],
)
def test_a_broken_keyword_is_named_with_its_place(
    small: Checker, field: str, value: JsonValue, expected: list[str]
) -> None:
    pointer, rule, words = expected
    violations = send(small, {"name": "abc", field: value})
    assert (pointer, rule) in {(v.pointer, v.rule) for v in violations}
    assert all(v.where is Where.BODY and v.pointer == pointer for v in violations)
    assert all(v.operation_id == "make" for v in violations)
    assert any(words in v.sentence() for v in violations)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("maybe", None),
        ("maybe", "x"),
        ("count", 5),
        ("above", 0.1),
        ("step", 10),
        ("code", "12"),
        ("id", "A2aa222a-2222-22a2-2222-a22a2aa222a2"),
        ("mail", "müller@x"),
        ("day", "2020-12-01"),
        ("moment", "2020-12-01T10:00:00.5+01:00"),
        ("small", -(2**31)),
        ("big", 2**63 - 1),
        ("list", ["a", "b"]),
        ("map", {"abcd": "xyz"}),
        ("never", 5),
        ("secret", "12345"),
        ("rule", {"held": False}),
        ("rule", {"held": True, "by": "me"}),
    ],
    ids=str,
)
def test_a_valid_field_is_accepted(small: Checker, field: str, value: JsonValue) -> None:
    assert send(small, {"name": "abc", field: value}) == []


def test_every_failing_field_is_reported_not_only_the_first(small: Checker) -> None:
    violations = send(small, {"count": 9, "kind": "x", "list": [1, 2, 3], "zz": 0})
    assert {(v.pointer, v.rule) for v in violations} == {
        ("/name", "required"),
        ("/count", "maximum"),
        ("/kind", "enum"),
        ("/list", "maxItems"),
        ("/list/0", "type"),
        ("/list/1", "type"),
        ("/list/2", "type"),
        ("/zz", "additionalProperties"),
    }


def test_a_missing_property_is_named_itself_and_a_read_only_one_not_required(
    small: Checker,
) -> None:
    (violation,) = send(small, {})
    assert (violation.pointer, violation.rule) == ("/name", "required")
    assert violation.sentence() == "body should have required property 'name'"


@pytest.mark.parametrize("body", [[], "text", 5, 1.5, True, None])
def test_a_body_that_is_no_object_is_told_by_its_type_alone(
    small: Checker, body: JsonValue
) -> None:
    (violation,) = send(small, body)
    assert (violation.pointer, violation.rule, violation.got) == ("", "type", None)
    assert "text" not in violation.sentence()
    assert violation.sentence().startswith("body should be object (got ")


def test_long_values_and_names_are_shortened(small: Checker) -> None:
    violations = send(small, {"name": "n" * 5000, "u" * 5000: 1})
    for violation in violations:
        assert len(violation.pointer) <= 81
        assert len(violation.sentence()) < 250
    assert [len(v.got) for v in violations if v.rule == "maxLength"] == [80]


def test_a_check_that_says_the_same_as_another_is_not_repeated(small: Checker) -> None:
    violations = send(small, {"name": "abc", "rule": {"held": True, "by": "x"}})
    assert [(v.pointer, v.rule) for v in violations] == [("/rule/by", "minLength")]


FLOODS: dict[str, JsonValue] = {
    "unknown properties": {f"key{number}": 1 for number in range(50_000)},
    "map values": {"map": {f"{number}": 1 for number in range(50_000)}},
    "map names": {"map": {f"{number}": "x" for number in range(10_000, 60_000)}},
    "items": {"list": [1] * 50_000},
}


@pytest.mark.parametrize("body", FLOODS.values(), ids=FLOODS)
def test_a_flood_of_mistakes_is_capped(small: Checker, body: JsonValue) -> None:
    violations = send(small, body)
    assert 100 < len(violations) <= 200
    message = explain(violations)
    told = message.count("body")
    assert 50 < told <= 100
    assert message.endswith(f", and {len(violations) - told} more")


@pytest.mark.parametrize(
    "body",
    [
        *FLOODS.values(),
        {"map": {f"{number}": "x" for number in range(50_000)}},
        {"name": [[1] * 50_000]},
        {"map": {"a": [{"a": 1}] * 50_000}},
        [1] * 50_000,
    ],
    ids=[*FLOODS, "too many of the good", "a list in a text", "a list in a map", "a list"],
)
def test_the_work_for_a_flood_of_mistakes_is_bounded(
    small: Checker, monkeypatch: pytest.MonkeyPatch, body: JsonValue
) -> None:
    seen: list[tuple[int, int]] = []
    explained = errors.explained

    def counted(validator: Any, translation: Translation, value: JsonValue, whole: Any) -> Any:
        seen.append((parts(value), sum(1 for _ in validator.iter_errors(value))))
        return explained(validator, translation, value, whole)

    monkeypatch.setattr(validators, "explained", counted)
    assert send(small, body)
    assert all(size <= 500 and count <= 500 for size, count in seen)


MAPS: dict[str, Any] = {
    "Map": {"additionalProperties": {"type": "string"}},
    "Rows": {"items": {"type": "string"}},
    "Both": {
        "properties": {
            "a": {"items": {"type": "string"}},
            "b": {"$ref": "#/components/schemas/Map"},
        }
    },
}
WRONG = {f"{number}": 1 for number in range(5_000)}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Map", WRONG),
        ("Rows", [1] * 5_000),
        ("Both", {"a": [1] * 5_000, "b": WRONG}),
    ],
)
def test_of_entries_without_a_limit_those_before_200_wrong_ones_are_explained(
    monkeypatch: pytest.MonkeyPatch, name: str, value: JsonValue
) -> None:
    sizes: list[int] = []
    explained = errors.explained

    def noted(validator: Any, translation: Translation, value: JsonValue, whole: Any) -> Any:
        sizes.append(parts(value))
        return explained(validator, translation, value, whole)

    monkeypatch.setattr(validators, "explained", noted)
    assert len(Checker(contract_of(MAPS)).value(name, value)) == 200
    assert sizes
    assert all(size == 200 if name != "Both" else 200 < size < 210 for size in sizes)


def parts(value: JsonValue) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(parts, value.values()))
    return len(value) + sum(map(parts, value)) if isinstance(value, list) else 0


@pytest.mark.parametrize("wrong", [0, 7, 4_999])
def test_one_mistake_among_many_entries_is_told_with_its_place(wrong: int) -> None:
    row = {"type": "object", "properties": {"a": {"type": "string"}}}
    schemas = {"Rows": {"type": "array", "items": row}, "Map": {"additionalProperties": row}}
    checker = Checker(contract_of(schemas))
    rows: list[JsonValue] = [{"a": "x"}] * 5_000
    rows[wrong] = {"a": 5}
    assert [v.pointer for v in checker.value("Rows", rows)] == [f"/{wrong}/a"]
    named: JsonValue = {f"k{number}": row for number, row in enumerate(rows)}
    assert [v.pointer for v in checker.value("Map", named)] == [f"/k{wrong}/a"]


@pytest.mark.parametrize(
    ("schema", "value", "rules"),
    [
        ({"type": "array", "minItems": 900}, [1] * 800, ["minItems"]),
        ({"type": "array", "maxItems": 700}, [1] * 800, ["maxItems"]),
        ({"minProperties": 900}, {f"{n}": 1 for n in range(800)}, ["minProperties"]),
        ({"maxProperties": 700}, {f"{n}": 1 for n in range(800)}, ["maxProperties"]),
        ({"required": ["z"]}, {**{f"{n}": 1 for n in range(800)}, "z": 1}, []),
        ({"uniqueItems": True, "items": {}}, [*range(799), 0], ["uniqueItems"]),
        ({"uniqueItems": True}, [*range(799), [0]], []),
        ({"items": {"maximum": 5}, "maxItems": 900}, [9] * 800, ["maximum"] * 200),
        ({"items": {"maximum": 5}, "minItems": 900}, [1] * 800, ["minItems"]),
    ],
    ids=str,
)
def test_limits_are_told_of_large_values(
    schema: dict[str, Any], value: JsonValue, rules: list[str]
) -> None:
    assert [v.rule for v in Checker(contract_of({"S": schema})).value("S", value)] == rules


def test_violations_come_in_the_order_of_the_body(small: Checker) -> None:
    names = [f"k{number}" for number in range(9, 0, -1)]
    pointers = [v.pointer for v in send(small, {"map": dict.fromkeys(names, 1)})]
    assert [p for p in pointers if p.startswith("/map/")] == [f"/map/{name}" for name in names]


def test_a_value_is_checked_as_a_client_would_send_it(small: Checker) -> None:
    assert small.value("Answer", {"id": "x", "pin": "y"}) == []
    assert [v.pointer for v in small.value("Answer", {"id": "x"})] == ["/pin"]


def test_a_value_is_checked_against_a_named_schema(small: Checker) -> None:
    assert small.value("Kind", "test") == []
    (violation,) = small.value("Kind", "prod")
    assert (violation.rule, violation.operation_id) == ("enum", "")
    with pytest.raises(LookupError):
        small.value("Nothing", 1)
