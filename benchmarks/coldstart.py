"""What the first of all costs: the first answer, the first refusal, `exec` of one command."""

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from fiskaly_fixtures import TreeArguments

from benchmarks import mix
from benchmarks.asking import Request, ask, path_of
from benchmarks.candidates import Candidate, Missing, Ours, Place, inherited_path
from benchmarks.figures import Figure, Goal, figure, goals, percent, shown, table
from benchmarks.lineup import REFUSED, START_SECONDS, Wrong, first_answer, place_for
from benchmarks.mix import Kind, Requests
from benchmarks.peers.candidates import Prism
from benchmarks.peers.lineup import PEERS
from benchmarks.plots import LIMIT, OURS, THEIRS, Bar, bars
from benchmarks.processes import cost_of, free_port, running
from benchmarks.report import Asked, Report
from benchmarks.timing import machine, versions

ROUNDS, QUICK_ROUNDS = 9, 2
FRESH_SERVERS, QUICK_FRESH_SERVERS = 20, 2
MOST_OF_SCRIPT, MOST_OF_PRISM = 1.3, 0.25
MOST_OF_IMPORT = 2
MOST_MILLISECONDS = 10
EXEC, REFUSAL = "exec", "refusal"
"""What `--only` names besides the candidates."""
COMMANDS: Mapping[str, Sequence[str]] = {
    "`exec -- true`": ("-m", "fiskaly_mockserver", "exec", "--", "true"),
    '`python -c "import aiohttp"`': ("-c", "import aiohttp"),
}
OURS_FIRST, THE_OTHER = COMMANDS


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


@dataclass(frozen=True, slots=True)
class Firsts:
    """What is measured beside the starts, in milliseconds; empty where it was not asked for.

    Attributes:
        commands: How long each command took, a number a round.
        refusals: By what was wrong: the first refusal of each fresh server, and its second.
    """

    commands: Mapping[str, list[float]] = field(
        default_factory=lambda: {command: [] for command in COMMANDS}
    )
    refusals: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def of_import(self) -> float | None:
        """Return how many times the import `exec` takes."""
        ours, other = (figure(self.commands[name]) for name in (OURS_FIRST, THE_OTHER))
        return ours.over(other).median

    def added(self, what: str) -> float | None:
        """Return how much longer the first refusal takes than the second."""
        return figure(first - second for first, second in self.refusals[what]).median


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
        firsts = Firsts()
        if not asked.only or EXEC in asked.only:
            _measure_commands(firsts, place, rounds)
        if not asked.only or REFUSAL in asked.only:
            _measure_refusals(firsts, place, QUICK_FRESH_SERVERS if asked.quick else FRESH_SERVERS)
    return Report(text(started, absent, firsts, rounds), _plot(started))


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


def _measure_commands(firsts: Firsts, place: Place, rounds: int) -> None:
    for number in range(rounds + 1):
        for name, arguments in COMMANDS.items():
            begun = time.perf_counter()
            with running(
                [sys.executable, *arguments],
                environment=Ours().environment(place),
                folder=place.folder,
                name=EXEC,
            ) as process:
                if process.wait(START_SECONDS):
                    raise Wrong(f"{name} ended with exit code {process.returncode}")
            if number:
                firsts.commands[name].append((time.perf_counter() - begun) * 1e3)


def _measure_refusals(firsts: Firsts, place: Place, servers: int) -> None:
    ours = Ours()
    for _ in range(servers):
        for what in WRONG:
            port = free_port()
            command, environment = ours.command(place, port), ours.environment(place)
            with running(
                command, environment=environment, folder=place.folder, name=REFUSAL
            ) as process:
                session = first_answer(process, port, ours.login(place)).value
                wrong = _wrong(what, ours.requests(place, port, session))
                times = _refused(port, wrong), _refused(port, wrong)
            firsts.refusals.setdefault(what, []).append(times)


WRONG = ("a body without most fields", "a query that is no number")


def _wrong(what: str, requests: Requests) -> Request:
    if what == WRONG[0]:
        return replace(requests[Kind.CREATE][0], body='{"name": 7}')
    listed = requests[Kind.LIST][0]
    return replace(listed, path=f"{path_of(listed.path)}?limit=many")


def _refused(port: int, request: Request) -> float:
    begun = time.perf_counter()
    status = ask(port, request).status
    taken = (time.perf_counter() - begun) * 1e3
    if status != REFUSED:
        raise Wrong(f"{request.path} was answered {status}")
    return taken


def text(started: Sequence[Started], absent: Mapping[str, str], firsts: Firsts, rounds: int) -> str:
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
        *_firsts_told(firsts),
        *goals(_goals(started, firsts)),
    ]
    return "\n".join(lines) + "\n"


def _firsts_told(firsts: Firsts) -> list[str]:
    lines: list[str] = []
    if all(firsts.commands.values()):
        rows = [
            [name, shown(figure(taken).median), percent(figure(taken).spread)]
            for name, taken in firsts.commands.items()
        ]
        lines += ["A command from its start to its end, in turn:", ""]
        lines += [*table(["command", "ms", "spread"], rows), ""]
    if firsts.refusals:
        rows = [
            [what, *(shown(figure(one).median, 1) for one in zip(*taken, strict=True))]
            for what, taken in firsts.refusals.items()
        ]
        count = len(firsts.refusals[WRONG[0]])
        lines += [f"Refusals of fresh servers that had only logged in, medians of {count}:", ""]
        lines += [*table(["what is wrong", "first, ms", "second, ms"], rows), ""]
    return lines


def _goals(started: Sequence[Started], firsts: Firsts) -> list[Goal]:
    ours = _named(started, Ours.name)

    def against(name: str) -> float | None:
        other = _named(started, name)
        return ours.of("clock").over(other.of("clock")).median if ours and other else None

    return [
        Goal("cold start against the script", against(OneRoute.name), MOST_OF_SCRIPT),
        Goal("cold start against Prism", against(Prism.name), MOST_OF_PRISM),
        Goal("`exec -- true` against the import of aiohttp", firsts.of_import(), MOST_OF_IMPORT),
        *(
            Goal(
                f"first refusal over the second: {what}",
                firsts.added(what),
                MOST_MILLISECONDS,
                digits=1,
                unit=" ms",
            )
            for what in firsts.refusals
        ),
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
