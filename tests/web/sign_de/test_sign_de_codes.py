"""What the server refuses is what the contract says: every fact's status and code."""

from typing import Any

import pytest
from fiskaly_contracts import Contract
from fiskaly_mockserver.domain.signing import errors
from fiskaly_mockserver.web.sign_de.api import MIDDLEWARE_OPERATIONS, TABLE, SignDeErrors

RESPONSES: Any = Contract.sign_de().document["components"]["responses"]  # type: ignore[index,call-overload]
EXAMPLES = [
    example["value"]
    for response in RESPONSES.values()
    for example in response["content"]["application/json"]["examples"].values()
]


@pytest.mark.parametrize("error", TABLE, ids=lambda error: error.__name__)
def test_the_contract_has_an_example_of_every_refusal(error: type[errors.SigningError]) -> None:
    wire = TABLE[error]
    codes = {value.get("code") for value in EXAMPLES if value["status_code"] == wire.status}
    assert error.code in codes


def test_examples_of_the_contract_say_what_the_server_says() -> None:
    said = {wire.message for wire in TABLE.values()}
    known = {(wire.status, error.code) for error, wire in TABLE.items()}
    for value in EXAMPLES:
        if (value["status_code"], value.get("code")) in known:
            assert value["message"] in said


@pytest.mark.parametrize("operation_id", Contract.sign_de().operations)
def test_the_shape_of_a_404_is_the_documented_one(operation_id: str) -> None:
    node = Contract.sign_de().operations[operation_id]
    path: Any = Contract.sign_de().document["paths"][node.path]  # type: ignore[index,call-overload]
    declared = path[node.method.lower()]["responses"].get("404")
    if declared is None:
        return
    name = declared["$ref"].rpartition("/")[2]
    schema = RESPONSES[name]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    body: Any = SignDeErrors().refused(errors.TssNotFound(), operation_id).body
    by_middleware = operation_id in MIDDLEWARE_OPERATIONS
    assert schema == ("CodedError" if by_middleware else "BackendError")
    assert next(iter(body)) == ("code" if by_middleware else "status_code")


@pytest.mark.parametrize(
    ("code", "message", "told"),
    [
        (None, "smoke in the server room", "smoke in the server room"),
        (None, None, "Bad Gateway"),
        ("E_SMAERS", "the SMAERS is away", "the SMAERS is away"),
        ("E_SMAERS", None, "Bad Gateway"),
    ],
)
def test_an_armed_fault_says_what_it_was_told_to(
    code: str | None, message: str | None, told: str
) -> None:
    answer = SignDeErrors().on_demand(502, code, message)
    assert isinstance(answer.body, dict)
    assert (answer.status, answer.body["message"], answer.body.get("code")) == (502, told, code)
