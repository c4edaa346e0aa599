"""Damaged bodies do break what they are to break, for every operation of the contract."""

import json
from typing import Any

import pytest
from contracts.openapi_document import operations, resolve
from fiskaly_contracts import Checker, Contract, ResponseData
from fiskaly_mockserver.web.faults.effects import malformed, out_of_contract
from fiskaly_mockserver.web.management.api import ManagementErrors
from fiskaly_mockserver.web.responses import CONTENT_TYPE, REASONS, to_bytes

EXAMPLES = [
    pytest.param(operation.operation_id, example["value"], id=f"{operation.operation_id}-{name}")
    for operation in operations()
    for name, example in resolve(operation.node["responses"]["200"])["content"]["application/json"][
        "examples"
    ].items()
]


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker(Contract.bundled())


def test_every_operation_has_examples() -> None:
    assert {str(example.values[0]) for example in EXAMPLES} == set(Contract.bundled().operations)


@pytest.mark.parametrize(("operation_id", "value"), EXAMPLES)
def test_an_answer_out_of_contract_is_json_that_the_contract_refuses(
    checker: Checker, operation_id: str, value: Any
) -> None:
    def breaches(body: bytes) -> int:
        data = ResponseData(
            operation_id=operation_id, status=200, content_type=CONTENT_TYPE, body=body
        )
        return len(checker.response(data))

    body = to_bytes(value)
    assert breaches(body) == 0
    assert breaches(out_of_contract(body)) > 0
    assert isinstance(json.loads(out_of_contract(body)), dict)
    assert out_of_contract(body) == out_of_contract(body)


@pytest.mark.parametrize(("operation_id", "value"), [*EXAMPLES, ("", {}), ("", {"a": 1})])
def test_a_malformed_answer_is_text_that_is_no_json(operation_id: str, value: Any) -> None:
    text = malformed(to_bytes(value)).decode()
    assert text
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


def test_a_malformed_answer_is_not_cut_within_a_character() -> None:
    for size in range(8):
        assert malformed(to_bytes({"a": "€" * size})).decode().startswith("{")


def test_every_error_status_has_a_reason() -> None:
    assert all(REASONS[status] for status in range(400, 600))
    assert (REASONS[413], REASONS[422], REASONS[503], REASONS[599]) == (
        "Payload Too Large",
        "Unprocessable Entity",
        "Service Unavailable",
        "Server Error",
    )


@pytest.mark.parametrize(("wait", "told"), [(0.001, "1"), (1.0, "1"), (1.01, "2"), (59.5, "60")])
def test_a_limited_principal_is_told_whole_seconds(wait: float, told: str) -> None:
    answer = ManagementErrors().too_many_requests(wait)
    assert (answer.status, dict(answer.headers)) == (429, {"Retry-After": told})
    assert answer.body == {
        "status_code": 429,
        "error": "Too Many Requests",
        "code": "E_TOO_MANY_REQUESTS",
        "message": "Too many requests.",
    }
