"""What is made from the contracts is up to date: their JSON, and `docs/SUPPORTED.md`."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from fiskaly_contracts import Contract, tools

PAGE = Path(__file__).parents[2] / "docs" / "SUPPORTED.md"
SHIPPED = {
    "management-v0": Contract.bundled(),
    "sign-de-v2": Contract.sign_de(),
    "control-v1": Contract.control(),
}


def in_order(node: Any) -> Any:
    if isinstance(node, dict):
        return [(key, in_order(value)) for key, value in node.items()]
    return [in_order(item) for item in node] if isinstance(node, list) else node


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_contract_is_its_yaml_in_order(name: str) -> None:
    text = (tools.FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    assert in_order(SHIPPED[name].document) == in_order(yaml.safe_load(text))


def test_every_yaml_has_its_json_and_the_other_way_round() -> None:
    made = {file for file, _ in tools.compact_pages()}
    assert made == set(tools.FOLDER.glob("*.json"))
    assert {file.stem for file in made} == set(SHIPPED)
    assert tools.main(["compact", "--check"]) == 0


def test_a_contract_that_drifted_is_told_and_mended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "small.yaml").write_text("b: 1\na: [ü]\n", encoding="utf-8")
    assert tools.main(["compact", "--check"], tmp_path) == 1
    assert "small.json is not up to date" in capsys.readouterr().err
    assert tools.main(["compact"], tmp_path) == 0
    assert tools.main(["compact", "--check"], tmp_path) == 0
    page = (tmp_path / "small.json").read_text(encoding="utf-8")
    assert page == '{"b":1,"a":["ü"]}\n'
    (tmp_path / "small.yaml").write_text("a: [ü]\nb: 1\n", encoding="utf-8")
    assert tools.main(["compact", "--check"], tmp_path) == 1
    assert json.loads(page) == {"a": ["ü"], "b": 1}


def test_the_page_has_not_drifted_from_the_contract() -> None:
    assert PAGE.read_text(encoding="utf-8") == tools.supported(
        Contract.bundled(), Contract.sign_de()
    ), "run python -m fiskaly_contracts.tools supported"


def test_every_operation_has_a_row(contract: Contract) -> None:
    rows = [line for line in tools.supported(contract).splitlines() if line.startswith("| `")]
    assert len(rows) == len(contract.operations)
    for row, operation in zip(rows, contract.operations.values(), strict=True):
        assert f"`{operation.operation_id}`" in row
        assert f"`{operation.method} {operation.path}`" in row
        assert f"| {operation.confidence} |" in row


def test_the_command_writes_checks_and_reports_drift(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    assert tools.main(["supported", "--check", str(page)]) == 1
    assert tools.main(["supported", str(page)]) == 0
    assert tools.main(["supported", "--check", str(page)]) == 0
    page.write_text("drifted", encoding="utf-8")
    assert tools.main(["supported", "--check", str(page)]) == 1
    assert "is not up to date" in capsys.readouterr().err
