"""Whatever is sent: a list of violations comes back, and it can be told."""

import json
from typing import Any

import pytest
from fiskaly_contracts import (
    AnswerPlan,
    Checker,
    Contract,
    RequestData,
    ResponseData,
    Severity,
    explain,
    parse_body,
)
from fiskaly_contracts.authority import Authority
from fiskaly_contracts.checker import Judge
from fiskaly_contracts.compiled.requests import RequestPlan
from fiskaly_contracts.compiled.validators import Validators
from fiskaly_contracts.fields import loosened
from hypothesis import given, settings
from hypothesis import strategies as st

RELAXED = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=25,
)
OPERATIONS = tuple(Contract.bundled().operations)
NAMES = (
    "name",
    "display_name",
    "address_line1",
    "zip",
    "town",
    "country_code",
    "billing_options",
    "gln",
    "withhold_billing",
    "bill_to_organization",
    "managed_by_organization_id",
    "metadata",
    "status",
    "env",
    "email",
    "first_name",
    "recipient",
    "api_key",
    "api_secret",
    "refresh_token",
    "password",
    "data",
    "count",
    "_type",
    "_envs",
    "_id",
)
ANY_TEXT = st.text(st.characters(), max_size=8)
ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | ANY_TEXT
    | st.sampled_from(["DEU", "enabled", "LIVE", "8c1d2e3f-4a5b-4c6d-8e7f-90a1b2c3d4e5"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | ANY_TEXT, inner, max_size=6)
    ),
    max_leaves=12,
)


def must_be_tellable(violations: list[Any]) -> None:
    assert explain(violations).encode("utf-8") or not violations
    json.dumps([violation.as_json() for violation in violations], allow_nan=False).encode()
    assert "unreadable" not in {violation.rule for violation in violations}


@pytest.mark.parametrize("operation_id", OPERATIONS)
@RELAXED
@given(body=st.binary(max_size=60), content_type=ANY_TEXT)
def test_random_bytes(checker: Checker, operation_id: str, body: bytes, content_type: str) -> None:
    for sent in (content_type, "application/json"):
        data = RequestData(operation_id=operation_id, content_type=sent, body=body)
        must_be_tellable(checker.request(data))


@pytest.mark.parametrize("operation_id", OPERATIONS)
@RELAXED
@given(body=ANY_JSON)
def test_random_json(contract: Contract, checker: Checker, operation_id: str, body: Any) -> None:
    raw = json.dumps(body).encode()
    must_be_tellable(
        checker.request(
            RequestData(operation_id=operation_id, content_type="application/json", body=raw)
        )
    )
    must_be_tellable(
        checker.response(
            ResponseData(
                operation_id=operation_id, status=200, content_type="application/json", body=raw
            )
        )
    )
    document, schema = contract.document, contract.operations[operation_id].body_schema
    left, dropped = loosened(document, schema, body, operation_id)
    must_be_tellable(dropped)
    assert loosened(document, schema, left, operation_id)[1] == []


@pytest.mark.parametrize("operation_id", OPERATIONS)
@RELAXED
@given(data=st.data())
def test_random_parameters(
    checker: Checker, contract: Contract, operation_id: str, data: st.DataObject
) -> None:
    operation = contract.operations[operation_id]
    names = st.sampled_from([p.name for p in operation.parameters] or ["x"]) | ANY_TEXT
    values = ANY_TEXT | st.integers().map(str) | st.sampled_from(["asc", "TEST", "enabled", "test"])
    pairs = data.draw(st.lists(st.tuples(names, values), max_size=4))
    path = data.draw(st.dictionaries(names, values, max_size=3))
    violations = checker.request(
        RequestData(
            operation_id=operation_id,
            path_parameters=path,
            query=tuple(pairs),
            headers=dict(pairs),
        )
    )
    must_be_tellable(violations)
    if not [v for v in violations if v.severity is Severity.ERROR and v.where == "query"]:
        operation.query(pairs)


@RELAXED
@given(body=st.binary(max_size=200) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_a_body_is_either_parsed_or_refused(body: bytes) -> None:
    parsed = parse_body("x", body)
    must_be_tellable([*parsed.violations])
    if not parsed.violations:
        assert json.loads(body) == parsed.value
        json.dumps(parsed.value, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize("operation_id", ["", "nothing", "AUTHENTICATE"])
def test_an_unknown_operation_is_a_violation(checker: Checker, operation_id: str) -> None:
    (violation,) = checker.request(RequestData(operation_id=operation_id))
    assert violation.rule == "unknown-operation"
    (violation,) = checker.response(ResponseData(operation_id=operation_id, status=200))
    assert violation.rule == "unknown-operation"


def test_a_text_that_is_no_utf_8_is_refused_where_the_library_raises() -> None:
    compiled = Validators({}).of({"type": "string", "pattern": "^a"})
    with pytest.raises(UnicodeEncodeError):
        compiled.accepts("a\ud800")
    assert not compiled.accepts_quietly("a\ud800")
    assert compiled.accepts_quietly("a")


@pytest.mark.parametrize("judge", ["jsonschema-rs", "openapi-core"])
def test_a_crash_of_the_library_becomes_a_violation_without_its_text(
    contract: Contract, monkeypatch: pytest.MonkeyPatch, judge: Judge
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("s3ntinel")

    checker = Checker(contract, judge=judge)
    monkeypatch.setattr(RequestPlan, "check", crash)
    monkeypatch.setattr(AnswerPlan, "header_violations", crash)
    monkeypatch.setattr(Authority, "request", crash)
    monkeypatch.setattr(Authority, "response", crash)
    checked = checker.check(RequestData(operation_id="listOrganizations"))
    assert [one.rule for one in checked.refusing] == ["unreadable"]
    (violation,) = checker.response(
        ResponseData(operation_id="authenticate", status=200, headers={})
    )
    assert violation.sentence() == "body should be readable (the check failed with RuntimeError)"
    assert checker.answer("authenticate", 200, {}, {}) == [violation]
