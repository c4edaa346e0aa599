"""The compiled check of the shipped contracts never contradicts openapi-core.

Thousands of messages an operation, see `differential` for how, and for the long run. Whatever is
accepted is accepted by both; what openapi-core alone accepts has a named reason.
"""

from typing import Any

import pytest
from contract.differential import Differential, Tally, bodies
from contract.exclusions import EXCLUSIONS
from fiskaly_contracts import Contract
from fiskaly_contracts.compiled.plans import Plans
from fiskaly_contracts.compiled.validators import Validators

CONTRACTS = {"management": Contract.bundled(), "control": Contract.control()}
REQUESTS = {"management": 600, "control": 200}
"""Whole requests to each operation; a whole response costs as much."""
RESPONSES = {"management": 20, "control": 8}
VALUES = {"management": 1000, "control": 500}
"""Bodies of each schema, as requests and again as responses."""

OPERATIONS = [(name, o) for name, contract in CONTRACTS.items() for o in contract.operations]
SCHEMAS = [(name, *found) for name, contract in CONTRACTS.items() for found in bodies(contract)]


@pytest.fixture(scope="module")
def checks() -> dict[str, Differential]:
    return {name: Differential(contract) for name, contract in CONTRACTS.items()}


def agreed(both: Differential) -> Tally:
    """Return what was compared since the last time, after a look that nothing differs."""
    tally, both.tally = both.tally, Tally()
    assert tally.laxer == []
    assert tally.stricter == []
    return tally


@pytest.mark.parametrize(("name", "operation_id"), OPERATIONS)
def test_requests_and_answers_of_an_operation(
    checks: dict[str, Differential], name: str, operation_id: str
) -> None:
    both = checks[name]
    operation = CONTRACTS[name].operations[operation_id]
    both.requests(operation, REQUESTS[name])
    for status in operation.statuses:
        both.responses(operation, status, RESPONSES[name])
    tally = agreed(both)
    assert tally.compared.total() == REQUESTS[name] + len(operation.statuses) * RESPONSES[name]
    assert 0 < tally.accepted.total() < tally.compared.total()
    assert tally.excluded.keys() <= {"lone-surrogate", "empty-header", "loose-header"}


@pytest.mark.parametrize(
    ("name", "schema_name", "schema", "path"), SCHEMAS, ids=[f"{s[0]}-{s[1]}" for s in SCHEMAS]
)
def test_values_of_a_schema(
    checks: dict[str, Differential], name: str, schema_name: str, schema: Any, path: str
) -> None:
    both = checks[name]
    both.values(schema_name, schema, path, VALUES[name])
    tally = agreed(both)
    assert tally.compared.total() == 2 * VALUES[name]
    assert 0 < tally.accepted.total() < tally.compared.total()
    assert not tally.excluded


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_operation_and_every_answer_is_compiled(name: str) -> None:
    contract = CONTRACTS[name]
    plans = Plans(contract)
    for operation in contract.operations.values():
        assert plans.request(operation.operation_id) is not None, operation.operation_id
        for status in operation.statuses:
            plan = plans.answer(operation.operation_id, status)
            assert plan is not None, (operation.operation_id, status)
            assert plan.headers is not None, (operation.operation_id, status)


def test_a_check_that_is_too_lax_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def lax(*_: object, **__: object) -> Any:
        return lambda _: True

    monkeypatch.setattr(Validators, "_once", lax)
    both = Differential(CONTRACTS["management"])
    both.requests(CONTRACTS["management"].operations["createApiKey"], 100)
    assert both.tally.laxer
    assert not both.tally.stricter


def test_a_check_that_is_too_strict_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def strict(*_: object, **__: object) -> Any:
        return lambda _: False

    monkeypatch.setattr(Validators, "_once", strict)
    both = Differential(CONTRACTS["management"])
    both.requests(CONTRACTS["management"].operations["createApiKey"], 100)
    assert both.tally.stricter
    assert not both.tally.laxer


def test_every_exclusion_has_a_reason() -> None:
    assert all(len(reason) > 20 for reason in EXCLUSIONS.values())
