"""A fault rule is read from JSON and written back, or refused with the field, value and reason."""

from typing import Any

import pytest
from fiskaly_mockserver.world.faults.fields import MISSING, FaultError
from fiskaly_mockserver.world.faults.rules import FaultRule
from hypothesis import given, settings
from hypothesis import strategies as st

RELAXED = settings(derandomize=True, database=None, deadline=None, max_examples=200)
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
    (None, "rule", None, "rule is null, but should be an object"),
    ([], "rule", [], "rule is [], but should be an object"),
    ({}, "effect", MISSING, "effect is missing, but should be an object"),
    ({"effect": "status"}, "effect", "status", 'effect is "status", but should be an object'),
    (
        {"operations": "x", "effect": STATUS},
        "operations",
        "x",
        (
            'operations is "x", but there is no such field here; allowed: operation, path, method,'
            " when, phase, effect"
        ),
    ),
    (
        _with_effect(kind="stauts"),
        "effect.kind",
        "stauts",
        (
            'effect.kind is "stauts", but should be one of the allowed words'
            " (did you mean status?); allowed: status, delay,"
        ),
    ),
    (_with_effect(), "effect.kind", MISSING, "effect.kind is missing, but"),
    (_with_effect(kind=3), "effect.kind", 3, "effect.kind is 3, but"),
    (_with_effect(kind="status"), "effect.status", MISSING, "effect.status is missing, but"),
    (
        _with_effect(kind="status", status=200),
        "effect.status",
        200,
        "effect.status is 200, but should be a whole number from 400 to 599",
    ),
    (_with_effect(kind="status", status=600), "effect.status", 600, "from 400 to 599"),
    (_with_effect(kind="status", status=True), "effect.status", True, "from 400 to 599"),
    (_with_effect(kind="status", status="503"), "effect.status", "503", "a whole number"),
    (_with_effect(kind="status", status=503.0), "effect.status", 503.0, "a whole number"),
    (_with_effect(**STATUS, code=""), "effect.code", "", "should be a text that is not empty"),
    (_with_effect(**STATUS, message=1), "effect.message", 1, "should be a text"),
    (_with_effect(**STATUS, seconds=1), "effect.seconds", 1, "there is no such field here"),
    (_with_headers([]), "effect.headers", [], "should be an object"),
    (_with_headers({"a b": "x"}), "effect.headers.a b", "x", "letters, digits and hyphens"),
    (_with_headers({"A": 1}), "effect.headers.A", 1, "should be a text"),
    (_with_headers({"A": "x\ny"}), "effect.headers.A", "x\ny", "printable ASCII"),
    (_with_headers({"A": "x" * 501}), "effect.headers.A", "x" * 501, "at most 500"),
    (
        _with_headers({"content-LENGTH": "1"}),
        "effect.headers.content-LENGTH",
        "1",
        "the server frames its answers",
    ),
    (
        _with_headers({f"A{at}": "" for at in range(21)}),
        "effect.headers",
        {f"A{at}": "" for at in range(21)},
        "at most 20 fields",
    ),
    (_with_effect(kind="delay"), "effect.seconds", MISSING, "a number from 0 to 3600"),
    (_with_effect(kind="delay", seconds=-1), "effect.seconds", -1, "from 0 to 3600"),
    (_with_effect(kind="delay", seconds=3601), "effect.seconds", 3601, "from 0 to 3600"),
    (_with_effect(kind="delay", seconds="1s"), "effect.seconds", "1s", "from 0 to 3600"),
    (_with_effect(kind="delay", seconds=False), "effect.seconds", False, "from 0 to 3600"),
    (
        _with_effect(kind="delay", distribution="normal"),
        "effect.distribution",
        "normal",
        "(did you mean lognormal?); allowed: uniform, lognormal",
    ),
    (
        _with_effect(kind="delay", distribution="uniform", min=2, max=1),
        "effect.min",
        2,
        "effect.min is 2, but should not be above effect.max, which is 1",
    ),
    (
        _with_effect(kind="delay", distribution="uniform", seconds=1),
        "effect.seconds",
        1,
        "there is no such field here; allowed: kind, distribution, min, max",
    ),
    (
        _with_effect(kind="delay", distribution="lognormal", median=1, sigma=11),
        "effect.sigma",
        11,
        "from 0 to 10",
    ),
    (_with_effect(kind="slow_body"), "effect.seconds", MISSING, "from 0 to 3600"),
    (_with_effect(kind="truncated_body", bytes=-1), "effect.bytes", -1, "from 0 to 1000000"),
    (_with_effect(kind="no_answer", seconds=1), "effect.seconds", 1, "no such field here"),
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
    ({"effect": STATUS, "phase": "later"}, "phase", "later", "allowed: before, after"),
    ({"effect": STATUS, "when": 3}, "when", 3, "should be an object"),
    ({"effect": STATUS, "when": {}}, "when", {}, "exactly one of first, every and probability"),
    ({"effect": STATUS, "when": {"seed": 1}}, "when", {"seed": 1}, "exactly one of"),
    (
        {"effect": STATUS, "when": {"first": 1, "every": 2}},
        "when",
        {"first": 1, "every": 2},
        "exactly one of",
    ),
    ({"effect": STATUS, "when": {"last": 1}}, "when.last", 1, "no such field here"),
    ({"effect": STATUS, "when": {"first": 0}}, "when.first", 0, "from 1 to 1000000"),
    ({"effect": STATUS, "when": {"first": 1, "seed": 2}}, "when.seed", 2, "no such field"),
    ({"effect": STATUS, "when": {"every": 0}}, "when.every", 0, "from 1 to 1000000"),
    ({"effect": STATUS, "when": {"every": 1.5}}, "when.every", 1.5, "a whole number"),
    (
        {"effect": STATUS, "when": {"probability": 0}},
        "when.probability",
        0,
        "should be above 0: it would never strike",
    ),
    ({"effect": STATUS, "when": {"probability": 1.1}}, "when.probability", 1.1, "from 0 to 1"),
    (
        {"effect": STATUS, "when": {"probability": 0.5, "seed": -1}},
        "when.seed",
        -1,
        "from 0 to 9007199254740991",
    ),
    ({"effect": STATUS, "operation": ""}, "operation", "", "not empty"),
    ({"effect": STATUS, "path": 1}, "path", 1, "should be a text"),
]


