"""The shipped JSON is the YAML that people edit, key for key in the same order."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from fiskaly_contracts import Contract, compact

SHIPPED = {"management-v0": Contract.bundled(), "control-v1": Contract.control()}


def in_order(node: Any) -> Any:
    if isinstance(node, dict):
        return [(key, in_order(value)) for key, value in node.items()]
    return [in_order(item) for item in node] if isinstance(node, list) else node


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_contract_is_its_yaml_in_order(name: str) -> None:
    text = (compact.FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    assert in_order(SHIPPED[name].document) == in_order(yaml.safe_load(text))


def test_every_yaml_has_its_json_and_the_other_way_round() -> None:
    made = {file for file, _ in compact.pages()}
    assert made == set(compact.FOLDER.glob("*.json"))
    assert {file.stem for file in made} == set(SHIPPED)
    assert compact.main(["--check"]) == 0


def test_a_contract_that_drifted_is_told_and_mended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "small.yaml").write_text("b: 1\na: [ü]\n", encoding="utf-8")
    assert compact.main(["--check"], tmp_path) == 1
    assert "small.json is not up to date" in capsys.readouterr().err
    assert compact.main([], tmp_path) == 0
    assert compact.main(["--check"], tmp_path) == 0
    page = (tmp_path / "small.json").read_text(encoding="utf-8")
    assert page == '{"b":1,"a":["ü"]}\n'
    (tmp_path / "small.yaml").write_text("a: [ü]\nb: 1\n", encoding="utf-8")
    assert compact.main(["--check"], tmp_path) == 1
    assert json.loads(page) == {"a": ["ü"], "b": 1}
