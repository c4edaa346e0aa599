"""Bodies that are not what JSON allows, and media types that are not JSON."""

import inspect
import json
import sys
from random import Random
from typing import Any

import pytest
from fiskaly_contracts import (
    Checker,
    RequestData,
    Where,
    explain,
    media_type_violation,
    parse_body,
)
from fiskaly_contracts.body import MAX_DEPTH, _deeper_than, _is_shallow, explained, parsed

MALFORMED = [
    (b"", "", "required"),
    (b"   ", "", "json"),
    (b"{", "", "json"),
    (b"{'a': 1}", "", "json"),
    (b'{"a": 1,}', "", "json"),
    (b'{"a": 1} x', "", "json"),
    (b'{"a": "\n"}', "", "json"),
    (b'{"a": 01}', "", "json"),
    (b"\xef\xbb\xbf{}", "", "bom"),
    (b'{"a": "\xff"}', "", "utf-8"),
    (b'{"a": "\xed\xa0\x80"}', "", "utf-8"),
    ('{"a": 1}'.encode("utf-16"), "", "utf-8"),
    ('{"a": 1}'.encode("utf-16-le"), "", "json"),
    (b'{"a": {"b": NaN}}', "/a/b", "nan"),
    (b"[1, Infinity]", "/1", "nan"),
    (b"-Infinity", "", "nan"),
    (b'{"a": 1e999}', "/a", "number-range"),
    (b'{"a": 1, "b": 2, "a": 3}', "/a", "duplicate-key"),
    (b'{"x": [{"a/b": 1, "a\\/b": 1}]}', "/x/0/a~1b", "duplicate-key"),
    (b'{"o": {"a": 1, "a": 1}, "o": 2}', "", "duplicate-key"),
    (b'{"a:b": 1, "c": ":", "a:b": 2}', "/a:b", "duplicate-key"),
    (b'{"a": "\\ud800"}', "/a", "lone-surrogate"),
    (b'{"a": ["x", "\\uDFFF\\ud800"]}', "/a/1", "lone-surrogate"),
    (b'{"\\udc00": 1}', "/\\udc00", "lone-surrogate"),
    (b"[" * 65 + b"]" * 65, "", "depth"),
    (b'{"a":' * 65 + b"1" + b"}" * 65, "", "depth"),
    (b"[" * 100_000, "", "depth"),
    (b"[{" * 500_000, "", "depth"),
    (b'{"a": ' + b"9" * 5000 + b"}", "", "integer-digits"),
]


@pytest.mark.parametrize(
    ("body", "pointer", "rule"), MALFORMED, ids=[f"{i}-{m[2]}" for i, m in enumerate(MALFORMED)]
)
def test_a_malformed_body_is_refused_by_name(
    checker: Checker, body: bytes, pointer: str, rule: str
) -> None:
    parsed = parse_body("authenticate", body)
    assert parsed.value is None
    assert (pointer, rule) in {(v.pointer, v.rule) for v in parsed.violations}
    assert all(v.operation_id == "authenticate" for v in parsed.violations)
    assert all(v.where is Where.BODY for v in parsed.violations)
    assert explain(parsed.violations).startswith("body")
    assert explain(parsed.violations).encode()
    data = RequestData(operation_id="authenticate", content_type="application/json", body=body)
    assert checker.request(data) == [*parsed.violations]


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"null", None),
        (b" [] ", []),
        ('{"a": "ü"}'.encode(), {"a": "ü"}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'{"a": "\\\\ud800"}', {"a": "\\ud800"}),
        (b'{"a": "[[[["}', {"a": "[[[["}),
        (b'"' + b"[" * 100 + b'"', "[" * 100),
        (b'"\\"' + b"[" * 100 + b'"', '"' + "[" * 100),
        (b'{"a": -0.5e-3, "b": 1E3}', {"a": -0.0005, "b": 1000.0}),
        (b'[{"a": 1}, {"a": 1}]', [{"a": 1}, {"a": 1}]),
        (b"9" * 100, int("9" * 100)),
        (b'{"a": [18446744073709551616, 1.5]}', {"a": [2**64, 1.5]}),
        (b'{"a:b": {"c": "d:e"}}', {"a:b": {"c": "d:e"}}),
    ],
)
def test_strict_json_is_parsed(body: bytes, value: object) -> None:
    parsed = parse_body("x", body)
    assert parsed.violations == ()
    assert parsed.value == value


def test_sixty_four_levels_are_not_too_deep() -> None:
    assert parse_body("x", b"[" * 64 + b"]" * 64).violations == ()
    assert parse_body("x", b"[" * 64 + b"]" * 64 + b"x").violations[0].rule == "json"
    assert parse_body("x", (b"[]," * 100).join([b"[", b"1]"])).violations == ()


def test_a_long_row_of_escaped_quotes_is_scanned_in_linear_time() -> None:
    body = b"[" * 70 + b'"' + b'\\"' * 500_000
    assert parse_body("x", body).violations[0].rule == "depth"
    body = b"[{}," + b'{"a": "[' * 40 + b'\\"' * 500_000
    assert parse_body("x", body).violations[0].rule == "json"


