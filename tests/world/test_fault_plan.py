"""An armed fault strikes the requests it is meant for, those only, and the same in every run."""

from collections.abc import Iterable
from typing import Any

import pytest
from builders.accounts import uid
from fiskaly_contracts import Contract
from fiskaly_mockserver.world.faults import Phase, Target, UnknownFault
from fiskaly_mockserver.world.faults.plan import ArmedFault, Decision, FaultPlan
from fiskaly_mockserver.world.faults.rules import AnswerStatus, FaultRule, Kind
from hypothesis import given, settings
from hypothesis import strategies as st

RELAXED = settings(derandomize=True, database=None, deadline=None, max_examples=60)
OPERATIONS = {
    name: Target(operation.method, operation.path, operation.secured)
    for name, operation in Contract.bundled().operations.items()
}
STATUS: dict[str, Any] = {"kind": "status", "status": 503}
DELAY: dict[str, Any] = {"kind": "delay", "seconds": 0.5}
UNIFORM: dict[str, Any] = {"kind": "delay", "distribution": "uniform", "min": 1, "max": 3}
LOGNORMAL: dict[str, Any] = {
    "kind": "delay",
    "distribution": "lognormal",
    "median": 2,
    "sigma": 0.5,
}
NOTHING = Decision()


@pytest.fixture
def plan() -> FaultPlan:
    return FaultPlan(OPERATIONS)


def arm(plan: FaultPlan, effect: dict[str, Any], **rule: Any) -> ArmedFault:
    return plan.arm(FaultRule.from_json({**rule, "effect": effect}))


def shown(plan: FaultPlan) -> list[dict[str, Any]]:
    return [one.as_json() for one in plan.armed()]


def ask(plan: FaultPlan, operation: str = "listOrganizations", phase: str = "before") -> Decision:
    path = OPERATIONS[operation].path.format(
        organization_id=uid(1), key_id=uid(2), user_id=uid(3), address_id=uid(4)
    )
    return plan.decide(operation, path, Phase(phase))


def strikes(plan: FaultPlan, times: int, operation: str = "listOrganizations") -> str:
    """Ask so many times; `x` is a strike, `.` none."""
    return "".join("x" if ask(plan, operation).fault_ids else "." for _ in range(times))


def counts(plan: FaultPlan) -> list[tuple[int, int]]:
    return [(one.seen, one.hits) for one in plan.armed()]


def test_an_empty_plan_lets_everything_pass(plan: FaultPlan) -> None:
    assert (ask(plan), plan.armed()) == (NOTHING, ())


def test_a_rule_without_occasion_strikes_always(plan: FaultPlan) -> None:
    arm(plan, STATUS)
    assert strikes(plan, 5) == "xxxxx"


def test_the_first_requests_are_struck(plan: FaultPlan) -> None:
    arm(plan, STATUS, when={"first": 2})
    assert strikes(plan, 5) == "xx..."
    assert counts(plan) == [(5, 2)]


def test_each_so_manyth_request_is_struck(plan: FaultPlan) -> None:
    arm(plan, STATUS, when={"every": 3})
    assert strikes(plan, 7) == "..x..x."
    assert counts(plan) == [(7, 2)]


def test_unauthorized_strikes_once(plan: FaultPlan) -> None:
    arm(plan, {"kind": "unauthorized"})
    assert strikes(plan, 3) == "x.."


def test_chance_is_the_same_in_every_run_with_the_same_seed() -> None:
    def run(seed: int) -> str:
        plan = FaultPlan(OPERATIONS)
        arm(plan, STATUS, when={"probability": 0.5, "seed": seed})
        return strikes(plan, 40)

    assert run(7) == run(7)
    assert run(7) != run(8)
    assert run(7) == ".xx.x.xx.x.x...xx...xxxxx.x.x.xxx...x.xx"


def test_chance_strikes_about_as_often_as_it_says(plan: FaultPlan) -> None:
    arm(plan, STATUS, when={"probability": 0.3})
    assert 250 <= strikes(plan, 1000).count("x") <= 350


def test_a_certain_chance_strikes_always(plan: FaultPlan) -> None:
    arm(plan, STATUS, when={"probability": 1})
    assert strikes(plan, 50) == "x" * 50


def test_a_rule_counts_its_own_operation_only(plan: FaultPlan) -> None:
    arm(plan, STATUS, operation="createApiKey", when={"first": 1})
    assert strikes(plan, 2, "listApiKeys") == ".."
    assert strikes(plan, 2, "createApiKey") == "x."
    assert counts(plan) == [(2, 1)]


