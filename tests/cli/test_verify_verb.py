"""`verify`: guards, exit codes and files; what it finds is tested in tests/conformance."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from cli.callers import Outcome, run_verb, somebody_else
from cli.running import COMMAND, PATIENCE, clean_environment
from fiskaly_mockserver.cli.verbs import verify as verb
from fiskaly_mockserver.server.mock_server import MockServer

Verify = Callable[..., Outcome]


@pytest.fixture
def verify(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> Verify:
    """Run the verb with the seeded key in the environment."""
    monkeypatch.setenv("FISKALY_API_KEY", server.credentials.key)
    monkeypatch.setenv("FISKALY_API_SECRET", server.credentials.secret)
    return lambda *words: run_verb("verify", *words)


def test_a_good_server_ends_with_0(server: MockServer, verify: Verify, tmp_path: Path) -> None:
    file = tmp_path / "assumptions.json"
    outcome = verify(
        server.base_url,
        "--sign-de",
        server.sign_de_url or "",
        "--writes",
        "--assumptions",
        str(file),
    )
    assert (outcome.code, outcome.err) == (0, "")
    assert "0 errors, 0 warnings" in outcome.out
    assert "53 of 53 operations" in outcome.out
    told = json.loads(file.read_text())
    assert told["assumptions"]["A-12"]["outcome"] == "confirmed"


def test_a_broken_server_ends_with_1(server: MockServer, verify: Verify) -> None:
    server.control.arm_fault(
        {"operation": "listUsers", "effect": {"kind": "status", "status": 418}}
    )
    outcome = verify(server.base_url, "--json")
    assert outcome.code == 1
    assert {one["operation"] for one in outcome.json["findings"]} == {"listUsers"}


def test_a_stopped_server_ends_with_3(verify: Verify, closed_port: int) -> None:
    outcome = verify(f"http://127.0.0.1:{closed_port}")
    assert (outcome.code, outcome.err) == (
        3,
        f"Error: 127.0.0.1:{closed_port}: Connection refused\n",
    )


def test_a_name_that_nobody_has_ends_with_3(verify: Verify, names: dict[str, list[str]]) -> None:
    names["nowhere.example"] = []
    outcome = verify("https://nowhere.example", "--yes-host", "nowhere.example", "--rate", "0")
    assert outcome.code == 3
    assert outcome.err.startswith("Error: nowhere.example: ")


def test_a_server_that_speaks_no_tls_ends_with_3(server: MockServer, verify: Verify) -> None:
    outcome = verify(server.base_url.replace("http:", "https:"))
    assert outcome.code == 3
    assert ": TLS: " in outcome.err


def test_a_server_that_only_fails_ends_with_3(verify: Verify) -> None:
    with somebody_else(500, b"<html>") as url:
        outcome = verify(url)
    assert (outcome.code, outcome.err) == (3, "Error: every answer was a server error\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_ended_deletes_what_it_made(
    server: MockServer, number: signal.Signals
) -> None:
    """Also what was made by the request whose answer is still under way."""
    key, before = server.credentials, server.control.export_state()
    server.control.arm_fault(
        {
            "operation": "createApiKey",
            "phase": "after",
            "effect": {"kind": "delay", "seconds": 0.5},
        }
    )
    with subprocess.Popen(
        [*COMMAND, "verify", server.base_url, "--writes"],
        env=clean_environment(FISKALY_API_KEY=key.key, FISKALY_API_SECRET=key.secret),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        server.control.wait(1, {"operation": "enableEnvironment"}, PATIENCE)
        end = time.monotonic() + PATIENCE
        while server.control.export_state()["api_keys"] == before["api_keys"]:
            assert time.monotonic() < end
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (128 + number, "", "")
    assert server.control.export_state() == before


def test_refused_credentials_end_with_4(
    server: MockServer, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FISKALY_API_SECRET", "wrong")
    outcome = verify(server.base_url)
    assert outcome.code == 4
    assert "API key and secret are refused" in outcome.out


def test_too_few_operations_end_with_4(server: MockServer, verify: Verify) -> None:
    outcome = verify(server.base_url, "--min-operations", "20")
    assert outcome.code == 4
    assert outcome.err.endswith("operations could be verified, not 20\n")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://dashboard.example", "--yes-host dashboard.example"),
        ("nonsense", "is no http:// or https:// address"),
    ],
)
def test_a_guard_ends_with_2(verify: Verify, url: str, said: str) -> None:
    outcome = verify(url)
    assert outcome.code == 2
    assert said in outcome.err


def test_a_file_that_cannot_be_written_is_told_before_anything_is_called(verify: Verify) -> None:
    outcome = verify("http://127.0.0.1:1", "--assumptions", "/nowhere/a.json")
    assert (outcome.code, outcome.err) == (
        2,
        "Error: there is no folder '/nowhere': make it first\n",
    )


@pytest.mark.parametrize("rate", ["nan", "inf", "-1"])
def test_a_rate_that_is_none_ends_with_2(verify: Verify, rate: str) -> None:
    outcome = verify("http://127.0.0.1:1", "--rate", rate)
    assert (outcome.code, outcome.out) == (2, "")


def test_without_credentials_it_ends_with_2(server: MockServer) -> None:
    outcome = run_verb("verify", server.base_url)
    assert outcome.code == 2
    assert "set FISKALY_API_KEY and FISKALY_API_SECRET" in outcome.err


def test_a_live_key_needs_to_be_allowed(
    server: MockServer, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FISKALY_API_KEY", "live_example")
    outcome = verify(server.base_url)
    assert outcome.code == 2
    assert "--allow-live" in outcome.err


def test_a_ca_file_that_holds_none_is_named(
    server: MockServer, verify: Verify, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("none")
    outcome = verify(server.base_url.replace("http:", "https:"), "--ca-file", str(file))
    assert outcome.code == 2
    assert outcome.err.startswith(f"Error: --ca-file {file}: ")
    assert outcome.err.count("\n") == 1


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("quick", "shown"), [(0.0, True), (3600.0, False)])
def test_what_takes_a_while_is_shown_at_a_terminal(
    monkeypatch: pytest.MonkeyPatch, quick: float, *, shown: bool
) -> None:
    monkeypatch.setattr(verb, "QUICK", quick)
    for stream, there in ((Terminal(), shown), (StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        progress = verb._Progress()
        progress.show("log in")
        progress.end()
        assert ("log in" in stream.getvalue()) == there
