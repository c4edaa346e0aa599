"""A tree from a file is checked against the contract; what is wrong is told by line and key."""

from pathlib import Path

import pytest
from fiskaly_contracts import Checker, Contract
from fiskaly_fixtures import PRESETS, TreeError, dump_tree, generate
from fiskaly_mockserver.server.trees import read_tree


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker(Contract.bundled())


def told(path: Path, checker: Checker) -> str:
    with pytest.raises(TreeError) as error:
        read_tree(path, checker)
    return str(error.value)


@pytest.mark.parametrize("preset", list(PRESETS))
@pytest.mark.parametrize("form", ["yaml", "json"])
def test_every_preset_comes_back_as_it_was_saved(
    tmp_path: Path, checker: Checker, preset: str, form: str
) -> None:
    tree = generate(preset, seed=3, size=8)
    path = tmp_path / f"tree.{form}"
    path.write_text(dump_tree(tree, form), encoding="utf-8")
    assert read_tree(path, checker) == tree


def test_a_missing_file_is_told(tmp_path: Path, checker: Checker) -> None:
    path = tmp_path / "nothing.yaml"
    assert told(path, checker) == f"{path}: cannot be read: No such file or directory"


def test_a_folder_is_told(tmp_path: Path, checker: Checker) -> None:
    assert told(tmp_path, checker).startswith(f"{tmp_path}: cannot be read: ")


def test_a_file_that_is_no_text_is_told(tmp_path: Path, checker: Checker) -> None:
    path = tmp_path / "tree.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    assert told(path, checker) == f"{path}: cannot be read: not UTF-8"


def save(tmp_path: Path, old: str, new: str) -> tuple[Path, int]:
    """Save a tree in which `old` is replaced once; return the file and the line of that."""
    text = dump_tree(generate("kitchen-sink", seed=1))
    before, found, after = text.partition(old)
    assert found
    path = tmp_path / "tree.yaml"
    path.write_text(before + new + after, encoding="utf-8")
    return path, before.count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        pytest.param("country_code: DEU", "country_code: QQQ", "country_code", id="country"),
        pytest.param("zip: ", "zip: '' #", "zip", id="empty-zip"),
    ],
)
def test_a_breach_of_the_contract_is_told_by_line_and_key(
    tmp_path: Path, checker: Checker, old: str, new: str, place: str
) -> None:
    path, line = save(tmp_path, old, new)
    message = told(path, checker)
    assert message.startswith(f"{path}, line {line}, organizations[0].{place}: ")


def test_every_breach_is_told(tmp_path: Path, checker: Checker) -> None:
    tree = dump_tree(generate("individual-customers", seed=1))
    path = tmp_path / "tree.yaml"
    path.write_text(tree.replace("country_code: DEU", "country_code: QQQ"), encoding="utf-8")
    lines = [number for number, line in enumerate(tree.splitlines(), 1) if "code: DEU" in line]
    assert len(lines) > 1
    message = told(path, checker)
    assert [f"line {number}," in message for number in lines] == [True] * len(lines)
    assert len(message.splitlines()) == len(lines)


def test_a_breach_in_a_key_and_in_a_billing_address_is_told(
    tmp_path: Path, checker: Checker
) -> None:
    tree = generate("kitchen-sink", seed=1)
    main = tree.organizations[0]
    assert main.billing_addresses
    text = dump_tree(tree)
    text = text.replace(f"recipient: {main.billing_addresses[0].recipient}", "recipient: ''", 1)
    text = text.replace(f"name: {main.api_keys[0].name}", "name: ''", 1)
    path = tmp_path / "tree.yaml"
    path.write_text(text, encoding="utf-8")
    message = told(path, checker)
    assert "organizations[0].api_keys[0].name: " in message
    assert "organizations[0].billing_addresses[0].recipient: " in message


def test_what_is_no_tree_is_told_with_the_files_name(tmp_path: Path, checker: Checker) -> None:
    path = tmp_path / "tree.yaml"
    path.write_text("organizations: 7\n", encoding="utf-8")
    message = told(path, checker)
    assert str(path) in message
    assert "organizations" in message
