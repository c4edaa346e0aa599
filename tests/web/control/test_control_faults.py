"""Faults over both transports: arming, counting, clearing; what they do is in web_faults."""

from typing import Any

import pytest
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.client import Control, ControlRefused
from web.control.wire import Shop


def rule(kind: str = "status", **more: Any) -> Any:
    effect = {"kind": kind, **({"status": 503} if kind == "status" else {})}
    return {"effect": effect, **more}


def test_a_fault_is_armed_shown_with_its_counts_and_cleared(control: Control, shop: Shop) -> None:
    armed = control.arm_fault(rule(operation="listOrganizations", when={"first": 2}))
    assert armed == {
        "id": "fault-1",
        "rule": {
            "operation": "listOrganizations",
            "when": {"first": 2},
            "phase": "before",
            "effect": {"kind": "status", "status": 503},
        },
        "seen": 0,
        "hits": 0,
    }
    assert [shop.call("GET", "/organizations").status for _ in range(3)] == [503, 503, 200]
    assert shop.create("Teehaus").status == 200
    [shown] = control.faults()
    assert (shown["seen"], shown["hits"]) == (3, 2)
    control.clear_faults("fault-1")
    assert control.faults() == []


def test_faults_are_listed_in_their_order_and_cleared_together(control: Control) -> None:
    ids = [control.arm_fault(rule())["id"] for _ in range(3)]
    assert ids == ["fault-1", "fault-2", "fault-3"]
    control.clear_faults("fault-2")
    assert [one["id"] for one in control.faults()] == ["fault-1", "fault-3"]
    control.clear_faults()
    assert control.faults() == []
    assert control.arm_fault(rule())["id"] == "fault-4"


def test_an_unknown_fault_is_refused_with_those_there_are(control: Control) -> None:
    control.arm_fault(rule())
    with pytest.raises(ControlRefused, match="fault-9") as refused:
        control.clear_faults("fault-9")
    assert (refused.value.status, refused.value.field) == (404, "fault_id")
    assert refused.value.allowed == ("fault-1",)
    assert len(control.faults()) == 1


def test_the_answer_is_the_apis_own_error_with_headers(control: Control, shop: Shop) -> None:
    effect = {"status": 429, "code": "E_SLOW", "message": "Later.", "headers": {"Retry-After": "2"}}
    control.arm_fault({"effect": {"kind": "status", **effect}})  # type: ignore[typeddict-item]
    answer = shop.call("GET", "/organizations")
    assert answer.status == 429
    assert answer.headers["retry-after"] == "2"
    assert answer.body == {
        "status_code": 429,
        "error": "Too Many Requests",
        "code": "E_SLOW",
        "message": "Later.",
    }


def test_a_fault_after_leaves_the_change(control: Control, shop: Shop) -> None:
    control.arm_fault(rule(operation="createOrganization", phase="after"))
    assert shop.create("Teehaus").status == 503
    assert "Teehaus" in shop.names()


def test_unauthorized_once(control: Control, shop: Shop) -> None:
    control.arm_fault(rule("unauthorized"))
    assert [shop.call("GET", "/organizations").status for _ in range(3)] == [401, 200, 200]


def test_an_expired_token_needs_a_refresh(control: Control, shop: Shop) -> None:
    control.arm_fault(rule("expired_token", when={"first": 1}))
    assert [shop.call("GET", "/organizations").status for _ in range(2)] == [401, 401]
    assert shop.refresh().status == 200
    assert shop.call("GET", "/organizations").status == 200


def test_refused_requests_are_not_counted(control: Control, shop: Shop) -> None:
    control.arm_fault(rule())
    assert shop.call("GET", "/organizations", token="").status == 401
    assert shop.create("").status == 400
    assert shop.call("GET", "/nowhere").status == 404
    assert shop.call("PUT", "/organizations").status == 405
    assert [(one["seen"], one["hits"]) for one in control.faults()] == [(0, 0)]


def test_the_journal_names_the_fault(control: Control, shop: Shop) -> None:
    control.arm_fault(rule(operation="listOrganizations"))
    answer = shop.call("GET", "/organizations")
    [found] = control.journal({"status": 503})["exchanges"]
    assert (found["fault"], found["request_id"]) == ("fault-1", answer.request_id)
    explained: Any = control.explain(answer.request_id)
    assert explained["refused_by"]["kind"] == "fault"


