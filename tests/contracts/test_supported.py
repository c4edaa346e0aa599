"""`docs/SUPPORTED.md` is what the contract says."""

from pathlib import Path

import pytest
from fiskaly_contracts import Contract
from fiskaly_contracts.supported import main, render

PAGE = Path(__file__).parents[2] / "docs" / "SUPPORTED.md"


def test_the_page_has_not_drifted_from_the_contract() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(Contract.bundled()), (
        "run python -m fiskaly_contracts.supported"
    )


def test_every_operation_has_a_row(contract: Contract) -> None:
    rows = [line for line in render(contract).splitlines() if line.startswith("| `")]
    assert len(rows) == len(contract.operations)
    for row, operation in zip(rows, contract.operations.values(), strict=True):
        assert f"`{operation.operation_id}`" in row
        assert f"`{operation.method} {operation.path}`" in row
        assert f"| {operation.confidence} |" in row


def test_the_command_writes_checks_and_reports_drift(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    assert main(["--check", str(page)]) == 1
    assert main([str(page)]) == 0
    assert main(["--check", str(page)]) == 0
    page.write_text("drifted", encoding="utf-8")
    assert main(["--check", str(page)]) == 1
    assert "is not up to date" in capsys.readouterr().err
