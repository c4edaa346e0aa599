"""What the benchmark of the pytest plugin says: tables, goals, plot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.figures import Goal, figure, goals, percent, shown, table
from benchmarks.plots import LIMIT, OURS, THEIRS, Bar, bars
from benchmarks.timing import machine, versions

MOST_TIMES, MOST_MILLISECONDS = 1.0, 15
TITLES = {
    "fake": "`fiskaly_mock`, tree of 1 000 organizations",
    "httpserver": "pytest-httpserver, bare `httpserver`",
    "empty": "a test that does nothing",
}
COLOURS = {"fake": OURS, "httpserver": THEIRS, "empty": LIMIT}
Times = dict[str, list[float]]
KINDS = ("with", "without")


@dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds of a suite's tests, a number a round."""

    median: list[float] = field(default_factory=list)
    mean: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Starts:
    """Milliseconds of a run of one empty test, on the clock and of CPU, a number a round."""

    clock: Times = field(default_factory=lambda: {kind: [] for kind in KINDS})
    cpu: Times = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def added(self, taken: Times) -> float | None:
        """Return what the plugin adds, the median of the differences."""
        return figure(taken["with"]).minus(figure(taken["without"])).median


def text(tests: Mapping[str, Taken], starts: Starts, rounds: int) -> str:
    """Return the page: what was measured, how, and whether the goals are kept."""
    base = tests["httpserver"]
    rows = [
        [
            TITLES[suite],
            *_beside(test.median, base.median),
            *_beside(test.mean, base.mean),
            *_beside(test.cpu, base.cpu),
            percent(figure(test.median).spread),
        ]
        for suite, test in tests.items()
    ]
    fake = tests["fake"]
    wanted = [
        Goal(
            "median test with the fixture, against pytest-httpserver",
            figure(fake.median).over(figure(base.median)).median,
            MOST_TIMES,
        ),
        Goal(
            "mean test with the fixture, start of the server included",
            figure(fake.mean).over(figure(base.mean)).median,
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
    head = ["test", "median ms", "times", "mean ms", "times", "CPU ms", "times", "spread"]
    lines = [
        "# The pytest plugin",
        "",
        how,
        "",
        f"Measured on {machine()}; {versions(('pytest', 'pytest-httpserver'))}; {versions()}.",
        "",
        *table(head, rows),
        "",
        f"A run of one empty test, medians of {len(starts.clock['with'])} runs each, in turn:",
        "",
        *table(["milliseconds", "`-p no:fiskaly`", "by default", "added"], runs),
        "",
        *goals(wanted),
    ]
    return "\n".join(lines) + "\n"


def _beside(taken: Sequence[float], base: Sequence[float]) -> tuple[str, str]:
    """Return a median, and how many times the base's it is."""
    mine = figure(taken)
    return shown(mine.median, 2), shown(mine.over(figure(base)).median, 2)


def plot(tests: Mapping[str, Taken]) -> str:
    """Return the chart of the tests."""
    rows = [
        Bar(
            TITLES[suite].replace("`", ""),
            figure(test.median).median or 0,
            f"{shown(figure(test.median).median, 2)} ms",
            COLOURS[suite],
        )
        for suite, test in tests.items()
    ]
    return bars("Time of a test", "one create and one list of 20; medians", rows)
