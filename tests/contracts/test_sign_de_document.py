"""SIGN DE's contract: valid, complete, exemplified, and honest about where it is from."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from contracts.openapi_document import ASSUMPTIONS, OPENAPI, references, walk
from fiskaly_contracts import Checker, Contract, RequestData, ResponseData
from openapi_spec_validator import validate

OPERATIONS = [
    "authenticateApi",
    "authenticateAdmin",
    "logoutAdmin",
    "createTss",
    "retrieveTss",
    "updateTss",
    "changeAdminPin",
    "listTss",
    "createClient",
    "retrieveClient",
    "updateClient",
    "listAllClients",
    "listClients",
    "listClientTransactions",
    "listAllTransactions",
    "listTransactions",
    "retrieveTransaction",
    "upsertTransaction",
    "retrieveTransactionLog",
    "triggerExport",
    "retrieveExport",
    "cancelExport",
    "retrieveExportFile",
    "listAllExports",
    "listExports",
    "retrieveTssMetadata",
    "updateTssMetadata",
    "retrieveClientMetadata",
    "updateClientMetadata",
    "retrieveTransactionMetadata",
    "updateTransactionMetadata",
    "retrieveExportMetadata",
    "updateExportMetadata",
]
FILES = {"retrieveTransactionLog", "retrieveExportFile"}
UUID = "6f1cbb9a-2f2a-4d5e-9a46-1f6a4b1f0001"
CONTRACT = Contract.sign_de()
DOCUMENT: Any = CONTRACT.document


def resolved(node: Any) -> Any:
    while "$ref" in node:
        target = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def nodes() -> Iterator[tuple[str, Any]]:
    for operation in CONTRACT.operations.values():
        node = DOCUMENT["paths"][operation.path][operation.method.lower()]
        yield operation.operation_id, node
    for section in ("parameters", "headers", "responses", "schemas"):
        for name, node in DOCUMENT["components"][section].items():
            yield f"{section}/{name}", node


def examples() -> Iterator[tuple[str, str, int | None, Any]]:
    """Yield operation, name, status (None for a request) and value of every example."""
    for operation in CONTRACT.operations.values():
        node = DOCUMENT["paths"][operation.path][operation.method.lower()]
        body = node.get("requestBody", {}).get("content", {}).get("application/json", {})
        for name, example in body.get("examples", {}).items():
            yield operation.operation_id, name, None, example["value"]
        for status, answer in node["responses"].items():
            content = resolved(answer)["content"].get("application/json", {})
            for name, example in content.get("examples", {}).items():
                yield operation.operation_id, name, int(status), example["value"]


EXAMPLES = list(examples())


def test_it_is_valid_openapi_and_the_compact_copy_says_the_same() -> None:
    text = (OPENAPI / "sign-de-v2.yaml").read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    validate(document)
    assert document == json.loads((OPENAPI / "sign-de-v2.json").read_text(encoding="utf-8"))


def test_it_has_the_33_operations_and_no_name_of_the_other_api() -> None:
    assert sorted(CONTRACT.operations) == sorted(OPERATIONS)
    assert not CONTRACT.operations.keys() & Contract.bundled().operations.keys()


def test_everything_tells_source_and_confidence_and_sources_are_explained() -> None:
    silent = [name for name, node in nodes() if not node.get("x-source")]
    assert silent == []
    kinds = {"recorded", "documented", "client", "assumed"}
    assert {node["x-confidence"] for _, node in nodes()} <= kinds
    cited = {source for _, node in walk(DOCUMENT) for source in node.get("x-source", ())}
    known = DOCUMENT["x-sources"]
    assert {one for one in cited if one.partition(":")[0] not in known} <= {"A-86"}


def test_every_assumption_that_is_cited_stands_in_the_list_and_the_other_way_round() -> None:
    listed = set(re.findall(r"^## (A-\d{2}) — ", ASSUMPTIONS.read_text("utf-8"), re.MULTILINE))
    cited = set(re.findall(r"\bA-\d{2}\b", json.dumps(DOCUMENT)))
    assert cited <= listed
    assert {f"A-{number}" for number in range(63, 89)} <= cited


def test_nothing_is_declared_in_vain() -> None:
    used = set(references(DOCUMENT))
    for section in ("parameters", "responses", "schemas"):
        for name in DOCUMENT["components"][section]:
            assert f"#/components/{section}/{name}" in used, name


@pytest.mark.parametrize("judge", ["jsonschema-rs", "openapi-core"])
def test_every_example_is_accepted(judge: Any) -> None:
    checker = Checker(CONTRACT, judge=judge)
    for operation_id, name, status, value in EXAMPLES:
        raw = json.dumps(value).encode()
        if status is None:
            operation = CONTRACT.operations[operation_id]
            path = {one.name: UUID for one in operation.parameters if one.where == "path"}
            query = (("tx_revision", "1"),) if operation_id == "upsertTransaction" else ()
            data = RequestData(operation_id, path, query, "application/json", raw)
            found = list(checker.check(data).violations)
        else:
            found = checker.response(
                ResponseData(operation_id, status, "application/json", raw, None)
            )
        assert found == [], (operation_id, name, status)


def test_every_operation_has_an_example_of_its_body_and_its_answer() -> None:
    answered = {operation_id for operation_id, _, status, _ in EXAMPLES if status == 200}
    assert answered == set(OPERATIONS) - FILES
    asked = {operation_id for operation_id, _, status, _ in EXAMPLES if status is None}
    assert asked == {one.operation_id for one in CONTRACT.operations.values() if one.has_body}


@pytest.mark.parametrize(
    ("schema", "keys"),
    [
        ("BackendError", ["status_code", "error", "code", "message"]),
        ("CodedError", ["code", "message", "status_code", "error"]),
        ("PlainError", ["status_code", "error", "message"]),
    ],
)
def test_errors_have_their_own_orders(schema: str, keys: list[str]) -> None:
    assert list(DOCUMENT["components"]["schemas"][schema]["properties"]) == keys


def test_examples_keep_the_order_of_the_schema() -> None:
    for operation_id, name, status, value in EXAMPLES:
        if status != 200 or operation_id == "updateTss":
            continue
        node = DOCUMENT["paths"][CONTRACT.operations[operation_id].path]
        answer = node[CONTRACT.operations[operation_id].method.lower()]["responses"]["200"]
        schema = resolved(resolved(answer)["content"]["application/json"]["schema"])
        declared = [key for key in schema.get("properties", value) if key in value]
        assert list(value) == declared, (operation_id, name)


def test_only_one_body_is_strict() -> None:
    strict = {
        operation.operation_id
        for operation in CONTRACT.operations.values()
        if operation.has_body
        and resolved(operation.body_schema).get("additionalProperties") is False
    }
    assert strict == {"updateTss"}


def test_no_example_holds_what_could_pass_for_a_real_credential() -> None:
    text = json.dumps([value for *_, value in EXAMPLES])
    assert "eyJ" not in text
    assert re.findall(r'"api_secret": "(?!EXAMPLE)', text) == []
