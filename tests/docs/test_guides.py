"""What the guides for developers and the rules for users name is there, and their code runs."""

import ast
import re
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from docs.documents import ROOT
from fiskaly_mockserver.domain.account import errors
from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.domain.signing import errors as signing_errors
from fiskaly_mockserver.world.journal.explain import RULES

GUIDES = ["CONTRIBUTING.md", "docs/ARCHITECTURE.md", "docs/RULES.md"]
PACKAGES = {
    "fiskaly_mockserver": "mockserver",
    "fiskaly_contracts": "contracts",
    "fiskaly_fixtures": "fixtures",
    "pytest_fiskaly": "pytest_plugin",
}
PLACES = [ROOT, *(ROOT / source / package for package, source in PACKAGES.items())]
"""What a path in a guide may be relative to."""
MADE_LATER = {".venv/bin/python", "dist"}
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"\.?[\w-]+(/[\w.{}-]+)*(/|/[\w-]+|\.(py|md|toml|yaml|txt))")
DOTTED = re.compile(rf"({'|'.join(PACKAGES)})(\.\w+)+")
NAME = re.compile(r"[A-Z][a-z]\w*[a-z]\w*|[A-Z]+_?[A-Z_]+")


def text_of(guide: str) -> str:
    return (ROOT / guide).read_text(encoding="utf-8")


def words(guide: str) -> set[str]:
    """Return what stands between backquotes in a guide, outside of its blocks of code."""
    return set(CODE.findall(re.sub(r"```.*?```", "", text_of(guide), flags=re.DOTALL)))


def code(guide: str, name: str) -> str:
    """Return the block of code below `<!-- run: NAME -->`, without its indentation."""
    found = re.search(rf"( *)<!-- run: {name} -->\n *```\w+\n(.*?) *```", text_of(guide), re.DOTALL)
    assert found, f"{guide} has no block {name}"
    return re.sub(rf"^{found[1]}", "", found[2], flags=re.MULTILINE)


@cache
def names() -> frozenset[str]:
    """Return the names of all our classes and of all that modules assign."""
    found: set[str] = set()
    for package, source in PACKAGES.items():
        for path in (ROOT / source / package).rglob("*.py"):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    found.add(node.name)
                elif isinstance(node, ast.AnnAssign | ast.Assign):
                    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                    found.update(target.id for target in targets if isinstance(target, ast.Name))
    return frozenset(found)


@pytest.mark.parametrize("guide", GUIDES)
def test_every_path_it_names_is_there(guide: str) -> None:
    paths = {word for word in words(guide) if PATH.fullmatch(word)} - MADE_LATER
    missing = [word for word in paths if not any((place / word).exists() for place in PLACES)]
    assert missing == []


@pytest.mark.parametrize("guide", GUIDES)
def test_every_dotted_name_it_names_can_be_imported(guide: str) -> None:
    for word in words(guide):
        if DOTTED.fullmatch(word):
            module, _, name = word.rpartition(".")
            try:
                import_module(word)
            except ModuleNotFoundError:
                assert hasattr(import_module(module), name), word


@pytest.mark.parametrize("guide", GUIDES)
def test_every_class_and_constant_it_names_is_ours(guide: str) -> None:
    assert {word for word in words(guide) if NAME.fullmatch(word)} - names() == set()


def test_paths_and_names_are_looked_for() -> None:
    found = set().union(*map(words, GUIDES))
    assert len([word for word in found if PATH.fullmatch(word)]) > 20
    assert [word for word in found if DOTTED.fullmatch(word)]
    assert [word for word in found if NAME.fullmatch(word)]


def test_the_life_of_a_world_is_as_the_architecture_shows_it() -> None:
    exec(code("docs/ARCHITECTURE.md", "life of a world"), {})


def test_the_architecture_draws_every_room() -> None:
    rooms = {
        path.name
        for path in (ROOT / "mockserver" / "fiskaly_mockserver").iterdir()
        if path.is_dir() and path.name != "__pycache__"
    }
    text = text_of("docs/ARCHITECTURE.md")
    assert [room for room in rooms if f"`{room}/" not in text] == []


def test_one_test_is_run_as_the_guide_says() -> None:
    [line, *more] = code("CONTRIBUTING.md", "one test").splitlines()
    arguments = line.split()
    assert arguments.pop(0) == ".venv/bin/python"
    assert [one.split()[:3] for one in more] == [line.split()[:3]]
    done = subprocess.run(
        [sys.executable, *arguments, "-q", "-p", "no:cacheprovider"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_has_its_section() -> None:
    numbers = re.findall(r"^## ([RS]\d+): ", text_of("docs/RULES.md"), re.MULTILINE)
    account, signing = range(1, 15), range(1, 14)
    assert numbers == [*(f"R{number}" for number in account), *(f"S{number}" for number in signing)]
    assert set(RULES) <= set(numbers)


def test_every_refusal_stands_with_its_rule() -> None:
    sections = {
        section.partition(":")[0]: section
        for section in text_of("docs/RULES.md").split("\n## ")[1:]
    }
    found = refusals(DomainError)
    assert {errors.NotTheAdmin, signing_errors.TssNotFound} <= set(found)
    for refusal in found:
        assert f"`{refusal.__name__}`" in sections[refusal.rule], refusal


def test_whoever_meets_a_rule_is_led_to_its_explanation() -> None:
    assert "docs/RULES.md" in text_of("README.md")
    assert "](RULES.md" in text_of("docs/CONTROL.md")


def refusals(base: type[DomainError]) -> list[type[DomainError]]:
    """Return the classes of errors below a class that stand for one refusal."""
    below = base.__subclasses__()
    return [one for child in below for one in refusals(child)] if below else [base]


def test_the_guides_say_what_the_gates_are_called() -> None:
    for gate in (".ci/run", ".ci/long"):
        assert gate in text_of("CONTRIBUTING.md")
        assert Path(ROOT / gate).stat().st_mode & 0o111
