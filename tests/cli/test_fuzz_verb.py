"""`fuzz`: what schemathesis finds becomes findings; long runs are those of tests/fuzz."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from cli.callers import run_verb
from cli.running import COMMAND, PATIENCE
from fiskaly_mockserver.cli.verbs import fuzz as module
from fiskaly_mockserver.server.mock_server import MockServer

QUICK = ("--examples", "1", "--phases", "fuzzing")


@pytest.fixture(autouse=True)
def credentials(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FISKALY_API_KEY", server.credentials.key)
    monkeypatch.setenv("FISKALY_API_SECRET", server.credentials.secret)
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def test_a_good_server_is_read_and_nothing_is_changed(server: MockServer) -> None:
    before = server.control.export_state()
    outcome = run_verb("fuzz", server.base_url, *QUICK)
    assert (outcome.code, outcome.err) == (0, "")
    assert "0 errors, 0 warnings" in outcome.out
    assert "7 operations" in outcome.out  # every one that reads
    assert "everything but GET: it changes something: give --writes" in outcome.out
    assert server.control.export_state() == before


def test_a_broken_server_is_told_by_its_checks_and_ours(server: MockServer) -> None:
    server.control.arm_fault(
        {"operation": "listUsers", "effect": {"kind": "status", "status": 418}}
    )
    outcome = run_verb("fuzz", server.base_url, *QUICK, "--json")
    assert outcome.code == 1
    found = {(one["operation"], one["rule"]) for one in outcome.json["findings"]}
    assert found >= {("listUsers", "status"), ("listUsers", "ST103")}
    assert {operation for operation, _ in found} == {"listUsers"}
    assert server.credentials.secret not in outcome.out


def test_a_run_that_is_ended_leaves_no_process_and_no_file_with_the_token(
    server: MockServer, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [*COMMAND, "fuzz", server.base_url, "--examples", "500"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        server.control.wait(20, {}, PATIENCE)  # schemathesis is at work
        assert [*tmp_path.iterdir()] != []
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE)  # its pipes are closed, then
    assert (process.returncode, out, err) == (128 + signal.SIGTERM, "", "")
    assert [*tmp_path.iterdir()] == []


def test_sign_de_is_fuzzed_with_the_ids_that_are_there(server: MockServer) -> None:
    assert server.sign_de_url is not None
    outcome = run_verb("fuzz", server.sign_de_url, "--sign-de", *QUICK)
    assert outcome.code == 0, outcome.out


@pytest.mark.slow
@pytest.mark.parametrize("api", ["management", "sign-de"])
def test_every_operation_is_reached(server: MockServer, api: str) -> None:
    flags = ["--sign-de"] if api == "sign-de" else []
    url = server.sign_de_url if flags else server.base_url
    outcome = run_verb("fuzz", str(url), *flags, "--writes", "--examples", "8")
    assert outcome.code == 0, outcome.out
    assert "0 errors, 0 warnings" in outcome.out
    assert "not verified" not in outcome.out
    assert f"{33 if flags else 20} operations" in outcome.out


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("https://far.example", 2, "--yes-host far.example"),
        ("http://127.0.0.1:{port}", 3, "Connection refused"),
    ],
)
def test_what_cannot_be_fuzzed_is_one_line(
    closed_port: int, url: str, code: int, said: str
) -> None:
    outcome = run_verb("fuzz", url.format(port=closed_port), *QUICK)
    assert outcome.code == code
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


def test_refused_credentials_end_with_4(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FISKALY_API_SECRET", "wrong")
    outcome = run_verb("fuzz", server.base_url, *QUICK)
    assert (outcome.code, outcome.err) == (4, "Error: no token: logging in was answered 401\n")


def test_without_schemathesis_it_says_how_to_get_it(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    outcome = run_verb("fuzz", server.base_url)
    assert outcome.code == 2
    assert "pip install 'fiskaly-mockserver[fuzz]'" in outcome.err


def test_a_run_that_does_not_end_is_told(server: MockServer) -> None:
    outcome = run_verb("fuzz", server.base_url, "--phases", "nonsense")
    assert outcome.code == 2
    assert "schemathesis did not come to its end" in outcome.err
