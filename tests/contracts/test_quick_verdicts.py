"""What the compiled check says on its own: requests, answers, rows; and when it asks."""

import json
from concurrent.futures import ThreadPoolExecutor
from math import inf, nan
from typing import Any

import pytest
from fiskaly_contracts import Accepted, AnswerPlan, Checker, Contract, RequestData, ResponseData
from fiskaly_contracts.authority import Authority

ID = "8c1d2e3f-4a5b-4c6d-8e7f-90a1b2c3d4e5"
HEADERS = {"X-Request-Id": "0" * 32, "X-Response-Time": "0.014", "Response-Time": "0.014"}


def example(contract: Contract, path: str, method: str = "get") -> Any:
    document: Any = contract.document
    content = document["paths"][path][method]["responses"]["200"]["content"]
    return next(iter(content["application/json"]["examples"].values()))["value"]


@pytest.fixture
def silent(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> Checker:
    """A checker that may not ask the authority."""

    def asked(*_: object) -> None:
        raise AssertionError("the authority was asked")

    checker = Checker(contract)
    monkeypatch.setattr(checker, "_asked", asked)
    return checker


def test_an_accepted_request_comes_with_its_query_and_defaults(checker: Checker) -> None:
    data = RequestData(
        operation_id="listApiKeys",
        path_parameters={"organization_id": ID},
        query=(("status", "enabled"), ("limit", "7"), ("status", "disabled")),
    )
    expected: dict[str, Any] = {
        "order": "asc",
        "limit": 7,
        "offset": 0,
        "status": ["enabled", "disabled"],
    }
    assert checker.accepted(data) == Accepted(None, expected)
    bare = checker.accepted(RequestData(operation_id="listOrganizations"))
    assert bare is not None
    assert dict(bare.query) == {"order": "asc", "limit": 100, "offset": 0}
    with pytest.raises(TypeError):
        bare.query["limit"] = 1  # type: ignore[index]


def test_an_accepted_request_comes_with_its_body_and_warnings(silent: Checker) -> None:
    data = RequestData(
        operation_id="authenticate",
        query=(("x", "1"),),
        content_type="application/json; charset=UTF-8",
        body=b' {"api_key": "k", "api_secret": "\\ud83d\\ude00"}\n',
    )
    accepted = silent.accepted(data)
    assert accepted is not None
    assert accepted.body == {"api_key": "k", "api_secret": "\U0001f600"}
    assert [warning.pointer for warning in accepted.warnings] == ["/x"]
    assert silent.request(data) == list(accepted.warnings)


@pytest.mark.parametrize(
    "data",
    [
        RequestData(operation_id="nothing"),
        RequestData(operation_id="listOrganizations", query=(("limit", "x"),)),
        RequestData(operation_id="listOrganizations", query=(("limit", "\ud800"),)),
        RequestData(operation_id="authenticate"),
        RequestData(operation_id="retrieveOrganization"),
        RequestData(operation_id="retrieveOrganization", path_parameters=None),  # type: ignore[arg-type]
    ],
    ids=str,
)
def test_what_is_not_accepted_is_none_and_never_an_exception(
    silent: Checker, data: RequestData
) -> None:
    assert silent.accepted(data) is None


def test_an_answer_is_accepted_as_the_value_that_will_be_written(
    contract: Contract, silent: Checker
) -> None:
    value = example(contract, "/organizations/{organization_id}")
    assert silent.accepts_answer("retrieveOrganization", 200, value, HEADERS)
    assert silent.accepts_answer("retrieveOrganization", 200, value, None)
    assert not silent.accepts_answer("retrieveOrganization", 200, {**value, "x": 1}, HEADERS)
    assert not silent.accepts_answer("retrieveOrganization", 200, value, {})
    assert not silent.accepts_answer("retrieveOrganization", 302, value, HEADERS)
    body = json.dumps(value).encode()
    answer = ResponseData(
        operation_id="retrieveOrganization",
        status=200,
        content_type="application/json; charset=utf-8",
        body=body,
        headers={name.lower(): text for name, text in HEADERS.items()},
    )
    assert silent.response(answer) == []


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
    assert plan.accepts_row is not None
    assert plan.accepts_envelope is not None
    answer = example(contract, path)
    row = answer["data"][0]
    assert plan.accepts(answer)
    assert plan.accepts_envelope({**answer, "data": []})
    assert plan.accepts_row(row)
    mistakes: list[Any] = [{**row, "_type": "X"}, {**row, "more": 1}, [row], None, {"_id": ID}]
    for wrong in mistakes:
        assert not plan.accepts_row(wrong)
        assert not plan.accepts({**answer, "data": [row, wrong]})
    assert not plan.accepts_envelope({**answer, "data": [], "count": "1"})


def test_a_body_that_is_no_list_has_no_rows(checker: Checker) -> None:
    plan = checker.answer_plan("retrieveOrganization", 200)
    assert plan is not None
    assert plan.accepts_row is None
    assert plan.accepts_envelope is None


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
    assert checker.accepts_answer("get", 200, {"a": [1, "x", None, deep(10)]}, None)
    assert not checker.accepts_answer("get", 200, {"a": hidden}, None)


def test_a_value_is_accepted_without_the_authority(silent: Checker) -> None:
    assert silent.value("CountryCode", "DEU") == []
    with pytest.raises(AssertionError):
        silent.value("CountryCode", "deu")


def test_many_threads_may_ask_while_the_authority_is_made(contract: Contract) -> None:
    checker = Checker(contract)
    good = RequestData(operation_id="listOrganizations", query=(("limit", "5"),))
    bad = RequestData(operation_id="listOrganizations", query=(("limit", "0"),))
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(checker.request, [good, bad] * 40))
    assert found == [[], Authority(contract).request(bad)] * 40


def test_the_whole_of_the_violation_table_goes_through_the_compiled_check(
    silent: Checker,
) -> None:
    data = RequestData(
        operation_id="createOrganization", content_type="application/json", body=b'{"name": "ab"}'
    )
    assert silent.accepted(data) is None
    with pytest.raises(AssertionError, match="was asked"):
        silent.request(data)
