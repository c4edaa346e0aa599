"""What must and what must not stand in the files of the repository."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from docs.documents import ROOT, documents, files
from fiskaly_mockserver.version import VERSION

FORBIDDEN = {
    "a package registry": r"pypi\.|pythonhosted\.|npmjs\.|crates\.io|proxy\.golang",
    "a folder of somebody's machine": r"(?<![\w.])/(root|home|Users|work)/",
    "a signed token": r"\beyJ[A-Za-z0-9_-]{10,}",
    "a secret key": r"\b(sk|rk|pk)_(live|test)_|\bAKIA[0-9A-Z]{12}|\bgh[po]_[A-Za-z0-9]{20}",
    "key material": "-----BEGIN",
}
LINK = re.compile(r"\]\(([^)\s]+)\)")


def texts() -> list[tuple[Path, str]]:
    """Return every text of the repository but this one, which names what is forbidden."""
    known = (path for path in files() if path != Path(__file__) and path.suffix != ".png")
    return [(path, path.read_text(encoding="utf-8")) for path in known]


@pytest.mark.parametrize("what", list(FORBIDDEN))
def test_no_file_holds(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path, text in texts()
        if (match := re.search(FORBIDDEN[what], text))
    ]
    assert found == []


def test_every_relative_link_leads_somewhere() -> None:
    links = [
        (document, target.partition("#")[0])
        for document in documents()
        for target in LINK.findall(document.read_text(encoding="utf-8"))
        if "://" not in target and not target.startswith(("#", "mailto:"))
    ]
    assert links
    broken = [
        f"{document.relative_to(ROOT)} -> {target}"
        for document, target in links
        if not (document.parent / target).exists()
    ]
    assert broken == []


def test_the_newest_version_of_the_changelog_is_the_packages() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", text, re.MULTILINE)[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert newest == project["version"] == version("fiskaly-mockserver") == VERSION


def test_only_the_agreed_entries_stand_at_the_top() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in files()} <= {
        "mockserver",
        "contracts",
        "fixtures",
        "pytest_plugin",
        "tests",
        "README.md",
        "pyproject.toml",
        ".ci",
        ".github",
        "benchmarks",
        "docs",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "constraints.txt",
        ".gitignore",
    }


def test_every_dependency_is_pinned_for_the_gate() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {normal(re.split(r"[\[<>=;]", one)[0]) for one in wanted} - {"fiskaly-mockserver"}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {normal(line.partition("==")[0]) for line in lines if "==" in line}
    assert names - pinned == set()


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


@pytest.mark.parametrize(
    "module", ["fiskaly_mockserver", "fiskaly_contracts", "fiskaly_fixtures", "pytest_fiskaly"]
)
def test_a_package_is_light_to_import(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    heavy = {"aiohttp", "openapi_core", "jsonschema", "faker", "yaml", "jwt", "click", "pytest"}
    assert module in loaded
    assert loaded & heavy == set()
