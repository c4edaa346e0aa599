"""What a misspelled property is taken for, and which branch of a oneOf that points to."""

import json
from typing import Any

import pytest
from fiskaly_contracts import Checker, Contract, JsonValue, RequestData, Violation, explain
from fiskaly_contracts.wording import GUESSED_AT_MOST, did_you_mean

ORGANIZATION: dict[str, JsonValue] = {
    "name": "Cafe",
    "address_line1": "-",
    "zip": "0",
    "town": "-",
    "country_code": "DEU",
}
PARENT = "8c1d2e3f-4a5b-4c6d-8e7f-90a1b2c3d4e5"


def refused(checker: Checker, operation_id: str, body: JsonValue) -> list[Violation]:
    return checker.request(
        RequestData(
            operation_id=operation_id,
            content_type="application/json",
            body=json.dumps(body).encode(),
        )
    )


def without(name: str, **others: JsonValue) -> dict[str, JsonValue]:
    return {key: value for key, value in ORGANIZATION.items() if key != name} | others


@pytest.mark.parametrize(
    "body",
    [
        {"apiKey": "k", "apiSecret": "s"},
        {"ApiKey": "k", "ApiSecret": "s"},
        {"APIKEY": "k", "API-SECRET": "s"},
        {"apikey": "k", "api_secret": "s"},
    ],
)
def test_a_login_in_another_spelling_is_told_in_the_right_one(
    checker: Checker, body: dict[str, JsonValue]
) -> None:
    (violation,) = refused(checker, "authenticate", body)
    assert (violation.closest, violation.branches[0][0]) == (True, "ApiKeyAuthentication")
    for sent, meant in zip(body, ("api_key", "api_secret"), strict=True):
        if sent != meant:
            assert f"additional property '{sent}' (did you mean {meant}?)" in violation.sentence()
            assert f"should have required property '{meant}'" in violation.sentence()


def test_the_most_likely_mistake_at_the_login_is_told_shortly(checker: Checker) -> None:
    said = explain(refused(checker, "authenticate", {"apiKey": "k", "apiSecret": "s"}))
    assert said == (
        "body should NOT have additional property 'apiKey' (did you mean api_key?), "
        "body should NOT have additional property 'apiSecret' (did you mean api_secret?), "
        "body should have required property 'api_key', "
        "body should have required property 'api_secret' (taken as ApiKeyAuthentication)"
    )


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        ({"refreshToken": "t"}, "RefreshTokenAuthentication"),
        ({"refresh": "t"}, "RefreshTokenAuthentication"),
        ({"secret": "s"}, "ApiKeyAuthentication"),
        ({"eMail": "e"}, "UserAuthentication"),
        ({"emial": "e", "pasword": "p"}, "UserAuthentication"),
        # what is spelt right tells more than what is guessed
        ({"emial": "e", "api_key": "k"}, "ApiKeyAuthentication"),
        ({"emial": "e", "apiKey": "k"}, "ApiKeyAuthentication"),
    ],
)
def test_a_misspelled_way_to_authenticate_is_recognized(
    checker: Checker, body: JsonValue, meant: str
) -> None:
    (violation,) = refused(checker, "authenticate", body)
    assert (violation.closest, violation.branches[0][0]) == (True, meant)


@pytest.mark.parametrize("body", [{"foo": 1}, {"apiKey": "k", "eMail": "e"}, {"x" * 500: 1}])
def test_what_points_nowhere_or_everywhere_is_no_clear_case(
    checker: Checker, body: JsonValue
) -> None:
    (violation,) = refused(checker, "authenticate", body)
    assert not violation.closest


def test_a_spelling_of_another_branchs_property_points_to_that_branch(checker: Checker) -> None:
    body: JsonValue = {**ORGANIZATION, "managedByOrganizationId": PARENT}
    (violation,) = refused(checker, "createOrganization", body)
    assert violation.branches[0][0] == "ManagedOrganizationCreate"
    assert "(did you mean managed_by_organization_id?)" in violation.sentence()
    assert "managed_configuration" not in violation.sentence()


@pytest.mark.parametrize(
    ("body", "sent", "meant"),
    [
        (without("address_line1", address="-"), "address", "address_line1"),
        ({**ORGANIZATION, "address": "-"}, "address", "address_line2"),
        (without("address_line1", address_lin2="-"), "address_lin2", "address_line2"),
        (without("country_code", countryCode="DEU"), "countryCode", "country_code"),
        ({**ORGANIZATION, "vatId": "x"}, "vatId", "vat_id"),
        ({**ORGANIZATION, "address-line-2": "x"}, "address-line-2", "address_line2"),
    ],
)
def test_what_is_missing_is_guessed_before_what_is_there(
    checker: Checker, body: JsonValue, sent: str, meant: str
) -> None:
    said = explain(refused(checker, "createOrganization", body))
    assert f"additional property '{sent}' (did you mean {meant}?)" in said


def test_another_spelling_is_told_however_many_others_go_before(checker: Checker) -> None:
    noise: dict[str, JsonValue] = {f"q{number}": 1 for number in range(50)}
    said = explain(refused(checker, "createBillingAddress", {**noise, "vatId": "x"}))
    assert "'vatId' (did you mean vat_id?)" in said


@pytest.mark.parametrize("others", [GUESSED_AT_MOST - 1, GUESSED_AT_MOST])
def test_what_is_only_like_a_name_is_guessed_among_the_first_unknown_ones(
    checker: Checker, others: int
) -> None:
    noise: dict[str, JsonValue] = {f"q{number}": 1 for number in range(others)}
    said = explain(refused(checker, "createBillingAddress", {**noise, "recipiant": "x"}))
    assert ("(did you mean recipient?)" in said) is (others < GUESSED_AT_MOST)


@pytest.mark.parametrize("name", ["Cafe am\nMarkt 5", "Cafe\u2028am Markt", "ab"])
def test_a_name_is_wanted_in_one_line(checker: Checker, name: str) -> None:
    said = explain(refused(checker, "createOrganization", {**ORGANIZATION, "name": name}))
    assert "that is, a string of at least 3 characters without line breaks (got " in said


@pytest.mark.parametrize(
    ("name", "known", "guess"),
    [
        ("enterprize", ["empty", "enterprise"], "enterprise"),
        ("LIFE", ["TEST", "LIVE"], "LIVE"),
        ("apiKey", ["api_key"], "api_key"),
        ("x", ["TEST"], ""),
        (5, ["5"], ""),
        ("x" * 500, ["x" * 499], ""),
    ],
)
def test_a_hint_ends_a_sentence(name: object, known: list[str], guess: str) -> None:
    assert did_you_mean(name, known) == (f" (did you mean {guess}?)" if guess else "")


@pytest.mark.parametrize(
    ("sent", "hint"),
    [
        ("DE", "did you mean DEU?"),
        ("de", "did you mean DEU?"),
        ("GERMANY", "did you mean DEU?"),
        (" Österreich ", "did you mean AUT?"),
        ("deu", "did you mean DEU?"),
        ("at", "did you mean AUT?"),
        ("XX", "such as DEU, ABW"),
        ("DE" * 500, "such as DEU, ABW"),
    ],
)
def test_a_country_in_another_spelling(checker: Checker, sent: str, hint: str) -> None:
    body = without("country_code", country_code=sent)
    assert hint in explain(refused(checker, "createOrganization", body))


def test_what_a_country_may_be_meant_by_is_one() -> None:
    document: Any = Contract.bundled().document
    schema = document["components"]["schemas"]["CountryCode"]
    assert set(schema["x-meant"].values()) <= set(schema["enum"])
