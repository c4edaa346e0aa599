"""What `docs/COVERAGE.md` shows is what comes out."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from docs.documents import ROOT
from fiskaly_contracts import Contract
from fiskaly_contracts.coverage import ContractCoverage
from fiskaly_contracts.coverage.report import as_json, dump

PAGE = (ROOT / "docs" / "COVERAGE.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def coverage() -> ContractCoverage:
    coverage = ContractCoverage(Contract.bundled())
    for status in (200, 200, 409):
        coverage.note("createApiKey", status, (), {"name": "till-1", "status": "enabled"})
    coverage.note("createApiKey", 503)
    coverage.note("", 404)
    return coverage


def test_the_excerpt_of_the_file_is_true(coverage: ContractCoverage) -> None:
    written: dict[str, Any] = as_json(coverage)
    written["operations"] = {"createApiKey": written["operations"]["createApiKey"]}
    assert json.loads(block("json")) == written


def test_the_example_adds_runs_up(
    coverage: ContractCoverage,
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
    assert json.loads((tmp_path / "whole.json").read_text(encoding="utf-8"))["exchanges"] == 10
