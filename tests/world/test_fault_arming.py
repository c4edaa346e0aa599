"""A fault that can never strike is not armed: the refusal says why."""

from typing import Any

import pytest
from builders.accounts import uid
from fiskaly_contracts import Contract
from fiskaly_mockserver.world.faults import FaultError, Phase, Target
from fiskaly_mockserver.world.faults.plan import FaultPlan
from fiskaly_mockserver.world.faults.rules import AnswerStatus, FaultRule

OPERATIONS = {
    name: Target(operation.method, operation.path, operation.secured)
    for name, operation in Contract.bundled().operations.items()
}
STATUS: dict[str, Any] = {"kind": "status", "status": 503}


@pytest.fixture
def plan() -> FaultPlan:
    return FaultPlan(OPERATIONS)


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (
        {"operation": "createApiKeys"},
        "operation",
        (
            'operation is "createApiKeys", but there is no such operation'
            " (did you mean createApiKey?); allowed: authenticate, listOrganizations, "
        ),
    ),
    (
        {"path": "/organizatons/*"},
        "path",
        (
            'path is "/organizatons/*", but it matches no path (did you mean /organizations?);'
            " allowed: /auth, /organizations, "
        ),
    ),
    (
        {"operation": "listUsers", "path": "/organizations"},
        "path",
        (
            'path is "/organizations", but it matches no path of listUsers;'
            " allowed: /organizations/{organization_id}/users"
        ),
    ),
    ({"path": "/api/v0/organizations"}, "path", "it matches no path"),
    ({"path": "/organizations/abc"}, "path", "it matches no path"),
    ({"path": f"/organizations/{uid(1)[:-1]}"}, "path", "it matches no path"),
    (
        {"method": "PUT"},
        "method",
        'method is "PUT", but there is no such method; allowed: POST, GET, PATCH, DELETE',
    ),
    (
        {"operation": "createApiKey", "method": "GET"},
        "method",
        'method is "GET", but there is no such method of createApiKey; allowed: POST',
    ),
    (
        {"path": "/auth", "method": "GET"},
        "method",
        'method is "GET", but there is no such method under /auth; allowed: POST',
    ),
    (
        {"operation": "authenticate", "effect": {"kind": "expired_token"}},
        "effect.kind",
        'effect.kind is "expired_token", but authenticate takes no token',
    ),
    ({"path": "/auth", "effect": {"kind": "expired_token"}}, "effect.kind", "authenticate takes"),
]


@pytest.mark.parametrize(
    ("rule", "field", "told"), REFUSED, ids=[f"{at}-{one[1]}" for at, one in enumerate(REFUSED)]
)
def test_a_rule_that_can_never_strike_is_refused_with_the_reason(
    plan: FaultPlan, rule: dict[str, Any], field: str, told: str
) -> None:
    with pytest.raises(FaultError) as refused:
        plan.arm(FaultRule.from_json({"effect": STATUS, **rule}))
    assert refused.value.field == field
    assert told in str(refused.value)
    assert plan.armed() == ()
    assert plan.arm(FaultRule.from_json({"effect": STATUS})).id == "fault-1"


@pytest.mark.parametrize(
    ("path", "operations"),
    [
        ("/auth", {"authenticate"}),
        ("/a[tu]th", {"authenticate"}),
        ("/a?th", {"authenticate"}),
        ("/[!b]uth", {"authenticate"}),
        ("*auth*", {"authenticate"}),
        ("/organizations", {"listOrganizations", "createOrganization"}),
        ("*/enable-env", {"enableEnvironment"}),
        ("/organizations/????????-*/users", {"listUsers", "inviteUser"}),
        (f"/organizations/{uid(1)}/users", {"listUsers", "inviteUser"}),
        ("/organizations/*[0-8]/users", {"listUsers", "inviteUser"}),
        ("**", set(OPERATIONS)),
        ("/[x", set()),
        ("/organizations/*g/users", set()),
        ("", set()),
    ],
)
def test_a_path_pattern_is_known_to_reach_its_operations(path: str, operations: set[str]) -> None:
    reached = set()
    for name, target in OPERATIONS.items():
        plan = FaultPlan({name: target})
        try:
            plan.arm(FaultRule(effect=AnswerStatus(status=500), phase=Phase.BEFORE, path=path))
        except FaultError:
            continue
        reached.add(name)
    assert reached == operations
