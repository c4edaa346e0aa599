"""`doctor`: is the server up, and do this machine's clients get to it."""

from importlib import import_module
from typing import Any

import pytest
from cli.callers import level_of, log_in, run_verb, somebody_else
from cli.conftest import Verb
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.server.mock_server import MockServer
from fiskaly_mockserver.world.clock import SystemClock

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


def test_no_server_is_exit_3_with_the_way_to_start_one(closed_port: int) -> None:
    outcome = run_verb("doctor", "--url", f"127.0.0.1:{closed_port}", "--json")
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


def test_a_missing_token_is_a_failure(empty_server: MockServer) -> None:
    call = ("doctor", "--url", empty_server.base_url, "--json")
    without, with_it = run_verb(*call), run_verb(*call, "--control-token", "example-token")
    assert without.code == 1
    assert level_of(without.json, "control")[::2] == (
        "fail",
        "give --control-token or FISKALY_MOCK_CONTROL_TOKEN",
    )
    assert with_it.code == 0
    assert level_of(with_it.json, "token")[1] == "not tried: the tree has no enabled API key"


def test_control_switched_off_is_a_warning(uncontrolled_server: MockServer) -> None:
    outcome = run_verb("doctor", "--url", uncontrolled_server.base_url, "--json")
    assert outcome.code == 0
    assert level_of(outcome.json, "control")[::2] == ("warn", "start it without --no-control")


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


def test_a_name_whose_first_address_nobody_answers_is_a_warning(
    verb: Verb, server: MockServer, names: dict[str, list[str]]
) -> None:
    names["localhost"] = ["127.0.0.2", "127.0.0.1"]
    by_number = verb("doctor", "--json")
    assert by_number.code == 0
    assert level_of(by_number.json, "name") == (
        "warn",
        "localhost is 127.0.0.2, 127.0.0.1: clients that are given it may find nobody",
        f"give them http://127.0.0.1:{server.port}/api/v0",
    )
    by_name = verb("doctor", "--json", "--url", f"localhost:{server.port}")
    assert by_name.code == 0
    assert level_of(by_name.json, "name") == (
        "warn",
        "localhost is 127.0.0.2, 127.0.0.1: only 127.0.0.1 answers",
        f"give clients http://127.0.0.1:{server.port}/api/v0",
    )


def test_a_name_without_an_address_is_a_failure_beside_the_server(
    names: dict[str, list[str]],
) -> None:
    names["mock.test"] = []
    outcome = run_verb("doctor", "--url", "http://mock.test:8722", "--json")
    assert outcome.code == 3
    assert level_of(outcome.json, "name")[:2] == (
        "fail",
        "mock.test is no address: no fiskaly-mockserver answers there",
    )


def test_a_server_at_another_address_of_localhost_is_found(
    server: MockServer, names: dict[str, list[str]]
) -> None:
    outcome = run_verb("doctor", "--url", f"127.0.0.2:{server.port}", "--json")
    assert outcome.code == 3
    assert level_of(outcome.json, "name") == (
        "warn",
        "localhost is 127.0.0.1: 127.0.0.1 answers",
        f"--url localhost:{server.port}",
    )


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_a_proxy_that_would_catch_calls_is_a_warning_and_no_hindrance(
    verb: Verb, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "http://ada:EXAMPLEsecret0000@proxy.test:3128")
    outcome = verb("doctor", "--json")
    assert outcome.code == 0
    level, said, fix = level_of(outcome.json, "proxy")
    assert level == "warn"
    assert f"{variable.lower()} send calls" in said
    assert fix == "add 127.0.0.1 to no_proxy and NO_PROXY"
    assert "EXAMPLEsecret0000" not in outcome.out
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    assert level_of(verb("doctor", "--json").json, "proxy")[:2] == (
        "ok",
        "no_proxy spares 127.0.0.1",
    )


@pytest.mark.parametrize(
    "case",
    [
        ("http://127.0.0.1:{port}/api/v0", "ok", "leads to the API"),
        ("http://localhost:{port}/api/v0", "ok", "leads to the API"),
        ("http://127.0.0.1:{port}/api/v0/", "warn", "ends in a slash"),
        ("http://127.0.0.1:{port}", "fail", "does not end in /api/v0"),
        ("http://127.0.0.1:{port}/", "fail", "does not end in /api/v0"),
        ("http://127.0.0.1:{port}/api/v1", "fail", "does not end in /api/v0"),
        ("https://127.0.0.1:{port}/api/v0", "fail", "says https, the server speaks http"),
        ("http://127.0.0.1:{port}/s/one/api/v0", "warn", "another world of the server"),
        ("https://api.example.com/api/v0", "warn", "the address of another server"),
        ("https://notfiskaly.com/api/v0", "warn", "the address of another server"),
        ("https://dashboard.fiskaly.com/api/v0", "fail", "the address of the real service"),
        ("dashboard.Fiskaly.com.", "fail", "the address of the real service"),
        ("http://[::1", "warn", "the address of another server"),
    ],
)
def test_a_base_url_that_leads_elsewhere_is_told(
    verb: Verb, server: MockServer, monkeypatch: pytest.MonkeyPatch, case: tuple[str, str, str]
) -> None:
    given, level, words = case
    monkeypatch.setenv("FISKALY_BASE_URL", given.format(port=server.port))
    outcome = verb("doctor", "--json")
    found, said, fix = level_of(outcome.json, "base URL")
    assert (found, outcome.code) == (level, 1 if level == "fail" else 0)
    assert words in said
    assert fix == ("" if level == "ok" else f"export FISKALY_BASE_URL={server.base_url}")
