"""`check` and `redact`: recordings before the contracts, and what every report has in common."""

import json
from pathlib import Path

import pytest
from cli.callers import call, run_verb, token_of
from fiskaly_contracts.recordings.har import read_har
from fiskaly_mockserver.server.mock_server import MockServer


@pytest.fixture
def good(server: MockServer, tmp_path: Path) -> Path:
    """A recording of a client that does everything right."""
    key = server.credentials
    token = token_of(server.base_url, key.key, key.secret)
    call(f"{server.base_url}/organizations", token=token)
    return recorded(server, tmp_path / "good.har")


@pytest.fixture
def bad(server: MockServer, tmp_path: Path) -> Path:
    """A recording of a client that breaks the contract twice alike."""
    for _ in range(2):
        call(f"{server.base_url}/auth", {"api_key": "k"})
    return recorded(server, tmp_path / "bad.har")


def recorded(server: MockServer, file: Path) -> Path:
    file.write_text(json.dumps(server.control.har()))
    server.control.clear_journal()
    return file


def test_a_good_recording_ends_with_0(good: Path) -> None:
    outcome = run_verb("check", str(good))
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == f"check {good}: 0 errors, 0 warnings, 2 exchanges, 2 operations\n"


def test_a_bad_one_ends_with_1_and_says_what_where_and_how_often(bad: Path) -> None:
    outcome = run_verb("check", str(bad), "--json")
    assert outcome.code == 1
    [one] = outcome.json["findings"]
    assert (one["operation"], one["side"], one["part"]) == ("authenticate", "request", "body")
    assert (one["seen"], one["count"]) == ("entry 0 of bad.har", 2)


def test_what_a_baseline_knows_fails_nothing_and_what_is_gone_is_told(
    bad: Path, good: Path, tmp_path: Path
) -> None:
    known = tmp_path / "known.json"
    assert run_verb("check", str(bad), "--write-baseline", str(known)).code == 1
    again = run_verb("check", str(bad), "--baseline", str(known))
    assert again.code == 0
    assert "0 errors, 0 warnings, 1 known" in again.out
    mended = run_verb("check", str(good), "--baseline", str(known))
    assert mended.code == 0
    assert "in the baseline, but not found:\n" in mended.out


def test_every_report_is_written(bad: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"report{ending}" for ending in (".txt", ".json", ".xml", ".md", ".html")]
    flags = [word for file in files for word in ("--report", str(file))]
    outcome = run_verb("check", str(bad), *flags)
    assert outcome.code == 1
    assert all("authenticate" in file.read_text(encoding="utf-8") for file in files)


def test_inside_github_actions_it_annotates_and_summarizes(
    bad: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    outcome = run_verb("check", str(bad))
    assert "\n::error title=authenticate 400 request body" in outcome.out
    assert summary.read_text().startswith("before\n## ❌ check ")
    assert run_verb("check", str(bad), "--json").json["findings"]


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (("--report", "x.pdf"), 2, "--report x.pdf should end in one of .txt .json"),
        (("--report", "/nowhere/x.xml"), 2, "there is no folder '/nowhere': make it first"),
        (("--report", f"{'x' * 300}.xml"), 2, "File name too long"),
        (("--baseline", "gone.json"), 2, "cannot read gone.json"),
        (("--write-baseline", "/nowhere/x.json"), 2, "there is no folder '/nowhere'"),
        (("--write-baseline", "x" * 300), 2, "File name too long"),
        (("gone.har",), 2, "cannot read gone.har"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    good: Path, flags: tuple[str, ...], code: int, said: str
) -> None:
    outcome = run_verb("check", str(good), *flags)
    assert outcome.code == code
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_recording_of_another_service_ends_with_4(tmp_path: Path) -> None:
    file = tmp_path / "other.har"
    one = {"request": {"method": "GET", "url": "https://elsewhere.example/v1"}, "response": {}}
    file.write_text(json.dumps({"log": {"entries": [one]}}))
    outcome = run_verb("check", str(file))
    assert (outcome.code, outcome.err) == (4, "Error: nothing could be checked\n")
    assert "1 of other services" in outcome.out


def test_a_redacted_copy_holds_no_secret_and_checks_the_same(
    server: MockServer, tmp_path: Path
) -> None:
    secret = server.credentials.secret
    url = f"http://h/api/v0/auth?again={secret}"
    body = json.dumps({"api_key": server.credentials.key, "api_secret": secret})
    one = {
        "request": {"method": "POST", "url": url, "postData": {"text": body}},
        "response": {"status": 500},
    }
    source, target = tmp_path / "in.har", tmp_path / "out.har"
    source.write_text(json.dumps({"log": {"entries": [one]}}))
    outcome = run_verb("redact", str(source), str(target))
    assert (outcome.code, outcome.out) == (0, f"{target}: 1 exchanges, 1 secrets replaced\n")
    assert secret not in target.read_text()
    before, after = (run_verb("check", str(file), "--json").json for file in (source, target))
    assert [one["id"] for one in after["findings"]] == [one["id"] for one in before["findings"]]


def test_a_broken_recording_leaves_no_copy(tmp_path: Path) -> None:
    source, target = tmp_path / "in.har", tmp_path / "out.har"
    source.write_text('{"log": {"entries": [{"request": ')
    outcome = run_verb("redact", str(source), str(target))
    assert outcome.code == 2
    assert "cut short or broken in entry 0" in outcome.err
    assert not target.exists()


def test_the_journals_own_archive_can_be_read_back(good: Path) -> None:
    assert [one.status for one in read_har(good)] == [200, 200]
