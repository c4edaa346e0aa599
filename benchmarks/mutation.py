"""How many small mistakes the tests notice: `python -m benchmarks.mutation --help`.

A mutant is the source with one small change, of the kinds that cosmic-ray knows (extra
`mutation`). It is killed if one of the tests that reach its line fails. Mutants are drawn by
place, and only of places that a test reaches while it runs; what stands in an annotation
alone is left out. All runs are of a copy, one after the other, each in a fork of this process;
the shares take turns, so that a run that is stopped early has tried as many of each.
"""

import argparse
import ast
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from random import Random
from typing import Any

import coverage
import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).parents[1]
SOURCES = ("mockserver", "contracts", "fixtures", "pytest_plugin")
SHARES = {
    "domain": "mockserver/fiskaly_mockserver/domain",
    "contracts": "contracts/fiskaly_contracts",
    "web": "mockserver/fiskaly_mockserver/web",
}
LEFT_OUT = (
    "browser",
    "cli",
    "cli_control",
    "docs",
    "fuzz",
    "harness",
    "packaging",
    "plugin",
    "proxy",
    "recipes",
    "startup",
)
"""Folders of tests that run other processes, or look at no code of the shares."""
OPTIONS = ("-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", "not fuzz")
PRELOADED = ("aiohttp.web", "click", "jsonschema_rs", "openapi_core", "orjson", "yaml")
"""Libraries without a plugin for pytest, so that not every fork has to load them."""
PATIENCE = 60.0
"""Seconds that a run may take beyond five times what its tests took before."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One small change, and what became of it; `line` and `column` are of the original."""

    share: str
    path: str
    line: int
    column: int
    operator: str
    before: str
    after: str
    tests: int
    outcome: str = ""
    seconds: float = 0.0


class Watch:
    """A plugin that gives each test a context of its own, and notes how long those that pass take.

    A test that fails anyway, as on a machine without OpenSSL, would seem to notice everything.
    """

    def __init__(self, measured: coverage.Coverage) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failure."""
        if report.failed:
            self.failed.add(report.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Begin and end a test's context."""
        self.measured.switch_context(item.nodeid)
        began = time.perf_counter()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.perf_counter() - began
            self.measured.switch_context("")


