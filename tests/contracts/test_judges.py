"""jsonschema-rs never contradicts openapi-core, neither in its verdict nor in what it names.

See `differential` for how they are compared, and for the long run. All seeds are fixed. Of what
jsonschema-rs alone refuses the reason has a name.
"""

from typing import Any

import pytest
from contracts.differential import Differential, Tally, bodies, main
from contracts.exclusions import EXCLUSIONS
from fiskaly_contracts import Checker, Contract, RequestData, ResponseData
from fiskaly_contracts.checker import Judge
from fiskaly_contracts.compiled.validators import CompiledSchema, Validators
from fiskaly_contracts.strictness import NoTranslationError

from contracts import keyword_schemas
from contracts import style_operations as styles

CONTRACTS = {**Contract.apis(), "control": Contract.control()}
OPERATIONS = [(name, o) for name, contract in CONTRACTS.items() for o in contract.operations]
SCHEMAS = [(name, *found) for name, contract in CONTRACTS.items() for found in bodies(contract)]
SELDOM_RIGHT = {"CreatedTss": 400}
"""How many values of a schema it takes, where so much is required that few are right."""
KEYWORDS = keyword_schemas.schemas()
STYLES = Contract.from_document(styles.document())
PLAIN = [name for name in STYLES.operations if name.startswith("plain")]
STRANGE = [name for name in STYLES.operations if name.startswith("strange")]


@pytest.fixture(scope="module")
def shipped() -> dict[str, Differential]:
    return {name: Differential(contract) for name, contract in CONTRACTS.items()}


@pytest.fixture(scope="module")
def keywords() -> Differential:
    return Differential(Contract.from_document(keyword_schemas.document(KEYWORDS)))


@pytest.fixture(scope="module")
def plain_styles() -> Differential:
    return Differential(STYLES)


def agreed(both: Differential) -> Tally:
    """Return what was compared since the last time, after a look that nothing differs."""
    tally, both.tally = both.tally, Tally()
    assert tally.laxer == []
    assert tally.stricter == []
    assert tally.otherwise == []
    return tally


# ---------------------------------------------------------------------- the shipped contracts


def requests_and_answers(both: Differential, operation_id: str, count: int, answers: int) -> None:
    operation = both.contract.operations[operation_id]
    both.requests(operation, count)
    for status in operation.statuses:
        both.responses(operation, status, answers)
    tally = agreed(both)
    assert tally.compared.total() == count + len(operation.statuses) * answers
    assert tally.accepted.total() > 0
    assert not tally.excluded


@pytest.mark.parametrize(("name", "operation_id"), OPERATIONS)
def test_requests_and_answers_of_an_operation(
    shipped: dict[str, Differential], name: str, operation_id: str
) -> None:
    requests_and_answers(shipped[name], operation_id, 25, 2)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "operation_id"), OPERATIONS)
def test_many_requests_and_answers_of_an_operation(
    shipped: dict[str, Differential], name: str, operation_id: str
) -> None:
    requests_and_answers(shipped[name], operation_id, 600, 20)


def values_of(both: Differential, schema_name: str, schema: Any, path: str, count: int) -> None:
    both.values(schema_name, schema, path, count)
    tally = agreed(both)
    assert tally.compared.total() == 2 * count
    assert 0 < tally.accepted.total() < tally.compared.total()
    assert not tally.excluded


@pytest.mark.parametrize(
    ("name", "schema_name", "schema", "path"), SCHEMAS, ids=[f"{s[0]}-{s[1]}" for s in SCHEMAS]
)
def test_values_of_a_schema(
    shipped: dict[str, Differential], name: str, schema_name: str, schema: Any, path: str
) -> None:
    values_of(shipped[name], schema_name, schema, path, SELDOM_RIGHT.get(schema_name, 40))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "schema_name", "schema", "path"), SCHEMAS, ids=[f"{s[0]}-{s[1]}" for s in SCHEMAS]
)
def test_many_values_of_a_schema(
    shipped: dict[str, Differential], name: str, schema_name: str, schema: Any, path: str
) -> None:
    values_of(shipped[name], schema_name, schema, path, 1000)


@pytest.mark.slow
def test_the_long_run_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["20000", "7"]) == 0
    assert "differs" not in capsys.readouterr().out


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_operation_and_every_answer_is_compiled(name: str) -> None:
    checker = Checker(CONTRACTS[name])
    for operation in CONTRACTS[name].operations.values():
        assert checker._request_plan(operation.operation_id) is not None, operation.operation_id
        for status in operation.statuses:
            assert checker.answer_plan(operation.operation_id, status) is not None