def test_every_breach_of_a_body_is_reported_up_to_a_cap() -> None:
    parsed = parse_body("x", b'{"a": NaN, "a": "\\ud800", "b": [Infinity, 1e999]}')
    assert [(v.pointer, v.rule) for v in parsed.violations] == [
        ("/a", "duplicate-key"),
        ("/b/0", "nan"),
        ("/b/1", "number-range"),
        ("/a", "lone-surrogate"),
    ]
    assert len(parse_body("x", b"[" + b"NaN," * 5000 + b"1]").violations) == 200


def test_a_literal_that_a_later_duplicate_replaced_is_still_refused() -> None:
    parsed = parse_body("x", b'{"a": 1e999, "a": 1}')
    assert {v.rule for v in parsed.violations} == {"duplicate-key", "number-range"}


def test_the_sentence_names_the_repeated_key_and_the_place_of_a_syntax_error() -> None:
    assert explain(parse_body("x", b'{"o": {"key": 1, "key": 2}}').violations) == (
        "body.o should NOT have the key 'key' twice"
    )
    assert "(line 1, column 7" in explain(parse_body("x", b'{"a": }').violations)


def test_a_shallow_stack_is_survived(checker: Checker) -> None:
    body = b"[" * 60 + b"]" * 60
    data = RequestData(operation_id="authenticate", content_type="application/json", body=body)

    def at_the_bottom(depth: int) -> tuple[list[str], list[str]]:
        if depth:
            return at_the_bottom(depth - 1)
        parsed = parse_body("authenticate", body).violations
        return [v.rule for v in parsed], [v.rule for v in checker.request(data)]

    here = len(inspect.stack(0))
    parsed, checked = at_the_bottom(sys.getrecursionlimit() - here - 25)
    # whether the parser runs out of stack is the Python version's business
    assert parsed in ([], ["depth"])
    assert len(checked) == 1


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        " application/json ; ",
        "application/json; version=1",
        'application/json; profile="x"',
        'application/json; profile="a; charset=latin-1"; charset=utf-8',
        "application/json; charset=utf-8; odd",
    ],
)
def test_json_in_utf_8_is_the_accepted_media_type(content_type: str) -> None:
    assert media_type_violation("x", content_type) is None


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/problem+json",
        "application/vnd.api+json",
        "application/json; charset=latin-1",
        "application/json; charset=utf-8; charset=utf-16",
        'application/json; profile="x"; charset=latin-1',
        "application/json, application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/*",
        "=;=;",
        "application/json; charset",
        "\ud800",
    ],
)
def test_any_other_media_type_is_refused(checker: Checker, content_type: str | None) -> None:
    violation = media_type_violation("authenticate", content_type)
    assert violation is not None
    assert (violation.where, violation.rule) == (Where.MEDIA_TYPE, "media-type")
    assert violation.sentence().startswith("content-type should be application/json")
    assert violation.sentence().encode()
    data = RequestData(operation_id="authenticate", content_type=content_type or "", body=b"{")
    assert checker.request(data) == [violation]


def test_a_missing_body_is_refused_where_one_is_required_whatever_the_media_type(
    checker: Checker,
) -> None:
    (violation,) = checker.request(RequestData(operation_id="authenticate"))
    assert (violation.where, violation.pointer, violation.rule) == (Where.BODY, "", "required")
    assert violation.sentence() == "body should be present"


def test_an_optional_body_may_be_missing(small: Checker) -> None:
    data = RequestData(
        operation_id="need", path_parameters={"thing_id": "abc"}, query=(("must", "x"),)
    )
    assert small.request(data) == []


@pytest.mark.parametrize("body", [b"{}", b"[]", b"\xff", b"[" * 1000])
def test_the_body_of_an_operation_without_one_is_ignored(checker: Checker, body: bytes) -> None:
    data = RequestData(operation_id="listOrganizations", content_type="text/plain", body=body)
    assert checker.request(data) == []


def nested(random: Random, levels: int) -> Any:
    value: Any = random.choice(["[", "]}", '\\"[', 1, None, "a\\", {}, []])
    for _ in range(levels):
        brother = random.choice([[], {}, 1, "{"])
        value = [brother, value] if random.random() < 0.5 else {"[": value, '"': brother}
    return value


def test_the_quick_look_at_the_depth_is_never_wrong() -> None:
    random = Random(1)
    for _ in range(2000):
        body = json.dumps(nested(random, random.choice([3, 62, 63, 64, 65]))).encode()
        assert _is_shallow(body) == (not _deeper_than(body, MAX_DEPTH))
        spoiled = bytearray(body)
        spoiled[random.randrange(len(body))] = random.choice(b'[]{}"\\ ,1')
        try:
            value = parsed(bytes(spoiled))
        except ValueError:
            continue
        slowly = explained("", bytes(spoiled))
        assert (slowly.value, slowly.violations) == (value, ())


def test_a_body_of_many_shallow_objects_is_read() -> None:
    value = {"rows": [{"name": "[{"}] * 1000}
    assert parsed(json.dumps(value).encode()) == value
