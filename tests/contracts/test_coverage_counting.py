"""What of a contract a client made use of: what counts, and what is counted apart."""

import itertools
import random
import timeit
from typing import Any

import pytest
from fiskaly_contracts import Contract, JsonValue
from fiskaly_contracts.coverage import REFUSED_FOR_FORM, ContractCoverage, OperationCoverage, Score
from fiskaly_contracts.coverage.report import contract_json

PET: dict[str, Any] = {"type": "string"}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "pets", "version": "1"},
    "security": [{"bearer": []}],
    "paths": {
        "/pets": {
            "get": {
                "operationId": "list",
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer"}}],
                "responses": {
                    "200": {"description": "fine"},
                    "401": {"description": "who?"},
                    "429": {"$ref": "#/components/responses/Never"},
                    "500": {"description": "broken"},
                    "503": {"description": "broken"},
                    "default": {"description": "else"},
                },
            },
            "post": {
                "operationId": "make",
                "security": [],
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {"type": "object", "properties": {"name": PET, "age": PET}}
                        }
                    }
                },
                "responses": {
                    "200": {"description": "made"},
                    "400": {"description": "bad"},
                    "401": {"description": "who?"},
                    "409": {"description": "there"},
                },
            },
        }
    },
    "components": {
        "responses": {"Never": {"description": "slow", "x-mock-not-produced": "no limit"}}
    },
}


@pytest.fixture
def coverage() -> ContractCoverage:
    return ContractCoverage(Contract.from_document(DOCUMENT))


def operation(coverage: ContractCoverage, name: str) -> OperationCoverage:
    return next(one for one in coverage.operations() if one.operation_id == name)


def test_nothing_is_exercised_at_first(coverage: ContractCoverage) -> None:
    assert coverage.scores() == {
        "operations": Score(0, 2),
        "statuses": Score(0, 5),
        "fields": Score(0, 3),
        "overall": Score(0, 10),
    }
    assert coverage.percent == 0
    assert coverage.exchanges == 0


def test_operation_status_and_fields_of_a_call_count(coverage: ContractCoverage) -> None:
    coverage.note("make", 200, (), {"name": "Rex"})
    coverage.note("make", 200)
    made = operation(coverage, "make")
    assert made.exercised
    assert made.calls == 2
    assert made.statuses == {200: 2}
    assert made.statuses_left == (401, 409)
    assert (made.fields, made.fields_left) == (("/name",), ("/age",))
    assert coverage.scores()["overall"] == Score(3, 10)
    assert coverage.percent == pytest.approx(30)


@pytest.mark.parametrize("status", [400, 413, 415, 429, 503, 500, 418, 0])
def test_what_a_right_client_cannot_bring_about_raises_no_percentage(
    coverage: ContractCoverage, status: int
) -> None:
    coverage.note("list", status, ["limit"])
    assert coverage.percent == 0
    assert operation(coverage, "list").other_statuses == {status: 1}
    assert operation(coverage, "list").statuses_left == (200, 401)
    assert not operation(coverage, "list").exercised
    assert operation(coverage, "list").calls == coverage.exchanges == 1


def test_unknown_routes_are_counted_apart(coverage: ContractCoverage) -> None:
    coverage.note("", 404)
    coverage.note("fly", 404, ["limit"], {"name": "Rex"})
    coverage.note("", 405)
    assert coverage.percent == 0
    assert coverage.unknown() == {404: 2, 405: 1}
    assert coverage.exchanges == 3


def test_fields_of_a_request_that_was_refused_for_its_form_do_not_count(
    coverage: ContractCoverage,
) -> None:
    coverage.note("make", 400, (), {"name": 7, "age": 7})
    assert operation(coverage, "make").fields == ()
    assert not operation(coverage, "make").exercised
    assert operation(coverage, "make").other_statuses == {400: 1}
    coverage.note("make", 409, (), {"name": "Rex"})
    assert operation(coverage, "make").fields == ("/name",)


