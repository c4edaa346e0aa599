"""SIGN DE's contract: valid, complete, exemplified, and honest about where it is from."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from contracts.openapi_document import ASSUMPTIONS, OPENAPI, references, walk
from fiskaly_contracts import Checker, Contract, RequestData, ResponseData, Where, explain
from openapi_spec_validator import validate

OPERATIONS = {
    "authenticateApi": ("post", "/auth"),
    "authenticateAdmin": ("post", "/tss/{tss_id}/admin/auth"),
    "logoutAdmin": ("post", "/tss/{tss_id}/admin/logout"),
    "createTss": ("put", "/tss/{tss_id}"),
    "retrieveTss": ("get", "/tss/{tss_id}"),
    "updateTss": ("patch", "/tss/{tss_id}"),
    "changeAdminPin": ("patch", "/tss/{tss_id}/admin"),
    "listTss": ("get", "/tss"),
    "createClient": ("put", "/tss/{tss_id}/client/{client_id}"),
    "retrieveClient": ("get", "/tss/{tss_id}/client/{client_id}"),
    "updateClient": ("patch", "/tss/{tss_id}/client/{client_id}"),
    "listAllClients": ("get", "/client"),
    "listClients": ("get", "/tss/{tss_id}/client"),
    "listClientTransactions": ("get", "/tss/{tss_id}/client/{client_id}/tx"),
    "listAllTransactions": ("get", "/tx"),
    "listTransactions": ("get", "/tss/{tss_id}/tx"),
    "retrieveTransaction": ("get", "/tss/{tss_id}/tx/{tx_id_or_number}"),
    "upsertTransaction": ("put", "/tss/{tss_id}/tx/{tx_id_or_number}"),
    "retrieveTransactionLog": ("get", "/tss/{tss_id}/tx/{tx_id_or_number}/log"),
    "triggerExport": ("put", "/tss/{tss_id}/export/{export_id}"),
    "retrieveExport": ("get", "/tss/{tss_id}/export/{export_id}"),
    "cancelExport": ("delete", "/tss/{tss_id}/export/{export_id}"),
    "retrieveExportFile": ("get", "/tss/{tss_id}/export/{export_id}/file"),
    "listAllExports": ("get", "/export"),
    "listExports": ("get", "/tss/{tss_id}/export"),
    "retrieveTssMetadata": ("get", "/tss/{tss_id}/metadata"),
    "updateTssMetadata": ("patch", "/tss/{tss_id}/metadata"),
    "retrieveClientMetadata": ("get", "/tss/{tss_id}/client/{client_id}/metadata"),
    "updateClientMetadata": ("patch", "/tss/{tss_id}/client/{client_id}/metadata"),
    "retrieveTransactionMetadata": ("get", "/tss/{tss_id}/tx/{tx_id_or_number}/metadata"),
    "updateTransactionMetadata": ("patch", "/tss/{tss_id}/tx/{tx_id_or_number}/metadata"),
    "retrieveExportMetadata": ("get", "/tss/{tss_id}/export/{export_id}/metadata"),
    "updateExportMetadata": ("patch", "/tss/{tss_id}/export/{export_id}/metadata"),
}
PHRASES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    413: "Payload Too Large",
    415: "Unsupported Media Type",
    423: "Locked",
    429: "Too Many Requests",
    432: "Client Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}
ASSUMPTION = re.compile(r"A-\d{2}")
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
    found = {
        one.operation_id: (one.method.lower(), one.path) for one in CONTRACT.operations.values()
    }
    assert found == OPERATIONS
    assert len(OPERATIONS) == 33
    assert CONTRACT.base_path == "/api/v2"
    assert not CONTRACT.operations.keys() & Contract.bundled().operations.keys()


def test_everything_tells_source_and_confidence_and_sources_are_explained() -> None:
    silent = [name for name, node in nodes() if not node.get("x-source")]
    assert silent == []
    kinds = {"recorded", "documented", "client", "assumed"}
    assert {node["x-confidence"] for _, node in nodes()} <= kinds
    cited = {source for _, node in walk(DOCUMENT) for source in node.get("x-source", ())}
    keys = {one.partition(":")[0] for one in cited if not ASSUMPTION.fullmatch(one)}
    assert keys == set(DOCUMENT["x-sources"])


def kind_of(source: str) -> str:
    if source.startswith("U:"):
        return "recorded"
    if ASSUMPTION.fullmatch(source):
        return "assumed"
    return "documented" if source in {"SPEC", "DEV-V2"} else "client"


def test_the_best_source_is_worth_the_confidence() -> None:
    for name, node in nodes():
        assert node["x-confidence"] in map(kind_of, node["x-source"]), name


def test_every_assumption_that_is_cited_stands_in_the_list_and_the_other_way_round() -> None:
    listed = set(re.findall(r"^## (A-\d{2}) — ", ASSUMPTIONS.read_text("utf-8"), re.MULTILINE))
    cited = set(re.findall(r"\bA-\d{2}\b", json.dumps(DOCUMENT)))
    assert cited <= listed
    own = ASSUMPTIONS.read_text("utf-8").partition("\n# SIGN DE\n")[2]
    assert set(re.findall(r"^## (A-\d{2}) — ", own, re.MULTILINE)) <= cited


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
        ("LoginError", ["message", "status_code", "error"]),
        ("PlainError", ["status_code", "error", "message"]),
    ],
)
def test_errors_have_their_own_orders(schema: str, keys: list[str]) -> None:
    assert list(DOCUMENT["components"]["schemas"][schema]["properties"]) == keys


def orders(schema: Any) -> Iterator[list[str]]:
    """Yield the orders of fields that a schema, or one of its branches, has."""
    schema = resolved(schema)
    for branch in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        yield from orders(branch)
    if "properties" in schema:
        yield list(schema["properties"])


def test_examples_keep_the_order_of_the_schema() -> None:
    for operation_id, name, status, value in EXAMPLES:
        if status is None or operation_id.endswith("Metadata"):
            continue
        node = DOCUMENT["paths"][CONTRACT.operations[operation_id].path]
        answer = node[CONTRACT.operations[operation_id].method.lower()]["responses"][str(status)]
        schema = resolved(answer)["content"]["application/json"]["schema"]
        possible = [[key for key in order if key in value] for order in orders(schema)]
        assert list(value) in possible, (operation_id, name)


def test_every_code_of_an_answer_has_an_example_and_no_example_another_code() -> None:
    for name, response in DOCUMENT["components"]["responses"].items():
        examples = response["content"]["application/json"]["examples"].values()
        codes = {example["value"].get("code") for example in examples} - {None}
        assert codes == set(response.get("x-codes", ())), name


def test_examples_of_refusals_repeat_their_status_and_its_phrase() -> None:
    for operation_id, name, status, value in EXAMPLES:
        if status not in {None, 200}:
            phrase = PHRASES.get(status, "") if status else ""
            assert (value["status_code"], value["error"]) == (status, phrase), (operation_id, name)


def test_what_the_fake_never_sends_says_why() -> None:
    responses = DOCUMENT["components"]["responses"].items()
    marked = {name for name, response in responses if "x-mock-not-produced" in response}
    assert marked == {
        "UseMiddleware",
        "DeploymentFailed",
        "TssLocked",
        "NoNewTss",
        "ExportUnavailable",
    }


def test_examples_of_parameters_and_headers_are_valid() -> None:
    checker = Checker(CONTRACT)
    for section in ("parameters", "headers"):
        for name, node in DOCUMENT["components"][section].items():
            value, schema = node["example"], node["schema"]
            if schema["type"] == "string":
                assert re.search(schema.get("pattern", ""), value), name
                assert value in schema.get("enum", [value]), name
    for operation in CONTRACT.operations.values():
        node = DOCUMENT["paths"][operation.path][operation.method.lower()]
        declared = [resolved(one) for one in node.get("parameters", ())]
        path = {one["name"]: one["example"] for one in declared if one["in"] == "path"}
        query = tuple(
            (one["name"], str(item).lower() if isinstance(item, bool) else str(item))
            for one in declared
            if one["in"] == "query"
            for item in (one["example"] if isinstance(one["example"], list) else [one["example"]])
        )
        media = "application/json" if operation.has_body else ""
        checked = checker.check(RequestData(operation.operation_id, path, query, media, b"{}"))
        found = [one for one in checked.violations if one.where is not Where.BODY]
        assert found == [], operation.operation_id


def test_links_lead_to_every_operation_with_an_id_in_its_path() -> None:
    linked = set()
    for operation in CONTRACT.operations.values():
        node = DOCUMENT["paths"][operation.path][operation.method.lower()]
        for link in node["responses"]["200"].get("links", {}).values():
            target = CONTRACT.operations[link["operationId"]]
            wanted = {step[1:-1] for step in target.path.split("/") if step.startswith("{")}
            assert "tss_id" in link["parameters"]
            assert set(link["parameters"]) <= wanted
            linked.add(target.operation_id)
    assert linked == {one.operation_id for one in CONTRACT.operations.values() if "{" in one.path}


def test_every_secret_is_marked_for_us_and_for_other_tools() -> None:
    secrets = set()
    for _, node in walk(DOCUMENT["components"]["schemas"]):
        for name, schema in node.get("properties", {}).items():
            assert schema.get("x-secret", False) is (schema.get("format") == "password"), name
            secrets |= {name} if schema.get("x-secret") else set()
    assert secrets == {
        "api_secret",
        "access_token",
        "refresh_token",
        "admin_puk",
        "admin_pin",
        "new_admin_pin",
    }


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


def amounts(**one: object) -> dict[str, Any]:
    rows = [{"vat_rate": "NORMAL", "amount": "11.90"} | one]
    return {"standard_v1": {"receipt": {"receipt_type": "RECEIPT", "amounts_per_vat_rate": rows}}}


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        (amounts(amount=11.9), ".standard_v1.receipt.amounts_per_vat_rate[0].amount should be st"),
        (amounts(amount="11.9"), "amount should match pattern"),
        (amounts(vat_rate="19.0"), "vat_rate should be equal to one of the allowed values"),
        ({"standard_v1": {"order": {}}}, "order should have required property 'line_items'"),
        ({"standard_v1": {}}, ".standard_v1 should have 'receipt', or 'order', or 'other'"),
        ({"raw": {"process_data": ""}}, ".raw should have required property 'process_type'"),
        ({}, "body.schema should have 'standard_v1', or 'raw', or 'dsfinvtw_v1'"),
        (None, "body.schema should be object"),
    ],
)
def test_what_is_wrong_with_the_data_of_a_transaction_is_named(schema: object, told: str) -> None:
    body = {"state": "ACTIVE", "client_id": UUID, "schema": schema}
    path, query = {"tss_id": UUID, "tx_id_or_number": UUID}, (("tx_revision", "1"),)
    data = RequestData(
        "upsertTransaction", path, query, "application/json", json.dumps(body).encode()
    )
    assert told in explain(Checker(CONTRACT).check(data).violations)


def test_what_is_wrong_with_a_login_is_named() -> None:
    body = b'{"api_key": 1, "api_secret": "EXAMPLE"}'
    data = RequestData("authenticateApi", {}, (), "application/json", body)
    assert explain(Checker(CONTRACT).check(data).violations).startswith(
        "body.api_key should be string (got 1)"
    )
