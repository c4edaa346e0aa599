"""What `docs/COVERAGE.md` shows is what comes out."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from docs.documents import ROOT
from fiskaly_contracts.coverage import Coverage
from fiskaly_contracts.coverage.report import as_json, dump

PAGE = (ROOT / "docs" / "COVERAGE.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def coverage() -> Coverage:
    coverage = Coverage()
    management = coverage.apis["management"]
    for status in (200, 200, 409):
        management.note("createApiKey", status, (), {"name": "till-1", "status": "enabled"})
    management.note("createApiKey", 503)
    management.note("", 404)
    return coverage


def test_the_excerpt_of_the_file_is_true(coverage: Coverage) -> None:
    written: dict[str, Any] = as_json(coverage)
    management = written["contracts"]["management"]
    management["operations"] = {"createApiKey": management["operations"]["createApiKey"]}
    written["contracts"] = {"management": management}
    assert json.loads(block("json")) == written


def test_the_example_adds_runs_up(
    coverage: Coverage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "runs").mkdir()
    for name in ("a", "b"):
        dump(coverage, tmp_path / "runs" / f"{name}.json")
    monkeypatch.chdir(tmp_path)
    exec(compile(block("python"), "COVERAGE.md", "exec"), {})
    assert "overall 6 of 187 (3.2 %)" in capsys.readouterr().out
    whole = json.loads((tmp_path / "whole.json").read_text(encoding="utf-8"))
    assert whole["contracts"]["management"]["exchanges"] == 10
