"""`doctor`: is the server up, and do this machine's clients get to it."""

from importlib import import_module
from typing import Any

import pytest
from cli_control.callers import level_of, log_in, run_verb, somebody_else
from cli_control.conftest import Verb
from cli_control.test_target_address import unused_port
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.server.mock_server import MockServer
from fiskaly_mockserver.world.clock import SystemClock

# The packages export the verb under the name of its module
doctor_module: Any = import_module("fiskaly_mockserver.cli.verbs.doctor")


def test_all_is_well(verb: Verb, server: MockServer, names: dict[str, list[str]]) -> None:
    outcome = verb("doctor")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert all(line.startswith("ok    ") for line in lines)
    assert [line.split()[1] for line in lines] == (
        ["server", "world", "clock", "faults", "token", "name", "proxy", "base"]
    )
    assert f"http://127.0.0.1:{server.port}/api/v0, without a slash" in outcome.out
    assert server.credentials.secret not in outcome.out


def test_it_leaves_no_trace(verb: Verb, server: MockServer, names: dict[str, list[str]]) -> None:
    server.control.arm_fault({"when": {"first": 1}, "effect": {"kind": "status", "status": 503}})
    assert level_of(verb("doctor", "--json").json, "token")[0] == "ok"
    assert server.control.count() == 0
    assert server.control.faults()[0]["seen"] == 0
    assert server.control.sandboxes()["sandboxes"] == []


def test_armed_faults_are_a_warning(verb: Verb, server: MockServer) -> None:
    armed = [
        server.control.arm_fault({"effect": {"kind": "status", "status": status}})["id"]
        for status in (429, 503)
    ]
    outcome = verb("doctor", "--json")
    assert outcome.code == 0
    assert level_of(outcome.json, "faults") == (
        "warn",
        f"armed: {', '.join(armed)}",
        "`fiskaly-mockserver faults clear` disarms them",
    )
    assert verb("faults", "clear").code == 0
    assert level_of(verb("doctor", "--json").json, "faults")[0] == "ok"


def test_no_server_is_exit_3_with_the_way_to_start_one() -> None:
    outcome = run_verb("doctor", "--url", f"127.0.0.1:{unused_port()}", "--json")
    assert outcome.code == 3
    assert outcome.json["ok"] is False
    level, said, fix = level_of(outcome.json, "server")
    assert level == "fail"
    assert "Connection refused" in said
    assert "start one with `fiskaly-mockserver`" in fix


def test_another_program_is_exit_3() -> None:
    with somebody_else(200, b"{}") as url:
        outcome = run_verb("doctor", "--url", url)
    assert outcome.code == 3
    assert "is no fiskaly-mockserver -> start one" in outcome.out


def test_https_is_told_from_a_server_that_is_down(server: MockServer) -> None:
    outcome = run_verb("doctor", "--url", f"https://127.0.0.1:{server.port}", "--json")
    assert outcome.code == 3
    fix = level_of(outcome.json, "server")[2]
    assert fix == f"it speaks plain HTTP: use http://127.0.0.1:{server.port}"


@pytest.mark.parametrize("change", [{"advance": "25h"}, {"freeze": True}, {"scale": 60}])
def test_a_moved_clock_is_a_warning(
    verb: Verb, server: MockServer, names: dict[str, list[str]], change: dict[str, Any]
) -> None:
    server.control._set_clock(**change)
    outcome = verb("doctor", "--json")
    assert outcome.code == 0
    level, _, fix = level_of(outcome.json, "clock")
    assert (level, fix) == ("warn", "`fiskaly-mockserver reset` returns to real time")


@pytest.mark.parametrize(("seconds", "word"), [(3_600, "ahead"), (-3_600, "behind")])
def test_a_clock_other_than_this_machines_is_a_warning(
    verb: Verb, monkeypatch: pytest.MonkeyPatch, seconds: float, word: str
) -> None:
    class Elsewhere(SystemClock):
        def now(self) -> float:
            return super().now() + seconds

    monkeypatch.setattr(doctor_module, "SystemClock", Elsewhere)
    level, said, _ = level_of(verb("doctor", "--json").json, "clock")
    assert level == "warn"
    assert f"this machine's is 3600 s {word}" in said


def test_another_version_is_a_warning(verb: Verb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_module, "VERSION", "9.9.9")
    level, said, fix = level_of(verb("doctor", "--json").json, "server")
    assert level == "warn"
    assert said.endswith("this command is 9.9.9")
    assert fix


def test_a_missing_token_is_a_failure() -> None:
    with MockServer(ServerConfig(port=0, preset="empty", control_token="example-token")) as server:
        without = run_verb("doctor", "--url", server.base_url, "--json")
        with_it = run_verb(
            "doctor", "--url", server.base_url, "--control-token", "example-token", "--json"
        )
    assert without.code == 1
    assert level_of(without.json, "control")[::2] == (
        "fail",
        "give --control-token or FISKALY_MOCK_CONTROL_TOKEN",
    )
    assert with_it.code == 0
    assert level_of(with_it.json, "token")[1] == "not tried: the tree has no enabled API key"


def test_control_switched_off_is_a_warning() -> None:
    with MockServer(ServerConfig(port=0, preset="empty", control=False)) as server:
        outcome = run_verb("doctor", "--url", server.base_url, "--json")
    assert outcome.code == 0
    assert level_of(outcome.json, "control")[0] == "warn"


def test_nobodys_sandbox_is_given_up_for_it() -> None:
    with MockServer(ServerConfig(port=0, preset="single", sandboxes=1)) as server:
        log_in(server, sandbox="one")
        outcome = run_verb("doctor", "--url", server.base_url, "--json")
        assert [one["name"] for one in server.control.sandboxes()["sandboxes"]] == ["one"]
    assert outcome.code == 0
    assert level_of(outcome.json, "token")[:2] == (
        "warn",
        "not tried: it needs a sandbox, and all 1 are taken",
    )


def test_a_round_trip_that_fails_is_a_failure(
    verb: Verb, server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = {"FISKALY_API_KEY": server.credentials.key, "FISKALY_API_SECRET": "x" * 43}
    monkeypatch.setattr(doctor_module, "key_variables", lambda _: key)
    outcome = verb("doctor", "--json")
    assert outcome.code == 1
    level, said, _ = level_of(outcome.json, "token")
    assert level == "fail"
    assert said.startswith("POST http://127.0.0.1:")
    assert said.endswith("/api/v0/auth got 401")
    assert server.control.sandboxes()["sandboxes"] == []