def test_a_judge_that_is_too_lax_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CompiledSchema, "violations", lambda *_: [])
    both = Differential(CONTRACTS["management"])
    both.requests(CONTRACTS["management"].operations["createApiKey"], 100)
    assert both.tally.laxer
    assert not both.tally.stricter


def test_a_judge_that_is_too_strict_or_tells_something_else_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = Differential(CONTRACTS["management"])
    check = both.checker.check
    wrong = check(RequestData("authenticate", content_type="application/json", body=b"[]"))
    monkeypatch.setattr(both.checker, "check", lambda _: wrong)
    both.requests(CONTRACTS["management"].operations["createApiKey"], 100)
    assert both.tally.stricter
    assert both.tally.otherwise
    assert not both.tally.laxer


def test_every_exclusion_has_a_reason() -> None:
    assert all(len(reason) > 20 for reason in EXCLUSIONS.values())


# ---------------------------------------------------------------------- keywords


@pytest.mark.parametrize("number", range(len(KEYWORDS)), ids=[ascii(name) for name in KEYWORDS])
def test_a_keyword_means_the_same_to_both(keywords: Differential, number: int) -> None:
    name = [*KEYWORDS][number]
    keywords.values(name, KEYWORDS[name], f"components#schemas#S{number}", 60)
    tally = agreed(keywords)
    assert tally.compared[f"request {name}"] == 60
    assert tally.excluded["no-translation"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(KEYWORDS)), ids=[ascii(name) for name in KEYWORDS])
def test_a_keyword_means_the_same_to_both_for_many_values(
    keywords: Differential, number: int
) -> None:
    name = [*KEYWORDS][number]
    keywords.values(name, KEYWORDS[name], f"components#schemas#S{number}", 400)
    agreed(keywords)


@pytest.mark.parametrize("name", keyword_schemas.UNTRANSLATED)
def test_what_has_no_exact_counterpart_is_left_to_openapi_core(name: str) -> None:
    named = keyword_schemas.UNTRANSLATED
    validators = Validators(keyword_schemas.document(named))
    with pytest.raises(NoTranslationError):
        validators.of(named[name])


# ---------------------------------------------------------------------- styles of parameters


few_or_many = pytest.mark.parametrize("count", [40, pytest.param(400, marks=pytest.mark.slow)])


@few_or_many
@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_operation_is_compiled_and_says_the_same(
    plain_styles: Differential, name: str, count: int
) -> None:
    # of many parameters one is mostly wrong, and one that is needed often
    least = 400 if "several" in name else 120 if "needed" in name else 0
    plain_styles.requests(STYLES.operations[name], max(count, least), odd=30)
    tally = agreed(plain_styles)
    assert plain_styles.checker._request_plan(name) is not None
    assert tally.accepted.total() > 0 or "read-only" in name


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_operation_is_left_to_openapi_core(plain_styles: Differential, name: str) -> None:
    assert plain_styles.checker._request_plan(name) is None
    plain_styles.requests(STYLES.operations[name], 15)
    agreed(plain_styles)


@few_or_many
@pytest.mark.parametrize("status", [200, 201, 202, 203, 204, 206, 404, 418, 500])
def test_an_answer_says_the_same(plain_styles: Differential, status: int, count: int) -> None:
    plain_styles.responses(STYLES.operations["answers"], status, count, odd=30)
    assert agreed(plain_styles).accepted.total() > 0


@pytest.mark.parametrize("status", [207, 208, 226])
def test_a_strange_answer_is_left_to_openapi_core(plain_styles: Differential, status: int) -> None:
    assert plain_styles.checker.answer_plan("answers", status) is None
    plain_styles.responses(STYLES.operations["answers"], status, 15)
    agreed(plain_styles)


def test_an_operation_or_a_status_that_the_contract_does_not_name_has_no_plan() -> None:
    checker = Checker(STYLES)
    assert checker.answer_plan("nothing", 200) is None
    assert checker.answer_plan("plain several", 200) is None
    assert not checker.accepts_answer("nothing", 200, {}, None)
    assert [v.rule for v in checker.answer("nothing", 200, {})] == ["unknown-operation"]
    assert [v.rule for v in checker.answer("plain several", 200, {})] == ["status"]


@pytest.mark.parametrize(
    ("content_type", "rules"),
    [("application/octet-stream", []), ("application/json", ["media-type"]), ("", ["media-type"])],
)
@pytest.mark.parametrize("judge", ["jsonschema-rs", "openapi-core"])
def test_an_answer_that_is_no_json_is_judged_by_its_media_type(
    judge: Judge, content_type: str, rules: list[str]
) -> None:
    answer = ResponseData("retrieveTransactionLog", 200, content_type, b"\xff", {})
    found = Checker(Contract.sign_de(), judge=judge).response(answer)
    assert [one.rule for one in found] == rules
