"""From spawning a server to its first right answer, and what it then holds in memory."""

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from fiskaly_fixtures import TreeArguments

from benchmarks import mix
from benchmarks.candidates import Candidate, Missing, Ours, Place, inherited_path
from benchmarks.figures import Figure, Goal, figure, goals, percent, shown, table
from benchmarks.lineup import Wrong, first_answer, place_for
from benchmarks.peers.candidates import Prism
from benchmarks.peers.lineup import PEERS
from benchmarks.plots import LIMIT, OURS, THEIRS, Bar, bars
from benchmarks.processes import cost_of, free_port, running
from benchmarks.report import Asked, Report
from benchmarks.timing import machine, versions

ROUNDS, QUICK_ROUNDS = 9, 2
MOST_OF_SCRIPT, MOST_OF_PRISM = 1.5, 0.25


_NO_UVLOOP = """\
import sys
sys.modules["uvloop"] = None
from fiskaly_mockserver.cli import main
main()
"""


class WithoutUvloop(Ours):
    """Our server where uvloop is not installed."""

    name = "ours-asyncio"
    title = "**fiskaly-mockserver**, no uvloop"
    start = ("-c", _NO_UVLOOP)


class OneRoute(Candidate):
    """A script that imports aiohttp and serves one route."""

    name = "script"
    title = "a script that imports aiohttp and serves one route"

    def command(self, place: Place, port: int) -> Sequence[str]:
        """Return the command line."""
        script = Path(__file__).parent / "servers" / "one_route.py"
        return [sys.executable, str(script), str(port)]

    def environment(self, place: Place) -> Mapping[str, str]:
        """Return the import path of our server."""
        return {"PYTHONPATH": inherited_path()}


CANDIDATES: Sequence[type[Candidate]] = (Ours, WithoutUvloop, OneRoute, *PEERS)


@dataclass(frozen=True, slots=True)
class Start:
    """One start, up to its first answer: milliseconds, of CPU too, and MiB held then."""

    clock: float
    cpu: float
    memory: float


@dataclass(slots=True)
class Started:
    """The starts of one candidate, one a round."""

    candidate: Candidate
    version: str
    starts: list[Start] = field(default_factory=list)

    def of(self, what: str) -> Figure:
        """Return a figure by the name of an attribute of `Start`."""
        return figure(getattr(start, what) for start in self.starts)


def report(asked: Asked) -> Report:
    """Start every candidate that is there, in turn, and return the table and the plot."""
    rounds = asked.rounds_or(ROUNDS, QUICK_ROUNDS)
    with (
        tempfile.TemporaryDirectory() as folder,
        place_for(Path(folder), asked.peers) as measured,
    ):
        place = replace(measured, account=mix.account(TreeArguments().size))
        started, absent = _measure(place, asked, rounds)
    return Report(text(started, absent, rounds), _plot(started))


def _measure(place: Place, asked: Asked, rounds: int) -> tuple[list[Started], Mapping[str, str]]:
    started: dict[str, Started] = {}
    absent: dict[str, str] = {}
    wanted = [make() for make in CANDIDATES if not asked.only or make.name in asked.only]
    for number in range(rounds + 1):
        sys.stderr.write(f"round {number} of {rounds}{' (warm-up)' if not number else ''}\n")
        for one in wanted:
            if one.title in absent:
                continue
            try:
                start = _start(one, place)
            except (Missing, Wrong) as error:
                # A median over fewer rounds than the others' would not be the same thing.
                absent[one.title] = str(error)
                started.pop(one.name, None)
                continue
            if number:
                mine = started.setdefault(one.name, Started(one, one.version(place)))
                mine.starts.append(start)
    return [*started.values()], absent


def _start(candidate: Candidate, place: Place) -> Start:
    port = free_port()
    command, environment = candidate.command(place, port), candidate.environment(place)
    login = candidate.login(place)
    begun = time.perf_counter()
    with running(
        command, environment=environment, folder=place.folder, name=candidate.name
    ) as process:
        first_answer(process, port, login)
        taken = time.perf_counter() - begun
        cost = cost_of(process.pid)
        return Start(taken * 1e3, cost.cpu_seconds * 1e3, cost.resident_bytes / 2**20)


def text(started: Sequence[Started], absent: Mapping[str, str], rounds: int) -> str:
    """Return the page: what was measured, how, and whether the goals are kept."""
    ours = _named(started, Ours.name)
    rows = [
        [
            one.candidate.title,
            one.version,
            shown(one.of("clock").median),
            shown(one.of("clock").over(ours.of("clock")).median if ours else None, 2),
            percent(one.of("clock").spread),
            shown(one.of("cpu").median),
            shown(one.of("memory").median),
        ]
        for one in started
    ]
    head = ["server", "version", "ms", "times ours", "spread", "CPU ms", "MiB"]
    how = (
        "From spawning the process to its first 200 on POST /auth (moto: on its own first call),"
        f" and the resident memory of its processes then. Medians of {rounds} rounds, all in turn,"
        " after one that does not count and leaves the byte code cached. Ratios are taken within a"
        " round; the spread is from the least to the most, as a share of the median."
    )
    lines = [
        "# Cold start and memory",
        "",
        how,
        "",
        f"Measured on {machine()}; {versions()}.",
        "",
        *table(head, rows, left=2),
        "",
        *(f"- Not measured: {title}: {reason}" for title, reason in absent.items()),
        *([""] if absent else []),
        *goals(_goals(started)),
    ]
    return "\n".join(lines) + "\n"


def _goals(started: Sequence[Started]) -> list[Goal]:
    ours = _named(started, Ours.name)

    def against(name: str) -> float | None:
        other = _named(started, name)
        return ours.of("clock").over(other.of("clock")).median if ours and other else None

    return [
        Goal("cold start against the script", against(OneRoute.name), MOST_OF_SCRIPT),
        Goal("cold start against Prism", against(Prism.name), MOST_OF_PRISM),
    ]


def _plot(started: Sequence[Started]) -> str:
    rows = []
    for one in started:
        taken, held = one.of("clock").median or 0, one.of("memory").median or 0
        color = LIMIT if one.candidate.name == OneRoute.name else THEIRS
        label = one.candidate.title.replace("**", "")
        text = f"{shown(taken)} ms, {shown(held)} MiB"
        rows.append(Bar(label, taken, text, OURS if one.candidate.ours else color))
    return bars("Cold start", "spawn to the first right answer, byte code cached; medians", rows)


def _named(started: Sequence[Started], name: str) -> Started | None:
    return next((one for one in started if one.candidate.name == name), None)
