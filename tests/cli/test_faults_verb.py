"""`faults`: rules by flags and by JSON, and what the server says to them."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli.callers import log_in
from cli.conftest import Verb
from fiskaly_mockserver.server.mock_server import MockServer
from fiskaly_mockserver.world.faults.rules import Kind

EVERY = ("--operation", "authenticate")


@pytest.mark.parametrize(
    ("flags", "rule"),
    [
        (
            ("--operation", "createApiKey", "--status", "503", "--first", "2"),
            {
                "operation": "createApiKey",
                "when": {"first": 2},
                "phase": "before",
                "effect": {"kind": "status", "status": 503},
            },
        ),
        (
            ("--kind", "connection_reset"),
            {"phase": "before", "effect": {"kind": "connection_reset"}},
        ),
        (
            ("--seconds", "500ms"),
            {"phase": "before", "effect": {"kind": "delay", "seconds": 0.5}},
        ),
        (
            ("--kind", "slow_body", "--seconds", "2"),
            {"phase": "after", "effect": {"kind": "slow_body", "seconds": 2.0}},
        ),
    ],
)
def test_flags_arm_the_rule_that_they_describe(
    verb: Verb, server: MockServer, flags: tuple[str, ...], rule: dict[str, Any]
) -> None:
    outcome = verb("faults", "arm", *flags)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("Armed fault-")
    [fault] = server.control.faults()
    assert fault["rule"] == rule


def test_a_rule_may_be_json_written_out_in_a_file_or_on_standard_input(
    verb: Verb, server: MockServer, tmp_path: Path
) -> None:
    rule = json.dumps({"operation": "listUsers", "effect": {"kind": "delay", "seconds": 2}})
    path = tmp_path / "rule.json"
    path.write_text(rule, encoding="utf-8")
    assert verb("faults", "arm", rule).code == 0
    assert verb("faults", "arm", f"@{path}").code == 0
    assert verb("faults", "arm", "-", stdin=rule).code == 0
    assert verb("faults", "arm", "@-", stdin=rule).code == 0
    assert [fault["rule"]["operation"] for fault in server.control.faults()] == ["listUsers"] * 4


def test_help_shows_every_kind_and_two_examples(verb: Verb) -> None:
    shown = verb("faults", "arm", "--help").out
    assert [kind for kind in Kind if kind.value not in shown] == []
    assert shown.count("\n  faults arm ") == 2


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            {
                "operation": "authenticate",
                "when": {"first": 2},
                "effect": {"kind": "status", "status": 503, "headers": {"Retry-After": "2"}},
            },
            "authenticate, the first 2, before: status 503, Retry-After: 2",
        ),
        (
            {"path": "/organizations/*", "when": {"every": 3}, "effect": {"kind": "no_answer"}},
            "/organizations/*, every 3., before: no_answer",
        ),
        (
            {
                "when": {"probability": 0.3, "seed": 7},
                "effect": {"kind": "delay", "distribution": "uniform", "min": 0.1, "max": 1},
            },
            (
                "every operation, with probability 0.3 (seed 7), before:"
                " delay, distribution uniform, min 0.1, max 1.0"
            ),
        ),
        (
            {
                "method": "post",
                "phase": "after",
                "effect": {"kind": "status", "status": 409, "code": "E_X", "message": "Taken"},
            },
            "POST, after: status 409, code E_X, message Taken",
        ),
    ],
)
def test_an_armed_rule_is_said_in_one_line(verb: Verb, rule: dict[str, Any], words: str) -> None:
    assert verb("faults", "arm", json.dumps(rule)).out == f"Armed fault-1: {words}\n"


def test_the_armed_fault_is_printed_as_json_on_demand(verb: Verb) -> None:
    assert verb("faults", "arm", *EVERY, "--status", "503", "--json").json["id"] == "fault-1"


def test_faults_alone_lists_them_with_their_hits(verb: Verb, server: MockServer) -> None:
    empty = verb("faults")
    assert (empty.code, empty.out, empty.err) == (0, "", "No fault is armed.\n")
    verb("faults", "arm", *EVERY, "--status", "503", "--first", "1")
    rule = {"method": "DELETE", "path": "*/users/*", "effect": {"kind": "no_answer"}}
    verb("faults", "arm", json.dumps(rule))
    assert [log_in(server), log_in(server)] == [503, 200]
    assert verb("faults").out.splitlines() == [
        "fault-1  authenticate, the first 1, before: status 503  (hits 1 of 2)",
        "fault-2  DELETE */users/*, before: no_answer  (hits 0 of 0)",
    ]
    assert [fault["hits"] for fault in verb("faults", "--json").json] == [1, 0]


def test_clear_disarms_one_or_all(verb: Verb, server: MockServer) -> None:
    for _ in range(3):
        verb("faults", "arm", "--status", "503")
    assert verb("faults", "clear", "fault-2").out == "Cleared fault-2.\n"
    assert [fault["id"] for fault in server.control.faults()] == ["fault-1", "fault-3"]
    assert verb("faults", "clear").out == "Cleared all faults.\n"
    assert server.control.faults() == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("arm",), "say what goes wrong: --status, --seconds, or --kind status|delay|"),
        (("arm", "--first", "2"), "say what goes wrong"),
        (("arm", "--status", "99"), "body.effect.status should be"),
        (("arm", "--status", "ten"), "'ten' is not a valid integer"),
        (("arm", "--kind", "explode"), "'connection_reset'"),
        (("arm", "--status", "503", "--operation", "createApiKeys"), "did you mean createApiKey?"),
        (("arm", "--status", "503", "--operation", "x"), "allowed: authenticate, "),
        (("arm", "--status", "503", "--every", "2"), "No such option"),
        (("arm", '{"path": "/nothing", "effect": {"kind": "no_answer"}}'), "path"),
        (("arm", "--seconds", "soon", "--kind", "delay"), "90s or 500ms"),
        (("arm", '{"effekt": 1}'), "did you mean effect?"),
        (("arm", '{"effect": }'), "this is no JSON: Expecting value: line 1 column 12"),
        (("arm", "[" * 100_000), "this is nested too deep"),
        (("arm", "[]"), "a rule is a JSON object"),
        (("arm", "@nothing.json"), "'nothing.json' cannot be read: No such file"),
        (("arm", "{}", "--status", "503"), "give a RULE, a --recipe, or the flags of a rule"),
        (("clear", "fault-9"), "no such fault is armed"),
        (("clear", "../reset"), "fault_id"),
    ],
)
def test_a_wrong_rule_is_refused_and_nothing_is_armed(
    verb: Verb, server: MockServer, words: tuple[str, ...], said: str
) -> None:
    outcome = verb("faults", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert server.control.faults() == []


def test_a_rule_is_read_from_a_file_of_any_editor(verb: Verb, tmp_path: Path) -> None:
    file = tmp_path / "rule.json"
    file.write_text('{"effect":\r\n{"kind": "no_answer"}}\r\n', "utf-8-sig")
    assert verb("faults", "arm", f"@{file}").code == 0


def test_a_named_outage_is_listed_and_armed(verb: Verb, server: MockServer) -> None:
    listed = verb("faults", "recipes")
    assert listed.code == 0
    assert "lost-answer" in listed.out
    armed = verb("faults", "arm", "--recipe", "lost-answer")
    assert (armed.code, armed.err) == (0, "")
    assert armed.out.startswith("Armed fault-1: upsertTransaction, the first 1, after")
    [fault] = verb("faults", "arm", "--recipe", "slow-deploy", "--json").json
    assert fault["rule"]["operation"] == "updateTss"
    assert [one["id"] for one in server.control.faults()] == ["fault-1", "fault-2"]


def test_a_recipe_goes_with_nothing_else_and_must_be_one(verb: Verb, server: MockServer) -> None:
    both = verb("faults", "arm", "--recipe", "lost-answer", "--status", "503")
    assert (both.code, "give a RULE" in both.err) == (2, True)
    unknown = verb("faults", "arm", "--recipe", "lost-anser")
    assert (unknown.code, "did you mean lost-answer" in unknown.err) == (2, True)
    assert server.control.faults() == []
