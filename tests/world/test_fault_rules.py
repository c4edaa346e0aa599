"""A fault rule is read from JSON and written back, or refused with the field, value and reason."""

from typing import Any

import pytest
from fiskaly_mockserver.world.faults import FaultError
from fiskaly_mockserver.world.faults.rules import FaultRule

STATUS = {"kind": "status", "status": 503}
DELAY = {"kind": "delay", "seconds": 0.5}

FULL: list[dict[str, Any]] = [
    {
        "operation": "createApiKey",
        "path": "/organizations/*/api-keys",
        "method": "POST",
        "when": {"first": 2},
        "phase": "after",
        "effect": {
            "kind": "status",
            "status": 503,
            "code": "E_X",
            "message": "later",
            "headers": {"Retry-After": "2"},
        },
    },
    {"phase": "before", "effect": DELAY},
    {"when": {"every": 3}, "phase": "after", "effect": DELAY},
    {
        "when": {"probability": 0.3, "seed": 7},
        "phase": "before",
        "effect": {"kind": "delay", "distribution": "uniform", "min": 0.1, "max": 0.5},
    },
    {
        "phase": "before",
        "effect": {"kind": "delay", "distribution": "lognormal", "median": 0.2, "sigma": 0.5},
    },
    {"phase": "after", "effect": {"kind": "slow_body", "seconds": 2.0}},
    {"phase": "after", "effect": {"kind": "truncated_body", "bytes": 20}},
    {"phase": "after", "effect": {"kind": "truncated_body"}},
    {"phase": "after", "effect": {"kind": "malformed_json"}},
    {"phase": "after", "effect": {"kind": "broken_contract"}},
    {"phase": "before", "effect": {"kind": "empty_reply"}},
    {"phase": "after", "effect": {"kind": "connection_reset"}},
    {"phase": "before", "effect": {"kind": "no_answer"}},
    {"phase": "before", "effect": {"kind": "expired_token"}},
    {"when": {"first": 1}, "phase": "before", "effect": {"kind": "unauthorized"}},
]


@pytest.mark.parametrize(
    "value", FULL, ids=[f"{at}-{one['effect']['kind']}" for at, one in enumerate(FULL)]
)
def test_a_full_rule_is_written_as_it_was_read(value: dict[str, Any]) -> None:
    assert FaultRule.from_json(value).as_json() == value


@pytest.mark.parametrize(
    ("kind", "phase", "when"),
    [
        ("empty_reply", "before", None),
        ("connection_reset", "before", None),
        ("no_answer", "before", None),
        ("malformed_json", "after", None),
        ("broken_contract", "after", None),
        ("truncated_body", "after", None),
        ("expired_token", "before", None),
        ("unauthorized", "before", {"first": 1}),
    ],
)
def test_a_kind_has_its_default_phase_and_occasion(kind: str, phase: str, when: Any) -> None:
    shown = FaultRule.from_json({"effect": {"kind": kind}}).as_json()
    assert (shown["phase"], shown.get("when")) == (phase, when)


def test_a_method_may_be_in_lower_case() -> None:
    assert FaultRule.from_json({"method": "post", "effect": STATUS}).method == "POST"


def _with_effect(**effect: Any) -> dict[str, Any]:
    return {"effect": effect}


def _with_headers(headers: Any) -> dict[str, Any]:
    return {"effect": {**STATUS, "headers": headers}}


REFUSED: list[tuple[Any, str, Any, str]] = [
    (_with_headers({"a b": "x"}), "effect.headers.a b", "x", "letters, digits and hyphens"),
    (
        _with_headers({"content-LENGTH": "1"}),
        "effect.headers.content-LENGTH",
        "1",
        "the server frames its answers",
    ),
    (
        _with_effect(kind="delay", distribution="uniform", min=2, max=1),
        "effect.min",
        2,
        "effect.min is 2, but should not be above effect.max, which is 1",
    ),
    (
        {"effect": {"kind": "slow_body", "seconds": 1}, "phase": "before"},
        "phase",
        "before",
        'phase is "before", but slow_body has no such phase; allowed: after',
    ),
    (
        {"effect": {"kind": "unauthorized"}, "phase": "after"},
        "phase",
        "after",
        "unauthorized has no such phase; allowed: before",
    ),
]


@pytest.mark.parametrize(
    ("rule", "field", "value", "told"),
    REFUSED,
    ids=[f"{at}-{field}" for at, (_, field, _, _) in enumerate(REFUSED)],
)
def test_what_the_contract_cannot_refuse_is_refused_by_field_value_and_reason(
    rule: Any, field: str, value: Any, told: str
) -> None:
    with pytest.raises(FaultError) as refused:
        FaultRule.from_json(rule)
    assert (refused.value.field, refused.value.value) == (field, value)
    assert told in str(refused.value)
    assert str(refused.value).startswith(f"{field} is ")
