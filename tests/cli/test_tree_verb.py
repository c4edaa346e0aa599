"""`tree`: the same bytes for the same flags, in the format of the suffix, and no secret."""

import json
import os
from pathlib import Path

import pytest
import yaml
from cli.callers import run_verb
from cli.running import run
from fiskaly_fixtures import PRESETS, dump_tree, generate, password_of, secret_of

FLAGS = ("tree", "--preset", "kitchen-sink", "--seed", "7", "--size", "40")


def test_it_prints_the_same_bytes_whatever_the_hash_seed() -> None:
    printed = run(*FLAGS, env={"PYTHONHASHSEED": "1"})
    assert (printed.returncode, printed.stderr) == (0, "")
    assert printed.stdout == dump_tree(generate("kitchen-sink", seed=7, size=40))


def test_it_prints_yaml_with_its_flags() -> None:
    outcome = run_verb("tree", "--preset", "single", "--seed", "3", "--country", "AT")
    assert outcome.code == 0
    printed = yaml.safe_load(outcome.out)
    assert (printed["preset"], printed["seed"], printed["country"]) == ("single", 3, "AT")


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".YAML", ".json"])
def test_it_saves_in_the_format_of_the_suffix(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tree{suffix}"
    outcome = run_verb("tree", "--preset", "single", "-o", str(path))
    assert (outcome.code, outcome.out) == (0, "")
    form = "json" if suffix == ".json" else "yaml"
    text = path.read_text(encoding="utf-8")
    assert text == dump_tree(generate("single"), form)
    assert (json.loads if form == "json" else yaml.safe_load)(text)["preset"] == "single"


@pytest.mark.parametrize("name", ["tree.txt", "tree", "tree.yaml.bak"])
def test_another_suffix_is_a_usage_error(tmp_path: Path, name: str) -> None:
    outcome = run_verb("tree", "-o", str(tmp_path / name))
    assert outcome.code == 2
    assert ".yaml, .yml, .json" in outcome.err
    assert not (tmp_path / name).exists()


def test_a_folder_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    outcome = run_verb("tree", "-o", str(tmp_path / "nothing" / "tree.json"))
    assert outcome.code == 2
    assert "cannot be written: No such file or directory" in outcome.err


@pytest.mark.parametrize("preset", list(PRESETS))
def test_no_secret_and_no_password_is_printed(preset: str) -> None:
    tree = generate(preset)
    outcome = run_verb("tree", "--preset", preset)
    assert outcome.code == 0
    secrets = [secret_of(tree.seed, key.id) for one in tree.organizations for key in one.api_keys]
    passwords = [password_of(tree.seed, user.id) for user in tree.users]
    assert not [text for text in (*secrets, *passwords) if text in outcome.out]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--preset", "enterprize"], "(did you mean enterprise?)"),
        (["--country", "XX"], "DE, AT, ES, FR, IT"),
        (["--size", "-1"], "size -1"),
        (["--seed", "x"], "--seed"),
    ],
)
def test_a_bad_flag_is_a_usage_error(flags: list[str], said: str) -> None:
    outcome = run_verb("tree", *flags)
    assert outcome.code == 2
    assert said in outcome.err


def test_an_interrupted_write_leaves_the_file_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tree.json"
    path.write_text("{}", encoding="utf-8")

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    assert run_verb("tree", "-o", str(path)).code == 1
    assert path.read_text(encoding="utf-8") == "{}"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_one_and_the_rights_of_a_file_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "tree.json", tmp_path / "link.json"
    path.write_text("{}", encoding="utf-8")
    path.chmod(0o640)
    link.symlink_to(path)
    assert run_verb("tree", "--preset", "single", "-o", str(link)).code == 0
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert json.loads(path.read_text(encoding="utf-8"))["preset"] == "single"
