"""`replay`: which server, which credentials, which exit code."""

from pathlib import Path

import pytest
from cli.callers import run_verb
from fiskaly_mockserver.server.mock_server import MockServer

FOLDER = Path(__file__).parents[1] / "recordings"
ARCHIVES = (str(FOLDER / "management.har"), str(FOLDER / "sign-de.har"))
KNOWN = ("--baseline", str(FOLDER / "known.json"))


def test_without_an_address_a_fresh_fake_is_asked() -> None:
    outcome = run_verb("replay", *ARCHIVES, *KNOWN)
    assert (outcome.code, outcome.err) == (0, "")
    assert "0 errors, 0 warnings, 1 known, 36 exchanges, 18 operations" in outcome.out
    assert run_verb("replay", *ARCHIVES).code == 1


def test_another_server_is_asked_with_the_credentials_of_the_environment(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = run_verb("replay", *ARCHIVES, "--against", server.base_url)
    assert refused.code == 2
    assert "set FISKALY_API_KEY and FISKALY_API_SECRET" in refused.err
    monkeypatch.setenv("FISKALY_API_KEY", server.credentials.key)
    monkeypatch.setenv("FISKALY_API_SECRET", server.credentials.secret)
    origin = server.base_url.removesuffix("/api/v0")
    assert run_verb("replay", *ARCHIVES, *KNOWN, "--against", origin).code == 0
    far = run_verb("replay", *ARCHIVES, "--against", "https://far.example")
    assert far.code == 2
    assert "--yes-host far.example" in far.err


def test_a_stopped_server_ends_with_3(closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FISKALY_API_KEY", "test_k")
    monkeypatch.setenv("FISKALY_API_SECRET", "s")
    outcome = run_verb("replay", *ARCHIVES, "--against", f"http://127.0.0.1:{closed_port}")
    assert (outcome.code, outcome.err.count("\n")) == (3, 1)


def test_a_server_that_goes_away_takes_no_report_along(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FISKALY_API_KEY", server.credentials.key)
    monkeypatch.setenv("FISKALY_API_SECRET", server.credentials.secret)
    server.control.arm_fault({"operation": "createApiKey", "effect": {"kind": "connection_reset"}})
    origin = server.base_url.removesuffix("/api/v0")
    outcome = run_verb("replay", *ARCHIVES, *KNOWN, "--against", origin, "--json")
    assert outcome.code == 3
    assert outcome.json["counted"]["exchanges"] > 0
    assert outcome.json["not_verified"][-1]["what"].startswith("from entry ")


def test_a_broken_recording_ends_with_2_and_an_empty_one_with_4(tmp_path: Path) -> None:
    file = tmp_path / "x.har"
    file.write_text("{")
    assert run_verb("replay", str(file)).code == 2
    file.write_text('{"log": {"entries": []}}')
    assert run_verb("replay", str(file)).code == 4
