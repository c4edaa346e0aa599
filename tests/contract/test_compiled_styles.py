"""Parameters of every style, bodies and answers of every form: both checks read them alike.

See `differential` for how they are compared.
"""

import pytest
from contract import style_operations as styles
from contract.differential import Differential, Tally
from fiskaly_contracts import Contract

CONTRACT = Contract.from_document(styles.document())
PLAIN = [name for name in CONTRACT.operations if name.startswith("plain")]
STRANGE = [name for name in CONTRACT.operations if name.startswith("strange")]
MESSAGES = 120


@pytest.fixture(scope="module")
def shared() -> Differential:
    return Differential(CONTRACT)


@pytest.fixture
def both(shared: Differential) -> Differential:
    shared.tally = Tally()
    return shared


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_operation_is_compiled_and_says_the_same(both: Differential, name: str) -> None:
    operation = CONTRACT.operations[name]
    both.requests(operation, MESSAGES, odd=30)
    assert both.tally.laxer == []
    assert both.tally.stricter == []
    assert both.tally.accepted.total() > 0 or "read-only" in name


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_operation_is_left_to_openapi_core(both: Differential, name: str) -> None:
    operation = CONTRACT.operations[name]
    assert both.checker._plans.request(name) is None
    for data in both.some_requests(operation, 15):
        assert both.checker.accepted(data) is None
        assert both.checker.request(data) == both.authority.request(data)


@pytest.mark.parametrize("status", [200, 201, 202, 203, 204, 206, 404, 418, 500])
def test_an_answer_says_the_same(both: Differential, status: int) -> None:
    both.responses(CONTRACT.operations["answers"], status, 400, odd=30)
    assert both.tally.laxer == []
    assert both.tally.stricter == []
    assert both.tally.accepted.total() > 0


@pytest.mark.parametrize("status", [207, 208, 226])
def test_a_strange_answer_is_left_to_openapi_core(both: Differential, status: int) -> None:
    for data in both.some_responses(CONTRACT.operations["answers"], status, 15):
        assert not both.checker._accepts_response(data) or data.headers is None
        assert both.checker.response(data) == both.authority.response(data)


def test_an_operation_or_a_status_that_the_contract_does_not_name_has_no_plan(
    both: Differential,
) -> None:
    assert both.checker.answer_plan("nothing", 200) is None
    assert both.checker.answer_plan("plain several", 200) is None
    assert both.checker._plans.request("nothing") is None
    assert not both.checker.accepts_answer("nothing", 200, {}, None)
