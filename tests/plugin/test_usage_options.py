"""Which file `--fiskaly-coverage` takes, and what it says to everything else."""

from pathlib import Path

import pytest
from pytest_fiskaly.coverage.hooks import coverage_file
from pytest_fiskaly.options import demand_json_file


def test_a_file_or_nothing_is_taken() -> None:
    demand_json_file("", "--fiskaly-coverage")
    demand_json_file("out/c.json", "--fiskaly-coverage")


def test_a_file_is_found_below_the_folder(tmp_path: Path) -> None:
    assert coverage_file("a.json", tmp_path) == tmp_path / "a.json"
    assert coverage_file(str(tmp_path / "b.json"), Path("/")) == tmp_path / "b.json"


@pytest.mark.parametrize("value", ["tests", "test_a.py", "test_a.py::test_one", ".", "-x"])
def test_what_looks_like_a_test_is_not_written(value: str) -> None:
    with pytest.raises(ValueError, match=r"should end in \.json") as refused:
        demand_json_file(value, "--fiskaly-coverage")
    told = str(refused.value)
    assert told.startswith(f"--fiskaly-coverage={value}: the file to write should end in .json")
    assert told.endswith(f"put it before the option: pytest {value} --fiskaly-coverage")


def test_a_file_that_cannot_be_written_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(pytest.UsageError, match=r"folder\.json: this is a folder, not a file"):
        coverage_file("folder.json", tmp_path)
    with pytest.raises(pytest.UsageError, match=r"there is no folder '.*no/such': make it first"):
        coverage_file("no/such/a.json", tmp_path)
    asked: list[Path] = []
    monkeypatch.setattr("os.access", lambda path, _: asked.append(path))
    with pytest.raises(pytest.UsageError, match=r"a\.json: this file may not be written"):
        coverage_file("a.json", tmp_path)
    (tmp_path / "a.json").touch()
    with pytest.raises(pytest.UsageError, match="may not be written"):
        coverage_file("a.json", tmp_path)
    assert asked == [tmp_path, tmp_path / "a.json"]
