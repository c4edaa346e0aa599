"""What the plugin's README shows does run, and what it prints is what comes out."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path

import pytest
from docs.documents import ROOT
from pytest_fiskaly import options

README = ROOT / "pytest_plugin" / "README.md"
BLOCK = re.compile(
    r"(?:<!-- (?P<use>run|fails|shows): (?P<name>\S+) -->\n)?"
    r"^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
STRICT = """
[tool.pytest]
strict = true
filterwarnings = ["error"]
asyncio_default_fixture_loop_scope = "function"
"""
CONFIGURED = """
def test_one(fiskaly_mock):
    assert fiskaly_mock.tree.preset == "white-label"
    assert len(fiskaly_mock.tree.managed) == 8
"""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code, and what it is for: run, fails, shows or nothing."""

    use: str
    name: str
    language: str
    text: str


def blocks(*uses: str) -> Iterator[Block]:
    for found in BLOCK.finditer(README.read_text(encoding="utf-8")):
        parts = found.groupdict(default="")
        if parts["use"] in uses:
            yield Block(parts["use"], parts["name"], parts["language"], parts["text"])


@pytest.fixture
def folder(suite: pytest.Pytester) -> pytest.Pytester:
    """A folder with every file of the README, and strict settings."""
    suite.makepyprojecttoml(STRICT)
    for block in blocks("run", "fails"):
        path = suite.path / block.name
        path.parent.mkdir(exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
    return suite


def test_every_example_in_python_is_run() -> None:
    assert [block.text for block in blocks("") if block.language == "python"] == []
    assert {block.language for block in blocks("run", "fails")} == {"python"}
    names = [block.name for block in blocks("run", "fails")]
    assert len(set(names)) == len(names)


def test_the_first_example_is_short() -> None:
    [first] = [block for block in blocks("run") if block.name == "test_first.py"]
    assert len(first.text.splitlines()) <= 15


def test_every_function_in_them_is_annotated() -> None:
    for block in blocks("run", "fails"):
        for node in ast.walk(ast.parse(block.text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.returns is not None, f"{block.name}: {node.name}"


@pytest.mark.slow
def test_they_are_typed_as_strictly_as_mypy_can(tmp_path: Path) -> None:
    for block in blocks("run", "fails"):
        name = block.name.replace("/", "_")
        (tmp_path / name).write_text(block.text, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--cache-dir",
        str(tmp_path / "cache"),
        ".",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout


def test_they_pass_or_fail_as_it_says(folder: pytest.Pytester) -> None:
    result = folder.runpytest("-p", "no:cacheprovider", "--ignore=configured", "-v")
    failing = {block.name for block in blocks("fails")}
    expected = {block.name for block in blocks("run") if block.name.startswith("test_")}
    outcomes = re.findall(r"^(\S+\.py)::\S+ (\w+)", result.stdout.str(), re.MULTILINE)
    assert {name for name, outcome in outcomes if outcome != "PASSED"} == failing
    assert {name for name, outcome in outcomes if outcome == "PASSED"} == expected
    lines = [re.sub(r"^E {7}|^E {1,7}(?=Assert)", "", line) for line in result.outlines]
    for shown in blocks("shows"):
        assert_shown(shown.text, lines)


def assert_shown(text: str, lines: list[str]) -> None:
    """Demand that a text is printed line by line, `…` standing for whatever is there."""
    rest = iter(lines)
    for wanted in text.rstrip("\n").splitlines():
        escaped = re.sub(r"([*?\[])", r"[\1]", wanted).replace("…", "*")
        pattern = re.compile(translate(escaped))
        assert any(pattern.match(line) for line in rest), f"not printed, or not in place: {wanted}"


def test_the_override_of_the_settings_works(
    folder: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = folder.path / "configured"
    (other / "test_configured.py").write_text(CONFIGURED, encoding="utf-8")
    (folder.path / "conftest.py").unlink()
    folder.runpytest("-p", "no:cacheprovider", "configured").assert_outcomes(passed=1)


def test_its_table_is_that_of_the_settings() -> None:
    text = README.read_text(encoding="utf-8")
    table = text.partition("<!-- settings -->\n")[2].partition("<!-- /settings -->")[0]
    assert table == options.table(), (
        "paste what this prints between the marks:"
        " python -c 'from pytest_fiskaly import options; print(options.table(), end=\"\")'"
    )


def test_it_tells_every_fixture(suite: pytest.Pytester) -> None:
    result = suite.runpytest("--fixtures")
    fixtures = re.findall(r"^(fiskaly_\w+)", result.stdout.str(), re.MULTILINE)
    assert len(fixtures) > 5
    told = README.read_text(encoding="utf-8").partition("## What a test gets")[2]
    assert [name for name in fixtures if f"`{name}`" not in told] == []
