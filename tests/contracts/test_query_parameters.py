"""Parameters: what is refused, what is only warned of, and how accepted text is cast."""

import warnings

import pytest
from fiskaly_contracts import Checker, Contract, RequestData, Severity, Violation, Where

ID = "8c1d2e3f-4a5b-4c6d-8e7f-90a1b2c3d4e5"


def find(
    checker: Checker, *pairs: tuple[str, str], headers: dict[str, str] | None = None
) -> list[Violation]:
    return checker.request(
        RequestData(
            operation_id="find",
            path_parameters={"thing_id": "abc"},
            query=pairs,
            headers=headers or {},
        )
    )


@pytest.mark.parametrize(
    ("pairs", "pointer", "rule", "sentence"),
    [
        ([("limit", "0")], "/limit", "minimum", "query.limit should be >= 1 (got 0)"),
        ([("limit", "101")], "/limit", "maximum", "query.limit should be <= 100 (got 101)"),
        ([("limit", "1"), ("limit", "1")], "/limit", "repeated-parameter", "(got 2 values)"),
        ([("limit", "")], "/limit", "empty-parameter", "query.limit should NOT be empty"),
        ([("text", "")], "/text", "empty-parameter", "query.text should NOT be empty"),
        ([("text", "x")], "/text", "minLength", 'NOT be shorter than 2 characters (got "x")'),
        ([("old", "")], "/old", "empty-parameter", "query.old should NOT be empty"),
        ([("limit", "zz")], "/limit", "lexical", 'query.limit should be an integer (got "zz")'),
        ([("limit", "1_0")], "/limit", "lexical", '(got "1_0")'),
        ([("limit", " 1")], "/limit", "lexical", '(got " 1")'),
        ([("limit", "1\n")], "/limit", "lexical", r'(got "1\n")'),
        ([("limit", "+1")], "/limit", "lexical", '(got "+1")'),
        ([("limit", "1.0")], "/limit", "lexical", '(got "1.0")'),
        ([("limit", "١٢")], "/limit", "lexical", '(got "١٢")'),
        ([("offset", "9" * 5000)], "/offset", "integer-digits", "at most 640 digits"),
        ([("limit", "9" * 600)], "/limit", "maximum", "an integer of more than 63 bits"),
        ([("ratio", "nan")], "/ratio", "lexical", "query.ratio should be a number"),
        ([("ratio", "1e9_9")], "/ratio", "lexical", "query.ratio should be a number"),
        ([("flag", "yes")], "/flag", "lexical", "query.flag should be true or false"),
        ([("flag", "True")], "/flag", "lexical", '(got "True")'),
        ([("kinds", "prod")], "/kinds/0", "enum", "query.kinds[0] should be equal to one of"),
        ([("kinds", "test"), ("kinds", "x")], "/kinds/1", "enum", "query.kinds[1]"),
        ([("kinds", "test"), ("kinds", "test")], "/kinds", "uniqueItems", "duplicate items"),
        ([("kinds", "")], "/kinds/0", "empty-parameter", "query.kinds[0] should NOT be empty"),
        ([("kinds", "test,live")], "/kinds/0", "enum", 'got "test,live")'),
        ([("codes", "1,x")], "/codes/1", "lexical", "query.codes[1] should be an integer"),
        ([("codes", "1,,2")], "/codes/1", "empty-parameter", "query.codes[1]"),
        ([("pin", "99")], "/pin", "maximum", "query.pin should be <= 9 (got a secret value)"),
        ([("pin", "x99")], "/pin", "lexical", "query.pin should be an integer (got a secret"),
        ([("limit", "\ud800")], "/limit", "lexical", r"\\ud800"),
    ],
)
def test_a_bad_query_parameter_is_refused(
    small: Checker, pairs: list[tuple[str, str]], pointer: str, rule: str, sentence: str
) -> None:
    (violation,) = find(small, *pairs)
    assert (violation.where, violation.severity) == (Where.QUERY, Severity.ERROR)
    assert (violation.pointer, violation.rule) == (pointer, rule)
    assert sentence in violation.sentence()
    assert violation.sentence().encode()
    assert "99" not in str(violation.as_json()) or "pin" not in pointer


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [("limit", "100"), ("offset", "-5"), ("ratio", "-1.5e3"), ("flag", "false")],
        [("kinds", "test"), ("kinds", "live")],
        [("codes", "1,2"), ("codes", "3")],
        [("limit", "007")],
    ],
)
def test_good_query_parameters_are_accepted(small: Checker, pairs: list[tuple[str, str]]) -> None:
    assert find(small, *pairs) == []


def test_a_deprecated_parameter_is_accepted_without_a_python_warning(small: Checker) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert find(small, ("old", "x")) == []
    assert caught == []


