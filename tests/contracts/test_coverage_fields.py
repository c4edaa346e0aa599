"""Which fields a request may have, and which it had."""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import pytest
from fiskaly_contracts import Contract, JsonValue
from fiskaly_contracts.coverage.fields import RequestFields

TEXT = {"type": "string"}
SCHEMAS: dict[str, Any] = {
    "Card": {
        "type": "object",
        "additionalProperties": False,
        "required": ["number"],
        "properties": {"number": TEXT, "kind": {"type": "string", "enum": ["card"]}},
    },
    "Cash": {
        "type": "object",
        "properties": {"number": TEXT, "kind": {"type": "string", "enum": ["cash", "coins"]}},
        "required": ["kind"],
    },
    "Node": {
        "type": "object",
        "properties": {"label": TEXT, "next": {"$ref": "#/components/schemas/Node"}},
    },
    "Old": {"type": "object", "deprecated": True, "properties": {"deep": TEXT}},
}


def sent_to(fields: RequestFields, names: Iterable[str], body: JsonValue) -> set[str]:
    """Return the fields of one request."""
    fresh = deepcopy(fields)
    fresh.collect(names, body)
    return fresh.sent


def fields_of(schema: dict[str, Any]) -> RequestFields:
    node = {
        "operationId": "send",
        "parameters": [
            {"name": "limit", "in": "query", "schema": {"type": "integer"}},
            {"name": "X-Trace", "in": "header", "schema": TEXT},
        ],
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {"200": {"description": "fine"}},
    }
    contract = Contract.from_document(
        {
            "openapi": "3.0.3",
            "info": {"title": "t", "version": "1"},
            "paths": {"/x": {"post": node}},
            "components": {"schemas": SCHEMAS},
        }
    )
    return RequestFields(contract.document, contract.operations["send"])


def properties(**parts: Any) -> dict[str, Any]:
    return {"type": "object", "properties": parts}


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        ({}, set()),
        (TEXT, set()),
        (properties(name=TEXT), {"/name"}),
        (properties(a=properties(b=TEXT)), {"/a", "/a/b"}),
        (properties(map={"type": "object", "additionalProperties": TEXT}), {"/map"}),
        (properties(list={"type": "array", "items": TEXT}), {"/list"}),
        (properties(rows={"type": "array", "items": properties(a=TEXT)}), {"/rows", "/rows/*/a"}),
        ({"type": "array", "items": properties(a=TEXT)}, {"/*/a"}),
        (properties(**{"a/b~c": TEXT}), {"/a~1b~0c"}),
        (properties(made={"type": "string", "readOnly": True}, name=TEXT), {"/name"}),
        (properties(old={"$ref": "#/components/schemas/Old"}), set()),
        ({"allOf": [properties(a=TEXT), {"anyOf": [properties(b=TEXT), {}]}]}, {"/a", "/b"}),
        ({"$ref": "#/components/schemas/Node"}, {"/label", "/next"}),
        ({"oneOf": [TEXT, {"type": "integer"}]}, set()),
        (
            properties(
                pay={"oneOf": [{"$ref": f"#/components/schemas/{n}"} for n in ("Card", "Cash")]}
            ),
            {"/pay", "/pay(Card)", "/pay(Cash)", "/pay/number", "/pay/kind"},
        ),
        (
            {"oneOf": [{**properties(a=TEXT), "title": "A"}, properties(b=TEXT)]},
            {"(A)", "(2)", "/a", "/b"},
        ),
    ],
)
def test_every_field_has_one_name(schema: dict[str, Any], names: set[str]) -> None:
    found = fields_of(schema).names
    assert set(found) == names | {"?limit"}
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("value", "branch"),
    [
        ({"number": "1"}, "(Card)"),
        ({"number": "1", "kind": "card"}, "(Card)"),
        ({"number": "1", "kind": "coins"}, "(Cash)"),
        ({"kind": "cash", "more": 1}, "(Cash)"),
        ({"kind": ["card"]}, None),
        ({}, None),
    ],
)
def test_a_branch_is_told_by_properties_and_constants(
    value: dict[str, JsonValue], branch: str | None
) -> None:
    fields = fields_of({"oneOf": [{"$ref": f"#/components/schemas/{n}"} for n in ("Card", "Cash")]})
    found = {name for name in sent_to(fields, (), value) if name.startswith("(")}
    assert found == ({branch} if branch else set())


def test_only_declared_fields_are_found_at_every_depth() -> None:
    fields = fields_of(
        properties(
            name=TEXT,
            map={"type": "object", "additionalProperties": TEXT},
            rows={"type": "array", "items": properties(a=TEXT, b=TEXT)},
        )
    )
    body: JsonValue = {
        "name": "[redacted]",
        "map": {"name": "x"},
        "rows": [{"a": 1}, {"b": 2, "c": 3}, 4, None],
        "unknown": {"name": 1},
    }
    sent = sent_to(fields, ["limit", "unknown"], body)
    assert sent == {"?limit", "/name", "/map", "/rows", "/rows/*/a", "/rows/*/b"}


@pytest.mark.parametrize("body", [None, 1, "text", [], ["name"], {"name": {"name": 1}}])
def test_no_body_is_too_odd(body: JsonValue) -> None:
    assert sent_to(fields_of(properties(name=properties(x=TEXT))), (), body) <= {"/name"}


def test_the_ways_to_log_in_are_branches_of_the_bundled_contract() -> None:
    contract = Contract.bundled()
    fields = RequestFields(contract.document, contract.operations["authenticate"])
    assert sent_to(fields, (), {"refresh_token": "[redacted]"}) == {
        "/refresh_token",
        "(RefreshTokenAuthentication)",
    }


def test_every_example_of_the_bundled_contract_has_known_fields_and_one_branch() -> None:
    contract = Contract.bundled()
    document: Any = contract.document
    seen = 0
    for operation in contract.operations.values():
        node = document["paths"][operation.path][operation.method.lower()]
        fields = RequestFields(contract.document, operation)
        content = node.get("requestBody", {}).get("content", {})
        for example in content.get("application/json", {}).get("examples", {}).values():
            sent = sent_to(fields, (), example["value"])
            assert {f"/{name}" for name in example["value"]} <= sent
            branched = any(name.startswith("(") for name in fields.names)
            assert sum(name.startswith("(") for name in sent) == branched
            seen += 1
    assert seen > 10
