"""Every body of the contract has examples, and they are true to it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from contracts.openapi_document import load, operations, resolve
from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator
from referencing import Registry
from referencing.jsonschema import DRAFT4

URI = "urn:contract"
PHRASES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    413: "Payload Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
}


@dataclass(frozen=True, slots=True)
class Body:
    """The one JSON body that a request or a response of an operation may have."""

    name: str
    direction: str
    status: int | None
    media: dict[str, Any]

    @property
    def examples(self) -> list[Any]:
        return [example["value"] for example in self.media.get("examples", {}).values()]


def _bodies() -> Iterator[Body]:
    for operation in operations():
        if operation.has_body:
            content = resolve(operation.node["requestBody"])["content"]
            assert list(content) == ["application/json"]
            name = f"{operation.operation_id}-request"
            yield Body(name, "write", None, content["application/json"])
        for status, response in operation.node["responses"].items():
            content = resolve(response)["content"]
            assert list(content) == ["application/json"]
            name = f"{operation.operation_id}-{status}"
            yield Body(name, "read", int(status), content["application/json"])


BODIES = list(_bodies())
RESPONSES = [body for body in BODIES if body.direction == "read"]
REFUSALS = [body for body in RESPONSES if body.status != 200]


def _schema(reference: str, direction: str) -> Any:
    registry: Registry[Any] = Registry().with_resource(URI, DRAFT4.create_resource(load()))
    validator = OAS30WriteValidator if direction == "write" else OAS30ReadValidator
    return validator({"$ref": f"{URI}{reference}"}, registry=registry)


def _complaints(reference: str, value: Any, direction: str) -> list[str]:
    errors = _schema(reference, direction).iter_errors(value)
    return [f"{error.json_path}: {error.message}" for error in errors]


def _in_schema_order(reference: str, value: Any) -> bool:
    """Tell whether a valid value's fields stand as its schema lists them, all the way down."""
    schema = resolve({"$ref": reference})
    if "oneOf" in schema:
        branches = [branch["$ref"] for branch in schema["oneOf"]]
        return any(
            not _complaints(branch, value, "read") and _in_schema_order(branch, value)
            for branch in branches
        )
    properties = schema["properties"]
    inner = [(properties[name], item) for name, item in value.items()]
    lists = [(node["items"], row) for node, items in inner if "items" in node for row in items]
    return list(value) == [name for name in properties if name in value] and all(
        _in_schema_order(node["$ref"], item)
        for node, item in inner + lists
        if "properties" in resolve(node) or "oneOf" in resolve(node)
    )


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.name)
def test_every_body_has_an_example_and_each_is_valid(body: Body) -> None:
    assert body.examples
    for value in body.examples:
        assert _complaints(body.media["schema"]["$ref"], value, body.direction) == []


def test_the_order_of_these_tests_does_find_a_wrong_one() -> None:
    reference = "#/components/schemas/NotFoundError"

    assert _in_schema_order(reference, {"status_code": 404, "error": "x", "message": "x"})
    assert not _in_schema_order(reference, {"message": "x", "status_code": 404, "error": "x"})


def test_the_validator_of_these_tests_does_find_faults() -> None:
    assert _complaints("#/components/schemas/EnvironmentEnable", {"env": "PROD"}, "write")
    assert _complaints("#/components/schemas/Success", {"_success": True, "more": 1}, "read")
    assert _complaints("#/components/schemas/AnyApiKey", {"_type": "API_KEY"}, "read")


@pytest.mark.parametrize("body", RESPONSES, ids=lambda body: body.name)
def test_examples_of_answers_keep_the_order_of_fields(body: Body) -> None:
    for value in body.examples:
        assert _in_schema_order(body.media["schema"]["$ref"], value)


@pytest.mark.parametrize("body", REFUSALS, ids=lambda body: body.name)
def test_examples_of_refusals_repeat_their_status_and_its_phrase(body: Body) -> None:
    assert body.status is not None
    for value in body.examples:
        assert value["status_code"] == body.status
        assert value["error"] == PHRASES[body.status]


def test_every_code_of_an_answer_has_an_example_and_no_example_another_code() -> None:
    for name, response in load()["components"]["responses"].items():
        examples = response["content"]["application/json"]["examples"].values()
        codes = {example["value"].get("code") for example in examples} - {None}
        assert codes == set(response.get("x-codes", ())), name


def test_both_kinds_of_a_union_are_exemplified() -> None:
    unions = {"AnyOrganization", "AnyApiKey", "AnyCreatedApiKey"}
    text = json.dumps([body.examples for body in RESPONSES])

    for union in unions:
        for branch in load()["components"]["schemas"][union]["oneOf"]:
            kind = resolve(branch)["properties"]["_type"]["enum"][0]
            assert f'"_type": "{kind}"' in text


@pytest.mark.parametrize(
    ("options", "accepted"),
    [
        ({}, True),
        ({"withhold_billing": False}, True),
        ({"withhold_billing": True}, False),
        ({"bill_to_organization": "5f0c1a52-3b7e-4c19-9d26-0a8b1c2d3e4f"}, True),
        (
            {
                "withhold_billing": True,
                "bill_to_organization": "5f0c1a52-3b7e-4c19-9d26-0a8b1c2d3e4f",
            },
            True,
        ),
        ({"gln": "123"}, False),
        ({"payer": "x"}, False),
    ],
    ids=["nothing", "not-withheld", "withheld-without-payer", "payer", "both", "gln", "unknown"],
)
def test_the_bill_is_withheld_only_if_somebody_else_pays(
    options: dict[str, Any], *, accepted: bool
) -> None:
    complaints = _complaints("#/components/schemas/BillingOptions", options, "write")

    assert (complaints == []) is accepted


def test_examples_of_components_and_parameters_are_valid() -> None:
    components = load()["components"]
    for name, schema in components["schemas"].items():
        if "example" in schema:
            reference = f"#/components/schemas/{name}"
            assert _complaints(reference, schema["example"], "read") == [], name
    for section in ("parameters", "headers"):
        for name, node in components[section].items():
            reference = f"#/components/{section}/{name}/schema"
            assert _complaints(reference, node["example"], "read") == [], name


def test_no_example_holds_what_could_pass_for_a_real_credential() -> None:
    text = json.dumps([body.examples for body in BODIES])

    assert "eyJ" not in text
    for body in BODIES:
        for value in body.examples:
            for field in ("secret", "api_secret"):
                assert str(value.get(field, "EXAMPLE")).startswith("EXAMPLE")