def test_an_unknown_parameter_is_a_warning_that_holds_its_name_alone(small: Checker) -> None:
    (violation,) = find(small, ("api_secret", "SENTINEL"), ("limit", "1"))
    assert violation.severity is Severity.WARNING
    assert (violation.pointer, violation.rule) == ("/api_secret", "unknown-parameter")
    assert "limit" in violation.sentence()
    assert "SENTINEL" not in str(violation.as_json())


def test_a_required_parameter_must_be_there(small: Checker) -> None:
    data = RequestData(operation_id="need", path_parameters={"thing_id": "abc"})
    (violation,) = small.request(data)
    assert (violation.where, violation.pointer, violation.rule) == (
        Where.QUERY,
        "/must",
        "required",
    )
    assert violation.sentence() == "query should have required property 'must'"


def test_a_refused_parameter_is_not_reported_twice(small: Checker) -> None:
    data = RequestData(
        operation_id="need",
        path_parameters={"thing_id": "abc"},
        query=(("must", "a"), ("must", "b")),
    )
    assert [v.rule for v in small.request(data)] == ["repeated-parameter"]


def test_a_path_parameter_is_checked(small: Checker) -> None:
    data = RequestData(operation_id="find", path_parameters={"thing_id": "abc\n"})
    (violation,) = small.request(data)
    assert violation.where is Where.PATH
    assert violation.sentence() == (
        'params.thing_id should match pattern "^[a-z]{3}$" (got "abc\\n")'
    )
    (missing,) = small.request(RequestData(operation_id="find"))
    assert (missing.where, missing.pointer) == (Where.PATH, "/thing_id")


def test_a_header_parameter_is_found_whatever_its_case(small: Checker) -> None:
    assert find(small, headers={"x-trace": "12"}) == []
    (violation,) = find(small, headers={"X-TRACE": "x", "X-Other": "y"})
    assert (violation.where, violation.pointer) == (Where.HEADER, "/X-Trace")
    assert violation.sentence().startswith("headers['X-Trace'] should match")


def test_accepted_text_is_cast_and_defaults_are_filled_in(small_contract: Contract) -> None:
    operation = small_contract.operations["find"]
    assert operation.query([]) == {"limit": 50}
    assert operation.query(
        [
            ("limit", "007"),
            ("ratio", "1.5"),
            ("flag", "true"),
            ("text", "1"),
            ("kinds", "test"),
            ("kinds", "live"),
            ("codes", "1,2"),
            ("unknown", "x"),
        ]
    ) == {
        "limit": 7,
        "ratio": 1.5,
        "flag": True,
        "text": "1",
        "kinds": ["test", "live"],
        "codes": [1, 2],
    }


def test_casting_text_that_was_never_checked_raises(small_contract: Contract) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        small_contract.operations["find"].query([("limit", "many")])


def test_the_lists_of_the_bundled_contract_have_their_defaults(contract: Contract) -> None:
    assert contract.operations["listOrganizations"].query([("limit", "5000")]) == {
        "limit": 5000,
        "offset": 0,
        "order": "asc",
    }
    assert contract.operations["listApiKeys"].query([("status", "enabled")]) == {
        "limit": 100,
        "offset": 0,
        "order": "asc",
        "status": ["enabled"],
    }


@pytest.mark.parametrize(
    ("operation_id", "pair", "rule"),
    [
        ("listOrganizations", ("limit", "5001"), "maximum"),
        ("listOrganizations", ("limit", "0"), "minimum"),
        ("listOrganizations", ("offset", "-1"), "minimum"),
        ("listOrganizations", ("order", "up"), "enum"),
        ("listOrganizations", ("order_by", "email"), "enum"),
        ("listOrganizations", ("env", "test"), "enum"),
        ("listOrganizations", ("type", "MAIN"), "enum"),
        ("listOrganizations", ("managed_by_organization_id", "x"), "pattern"),
        ("listApiKeys", ("limit", "101"), "maximum"),
        ("listApiKeys", ("kind", "TEST"), "enum"),
        ("listApiKeys", ("status", "active"), "enum"),
        ("listUsers", ("order_by", "name"), "enum"),
        ("listBillingAddresses", ("order_by", "name"), "enum"),
    ],
)
def test_each_bound_of_the_bundled_lists_is_kept(
    checker: Checker, operation_id: str, pair: tuple[str, str], rule: str
) -> None:
    (violation,) = checker.request(
        RequestData(
            operation_id=operation_id, path_parameters={"organization_id": ID}, query=(pair,)
        )
    )
    assert violation.rule == rule
    assert violation.pointer.split("/")[1] == pair[0]
