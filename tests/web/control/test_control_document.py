"""The control API's own OpenAPI document, as a document and as it is served."""

import json
from typing import Any

import pytest
from fiskaly_contracts import Checker, Contract, RequestData
from fiskaly_mockserver.control import shapes
from openapi_spec_validator import OpenAPIV30SpecValidator
from web.control.wire import Wire

DOCUMENT: Any = Contract.control().document
OPERATIONS = Contract.control().operations
SHAPES = {
    "Health": shapes.Health,
    "Credentials": shapes.KeyCredentials,
    "TreeClient": shapes.TreeClient,
    "TreeTss": shapes.TreeTss,
    "TreeOrganization": shapes.TreeOrganization,
    "TreeUser": shapes.TreeUser,
    "Tree": shapes.Tree,
    "SignedUp": shapes.SignedUp,
    "Cleared": shapes.Cleared,
    "Clock": shapes.ClockState,
    "FaultWhen": shapes.FaultWhen,
    "FaultEffect": shapes.FaultEffect,
    "FaultRule": shapes.FaultRule,
    "Fault": shapes.Fault,
    "JournalQuery": shapes.JournalQuery,
    "Journal": shapes.Journal,
    "Waited": shapes.Waited,
    "SandboxList": shapes.SandboxList,
    "ExplainedQrCode": shapes.ExplainedQrCode,
    "SignedTransaction": shapes.SignedTransaction,
}


def test_it_is_valid_openapi() -> None:
    assert [str(error) for error in OpenAPIV30SpecValidator(DOCUMENT).iter_errors()] == []


def test_it_is_served_with_the_address_it_was_asked_under(wire: Wire) -> None:
    served = wire.ask("GET", "/_mock/openapi.json").body
    assert served == {**DOCUMENT, "servers": [{"url": f"http://127.0.0.1:{wire.port}/_mock"}]}
    assert [str(error) for error in OpenAPIV30SpecValidator(served).iter_errors()] == []


def test_the_management_contract_is_served_beside_it(wire: Wire) -> None:
    served = wire.ask("GET", "/_mock/contract").body
    bundled = Contract.bundled()
    url = f"http://127.0.0.1:{wire.port}{bundled.base_path}"
    assert served == bundled.served_at(url)


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_every_operation_is_told_well(operation_id: str) -> None:
    operation = OPERATIONS[operation_id]
    node = DOCUMENT["paths"][operation.path][operation.method.lower()]
    assert node["summary"]
    assert len(node["tags"]) == 1
    assert {200, 400, 403} <= set(operation.statuses)
    assert ({413, 415} <= set(operation.statuses)) is operation.has_body


def test_every_schema_is_used() -> None:
    text = json.dumps(DOCUMENT)
    unused = [
        name
        for name in DOCUMENT["components"]["schemas"]
        if f'"#/components/schemas/{name}"' not in text
    ]
    assert unused == []


@pytest.mark.parametrize("name", SHAPES)
def test_the_typed_client_knows_the_same_fields(name: str) -> None:
    shape = SHAPES[name]
    schema = DOCUMENT["components"]["schemas"][name]
    assert set(shape.__annotations__) == set(schema["properties"])


def test_the_kinds_of_effect_are_told_twice_alike() -> None:
    """Once as a list that a wrong kind is told from, once each with its own fields."""
    schemas = DOCUMENT["components"]["schemas"]
    effect = schemas["FaultEffect"]
    branches = [schemas[one["$ref"].rpartition("/")[2]] for one in effect["oneOf"]]
    kinds = [branch["properties"]["kind"]["enum"] for branch in branches]
    assert list(dict.fromkeys(kind for [kind] in kinds)) == effect["properties"]["kind"]["enum"]
    fields = {name for branch in branches for name in branch["properties"]}
    assert fields == set(effect["properties"])


@pytest.mark.parametrize("operation_id", [n for n, one in OPERATIONS.items() if one.has_body])
def test_the_examples_are_good(control_checker: Checker, operation_id: str) -> None:
    operation = OPERATIONS[operation_id]
    node = DOCUMENT["paths"][operation.path][operation.method.lower()]
    content = node["requestBody"]["content"]["application/json"]
    examples = [one["value"] for one in content.get("examples", {}).values()]
    examples += [content["example"]] if "example" in content else []
    assert bool(examples) is (operation_id != "importState")
    for example in examples:
        body = json.dumps(example).encode()
        request = RequestData(operation_id=operation_id, content_type="application/json", body=body)
        assert control_checker.request(request) == []
