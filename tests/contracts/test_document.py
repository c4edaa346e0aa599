"""The document as a document: valid, complete, tidy, and readable by other tools."""

from typing import Any

import pytest
import schemathesis
from contracts.openapi_document import (
    DOCUMENT,
    load,
    operations,
    references,
    resolve,
    walk,
)
from openapi_spec_validator import OpenAPIV30SpecValidator
from schemathesis.core.result import Ok

OPERATIONS = {
    "authenticate": ("post", "/auth"),
    "listOrganizations": ("get", "/organizations"),
    "createOrganization": ("post", "/organizations"),
    "retrieveOrganization": ("get", "/organizations/{organization_id}"),
    "updateOrganization": ("patch", "/organizations/{organization_id}"),
    "deleteOrganization": ("delete", "/organizations/{organization_id}"),
    "enableEnvironment": ("post", "/organizations/{organization_id}/enable-env"),
    "listApiKeys": ("get", "/organizations/{organization_id}/api-keys"),
    "createApiKey": ("post", "/organizations/{organization_id}/api-keys"),
    "retrieveApiKey": ("get", "/organizations/{organization_id}/api-keys/{key_id}"),
    "updateApiKey": ("patch", "/organizations/{organization_id}/api-keys/{key_id}"),
    "deleteApiKey": ("delete", "/organizations/{organization_id}/api-keys/{key_id}"),
    "listUsers": ("get", "/organizations/{organization_id}/users"),
    "inviteUser": ("post", "/organizations/{organization_id}/users"),
    "removeUser": ("delete", "/organizations/{organization_id}/users/{user_id}"),
    "listBillingAddresses": ("get", "/billing-addresses"),
    "createBillingAddress": ("post", "/billing-addresses"),
    "retrieveBillingAddress": ("get", "/billing-addresses/{address_id}"),
    "updateBillingAddress": ("patch", "/billing-addresses/{address_id}"),
    "deleteBillingAddress": ("delete", "/billing-addresses/{address_id}"),
}
CONFLICTS = {
    "createOrganization",
    "updateOrganization",
    "deleteOrganization",
    "enableEnvironment",
    "createApiKey",
    "inviteUser",
    "removeUser",
    "deleteBillingAddress",
}
FORBIDDEN = CONFLICTS - {"createApiKey", "deleteBillingAddress"}
SECRETS = {
    "api_secret",
    "password",
    "secret",
    "access_token",
    "refresh_token",
}
UNIONS = ("oneOf", "anyOf", "allOf")