@pytest.mark.parametrize(
    ("rule", "field", "value", "told"),
    REFUSED,
    ids=[f"{at}-{field}" for at, (_, field, _, _) in enumerate(REFUSED)],
)
def test_a_wrong_rule_is_refused_by_field_value_and_reason(
    rule: Any, field: str, value: Any, told: str
) -> None:
    with pytest.raises(FaultError) as refused:
        FaultRule.from_json(rule)
    assert (refused.value.field, refused.value.value) == (field, value)
    assert told in str(refused.value)
    assert str(refused.value).startswith(f"{field} is ")


def test_numbers_that_are_none_are_refused() -> None:
    for value in (float("nan"), float("inf")):
        with pytest.raises(FaultError, match=r"effect\.seconds"):
            FaultRule.from_json({"effect": {"kind": "delay", "seconds": value}})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
NEARLY = st.fixed_dictionaries(
    {
        "effect": st.one_of(
            ANYTHING,
            st.dictionaries(
                st.sampled_from(
                    [
                        "kind",
                        "status",
                        "code",
                        "message",
                        "headers",
                        "seconds",
                        "distribution",
                        "min",
                        "max",
                        "bytes",
                    ]
                ),
                ANYTHING | st.sampled_from(["status", "delay", "uniform", "truncated_body"]),
            ),
        )
    },
    optional=dict.fromkeys(("operation", "path", "method", "when", "phase"), ANYTHING),
)


@RELAXED
@given(ANYTHING | NEARLY)
def test_whatever_is_given_is_a_rule_or_refused_in_words(value: Any) -> None:
    try:
        rule = FaultRule.from_json(value)
    except FaultError as error:
        told = str(error)
    else:
        assert FaultRule.from_json(rule.as_json()) == rule
        return
    assert " is " in told
    assert ", but " in told
    assert len(told) < 600
