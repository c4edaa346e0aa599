"""The check as others call it: one call, one parse; answers from values; and who judges."""

import json
from math import inf, nan
from typing import Any

import pytest
from contracts.openapi_document import contract_of
from fiskaly_contracts import (
    AnswerPlan,
    CheckedRequest,
    Checker,
    Contract,
    JsonValue,
    RequestData,
    ResponseData,
    Where,
)
from fiskaly_contracts.body import parsed
from fiskaly_contracts.checker import Judge
from fiskaly_contracts.compiled import requests

ID = "8c1d2e3f-4a5b-4c6d-8e7f-90a1b2c3d4e5"
UPPER = ID.upper()
HEADERS = {"X-Request-Id": "0" * 32, "X-Response-Time": "0.014", "Response-Time": "0.014"}
ORGANIZATION: dict[str, JsonValue] = {
    "name": "Cafe",
    "address_line1": "-",
    "zip": "0",
    "town": "-",
    "country_code": "DEU",
}
JUDGES: list[Judge] = ["jsonschema-rs", "openapi-core"]


@pytest.fixture(scope="module", params=JUDGES)
def judged(request: pytest.FixtureRequest, contract: Contract) -> Checker:
    return Checker(contract, judge=request.param)


@pytest.fixture(scope="module", params=JUDGES)
def loose(request: pytest.FixtureRequest, contract: Contract) -> Checker:
    return Checker(contract, judge=request.param, loose=True)


def posted(operation_id: str, sent: JsonValue, **others: Any) -> RequestData:
    raw = json.dumps(sent).encode()
    data = RequestData(operation_id, content_type="application/json", body=raw)
    return data._replace(**others)


def example(contract: Contract, path: str, method: str = "get") -> Any:
    document: Any = contract.document
    content = document["paths"][path][method]["responses"]["200"]["content"]
    return next(iter(content["application/json"]["examples"].values()))["value"]


# ---------------------------------------------------------------------- requests


def test_a_right_request_comes_with_its_query_and_defaults(judged: Checker) -> None:
    checked = judged.check(
        RequestData(
            operation_id="listApiKeys",
            path_parameters={"organization_id": ID},
            query=(("status", "enabled"), ("limit", "7"), ("status", "disabled")),
        )
    )
    assert dict(checked.query) == {
        "order": "asc",
        "limit": 7,
        "offset": 0,
        "status": ["enabled", "disabled"],
    }
    assert (checked.body, checked.path) == (None, {"organization_id": ID})
    assert (checked.refused, checked.refusal_status, checked.message) == (False, 0, "")
    bare = judged.check(RequestData(operation_id="listOrganizations"))
    assert dict(bare.query) == {"order": "asc", "limit": 100, "offset": 0}


def test_what_is_shared_between_requests_cannot_be_changed(checker: Checker) -> None:
    bare = checker.check(RequestData(operation_id="listOrganizations"))
    with pytest.raises(TypeError):
        bare.query["limit"] = 1  # type: ignore[index]


def test_a_right_request_comes_with_its_body_and_warnings(judged: Checker) -> None:
    checked = judged.check(
        RequestData(
            operation_id="authenticate",
            query=(("x", "1"),),
            content_type="application/json; charset=UTF-8",
            body=b' {"api_key": "k", "api_secret": "\\ud83d\\ude00"}\n',
        )
    )
    assert checked.body == {"api_key": "k", "api_secret": "\U0001f600"}
    assert [warning.pointer for warning in checked.violations] == ["/x"]
    assert not checked.refused


def test_ids_in_upper_case_are_read_in_lower_case(judged: Checker) -> None:
    sent: JsonValue = {
        **ORGANIZATION,
        "managed_by_organization_id": UPPER,
        "contact_person_id": "",
        "billing_address_id": UPPER,
        "billing_options": {"bill_to_organization": UPPER},
        "metadata": {"managed_by_organization_id": UPPER},
    }
    checked = judged.check(posted("createOrganization", sent))
    assert checked.body == {
        **ORGANIZATION,
        "managed_by_organization_id": ID,
        "contact_person_id": "",
        "billing_address_id": ID,
        "billing_options": {"bill_to_organization": ID},
        "metadata": {"managed_by_organization_id": UPPER},
    }
    data = RequestData("retrieveOrganization", path_parameters={"organization_id": UPPER})
    assert judged.check(data).path == {"organization_id": ID}
    assert data.path_parameters == {"organization_id": UPPER}