def test_a_rule_counts_its_own_path_only(plan: FaultPlan) -> None:
    arm(plan, STATUS, path=f"/organizations/{uid(1)}/*")
    assert strikes(plan, 1, "listUsers") == "x"
    assert strikes(plan, 1, "retrieveApiKey") == "x"
    assert strikes(plan, 1, "retrieveOrganization") == "."
    other = plan.decide("listUsers", f"/organizations/{uid(2)}/users", Phase.BEFORE)
    assert other == NOTHING


def test_a_rule_counts_its_own_method_only(plan: FaultPlan) -> None:
    arm(plan, STATUS, method="delete")
    struck = {name for name in OPERATIONS if ask(plan, name).fault_ids}
    assert struck == {name for name, target in OPERATIONS.items() if target.method == "DELETE"}


def test_a_rule_counts_its_own_phase_only(plan: FaultPlan) -> None:
    arm(plan, STATUS, phase="after")
    assert ask(plan, phase="before") == NOTHING
    assert ask(plan, phase="after").fault_ids == ("fault-1",)
    assert counts(plan) == [(1, 1)]


def test_an_expired_token_is_for_operations_that_take_one(plan: FaultPlan) -> None:
    arm(plan, {"kind": "expired_token"})
    assert strikes(plan, 1, "authenticate") == "."
    assert strikes(plan, 1, "listUsers") == "x"


def test_delays_add_up_until_the_first_other_effect(plan: FaultPlan) -> None:
    arm(plan, DELAY)
    arm(plan, DELAY)
    arm(plan, STATUS)
    arm(plan, DELAY)
    arm(plan, {"kind": "no_answer"})
    decision = ask(plan)
    assert (decision.delay, decision.effect) == (1.0, AnswerStatus(status=503))
    assert decision.fault_ids == ("fault-1", "fault-2", "fault-3")
    assert counts(plan) == [(1, 1), (1, 1), (1, 1), (0, 0), (0, 0)]


def test_a_rule_that_does_not_strike_lets_the_next_one(plan: FaultPlan) -> None:
    arm(plan, STATUS, when={"first": 1})
    arm(plan, {"kind": "no_answer"})
    kinds = [decision.effect.kind for _ in range(2) if (decision := ask(plan)).effect]
    assert kinds == [Kind.STATUS, Kind.NO_ANSWER]
    assert counts(plan) == [(2, 1), (1, 1)]


@pytest.mark.parametrize("effect", [UNIFORM, LOGNORMAL], ids=["uniform", "lognormal"])
def test_sampled_delays_are_the_same_in_every_run(effect: dict[str, Any]) -> None:
    def delays(**rule: Any) -> list[float]:
        plan = FaultPlan(OPERATIONS)
        arm(plan, effect, **rule)
        return [ask(plan).delay for _ in range(50)]

    assert delays() == delays()
    assert len(set(delays())) == 50
    assert delays(when={"probability": 1, "seed": 2}) != delays()


def test_a_uniform_delay_keeps_to_its_bounds(plan: FaultPlan) -> None:
    arm(plan, UNIFORM)
    delays = [ask(plan).delay for _ in range(500)]
    assert 1 <= min(delays) < 1.1
    assert 2.9 < max(delays) <= 3


def test_half_of_the_lognormal_delays_are_above_the_median(plan: FaultPlan) -> None:
    arm(plan, LOGNORMAL)
    delays = [ask(plan).delay for _ in range(1000)]
    assert 430 < sum(delay > 2 for delay in delays) < 570
    assert max(delays) > 5


def test_a_lognormal_delay_has_an_end(plan: FaultPlan) -> None:
    arm(plan, {**LOGNORMAL, "median": 3600, "sigma": 10})
    assert max(ask(plan).delay for _ in range(20)) == 3600


def test_faults_are_numbered_and_an_id_is_not_used_again(plan: FaultPlan) -> None:
    assert [arm(plan, STATUS).id for _ in range(2)] == ["fault-1", "fault-2"]
    plan.clear("fault-2")
    plan.clear()
    assert arm(plan, STATUS).id == "fault-3"


def test_one_fault_is_cleared_by_its_id(plan: FaultPlan) -> None:
    arm(plan, DELAY)
    arm(plan, STATUS)
    ask(plan)
    assert [(one.id, one.hits) for one in plan.clear("fault-1")] == [("fault-1", 1)]
    assert [one.id for one in plan.armed()] == ["fault-2"]


