"""What is in the wheel and in the sdist: the four packages with their data, and nothing else."""

import configparser
import os
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from importlib.metadata import version
from pathlib import Path

import pytest
from hatchling.build import build_sdist, build_wheel

ROOT = Path(__file__).parents[2]
SOURCES = {
    "fiskaly_mockserver": "mockserver",
    "fiskaly_contracts": "contracts",
    "fiskaly_fixtures": "fixtures",
    "pytest_fiskaly": "pytest_plugin",
}
VERSION = version("fiskaly-mockserver")
DIST_INFO = f"fiskaly_mockserver-{VERSION}.dist-info"


@contextmanager
def at_the_root() -> Iterator[None]:
    """Build back ends look at the working directory."""
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        yield
    finally:
        os.chdir(before)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel, built without isolation and without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    with at_the_root():
        name = build_wheel(str(folder))
    with zipfile.ZipFile(folder / name) as archive:
        yield archive


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tarfile.TarFile]:
    folder = tmp_path_factory.mktemp("sdist")
    with at_the_root():
        name = build_sdist(str(folder))
    with tarfile.open(folder / name) as archive:
        yield archive


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    return message_from_bytes(wheel.read(f"{DIST_INFO}/METADATA"))


def test_it_holds_the_four_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert tops == {*SOURCES, DIST_INFO}


@pytest.mark.parametrize("package", list(SOURCES))
def test_it_holds_every_file_of_a_package(wheel: zipfile.ZipFile, package: str) -> None:
    folder = ROOT / SOURCES[package]
    files = {
        path.relative_to(folder).as_posix()
        for path in (folder / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    held = {name for name in wheel.namelist() if name.startswith(f"{package}/")}
    assert held == files
    assert f"{package}/py.typed" in held
    assert f"{package}/__init__.py" in held


def test_it_holds_the_contract_its_assumptions_and_the_kept_names(wheel: zipfile.ZipFile) -> None:
    held = {name for name in wheel.namelist() if not name.startswith(DIST_INFO) and "." in name}
    data = {name for name in held if not name.endswith((".py", "/py.typed"))}
    assert data >= {
        "fiskaly_contracts/openapi/management-v0.yaml",
        "fiskaly_contracts/openapi/ASSUMPTIONS.md",
        "fiskaly_fixtures/generator/names.json",
    }
    pages = "fiskaly_mockserver/web/dashboard/"
    assert data >= {
        f"{pages}templates/base.html",
        f"{pages}texts/de.json",
        f"{pages}static/dashboard.css",
    }
    others = {name for name in data if not name.startswith(("fiskaly_contracts/openapi/", pages))}
    assert others == {
        "fiskaly_fixtures/generator/names.json",
        "fiskaly_mockserver/proxy/hooks/node.cjs",
        "fiskaly_mockserver/proxy/hooks/prepend.php",
    }


def test_it_holds_no_test_and_no_byte_code(wheel: zipfile.ZipFile) -> None:
    odd = [
        name
        for name in wheel.namelist()
        if Path(name).name.startswith(("test_", "conftest"))
        or {"tests", "__pycache__"} & set(Path(name).parts)
    ]
    assert odd == []


def test_it_holds_its_license(wheel: zipfile.ZipFile, metadata: Message) -> None:
    assert wheel.read(f"{DIST_INFO}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert metadata["License-Expression"] == "MIT"
    assert metadata.get_all("License-File") == ["LICENSE"]


def test_it_installs_the_command_and_the_plugin(wheel: zipfile.ZipFile) -> None:
    parser = configparser.ConfigParser()
    parser.read_string(wheel.read(f"{DIST_INFO}/entry_points.txt").decode())
    assert {name: dict(parser[name]) for name in parser.sections()} == {
        "console_scripts": {"fiskaly-mockserver": "fiskaly_mockserver.cli:main"},
        "pytest11": {"fiskaly": "pytest_fiskaly.plugin"},
    }


def test_it_is_for_every_python_it_says(wheel: zipfile.ZipFile, metadata: Message) -> None:
    assert metadata["Requires-Python"] == ">=3.11"
    assert "Tag: py3-none-any" in wheel.read(f"{DIST_INFO}/WHEEL").decode()


def test_it_needs_no_test_tool_to_run(metadata: Message) -> None:
    needed = [one for one in metadata.get_all("Requires-Dist", []) if "extra ==" not in one]
    assert needed
    for tool in ("pytest", "hypothesis", "schemathesis", "ruff", "mypy", "coverage"):
        assert not [one for one in needed if one.lower().startswith(tool)]


def test_every_dependency_says_which_release_is_old_enough(metadata: Message) -> None:
    """The next major is excluded only where it is known to break: others need it, perhaps."""
    own = "fiskaly-mockserver["
    for one in metadata.get_all("Requires-Dist", []):
        if not one.startswith(own):
            assert ">=" in one.partition(";")[0], one


def test_the_sdist_can_build_and_test_the_project(sdist: tarfile.TarFile) -> None:
    top = f"fiskaly_mockserver-{VERSION}/"
    names = {one.name.removeprefix(top) for one in sdist.getmembers()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "PKG-INFO"} <= names
    assert {f"{source}/{package}/__init__.py" for package, source in SOURCES.items()} <= names
    assert "contracts/fiskaly_contracts/openapi/management-v0.yaml" in names
    assert "tests/packaging/test_wheel.py" in names


def test_the_sdist_holds_no_left_overs(sdist: tarfile.TarFile) -> None:
    left_overs = {"__pycache__", ".git", ".venv", ".hypothesis", ".mypy_cache"}
    names = [one.name for one in sdist.getmembers()]
    assert [name for name in names if left_overs & set(Path(name).parts)] == []