class Only:
    """A plugin that runs some tests alone, those of the quickest files first."""

    def __init__(self, wanted: Iterable[str], seconds: Mapping[str, float]) -> None:
        self.wanted = frozenset(wanted)
        self.costs: dict[str, float] = defaultdict(float)
        for name in self.wanted:
            self.costs[name.partition("::")[0]] += seconds[name]

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out and sort."""
        wanted = [item for item in items if item.nodeid in self.wanted]
        items[:] = sorted(wanted, key=lambda item: self.costs[item.nodeid.partition("::")[0]])


class Tree:
    """A copy of a tree, and which of its tests reach which lines."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = folder / "tree"
        shutil.copytree(
            root, self.root, ignore=shutil.ignore_patterns(".*", "__pycache__", "results")
        )
        self.tests = [
            f"tests/{path.name}"
            for path in sorted((self.root / "tests").iterdir())
            if path.is_dir() and path.name not in (*LEFT_OUT, "__pycache__", "builders")
        ]
        self._data = folder / "coverage"
        self._seconds = folder / "seconds.json"
        self._log = folder / "log"
        self.seconds: dict[str, float] = {}

    def measure(self) -> None:
        """Run all tests once and note which lines each reaches."""
        if self._in_fork(self._measured) not in (0, 1):
            raise SystemExit(self._log.read_text(encoding="utf-8"))
        self.seconds = json.loads(self._seconds.read_text(encoding="utf-8"))

    def reached(self) -> Mapping[str, Mapping[int, frozenset[str]]]:
        """Return, for each file of the shares, the passing tests that reach each of its lines."""
        data = coverage.CoverageData(str(self._data))
        data.read()
        found = {}
        for file in data.measured_files():
            lines = {
                line: frozenset(self.seconds.keys() & tests)
                for line, tests in data.contexts_by_lineno(file).items()
            }
            found[Path(file).relative_to(self.root).as_posix()] = lines
        return found

    def run(self, tests: frozenset[str]) -> str:
        """Run some tests on the tree as it is; return killed, survived or timeout."""
        files = sorted({name.partition("::")[0] for name in tests})
        only = Only(tests, self.seconds)
        allowed = PATIENCE + 5 * sum(map(self.seconds.__getitem__, tests))
        code = self._in_fork(lambda: pytest.main([*OPTIONS, *files], plugins=[only]), allowed)
        if code is None:
            return "timeout"
        if code > pytest.ExitCode.USAGE_ERROR:  # which a `conftest.py` that fails to import is
            raise SystemExit(self._log.read_text(encoding="utf-8"))
        return "killed" if code else "survived"

    def _measured(self) -> int:
        measured = coverage.Coverage(
            data_file=str(self._data),
            config_file=False,
            source=[str(self.root / path) for path in SHARES.values()],
        )
        watch = Watch(measured)
        options = [option for option in OPTIONS if option != "-x"]
        measured.start()
        code = pytest.main([*options, *self.tests], plugins=[watch])
        measured.stop()
        measured.save()
        passed = {name: watch.seconds[name] for name in watch.seconds.keys() - watch.failed}
        self._seconds.write_text(json.dumps(passed), encoding="utf-8")
        return code

    def _in_fork(self, work: Callable[[], int], allowed: float = float("inf")) -> int | None:
        """Do something in a process of its own; return its exit code, `None` if it took too long.

        A group of its own is ended as a whole, with the servers that tests have started.
        """
        if not (child := os.fork()):
            os.setsid()
            with self._log.open("w", encoding="utf-8") as log:
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
            os.chdir(self.root)
            sys.path[:0] = [str(self.root / source) for source in SOURCES]
            sys.dont_write_bytecode = True
            code = 70
            with suppress(BaseException):
                code = int(work())
            sys.stdout.flush()
            os._exit(code)
        until = time.monotonic() + allowed
        while not (ended := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() > until:
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return None
            time.sleep(0.02)
        return os.waitstatus_to_exitcode(ended[1])


def mutants(
    root: Path, reached: Mapping[str, Mapping[int, frozenset[str]]], share: str, seed: int
) -> Iterator[tuple[Mutant, str, frozenset[str]]]:
    """Yield the mutants of a share in random order, each with its text and its tests."""
    random = Random(f"{seed} {share}")  # noqa: S311 - the same mutants for the same seed
    places: dict[tuple[str, int, int], list[tuple[str, int]]] = defaultdict(list)
    of_share = (path for path in reached if path.startswith(SHARES[share]))
    for path in sorted(path for path in of_share if path.endswith(".py")):  # else a template
        text = (root / path).read_text(encoding="utf-8")
        for operator, occurrence, (line, column) in _occurrences(text):
            places[path, line, column].append((operator, occurrence))
    order = sorted(places)
    random.shuffle(order)
    for path, line, column in order:
        operator, occurrence = random.choice(places[path, line, column])
        text = (root / path).read_text(encoding="utf-8")
        tests = _tests_of(reached[path], text, line)
        mutated = _mutated(text, operator, occurrence) if tests else None
        if mutated is None or not _differs(text, mutated):
            continue
        before, after = _first_difference(text, mutated)
        name = operator.rpartition("/")[2]
        yield Mutant(share, path, line, column, name, before, after, len(tests)), mutated, tests


def _mutated(text: str, operator: str, occurrence: int) -> str | None:
    """Return the source with one change, None where the operator has none to make after all."""
    try:
        mutated: str | None = mutate_code(text, get_operator(operator)(), occurrence)
    except AttributeError:  # it takes `except (a.B, c.D)` for names
        return None
    return mutated


def _occurrences(text: str) -> Iterator[tuple[str, int, tuple[int, int]]]:
    nodes = list(ast_nodes(get_ast(text)))
    for name in operator_names():
        kind = get_operator(name)
        if not kind.arguments():
            operator = kind()
            starts = [start for node in nodes for start, _ in operator.mutation_positions(node)]
            yield from ((name, occurrence, start) for occurrence, start in enumerate(starts))


def _tests_of(reached: Mapping[int, frozenset[str]], text: str, line: int) -> frozenset[str]:
    """Return the tests that reach a line, or the beginning of the statement that it is part of."""
    if tests := reached.get(line):
        return tests
    around = [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    return reached.get(max(around, default=0), frozenset())


def _differs(text: str, mutated: str) -> bool:
    """Tell whether a mutant is Python without a warning, and more than another annotation."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # as `is not "text"`, which pytest would not import
            compile(mutated, "mutant", "exec")
        return _without_annotations(text) != _without_annotations(mutated)
    except SyntaxError:
        return False


def _without_annotations(text: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        for field in ("annotation", "returns"):
            if getattr(node, field, None) is not None:
                setattr(node, field, ast.Constant(None))
    return ast.dump(tree)


def _first_difference(text: str, mutated: str) -> tuple[str, str]:
    for before, after in zip(text.splitlines(), mutated.splitlines(), strict=False):
        if before != after:
            return before.strip(), after.strip()
    return "", ""


def table(found: Sequence[Mutant]) -> str:
    """Return how many were killed, share by share."""
    lines = ["share      mutants  killed  survived  share killed"]
    for share in (*SHARES, "all"):
        of = [one for one in found if share in ("all", one.share)]
        survived = sum(one.outcome == "survived" for one in of)
        part = (len(of) - survived) / len(of) if of else 0
        lines.append(
            f"{share:<10} {len(of):>7} {len(of) - survived:>7} {survived:>9} {part:>13.1%}"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Draw mutants, run their tests, and write down what became of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation", description=__doc__)
    parser.add_argument("--mutants", type=int, default=300, help="in equal shares: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--tree", type=Path, default=ROOT, help="another checkout than this one")
    parser.add_argument(
        "--out", type=Path, default=Path("mutants.jsonl"), help="goes on where it ends: %(default)s"
    )
    flags = parser.parse_args()
    for name in PRELOADED:
        __import__(name)
    out: Path = flags.out.absolute()
    done: dict[tuple[Any, ...], Mutant] = {}
    if out.exists():
        for line in out.read_text(encoding="utf-8").splitlines():
            one = Mutant(**json.loads(line))
            done[one.path, one.line, one.column, one.operator] = one
    found: list[Mutant] = []
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(flags.tree, Path(folder))
        tree.measure()
        sys.stdout.write(
            f"{len(tree.seconds)} tests that pass, in {sum(tree.seconds.values()):.0f} s\n"
        )
        reached = tree.reached()
        draws = (
            islice(mutants(tree.root, reached, share, flags.seed), flags.mutants // len(SHARES))
            for share in SHARES
        )
        for mutant, text, tests in chain.from_iterable(zip(*draws, strict=False)):
            key = (mutant.path, mutant.line, mutant.column, mutant.operator)
            one = done.get(key) or tried(tree, mutant, text, tests)
            if key not in done:
                with out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(one)) + "\n")
            found.append(one)
            sys.stdout.write(f"{one.outcome:<9} {one.path}:{one.line} {one.after}\n")
            sys.stdout.flush()
    sys.stdout.write(table(found))


def tried(tree: Tree, mutant: Mutant, text: str, tests: frozenset[str]) -> Mutant:
    """Return a mutant with what became of it."""
    path = tree.root / mutant.path
    original = path.read_text(encoding="utf-8")
    began = time.monotonic()
    path.write_text(text, encoding="utf-8")
    try:
        outcome = tree.run(tests)
    finally:
        path.write_text(original, encoding="utf-8")
    fields = asdict(mutant) | {"outcome": outcome, "seconds": round(time.monotonic() - began, 1)}
    return Mutant(**fields)


if __name__ == "__main__":
    main()