def test_all_faults_are_cleared_at_once(plan: FaultPlan) -> None:
    arm(plan, DELAY)
    arm(plan, STATUS)
    assert len(plan.clear()) == 2
    assert (plan.clear(), ask(plan)) == ((), NOTHING)


def test_clearing_an_unknown_fault_is_refused_with_those_there_are(plan: FaultPlan) -> None:
    arm(plan, DELAY)
    with pytest.raises(UnknownFault) as refused:
        plan.clear("fault-2")
    assert str(refused.value) == (
        'fault_id is "fault-2", but no such fault is armed (did you mean fault-1?);'
        " allowed: fault-1"
    )
    assert len(plan.waiting) == 1


def test_a_reset_disarms_and_numbers_from_one_again(plan: FaultPlan) -> None:
    arm(plan, STATUS)
    plan.reset()
    assert (ask(plan), plan.armed()) == (NOTHING, ())
    assert arm(plan, STATUS).id == "fault-1"


def test_an_armed_fault_is_shown_as_json(plan: FaultPlan) -> None:
    arm(plan, STATUS, operation="createApiKey", when={"first": 2})
    ask(plan, "createApiKey")
    (armed,) = shown(plan)
    assert armed == {
        "id": "fault-1",
        "rule": {
            "operation": "createApiKey",
            "when": {"first": 2},
            "phase": "before",
            "effect": {"kind": "status", "status": 503},
        },
        "seen": 1,
        "hits": 1,
    }


def test_a_copy_goes_its_own_way(plan: FaultPlan) -> None:
    arm(plan, STATUS, when={"first": 2})
    ask(plan)
    twin = plan.copy()
    assert shown(twin) == shown(plan)
    assert strikes(twin, 2) == "x."
    twin.reset()
    assert counts(plan) == [(1, 1)]
    assert (arm(plan, STATUS).id, arm(twin, STATUS).id) == ("fault-2", "fault-1")


EFFECTS = st.sampled_from([STATUS, DELAY, UNIFORM, LOGNORMAL, {"kind": "no_answer"}])
OCCASIONS = st.sampled_from(
    [
        {},
        {"when": {"first": 2}},
        {"when": {"every": 2}},
        {"when": {"probability": 0.5, "seed": 3}},
        {"operation": "listUsers"},
        {"path": "/organizations*"},
        {"phase": "after"},
    ]
)
REQUESTS = st.lists(
    st.tuples(st.sampled_from(["listUsers", "createOrganization"]), st.sampled_from(Phase)),
    max_size=20,
)


def _armed_with(rules: Iterable[tuple[dict[str, Any], dict[str, Any]]]) -> FaultPlan:
    plan = FaultPlan(OPERATIONS)
    for effect, occasion in rules:
        arm(plan, effect, **occasion)
    return plan


@RELAXED
@given(st.lists(st.tuples(EFFECTS, OCCASIONS), max_size=4), REQUESTS, REQUESTS)
def test_same_rules_and_requests_same_faults_also_in_a_copy(
    rules: list[tuple[dict[str, Any], dict[str, Any]]],
    early: list[tuple[str, Phase]],
    late: list[tuple[str, Phase]],
) -> None:
    plan, again = _armed_with(rules), _armed_with(rules)
    for operation, phase in early:
        assert ask(plan, operation, phase) == ask(again, operation, phase)
    twin = plan.copy()
    expected = [ask(again, operation, phase) for operation, phase in late]
    assert [ask(twin, operation, phase) for operation, phase in late] == expected
    assert [ask(plan, operation, phase) for operation, phase in late] == expected
    assert shown(twin) == shown(plan) == shown(again)


@RELAXED
@given(st.lists(st.tuples(EFFECTS, OCCASIONS), max_size=4), REQUESTS)
def test_counts_tell_what_was_decided(
    rules: list[tuple[dict[str, Any], dict[str, Any]]], requests: list[tuple[str, Phase]]
) -> None:
    plan = _armed_with(rules)
    struck = [
        fault for operation, phase in requests for fault in ask(plan, operation, phase).fault_ids
    ]
    for one in plan.armed():
        assert one.hits == struck.count(one.id)
        assert one.hits <= one.seen <= sum(phase is one.rule.phase for _, phase in requests)