@pytest.mark.parametrize(
    ("data", "status", "rules"),
    [
        (RequestData("nothing"), 400, ["unknown-operation"]),
        (RequestData("listOrganizations", query=(("limit", "x"),)), 400, ["lexical"]),
        (RequestData("retrieveOrganization"), 400, ["required"]),
        (RequestData("retrieveOrganization", path_parameters=None), 400, ["unreadable"]),  # type: ignore[arg-type]
        (RequestData("authenticate"), 400, ["required"]),
        (RequestData("authenticate", body=b"{"), 415, ["media-type"]),
        (posted("createOrganization", {**ORGANIZATION, "x": 1}), 400, ["oneOf"]),
        (posted("authenticate", {}, query=(("x", "1"),)), 400, ["oneOf", "unknown-parameter"]),
        (posted("updateOrganization", {}, body=b"[", path_parameters={}), 400, ["json"]),
        (
            posted("updateOrganization", [], path_parameters={"organization_id": "x"}),
            400,
            ["pattern", "type"],
        ),
    ],
    ids=lambda value: value.operation_id if isinstance(value, RequestData) else None,
)
def test_a_wrong_request_comes_with_its_status_and_reasons(
    judged: Checker, data: RequestData, status: int, rules: list[str]
) -> None:
    checked = judged.check(data)
    assert (checked.refused, checked.refusal_status) == (True, status)
    assert [one.rule for one in checked.violations] == rules
    refusing = [one for one in checked.violations if one.severity == "error"]
    assert [*checked.refusing] == refusing
    assert checked.message == ", ".join(one.sentence() for one in refusing)
    assert judged.request(data) == [*checked.violations]


def test_a_loose_check_drops_what_is_not_known_and_tells_it(loose: Checker) -> None:
    sent: JsonValue = {**ORGANIZATION, "x": 1, "billing_options": {"gln": "1" * 13, "y": 2}}
    checked = loose.check(posted("createOrganization", sent))
    assert checked.body == {**ORGANIZATION, "billing_options": {"gln": "1" * 13}}
    assert not checked.refused
    assert [one.pointer for one in checked.violations] == ["/x", "/billing_options/y"]


def test_a_loose_check_refuses_for_the_rest_alone(loose: Checker) -> None:
    checked = loose.check(posted("createOrganization", {**ORGANIZATION, "x": 1, "name": 5}))
    assert [one.rule for one in checked.violations] == ["additionalProperties", "oneOf"]
    assert [one.rule for one in checked.refusing] == ["oneOf"]
    assert "'x'" not in checked.message


@pytest.mark.parametrize(
    "raw",
    [
        b'{"api_key": "k", "api_secret": "s"}',
        b"{}",
        b'{"api_key": 1, "api_secret": "s", "x": 2}',
        b'{"refresh_token": "t", "email": "e"}',
    ],
)
@pytest.mark.parametrize("is_loose", [True, False])
def test_a_body_is_parsed_once(
    contract: Contract, monkeypatch: pytest.MonkeyPatch, raw: bytes, *, is_loose: bool
) -> None:
    read = []

    def counted(data: bytes) -> Any:
        read.append(data)
        return parsed(data)

    monkeypatch.setattr(requests, "parsed", counted)
    checker = Checker(contract, loose=is_loose)
    checker.check(RequestData("authenticate", content_type="application/json", body=raw))
    assert read == [raw]


def test_checked_requests_are_equal_by_what_they_say(checker: Checker) -> None:
    data = posted("authenticate", {"api_key": "k", "api_secret": "s"})
    assert checker.check(data) == CheckedRequest({"api_key": "k", "api_secret": "s"})


# ---------------------------------------------------------------------- answers


def test_an_answer_is_checked_as_the_value_that_will_be_written(
    contract: Contract, judged: Checker
) -> None:
    value = example(contract, "/organizations/{organization_id}")
    name = "retrieveOrganization"
    assert judged.accepts_answer(name, 200, value, HEADERS)
    assert judged.accepts_answer(name, 200, value, None)
    assert not judged.accepts_answer(name, 200, {**value, "x": 1}, HEADERS)
    assert not judged.accepts_answer(name, 200, value, {})
    assert not judged.accepts_answer(name, 302, value, HEADERS)
    assert judged.answer(name, 200, value, HEADERS) == []
    (wrong,) = judged.answer(name, 200, {**value, "x": 1}, HEADERS)
    assert (wrong.rule, wrong.operation_id) == ("oneOf", name)
    missing = judged.answer(name, 200, value, {})
    assert {(v.where, v.rule) for v in missing} == {(Where.HEADER, "required")}
    assert [v.rule for v in judged.answer(name, 302, value, HEADERS)] == ["status"]
    answer = ResponseData(
        operation_id=name,
        status=200,
        content_type="application/json; charset=utf-8",
        body=json.dumps(value).encode(),
        headers={name.lower(): text for name, text in HEADERS.items()},
    )
    assert judged.response(answer) == []


def test_an_answer_without_a_body_has_none(small: Checker) -> None:
    assert small.answer("find", 204, None) == []
    assert small.accepts_answer("find", 204, None, None)
    (wrong,) = small.answer("find", 204, {"id": "x"})
    assert (wrong.rule, wrong.got_text) == ("no-content", "11 bytes")


