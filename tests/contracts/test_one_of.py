"""The branches of a oneOf: which one was meant, and why each failed."""

import json
from dataclasses import replace

import pytest
from fiskaly_contracts import (
    Checker,
    Contract,
    JsonValue,
    RequestData,
    Violation,
    Where,
    explain,
    meant,
)

ORGANIZATION: dict[str, JsonValue] = {
    "name": "Cafe",
    "address_line1": "-",
    "zip": "0",
    "town": "-",
    "country_code": "DEU",
}
PARENT = "8c1d2e3f-4a5b-4c6d-8e7f-90a1b2c3d4e5"


def only(checker: Checker, operation_id: str, body: JsonValue) -> Violation:
    (violation,) = checker.request(
        RequestData(
            operation_id=operation_id,
            content_type="application/json",
            body=json.dumps(body).encode(),
        )
    )
    return violation


@pytest.mark.parametrize(
    ("body", "meant", "lead"),
    [
        ({"kind": "circle", "side": 1}, "Square", "body.kind should be equal to"),
        ({"kind": "circle"}, "Circle", "body should have required property 'radius'"),
        ({"radius": 0}, "Circle", "body should have required property 'kind'"),
        ({"name": 1}, "Named", "body.name should be string (got 1)"),
        ({"name": "x", "b": 1}, "Named", "body should NOT have additional property 'b'"),
    ],
)
def test_the_branch_that_was_meant_leads(
    small: Checker, body: JsonValue, meant: str, lead: str
) -> None:
    violation = only(small, "draw", body)
    assert (violation.rule, violation.pointer, violation.closest) == ("oneOf", "", True)
    assert violation.branches[0][0] == meant
    assert {name for name, _ in violation.branches} == {"Circle", "Square", "Named"}
    assert violation.sentence().startswith(lead)
    assert violation.sentence().endswith(f" (taken as {meant})")
    others = {"Circle", "Square", "Named"} - {meant}
    assert not any(other in violation.sentence() for other in others)


@pytest.mark.parametrize("body", [{"kind": "hexagon"}, {"radius": 1, "side": 1}])
def test_where_no_branch_is_clearly_meant_all_are_told(small: Checker, body: JsonValue) -> None:
    violation = only(small, "draw", body)
    assert not violation.closest
    sentence = violation.sentence()
    assert sentence.startswith("body should match exactly one schema in oneOf (not Circle: body ")
    assert "; not Square: body " in sentence
    assert "; not Named: body " in sentence


@pytest.mark.parametrize(
    ("body", "before"),
    [({}, ""), ({"foo": 1}, "body should NOT have additional property 'foo', ")],
)
def test_where_something_is_missing_for_all_the_ways_are_told(
    small: Checker, body: JsonValue, before: str
) -> None:
    violation = only(small, "draw", body)
    assert not violation.closest
    ways = "body should have 'kind' and 'radius', or 'kind' and 'side', or 'name'"
    assert violation.sentence() == before + ways


def test_an_empty_login_is_told_what_there_is_to_send(checker: Checker) -> None:
    assert only(checker, "authenticate", {}).sentence() == (
        "body should have 'api_key' and 'api_secret', or 'refresh_token', or 'email' and 'password'"
    )


def test_a_reason_that_all_branches_share_is_told_once(small: Checker) -> None:
    assert only(small, "draw", []).sentence() == "body should be object (got an array of 0 items)"


def test_several_matching_branches_are_a_breach_too() -> None:
    document = {
        "openapi": "3.0.3",
        "info": {"title": "t", "version": "1"},
        "paths": {},
        "components": {
            "schemas": {
                "Both": {
                    "oneOf": [{"type": "string", "title": "Text"}, {"maxLength": 3}, {"minimum": 0}]
                }
            }
        },
    }
    checker = Checker(Contract.from_document(document))
    (violation,) = checker.value("Both", "ab")
    assert violation.branches == ()
    assert violation.sentence() == (
        "body should match exactly one schema in oneOf, not several of Text, schema 2, schema 3"
    )