def _is_structured(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "object" or any(union in schema for union in UNIONS)


def test_the_document_is_valid_openapi() -> None:
    errors = [
        f"{error.json_path}: {error}" for error in OpenAPIV30SpecValidator(load()).iter_errors()
    ]

    assert errors == []


def test_the_document_follows_openapi_3_0_3_and_calls_itself_unofficial() -> None:
    document = load()

    assert document["openapi"] == "3.0.3"
    assert document["info"]["version"] == "0.12.0"
    assert "unofficial" in document["info"]["title"].lower()


def test_the_only_server_is_the_relative_base_path() -> None:
    assert [server["url"] for server in load()["servers"]] == ["/api/v0"]


def test_the_document_names_exactly_the_twenty_operations_of_the_api() -> None:
    found = {o.operation_id: (o.method, o.path) for o in operations()}

    assert found == OPERATIONS
    assert len(operations()) == len(OPERATIONS)


def test_schemathesis_loads_the_document_unchanged() -> None:
    schema = schemathesis.openapi.from_path(DOCUMENT)

    loaded = set()
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        loaded.add(result.ok().definition.raw["operationId"])
    assert loaded == set(OPERATIONS)


def test_every_reference_leads_somewhere() -> None:
    for reference in set(references(load())):
        assert reference.startswith("#/components/"), reference
        assert resolve({"$ref": reference}), reference


def test_every_component_is_used() -> None:
    used: set[str] = set()
    waiting = list(references(load()["paths"]))
    while waiting:
        reference = waiting.pop()
        if reference not in used:
            used.add(reference)
            waiting.extend(references(resolve({"$ref": reference})))

    there = {
        f"#/components/{section}/{name}"
        for section, components in load()["components"].items()
        for name in components
        if section != "securitySchemes"
    }
    assert there - used == set()


def test_the_paths_hold_no_anonymous_object() -> None:
    anonymous = [
        place
        for place, node in walk(load()["paths"])
        if _is_structured(node) and "/examples/" not in place
    ]

    assert anonymous == []


def test_components_hold_no_anonymous_object_inside_another() -> None:
    components = load()["components"]
    anonymous = [
        place
        for section in ("parameters", "headers", "responses", "schemas")
        for place, node in walk(components[section], section)
        if _is_structured(node)
        and not (section == "schemas" and place.count("/") == 1)
        and "/example" not in place
    ]

    assert anonymous == []


def test_every_object_says_what_else_it_may_hold() -> None:
    # The halves of the rule inside BillingOptions leave that to BillingOptions itself.
    open_halves = {"BillingWithPayer", "BillingNotWithheld"}
    for name, schema in load()["components"]["schemas"].items():
        if schema.get("type") == "object" and name not in open_halves:
            assert "additionalProperties" in schema, name
            if schema["additionalProperties"] is not False:
                assert name == "Metadata"


def test_every_required_property_is_declared() -> None:
    for name, schema in load()["components"]["schemas"].items():
        assert set(schema.get("required", ())) <= set(schema.get("properties", {})), name


def test_an_operation_documents_the_refusals_it_can_meet() -> None:
    for operation in operations():
        expected = {200, 400, 401, 429}
        if operation.has_body:
            expected |= {413, 415}
        if "{" in operation.path or operation.operation_id == "createOrganization":
            expected |= {404}
        if operation.operation_id in CONFLICTS:
            expected |= {409}
        if operation.operation_id in FORBIDDEN:
            expected |= {403}
        assert operation.statuses == expected, operation.operation_id


def test_only_authenticate_needs_no_token() -> None:
    assert load()["security"] == [{"bearerAuth": []}]
    unsecured = [o.operation_id for o in operations() if o.node.get("security") is not None]

    assert unsecured == ["authenticate"]
    assert operations()[0].node["security"] == []


def test_path_parameters_are_exactly_those_of_the_path() -> None:
    for operation in operations():
        parameters = [resolve(node) for node in operation.node.get("parameters", [])]
        in_path = {f"{{{p['name']}}}" for p in parameters if p["in"] == "path"}
        wanted = {step for step in operation.path.split("/") if step.startswith("{")}
        assert in_path == wanted, operation.operation_id
        assert all(p["required"] for p in parameters if p["in"] == "path")


def test_every_answer_documents_the_recorded_headers() -> None:
    for operation in operations():
        for status, response in operation.node["responses"].items():
            headers = set(resolve(response)["headers"])
            extra = {"Retry-After"} if status == "429" else set()
            assert headers == {"X-Request-Id", "X-Response-Time", "Response-Time"} | extra


def test_every_link_fills_the_path_of_an_operation_that_exists() -> None:
    by_id = {operation.operation_id: operation for operation in operations()}
    linked = set()
    for operation in operations():
        for link in operation.node["responses"]["200"].get("links", {}).values():
            target = by_id[link["operationId"]]
            wanted = {step[1:-1] for step in target.path.split("/") if step.startswith("{")}
            assert set(link["parameters"]) == wanted
            linked.add(target.operation_id)

    assert linked == {operation.operation_id for operation in operations() if "{" in operation.path}


@pytest.mark.parametrize(("component", "highest"), [("OrganizationLimit", 5000), ("Limit", 100)])
def test_limits_of_lists_are_those_assumed(component: str, highest: int) -> None:
    schema = load()["components"]["parameters"][component]["schema"]

    assert schema == {"type": "integer", "minimum": 1, "maximum": highest, "default": 100}


def test_country_codes_are_the_249_of_iso_3166_1_alpha_3() -> None:
    codes = load()["components"]["schemas"]["CountryCode"]["enum"]

    assert len(codes) == len(set(codes)) == 249
    assert codes == sorted(codes)
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in codes)
    assert {"DEU", "AUT", "ESP", "FRA", "ITA"} <= set(codes)


def test_every_secret_is_marked_and_nothing_else_is() -> None:
    found = set()
    for place, node in walk(load()["components"]["schemas"]):
        for name, property_ in node.get("properties", {}).items():
            schema = resolve(property_)
            is_secret = name in SECRETS
            assert schema.get("x-secret", False) is is_secret, f"{place}/{name}"
            assert (schema.get("format") == "password") is is_secret, f"{place}/{name}"
            found |= {name} & SECRETS

    assert found == SECRETS


def test_metadata_keeps_to_the_published_limits() -> None:
    metadata = load()["components"]["schemas"]["Metadata"]

    assert metadata["maxProperties"] == 20
    assert metadata["x-key-max-length"] == 40
    assert resolve(metadata["additionalProperties"])["maxLength"] == 500
