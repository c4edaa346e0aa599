"""What a server answers is held to the contract too."""

import json

import pytest
from fiskaly_contracts import Checker, Contract, JsonValue, ResponseData, Violation, Where
from fiskaly_contracts.compiled.answers import AnswerPlan

HEADERS = {"x-request-id": "0" * 32, "X-Response-Time": "0.014", "Response-Time": "0.014"}
ORGANIZATION: dict[str, JsonValue] = {
    "_id": "8c1d2e3f-4a5b-4c6d-8e7f-90a1b2c3d4e5",
    "_type": "MANAGED_ORGANIZATION",
    "_envs": ["TEST"],
    "name": "Corner Bakery Example",
    "address_line1": "Beispielgasse 7",
    "zip": "1010",
    "town": "Wien",
    "country_code": "AUT",
    "managed_by_organization_id": "5f0c1a52-3b7e-4c19-9d26-0a8b1c2d3e4f",
    "created_by_user": "2b3c4d5e-6f70-4182-93a4-b5c6d7e8f901",
}


def answer(
    checker: Checker,
    body: JsonValue,
    *,
    operation_id: str = "retrieveOrganization",
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> list[Violation]:
    return checker.response(
        ResponseData(
            operation_id=operation_id,
            status=status,
            content_type="application/json; charset=utf-8",
            body=json.dumps(body).encode(),
            headers=headers,
        )
    )


def test_a_recorded_answer_is_accepted_with_and_without_its_headers(checker: Checker) -> None:
    assert answer(checker, ORGANIZATION) == []
    assert answer(checker, ORGANIZATION, headers=HEADERS) == []


def test_every_documented_status_of_every_operation_is_known(
    contract: Contract, checker: Checker
) -> None:
    for operation in contract.operations.values():
        for status in operation.statuses:
            violations = answer(checker, [], operation_id=operation.operation_id, status=status)
            assert [v.where for v in violations] == [Where.BODY]


def test_an_undocumented_status_is_a_breach(checker: Checker) -> None:
    (violation,) = answer(checker, ORGANIZATION, status=201)
    assert (violation.where, violation.pointer, violation.got) == (Where.STATUS, "", 201)
    assert violation.sentence().startswith("status should be one of 200, 400, 401")


def test_a_wrong_field_of_a_row_is_named_with_its_place(checker: Checker) -> None:
    page: JsonValue = {
        "data": [ORGANIZATION, {**ORGANIZATION, "country_code": "AT"}],
        "count": "2",
        "_type": "ORGANIZATION_LIST",
    }
    violations = answer(checker, page, operation_id="listOrganizations")
    assert {(v.pointer, v.rule) for v in violations} == {("/data/1", "oneOf"), ("/count", "type")}
    (row,) = [v for v in violations if v.rule == "oneOf"]
    assert row.branches[0][0] == "ManagedOrganization"
    assert row.branches[0][1][0].pointer == "/data/1/country_code"
    assert row.sentence().startswith("body.data[1].country_code should be equal to one of")


def test_a_constant_tells_which_branch_was_meant(checker: Checker) -> None:
    body = {k: v for k, v in ORGANIZATION.items() if k != "managed_by_organization_id"}
    (violation,) = answer(checker, body)
    assert violation.sentence().startswith(
        "body should have required property 'managed_by_organization_id' (taken as Managed"
    )


def test_missing_and_wrong_headers_are_breaches_where_headers_are_known(checker: Checker) -> None:
    violations = answer(
        checker, ORGANIZATION, headers={"X-Request-Id": "ABC", "response-time": "0.014"}
    )
    assert {(v.where, v.pointer, v.rule) for v in violations} == {
        (Where.HEADER, "/X-Request-Id", "pattern"),
        (Where.HEADER, "/X-Response-Time", "required"),
    }


def find(checker: Checker, **changed: object) -> list[Violation]:
    answer: dict[str, object] = {
        "operation_id": "find",
        "status": 200,
        "content_type": "application/json",
        "body": b'{"id": "x"}',
        "headers": {"X-Count": "1"},
    }
    return checker.response(ResponseData(**{**answer, **changed}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "where", "pointer", "rule"),
    [
        ({"status": 418}, Where.STATUS, "", "status"),
        ({"body": b""}, Where.BODY, "", "required"),
        ({"body": b"{"}, Where.BODY, "", "json"),
        ({"body": b'{"id": 1, "id": "x"}'}, Where.BODY, "/id", "duplicate-key"),
        ({"body": b'{"id": "x", "pin": "1"}'}, Where.BODY, "/pin", "writeOnly"),
        ({"body": b"{}"}, Where.BODY, "/id", "required"),
        ({"content_type": "text/plain"}, Where.MEDIA_TYPE, "", "media-type"),
        ({"content_type": ""}, Where.MEDIA_TYPE, "", "media-type"),
        ({"headers": {}}, Where.HEADER, "/X-Count", "required"),
        ({"headers": {"x-count": "-1"}}, Where.HEADER, "/X-Count", "minimum"),
        ({"headers": {"x-count": "many"}}, Where.HEADER, "/X-Count", "lexical"),
        ({"status": 204}, Where.BODY, "", "no-content"),
        ({"operation_id": "nothing"}, Where.PATH, "", "unknown-operation"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else None,
)
def test_a_broken_answer_is_told(
    small: Checker, changed: dict[str, object], where: Where, pointer: str, rule: str
) -> None:
    (violation,) = find(small, **changed)
    assert (violation.where, violation.pointer, violation.rule) == (where, pointer, rule)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"headers": None},
        {"headers": {"x-count": "0", "X-Old": "x"}},
        {"status": 204, "body": b"", "content_type": ""},
        {"status": 503, "body": b"{}"},
    ],
    ids=str,
)
def test_a_good_answer_is_accepted(small: Checker, changed: dict[str, object]) -> None:
    assert find(small, **changed) == []


@pytest.mark.parametrize(
    ("headers", "accepted"),
    [
        ({"X-Count": "1"}, True),
        ({"x-count": "1"}, True),
        ({"X-Count": "1", "X-Old": ""}, True),
        ({"X-Count": "1", "X-Old": "x"}, True),
        ({"X-Count": "-1", "X-Old": "x"}, False),
        ({"X-Count": "many", "X-Old": "x"}, False),
        ({"X-Count": "", "X-Old": "x"}, False),
        ({"X-Count": "1", "X-Old": "\ud800"}, False),
        ({"X-Old": "x"}, False),
        ({}, False),
    ],
)
def test_headers_are_accepted_at_once_or_have_violations(
    small: Checker,
    headers: dict[str, str],
    accepted: bool,  # noqa: FBT001 - a column of the table
) -> None:
    plan = small.answer_plan("find", 200)
    assert isinstance(plan, AnswerPlan)
    assert plan.accepts_headers(headers) is accepted
    assert plan.accepts_own_headers(headers) is accepted
    assert (not plan.header_violations(headers)) is accepted
