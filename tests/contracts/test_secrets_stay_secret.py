"""No sentence and no journal entry ever holds what might be a secret."""

import json
from collections.abc import Iterator

import pytest
from fiskaly_contracts import (
    Checker,
    Contract,
    JsonValue,
    RequestData,
    ResponseData,
    Violation,
    explain,
)
from fiskaly_contracts.fields import loosened

SENTINEL = "s3ntinel"
NUMBER = 7315550199
HOLDERS: list[JsonValue] = [
    SENTINEL,
    [SENTINEL],
    {"nested": SENTINEL},
    {"deep": [{"er": SENTINEL}]},
    f"{SENTINEL}\n",
    NUMBER,
    [NUMBER, SENTINEL],
    None,
    True,
]
SECRET_FIELDS = ["api_secret", "refresh_token", "password"]
COMPANIONS: list[dict[str, JsonValue]] = [
    {},
    {"api_key": "k"},
    {"api_key": 1},
    {"email": "a@b"},
    {"api_key": "k", "email": "a@b"},
    {"foo": "bar"},
    {"api_key": "k", "api_secret": SENTINEL, "refresh_token": SENTINEL},
]
MISPLACED = ["secret", "client_secret", "env", "api_keys", "token", "Api_Secret", "0", ""]


def everything(violations: list[Violation]) -> str:
    entries = json.dumps([v.as_json() for v in violations], ensure_ascii=False)
    return entries + explain(violations) + "".join(_values(violations))


def _values(violations: list[Violation]) -> Iterator[str]:
    for violation in violations:
        yield f"{violation.got!r} {violation.got_text} {violation!r}"
        for _, why in violation.branches:
            yield from _values([*why])


def authenticate(checker: Checker, body: JsonValue) -> str:
    data = RequestData(
        operation_id="authenticate",
        content_type="application/json",
        body=json.dumps(body).encode(),
    )
    return everything(checker.request(data))


def assert_silent(text: str) -> None:
    assert SENTINEL not in text
    assert str(NUMBER) not in text


@pytest.mark.parametrize("field", SECRET_FIELDS)
@pytest.mark.parametrize("holder", HOLDERS, ids=str)
def test_a_secret_in_its_place_is_never_told(
    checker: Checker, field: str, holder: JsonValue
) -> None:
    for companion in COMPANIONS:
        assert_silent(authenticate(checker, {**companion, field: holder}))


@pytest.mark.parametrize("field", MISPLACED)
@pytest.mark.parametrize("holder", HOLDERS, ids=str)
def test_a_secret_in_an_unknown_property_is_never_told(
    checker: Checker, field: str, holder: JsonValue
) -> None:
    for companion in COMPANIONS:
        text = authenticate(checker, {**companion, field: holder})
        assert_silent(text)
        assert text


@pytest.mark.parametrize("field", ["api_key", "email"])
@pytest.mark.parametrize("holder", [[SENTINEL], {"api_secret": SENTINEL}, [[NUMBER]]], ids=str)
def test_a_secret_inside_a_value_of_the_wrong_type_is_never_told(
    checker: Checker, field: str, holder: JsonValue
) -> None:
    text = authenticate(checker, {field: holder, "api_secret": SENTINEL})
    assert_silent(text)
    assert f"/{field}" in text


@pytest.mark.parametrize("body", [SENTINEL, [SENTINEL], NUMBER, [{"api_secret": SENTINEL}]])
def test_a_secret_that_is_the_whole_body_is_never_told(checker: Checker, body: JsonValue) -> None:
    assert_silent(authenticate(checker, body))


@pytest.mark.parametrize(
    "body",
    [
        '{"api_key": "k", "api_secret": "s3ntinel", "api_secret": "s3ntinel"}',
        '{"api_key": "k", "api_secret": "s3ntinel',
        '{"api_key": "k", "api_secret": s3ntinel}',
        '{"api_secret": "s3ntinel\\ud800"}',
        '{"api_secret": "s3ntinel\\x"}',
        '\ufeff{"api_secret": "s3ntinel"}',
        '{"api_secret": ["s3ntinel", NaN, 7315550199e999]}',
    ],
)
def test_a_secret_in_a_malformed_body_is_never_told(checker: Checker, body: str) -> None:
    data = RequestData(
        operation_id="authenticate", content_type="application/json", body=body.encode()
    )
    violations = checker.request(data)
    assert violations
    assert_silent(everything(violations))


def test_a_secret_in_a_query_or_in_metadata_is_never_told(checker: Checker) -> None:
    data = RequestData(
        operation_id="createApiKey",
        path_parameters={"organization_id": "8c1d2e3f-4a5b-4c6d-8e7f-90a1b2c3d4e5"},
        query=(("api_secret", SENTINEL), ("access_token", str(NUMBER))),
        content_type="application/json",
        body=json.dumps(
            {"name": "till", "metadata": {"a": [SENTINEL], "b": NUMBER, "c": SENTINEL * 99}}
        ).encode(),
    )
    violations = checker.request(data)
    assert len(violations) == 3
    assert_silent(everything(violations))


def test_a_secret_in_an_answer_is_never_told(checker: Checker) -> None:
    for body in (
        {"access_token": SENTINEL, "refresh_token": [SENTINEL], "secret": SENTINEL},
        {"access_token": NUMBER, "access_token_claims": {"token": SENTINEL}},
    ):
        data = ResponseData(
            operation_id="authenticate",
            status=200,
            content_type="application/json",
            body=json.dumps(body).encode(),
        )
        violations = checker.response(data)
        assert violations
        assert_silent(everything(violations))
    created = ResponseData(
        operation_id="createApiKey",
        status=200,
        content_type="application/json",
        body=json.dumps({"secret": SENTINEL, "_type": "API_KEY", "key": "k"}).encode(),
    )
    violations = checker.response(created)
    assert "/secret" in everything(violations)
    assert_silent(everything(violations))


def test_secret_fields_at_any_depth_are_said_to_be_secret(small: Checker) -> None:
    for field, value, pointer in (
        ("secret", "1234", "/secret"),
        ("password", "X9", "/password"),
        ("hidden", {"inner": "x"}, "/hidden/inner"),
    ):
        data = RequestData(
            operation_id="make",
            path_parameters={"thing_id": "abc"},
            content_type="application/json",
            body=json.dumps({"name": "abc", field: value}).encode(),
        )
        (violation,) = small.request(data)
        assert (violation.pointer, violation.got) == (pointer, None)
        assert violation.got_text == "a secret value"


def test_what_is_dropped_leniently_is_told_by_name_alone(contract: Contract) -> None:
    body: JsonValue = {"api_key": "k", "api_secret": SENTINEL, "other": SENTINEL}
    schema = contract.operations["authenticate"].body_schema
    value, dropped = loosened(contract.document, schema, body, "authenticate")
    assert value == {"api_key": "k", "api_secret": SENTINEL}
    assert_silent(everything(dropped))