@pytest.mark.parametrize(
    ("path", "operation_id"),
    [
        ("/organizations", "listOrganizations"),
        ("/organizations/{organization_id}/api-keys", "listApiKeys"),
        ("/organizations/{organization_id}/users", "listUsers"),
        ("/billing-addresses", "listBillingAddresses"),
    ],
)
def test_a_list_is_its_envelope_and_its_rows(
    contract: Contract, checker: Checker, path: str, operation_id: str
) -> None:
    plan = checker.answer_plan(operation_id, 200)
    assert isinstance(plan, AnswerPlan)
    answer = example(contract, path)
    row = answer["data"][0]
    assert plan.accepts(answer)
    assert plan.accepts({**answer, "data": []})
    assert plan.rows_apart
    mistakes: list[Any] = [{**row, "_type": "X"}, {**row, "more": 1}, [row], None, {"_id": ID}]
    for wrong in mistakes:
        assert not plan.accepts({**answer, "data": [row, wrong]})
        assert not plan.accepts({**answer, "data": [wrong]})
    assert not plan.accepts({**answer, "data": [], "count": "1"})
    assert not plan.accepts({**answer, "data": [{**row, "_id": "\ud800"}]})
    assert not plan.accepts({**answer, "_type": "\ud800"})


def test_a_written_body_is_right_if_the_value_is() -> None:
    contract = Contract.apis()["sign-de"]
    plan = Checker(contract).answer_plan("retrieveTransaction", 200)
    assert plan is not None
    document: Any = contract.document
    node = document["paths"]["/tss/{tss_id}/tx/{tx_id_or_number}"]["get"]["responses"]["200"]
    [value, *_] = (one["value"] for one in node["content"]["application/json"]["examples"].values())
    deep: JsonValue = "x"
    for _ in range(70):
        deep = {"more": deep}
    for one, right in ((value, True), ({**value, "state": "X"}, False)):
        assert plan.accepts(one) is plan.accepts_written(one, json.dumps(one).encode()) is right
    nested = {**value, "schema": {"raw": deep}}
    assert plan.accepts(nested) is plan.accepts_written(nested, json.dumps(nested).encode())


def test_a_body_that_is_no_list_has_no_rows(checker: Checker) -> None:
    plan = checker.answer_plan("retrieveOrganization", 200)
    assert plan is not None
    assert not plan.rows_apart


@pytest.mark.parametrize(
    ("data", "has_rows"),
    [
        ({"type": "array", "items": {"type": "string"}}, True),
        ({"type": "array"}, False),
        ({"items": {"type": "string"}}, False),
        ({"type": "object", "items": {"type": "string"}}, False),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 1}, False),
    ],
)
def test_rows_are_checked_apart_only_where_nothing_else_is_said_of_the_list(
    data: dict[str, Any],
    has_rows: bool,  # noqa: FBT001 - a column of the table
) -> None:
    schema = {"type": "object", "properties": {"data": data}}
    answer = {"description": "d", "content": {"application/json": {"schema": schema}}}
    paths = {"/x": {"get": {"operationId": "get", "responses": {"200": answer}}}}
    document = {"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": paths}
    plan = Checker(Contract.from_document(document)).answer_plan("get", 200)
    assert plan is not None
    assert plan.rows_apart is has_rows


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "hidden",
    [nan, inf, -inf, "\ud800", {"\ud800": 1}, {"a": {1, 2}}, b"x", deep(64), deep(5000)],
    ids=["nan", "inf", "-inf", "text", "name", "set", "bytes", "deep", "deeper"],
)
def test_what_no_json_can_say_is_not_accepted_where_everything_is(hidden: Any) -> None:
    anything = {"application/json": {"schema": {"type": "object"}}}
    get = {"operationId": "get", "responses": {"200": {"description": "d", "content": anything}}}
    checker = Checker(
        Contract.from_document(
            {"openapi": "3.0.3", "info": {"version": "1"}, "paths": {"/x": {"get": get}}}
        )
    )
    rows: list[JsonValue] = [{"b": [number]} for number in range(100)]
    for good in ([1, "x", None, deep(10)], [*rows, deep(62)]):
        right: JsonValue = {"a": good}
        assert checker.accepts_answer("get", 200, right, None)
        assert checker.answer("get", 200, right) == []
    for bad in (hidden, [*rows, {"c": hidden}]):
        wrong: JsonValue = {"a": bad}
        assert not checker.accepts_answer("get", 200, wrong, None)
        assert len(checker.answer("get", 200, wrong)) == 1
    assert not checker.accepts_answer("get", 200, {"a": [*rows, deep(63)]}, None)


@pytest.mark.parametrize("judge", JUDGES)
def test_a_value_is_checked_by_either_judge(contract: Contract, judge: Judge) -> None:
    checker = Checker(contract, judge=judge)
    assert checker.value("CountryCode", "DEU") == []
    assert [v.rule for v in checker.value("CountryCode", "deu")] == ["enum"]
    with pytest.raises(LookupError):
        checker.value("Nothing", 1)


def test_openapi_core_judges_a_value_that_cannot_be_compiled() -> None:
    checker = Checker(contract_of({"Odd": {"type": "string", "pattern": "^[a&&b]$"}}))
    assert [v.rule for v in checker.value("Odd", 5)] == ["type"]
