"""What our pytest plugin costs: a test with its fixture, and a start that uses none of it."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from shutil import copyfile
from statistics import fmean, median

from benchmarks.candidates import Missing, inherited_path
from benchmarks.lineup import place_for
from benchmarks.pytest_table import KINDS, TITLES, Starts, Taken, plot, text
from benchmarks.report import Asked, Report

SUITES = Path(__file__).parent / "suites"
ROUNDS, QUICK_ROUNDS = 7, 1
STARTS = 3
"""Starts of each kind in a round: they are short, and what is sought is small."""

PLUGINS = {"fake": ("fiskaly",), "httpserver": ("pytest_httpserver",), "empty": ()}
"""The plugins that each suite loads; every other one that is installed is blocked."""


def report(asked: Asked) -> Report:
    """Run the suites and the starts in turn, and return the table and the plot."""
    rounds = asked.rounds_or(ROUNDS, QUICK_ROUNDS)
    if "pytest_httpserver" not in {entry.name for entry in entry_points(group="pytest11")}:
        raise Missing("pytest-httpserver is not installed; it comes with the extra dev")
    with tempfile.TemporaryDirectory() as name, place_for(Path(name), asked.peers) as place:
        for file in SUITES.glob("*.py"):
            copyfile(file, place.folder / file.name)
        (place.folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        tests = _suites(place.folder, rounds)
        starts = Starts()
        _measure_starts(starts, place.folder, rounds * STARTS)
    return Report(text(tests, starts, rounds), plot(tests))


def _suites(folder: Path, rounds: int) -> Mapping[str, Taken]:
    tests = {suite: Taken() for suite in TITLES}
    for number in range(rounds + 1):
        sys.stderr.write(f"tests, round {number} of {rounds}{'' if number else ' (warm-up)'}\n")
        for suite, plugins in PLUGINS.items():
            written = folder / f"{suite}.json"
            _pytest(folder, suite, plugins, "-p", "timed", TIMED=str(written))
            said: list[tuple[float, float]] = json.loads(written.read_text(encoding="utf-8"))
            clock, cpu = zip(*said, strict=True)
            if number:
                tests[suite].median.append(median(clock) * 1e3)
                tests[suite].mean.append(fmean(clock) * 1e3)
                tests[suite].cpu.append(median(cpu) * 1e3)
    return tests


def _measure_starts(starts: Starts, folder: Path, rounds: int) -> None:
    sys.stderr.write(f"starts, {rounds} rounds\n")
    for number in range(rounds + 1):
        for kind in sorted(KINDS, reverse=bool(number % 2)):
            plugins = ("fiskaly",) if kind == "with" else ()
            begun, before = time.perf_counter(), _children_cpu()
            _pytest(folder, "one", plugins)
            if number:
                starts.clock[kind].append((time.perf_counter() - begun) * 1e3)
                starts.cpu[kind].append((_children_cpu() - before) * 1e3)


def _children_cpu() -> float:
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _pytest(folder: Path, suite: str, plugins: Sequence[str], *flags: str, **given: str) -> None:
    """Run a suite with these plugins and no other one.

    Raises:
        RuntimeError: A test failed.
    """
    installed = {entry.name for entry in entry_points(group="pytest11")}
    blocked = [f"-pno:{name}" for name in sorted(installed - set(plugins))]
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    path = os.pathsep.join(filter(None, [str(folder), inherited_path()]))
    command = [sys.executable, "-m", "pytest", "-qx", "-pno:cacheprovider", *blocked, *flags]
    done = subprocess.run(  # noqa: S603 - our own suites
        [*command, f"{suite}_suite.py"],
        cwd=folder,
        env={**inherited, "PYTHONPATH": path, **given},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the suite {suite} failed:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
