"""Who imports whom among the modules of the four packages, read from their source alone."""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = {
    "fiskaly_mockserver": "mockserver",
    "fiskaly_contracts": "contracts",
    "fiskaly_fixtures": "fixtures",
    "pytest_fiskaly": "pytest_plugin",
}


@dataclass(frozen=True, slots=True)
class Module:
    """One module; `imports` are those of our modules that it names, type-only ones included."""

    path: Path
    lines: int
    imports: frozenset[str]

    @property
    def is_package(self) -> bool:
        """Whether it is the `__init__.py` of a folder."""
        return self.path.name == "__init__.py"


@cache
def modules() -> Mapping[str, Module]:
    """Return every module by its dotted name."""
    paths = dict(sorted(_paths()))
    found = {}
    for name, path in paths.items():
        text = path.read_text(encoding="utf-8")
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        ours = {_module(one, paths) for one in named(text, package)}
        found[name] = Module(path, len(text.splitlines()), frozenset(ours - {name, ""}))
    return found


def named(text: str, package: str) -> Iterator[str]:
    """Yield each name that a module's import statements bring, wherever they stand."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: 1 - node.level or None] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{source}.{alias.name}" for alias in node.names)


def circles(imports: Mapping[str, frozenset[str]]) -> list[list[str]]:
    """Return every group of modules that reach each other, the smallest first."""
    reached = {name: _reached(name, imports) for name in imports}
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in imports
        if name in reached[name]
    }
    return sorted(map(list, groups), key=lambda group: (len(group), group))


def importers() -> Counter[str]:
    """Count for each module how many others import it."""
    return Counter(name for module in modules().values() for name in module.imports)


def _paths() -> Iterator[tuple[str, Path]]:
    for package, source in SOURCES.items():
        for path in (ROOT / source / package).rglob("*.py"):
            parts = path.relative_to(ROOT / source).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def _module(name: str, paths: Mapping[str, Path]) -> str:
    """Return our module that an imported name is, or is in; empty if it is none of ours."""
    while name and name not in paths:
        name = name.rpartition(".")[0]
    return name


def _reached(start: str, imports: Mapping[str, frozenset[str]]) -> set[str]:
    reached: set[str] = set()
    ahead = [start]
    while ahead:
        more = imports[ahead.pop()] - reached
        reached |= more
        ahead += more
    return reached