def test_a_wrong_country_of_a_managed_organization_leads_the_sentence(checker: Checker) -> None:
    violation = only(
        checker,
        "createOrganization",
        {**ORGANIZATION, "country_code": "DE", "managed_by_organization_id": PARENT},
    )
    assert violation.sentence() == (
        "body.country_code should be equal to one of the allowed values (one of the 249 "
        'ISO 3166-1 alpha-3 codes, did you mean DEU?; got "DE") (taken as '
        "ManagedOrganizationCreate)"
    )


def test_a_misspelled_field_of_a_main_organization_is_guessed(checker: Checker) -> None:
    violation = only(checker, "createOrganization", {**ORGANIZATION, "vatid": "x"})
    assert violation.branches[0][0] == "OrganizationCreate"
    assert violation.sentence().startswith(
        "body should NOT have additional property 'vatid' (did you mean vat_id?)"
    )


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        ({"api_key": "k"}, "ApiKeyAuthentication"),
        ({"api_secret": "s"}, "ApiKeyAuthentication"),
        ({"api_key": 1, "api_secret": "s"}, "ApiKeyAuthentication"),
        ({"refresh_token": 1}, "RefreshTokenAuthentication"),
        ({"refresh_token": "t", "grant_type": "refresh"}, "RefreshTokenAuthentication"),
        ({"email": "e"}, "UserAuthentication"),
    ],
)
def test_the_way_to_authenticate_is_recognized(
    checker: Checker, body: JsonValue, meant: str
) -> None:
    violation = only(checker, "authenticate", body)
    assert violation.closest
    assert violation.branches[0][0] == meant


def test_the_way_to_authenticate_is_not_guessed_where_it_is_open(checker: Checker) -> None:
    assert not only(checker, "authenticate", {}).closest
    assert not only(checker, "authenticate", {"api_key": "k", "email": "e"}).closest


def test_withheld_billing_without_a_payer_is_told_in_the_contracts_words(checker: Checker) -> None:
    body: JsonValue = {"billing_options": {"withhold_billing": True}}
    (violation,) = checker.request(
        RequestData(
            operation_id="updateOrganization",
            path_parameters={"organization_id": PARENT},
            content_type="application/json",
            body=json.dumps(body).encode(),
        )
    )
    assert (violation.pointer, violation.rule) == ("/billing_options", "anyOf")
    assert len(violation.branches) == 2
    assert violation.sentence().startswith("body.billing_options should ")
    assert "bill_to_organization" in explain([violation])
    assert Violation.from_json(violation.as_json()).sentence() == violation.sentence()


def test_the_violations_of_the_branch_that_was_meant_stand_for_it(small: Checker) -> None:
    data = RequestData("make", {"thing_id": "abc"}, (), "application/json", b'{"name": 1}')
    (plain,) = small.check(data).refusing
    told = [*meant([plain, only(small, "draw", {"radius": 0}), only(small, "draw", {})])]
    assert [(one.pointer, one.rule) for one in told] == [
        ("/name", "type"),
        ("/kind", "required"),
        ("/radius", "minimum"),
        ("", "oneOf"),
    ]
    assert [one.rule for one in meant([only(small, "draw", [])])] == ["type"]


@pytest.mark.parametrize("body", [{"radius": 0}, {}, [], 1, {"radius": 1, "side": 2}])
def test_a_violation_of_another_process_reads_the_same(small: Checker, body: JsonValue) -> None:
    violation = only(small, "draw", body)
    assert Violation.from_json(violation.as_json()) == violation


@pytest.mark.parametrize(("place", "named"), [("", "body"), ("/a/0", "body.a[0]")])
def test_what_is_missing_for_each_way_is_told_at_any_depth(place: str, named: str) -> None:
    def breach(pointer: str, rule: str = "required") -> Violation:
        return Violation(where=Where.BODY, pointer=pointer, rule=rule, expected="this property")

    ways = tuple((name, (breach(f"{place}/{name}"),)) for name in ("x", "y"))
    assert replace(breach(place, "oneOf"), branches=ways).sentence() == (
        f"{named} should have 'x', or 'y'"
    )
