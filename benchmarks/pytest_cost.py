"""What our pytest plugin costs: a test with its fixture, and a start that uses none of it."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from shutil import copyfile
from statistics import fmean, median

from benchmarks.candidates import Missing, inherited_path
from benchmarks.figures import Figure, Goal, figure, goals, percent, shown, table
from benchmarks.lineup import place_for
from benchmarks.plots import LIMIT, OURS, THEIRS, Bar, bars
from benchmarks.report import Asked, Report
from benchmarks.timing import machine, versions

SUITES = Path(__file__).parent / "suites"
ROUNDS, QUICK_ROUNDS = 7, 1
STARTS = 3
"""Starts of each kind in a round: they are short, and what is sought is small."""

MOST_TIMES, MOST_MILLISECONDS = 1.5, 15
TITLES = {
    "fake": "`fiskaly_mock`, tree of 1 000 organisations",
    "httpserver": "pytest-httpserver, bare `httpserver`",
    "empty": "a test that does nothing",
}
PLUGINS = {"fake": ("fiskaly",), "httpserver": ("pytest_httpserver",), "empty": ()}
"""The plugins that each suite loads; every other one that is installed is blocked."""

COLOURS = {"fake": OURS, "httpserver": THEIRS, "empty": LIMIT}
Times = dict[str, list[float]]
KINDS = ("with", "without")


def report(asked: Asked) -> Report:
    """Run the suites and the starts in turn, and return the table and the plot."""
    rounds = asked.rounds_or(ROUNDS, QUICK_ROUNDS)
    if "pytest_httpserver" not in {entry.name for entry in entry_points(group="pytest11")}:
        raise Missing("pytest-httpserver is not installed; it comes with the extra dev")
    with tempfile.TemporaryDirectory() as name, place_for(Path(name), asked.peers) as place:
        for file in SUITES.glob("*.py"):
            copyfile(file, place.folder / file.name)
        (place.folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        medians, means = _suites(place.folder, rounds)
        starts = Starts()
        _measure_starts(starts, place.folder, rounds * STARTS)
    tests = {suite: (figure(medians[suite]), figure(means[suite])) for suite in TITLES}
    return Report(_text(tests, starts, rounds), _plot(tests))


def _suites(folder: Path, rounds: int) -> tuple[Times, Times]:
    """Return median and mean milliseconds of a test, by suite, a number a round."""
    medians: Times = {suite: [] for suite in TITLES}
    means: Times = {suite: [] for suite in TITLES}
    for number in range(rounds + 1):
        sys.stderr.write(f"tests, round {number} of {rounds}{'' if number else ' (warm-up)'}\n")
        for suite, plugins in PLUGINS.items():
            written = folder / f"{suite}.json"
            _pytest(folder, suite, plugins, "-p", "timed", TIMED=str(written))
            seconds: list[float] = json.loads(written.read_text(encoding="utf-8"))
            if number:
                medians[suite].append(median(seconds) * 1e3)
                means[suite].append(fmean(seconds) * 1e3)
    return medians, means


@dataclass(frozen=True, slots=True)
class Starts:
    """Milliseconds of a run of one empty test, on the clock and of CPU, a number a round."""

    clock: Times = field(default_factory=lambda: {kind: [] for kind in KINDS})
    cpu: Times = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def added(self, taken: Times) -> float | None:
        """Return what the plugin adds, the median of the differences."""
        return figure(taken["with"]).minus(figure(taken["without"])).median


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
    command = [sys.executable, "-m", "pytest", "-q", "-pno:cacheprovider", *blocked, *flags]
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


def _text(tests: Mapping[str, tuple[Figure, Figure]], starts: Starts, rounds: int) -> str:
    base_median, base_mean = tests["httpserver"]
    rows = [
        [
            TITLES[suite],
            shown(middle.median, 2),
            shown(middle.over(base_median).median, 2),
            shown(mean.median, 2),
            shown(mean.over(base_mean).median, 2),
            percent(middle.spread),
        ]
        for suite, (middle, mean) in tests.items()
    ]
    fake_median, fake_mean = tests["fake"]
    wanted = [
        Goal(
            "median test with the fixture, against pytest-httpserver",
            fake_median.over(base_median).median,
            MOST_TIMES,
        ),
        Goal(
            "mean test with the fixture, start of the server included",
            fake_mean.over(base_mean).median,
            MOST_TIMES,
        ),
        Goal(
            "added to a start that uses none of it",
            starts.added(starts.clock),
            MOST_MILLISECONDS,
            unit=" ms",
        ),
    ]
    how = (
        "500 tests, each with one create and one list of 20 by http.client on one connection,"
        " set-up and teardown of the test included; answers of the same size on both sides. The"
        " mean includes the start of the session's server. Every plugin but the one of the"
        f" fixture is blocked. Medians of {rounds} rounds, in turn, after one that does not count."
    )
    runs = [
        [
            title,
            shown(figure(taken["without"]).median, 1),
            shown(figure(taken["with"]).median, 1),
            shown(starts.added(taken), 1),
        ]
        for title, taken in {"on the clock": starts.clock, "of CPU": starts.cpu}.items()
    ]
    lines = [
        "# The pytest plugin",
        "",
        how,
        "",
        f"Measured on {machine()}; {versions(('pytest', 'pytest-httpserver'))}; {versions()}.",
        "",
        *table(["test", "median ms", "times", "mean ms", "times", "spread"], rows),
        "",
        f"A run of one empty test, medians of {len(starts.clock['with'])} runs each, in turn:",
        "",
        *table(["milliseconds", "`-p no:fiskaly`", "by default", "added"], runs),
        "",
        *goals(wanted),
    ]
    return "\n".join(lines) + "\n"


def _plot(tests: Mapping[str, tuple[Figure, Figure]]) -> str:
    rows = [
        Bar(
            TITLES[suite].replace("`", ""),
            middle.median or 0,
            f"{shown(middle.median, 2)} ms",
            COLOURS[suite],
        )
        for suite, (middle, _) in tests.items()
    ]
    return bars("Time of a test", "one create and one list of 20; medians", rows)