def test_every_world_has_its_own_faults(control: Control, server: MockServer, shop: Shop) -> None:
    key = {"key": server.credentials.key, "secret": server.credentials.secret}
    other = Shop.of(server, "a").open(key)
    control.sandbox("a").arm_fault(rule())
    assert other.call("GET", "/organizations").status == 503
    assert shop.call("GET", "/organizations").status == 200
    assert (len(control.faults()), len(control.sandbox("a").faults())) == (0, 1)


@pytest.mark.parametrize(
    ("armed", "status", "field", "words"),
    [
        (rule(operation="createApiKye"), 404, "operation", "did you mean createApiKey?"),
        (rule(path="/organizatons"), 404, "path", "matches no path"),
        (rule(path="/auth", method="GET"), 404, "method", "no such method"),
        (rule("expired_token", operation="authenticate"), 409, "effect.kind", "takes no token"),
        (rule("slow_body"), 400, "effect.seconds", "required property 'seconds'"),
        (rule("malformed_json", phase="before"), 409, "phase", "no such phase"),
        (rule("unauthorized", phase="after"), 409, "phase", "no such phase"),
        (rule("explode"), 400, "effect.kind", "one of status, delay"),
        (rule("empty_reply") | {"effect": {"kind": "empty_reply", "status": 500}}, 400,
         "effect.status", "additional property"),
        ({"effect": {"kind": "delay"}}, 400, "effect.seconds", "required"),
        ({"effect": {"kind": "delay", "seconds": -1}}, 400, "effect.seconds", ">= 0"),
        ({"effect": {"kind": "delay", "seconds": 3601}}, 400, "effect.seconds", "<= 3600"),
        ({"effect": {"kind": "delay", "distribution": "uniform", "min": 1}}, 400, "effect.max",
         "required"),
        ({"effect": {"kind": "delay", "distribution": "uniform", "min": 2, "max": 1}}, 409,
         "effect.min", "should not be above"),
        ({"effect": {"kind": "delay", "distribution": "poisson"}}, 400, "effect.distribution",
         "one of uniform, lognormal"),
        ({"effect": {"kind": "status", "status": 200}}, 400, "effect.status", ">= 400"),
        ({"effect": {"kind": "status", "status": 600}}, 400, "effect.status", "<= 599"),
        ({"effect": {"kind": "status", "status": "503"}}, 400, "effect.status", "integer"),
        ({"effect": {"kind": "status", "status": 503, "code": "oops"}}, 400, "effect.code", "E_"),
        ({"effect": {"kind": "status", "status": 503, "headers": {"Content-Length": "1"}}}, 400,
         "effect.headers.Content-Length", "frames its answers"),
        ({"effect": {"kind": "status", "status": 503, "headers": {"a b": "1"}}}, 400,
         "effect.headers.a b", "a header's name"),
        ({"effect": {"kind": "status", "status": 503, "headers": {"a": "b\r\nc"}}}, 400,
         "effect.headers.a", ""),
        ({}, 400, "effect", "required"),
        (rule(when={}), 400, "when", "exactly one of first, every and probability"),
        (rule(when={"first": 1, "every": 2}), 400, "when", "exactly one of"),
        (rule(when={"first": 1, "seed": 2}), 400, "when", "exactly one of"),
        (rule(when={"first": 0}), 400, "when.first", ">= 1"),
        (rule(when={"every": -3}), 400, "when.every", ">= 1"),
        (rule(when={"probability": 0}), 400, "when.probability", "> 0"),
        (rule(when={"probability": 1.01}), 400, "when.probability", "<= 1"),
        (rule(phase="during"), 400, "phase", "one of before, after"),
        (rule(oparation="createApiKey"), 400, "oparation", "did you mean operation?"),
        (rule(operation=""), 400, "operation", "shorter"),
    ],
    ids=lambda value: None if isinstance(value, dict | int) else value[:30],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused_with_the_reason(
    control: Control, armed: Any, status: int, field: str, words: str
) -> None:
    before = control.export_state()
    with pytest.raises(ControlRefused) as refused:
        control.arm_fault(armed)
    assert (refused.value.status, refused.value.field) == (status, field), str(refused.value)
    assert words in str(refused.value)
    assert len(str(refused.value)) < 700
    assert control.faults() == []
    assert control.export_state() == before
