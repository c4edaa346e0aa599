"""Each constraint of the bundled request bodies, broken once, is named with its place."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fiskaly_contracts import Checker, Contract, RequestData, Violation

ID = "8c1d2e3f-4a5b-4c6d-8e7f-90a1b2c3d4e5"
PATH = {"organization_id": ID, "key_id": ID, "user_id": ID, "address_id": ID}
ADDRESS = {
    "recipient": "R",
    "address_line1": "-",
    "zip": "0",
    "town": "-",
    "country_code": "DEU",
}
ORGANIZATION = {
    "name": "Cafe",
    "address_line1": "-",
    "zip": "0",
    "town": "-",
    "country_code": "DEU",
    "managed_by_organization_id": ID,
}
KEY = {"name": "till-1", "status": "enabled"}
VALID: dict[str, dict[str, Any]] = {
    "authenticate": {"api_key": "k", "api_secret": "s"},
    "createOrganization": ORGANIZATION,
    "updateOrganization": {},
    "enableEnvironment": {"env": "LIVE"},
    "createApiKey": KEY,
    "updateApiKey": {"status": "disabled"},
    "inviteUser": {"email": "ada@bakery.example"},
    "createBillingAddress": ADDRESS,
    "updateBillingAddress": {},
}
BROKEN: list[tuple[str, str, Any, str]] = [
    ("createOrganization", "/name", "ab", "pattern"),
    ("createOrganization", "/name", "abc\n", "pattern"),
    ("createOrganization", "/country_code", "deu", "enum"),
    ("createOrganization", "/country_code", "", "enum"),
    ("createOrganization", "/zip", "", "minLength"),
    ("createOrganization", "/town", 5, "type"),
    ("createOrganization", "/state", None, "type"),
    ("createOrganization", "/managed_by_organization_id", "x", "pattern"),
    ("createOrganization", "/managed_by_organization_id", "", "pattern"),
    ("createOrganization", "/contact_person_id", "x", "pattern"),
    ("createOrganization", "/billing_options/gln", "123", "pattern"),
    ("createOrganization", "/billing_options/withhold_billing", "true", "type"),
    ("createOrganization", "/billing_options/bill_to_organization", "x", "pattern"),
    ("createOrganization", "/billing_options/gnl", "1", "additionalProperties"),
    ("createOrganization", "/managed_configuration/withhold_billing", 1, "type"),
    ("createOrganization", "/metadata/key", 1, "type"),
    ("createOrganization", "/metadata/key", "v" * 501, "maxLength"),
    ("createOrganization", "/metadata/" + "k" * 41, "v", "x-key-max-length"),
    ("updateOrganization", "/metadata", {f"k{i}": "v" for i in range(21)}, "maxProperties"),
    ("updateOrganization", "/name", None, "type"),
    ("updateOrganization", "/_id", ID, "additionalProperties"),
    ("enableEnvironment", "/env", "live", "enum"),
    ("createApiKey", "/name", "Till", "pattern"),
    ("createApiKey", "/name", "ab", "pattern"),
    ("createApiKey", "/name", "a" * 31, "pattern"),
    ("createApiKey", "/name", "till_1", "pattern"),
    ("createApiKey", "/status", "active", "enum"),
    ("updateApiKey", "/name", "till", "additionalProperties"),
    ("inviteUser", "/email", "ada", "pattern"),
    ("inviteUser", "/email", "a@" + "b" * 253, "maxLength"),
    ("inviteUser", "/first_name", None, "type"),
    ("createBillingAddress", "/recipient", "", "minLength"),
    ("updateBillingAddress", "/vat_id_valid", True, "additionalProperties"),
]


def check(checker: Checker, operation_id: str, body: Any) -> list[Violation]:
    return checker.request(
        RequestData(
            operation_id=operation_id,
            path_parameters=PATH,
            content_type="application/json",
            body=json.dumps(body).encode(),
        )
    )


def leaves(violations: list[Violation]) -> Iterator[tuple[str, str]]:
    for violation in violations:
        yield violation.pointer, violation.rule
        for _, why in violation.branches:
            yield from leaves([*why])


def changed(body: dict[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    first, _, second = pointer[1:].partition("/")
    return {**body, first: {second: value} if second else value}


@pytest.mark.parametrize("operation_id", VALID)
def test_the_valid_body_is_accepted(
    contract: Contract, checker: Checker, operation_id: str
) -> None:
    assert check(checker, operation_id, VALID[operation_id]) == []
    assert {o.operation_id for o in contract.operations.values() if o.has_body} == set(VALID)


@pytest.mark.parametrize(
    ("operation_id", "pointer", "value", "rule"),
    BROKEN,
    ids=[f"{number}-{b[0]}-{b[3]}" for number, b in enumerate(BROKEN)],
)
def test_a_broken_constraint_is_named_in_the_sentence_of_the_branch_that_was_meant(
    checker: Checker, operation_id: str, pointer: str, value: Any, rule: str
) -> None:
    violations = check(checker, operation_id, changed(VALID[operation_id], pointer, value))
    assert (pointer, rule) in set(leaves(violations))
    (violation,) = violations
    told = [*violation.branches[0][1]] if violation.rule == "oneOf" else [violation]
    assert (pointer, rule) in {(v.pointer, v.rule) for v in told}


@pytest.mark.parametrize("operation_id", VALID)
def test_each_required_field_is_missed(checker: Checker, operation_id: str) -> None:
    body = VALID[operation_id]
    optional = {"managed_by_organization_id"}
    if operation_id.startswith("update"):
        assert check(checker, operation_id, {}) == []
        return
    for name in body.keys() - optional:
        rest = {key: value for key, value in body.items() if key != name}
        assert (f"/{name}", "required") in set(leaves(check(checker, operation_id, rest)))


@pytest.mark.parametrize("operation_id", VALID)
def test_each_field_of_the_wrong_type_is_named(checker: Checker, operation_id: str) -> None:
    for name in VALID[operation_id]:
        found = set(leaves(check(checker, operation_id, {**VALID[operation_id], name: [[]]})))
        assert (f"/{name}", "type") in found