def test_a_401_tells_of_fields_only_where_no_token_is_needed(coverage: ContractCoverage) -> None:
    coverage.note("list", 401, ["limit"])
    assert operation(coverage, "list").fields == ()
    coverage.note("make", 401, (), {"name": "Rex"})
    assert operation(coverage, "make").fields == ("/name",)


def test_fields_are_wanted_until_all_were_sent(coverage: ContractCoverage) -> None:
    assert coverage.wants_fields("make", 200)
    assert not coverage.wants_fields("make", 400)
    assert not coverage.wants_fields("fly", 200)
    coverage.note("make", 200, (), {"name": "Rex"})
    assert coverage.wants_fields("make", 200)
    coverage.note("make", 200, (), {"age": "7"})
    assert not coverage.wants_fields("make", 200)


def test_merging_commutes_and_associates(coverage: ContractCoverage) -> None:
    noted: list[tuple[str, int, list[str], JsonValue]] = [
        ("list", 200, ["limit"], None),
        ("make", 200, [], {"name": "Rex"}),
        ("make", 200, [], {"age": "7"}),
        ("make", 400, [], {"age": 7}),
        ("", 404, [], None),
        ("list", 429, [], None),
    ]
    for entry in noted:
        coverage.note(*entry)
    whole = contract_json(coverage)
    parts = [ContractCoverage(coverage.contract) for _ in range(3)]
    for number, entry in enumerate(noted):
        parts[number % 3].note(*entry)
    for order in itertools.permutations(parts):
        left = ContractCoverage(coverage.contract)
        for part in order:
            left.merge(part)
        assert contract_json(left) == whole
        first, second, third = (ContractCoverage(coverage.contract) for _ in range(3))
        for copy, part in zip((first, second, third), order, strict=True):
            copy.merge(part)
        second.merge(third)
        first.merge(second)
        assert contract_json(first) == whole


def test_coverage_of_another_version_is_not_added(coverage: ContractCoverage) -> None:
    other = Contract.from_document({**DOCUMENT, "info": {"title": "pets", "version": "2"}})
    with pytest.raises(ValueError, match=r"contract version 2 cannot be added to that of 1"):
        coverage.merge(ContractCoverage(other))


def test_a_percentage_is_never_rounded_up() -> None:
    assert str(Score(2, 3)) == "66.6 %"
    assert Score(9999, 10000).rounded == 99.9
    assert str(Score(3, 3)) == "100.0 %"
    assert Score(0, 0).percent == Score(0, 0).rounded == 100


def test_of_the_bundled_contract_429_and_refusals_of_the_form_do_not_count() -> None:
    contract = Contract.bundled()
    for one in ContractCoverage(contract).operations():
        documented = set(contract.operations[one.operation_id].statuses)
        assert documented - set(one.statuses_left) == {429, *REFUSED_FOR_FORM} & documented
    assert ContractCoverage(Contract.control()).percent == 0


def test_counting_costs_microseconds() -> None:
    coverage = ContractCoverage(Contract.bundled())
    coverage.note("listOrganizations", 200, ["limit"])
    seconds = min(
        timeit.repeat(lambda: coverage.note("listOrganizations", 200), number=1000, repeat=5)
    )
    assert seconds / 1000 < 20e-6  # measured 0.2 µs; the machine may be busy


def test_any_order_of_exchanges_gives_the_same(coverage: ContractCoverage) -> None:
    entries: list[tuple[str, int, JsonValue]] = [
        ("make", 200, {"name": "x"}),
        ("make", 409, None),
        ("list", 200, None),
    ] * 5
    for name, status, body in entries:
        coverage.note(name, status, (), body)
    other = ContractCoverage(coverage.contract)
    random.Random(4).shuffle(entries)
    for name, status, body in entries:
        other.note(name, status, (), body)
    assert contract_json(other) == contract_json(coverage)
