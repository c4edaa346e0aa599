"""What the benchmark of throughput says: tables, goals, plot."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.candidates import Bare, Candidate, Forgetful, Ours, Unchecked
from benchmarks.figures import Figure, Goal, figure, goals, percent, shown, table
from benchmarks.mix import SHARES, SIZE, Kind
from benchmarks.peers.candidates import OpenapiBackend, Prism, Wiremock
from benchmarks.plots import LIMIT, OURS, THEIRS, Bar, bars
from benchmarks.timing import machine, versions
from benchmarks.wrk import CONNECTIONS

MIX = "mix"
LOADS: Mapping[str, Sequence[Kind]] = {MIX: [*Kind], **{kind: [kind] for kind in Kind}}
"""The kinds of request in each load."""

CHECKING_PEERS = (Prism.name, OpenapiBackend.name, Wiremock.name)
LEAST_OF_LIMIT, LEAST_OF_PEERS, MOST_ADDED = 0.8, 3, 25


@dataclass(frozen=True, slots=True)
class Turn:
    """One valid run of one load.

    Attributes:
        rate: Requests a second.
        p50: Median latency in milliseconds.
        p99: The 99th percentile, in milliseconds.
        cpu: Microseconds of the server's CPU per request.
    """

    rate: float
    p50: float
    p99: float
    cpu: float


@dataclass(slots=True)
class Measured:
    """What was measured of one candidate: its turns by load, `None` where one was invalid."""

    candidate: Candidate
    version: str
    checks: str = "-"
    resident: int = 0
    turns: dict[str, list[Turn | None]] = field(default_factory=dict)

    def of(self, what: str, load: str = MIX) -> Figure:
        """Return a figure of one load, by the name of an attribute of `Turn`."""
        turns = self.turns.get(load, ())
        return figure(None if turn is None else getattr(turn, what) for turn in turns)


def text(
    measured: Sequence[Measured], absent: Mapping[str, str], rounds: int, seconds: float
) -> str:
    """Return the page: what was measured, how, and whether the goals are kept."""
    shares = ", ".join(f"{share * 10} % {kind}" for kind, share in SHARES.items())
    how = (
        f"A mix of {shares} on a tree of {SIZE} managed organizations; lists have 20 rows."
        f" Load by wrk on the second core, {CONNECTIONS} connections, servers on the first."
        f" Medians of {rounds} rounds of {seconds:.0f} s, all servers in turn, after a round that"
        " does not count. Ratios are taken within a round; the spread is from the least to the"
        " most, as a share of the median. CPU is that of the server's processes."
    )
    lines = [
        "# Throughput",
        "",
        how,
        "",
        f"Measured on {machine()}; {versions()}.",
        "",
        *_table(measured),
        "",
        *(f"- Not measured: {title}: {reason}" for title, reason in absent.items()),
        *([""] if absent else []),
        "## What checks and journal add",
        "",
        *_added(measured),
        "",
        "## Goals",
        "",
        *goals(_goals(measured)),
    ]
    return "\n".join(lines) + "\n"


def _table(measured: Sequence[Measured]) -> list[str]:
    head = ["server", "version", "refuses a wrong body", "requests/s", "against no check"]
    head += ["spread", "p50 ms", "p99 ms", "CPU µs a request", "MiB"]
    base = _named(measured, Unchecked.name)
    rows = []
    for one in measured:
        rate = one.of("rate")
        ratio = rate.over(base.of("rate")).median if base else None
        bad = sum(turn is None for turn in one.turns.get(MIX, ()))
        rows.append(
            [
                one.candidate.title + (f" ({bad} invalid rounds)" if bad else ""),
                one.version,
                one.checks,
                shown(rate.median),
                shown(ratio, 2),
                percent(rate.spread),
                shown(one.of("p50").median, 1),
                shown(one.of("p99").median, 1),
                shown(one.of("cpu").median),
                shown(one.resident / 2**20),
            ]
        )
    return table(head, rows, left=3)


def _added(measured: Sequence[Measured]) -> list[str]:
    ours, base = _named(measured, Ours.name), _named(measured, Unchecked.name)
    if ours is None or base is None:
        return ["Not measured: it needs our server and the one without checks."]
    worst = _named(measured, Forgetful.name)
    rows = []
    for load in LOADS:
        mine, theirs = ours.of("cpu", load), base.of("cpu", load)
        most = worst.of("cpu", load).minus(theirs).median if worst else None
        ratio = ours.of("rate", load).over(base.of("rate", load)).median
        rows.append(
            [
                load,
                shown(mine.median),
                shown(theirs.median),
                shown(mine.minus(theirs).median, 1),
                shown(most, 1),
                shown(ratio, 2),
            ]
        )
    head = ["requests", "CPU µs, all checks", "CPU µs, none", "added µs"]
    return table([*head, "added µs, nothing remembered", "requests/s, ratio"], rows)


def _goals(measured: Sequence[Measured]) -> Iterable[Goal]:
    ours, base = _named(measured, Ours.name), _named(measured, Unchecked.name)
    peers = [one for one in measured if one.candidate.name in CHECKING_PEERS]
    fastest = max(peers, key=lambda one: one.of("rate").median or 0, default=None)
    name = fastest.candidate.title if fastest else "Prism, openapi-backend, WireMock"

    def against(other: Measured | None) -> float | None:
        return ours.of("rate").over(other.of("rate")).median if ours and other else None

    added = ours.of("cpu").minus(base.of("cpu")).median if ours and base else None
    yield Goal(
        "requests/s of the mix, against no check", against(base), LEAST_OF_LIMIT, at_least=True
    )
    yield Goal(
        f"against the fastest checking peer, {name}",
        against(fastest),
        LEAST_OF_PEERS,
        at_least=True,
    )
    yield Goal("added by checks and journal, median", added, MOST_ADDED, digits=1, unit=" µs")


def plot(measured: Sequence[Measured]) -> str:
    """Return the chart of requests a second."""
    limits = (Unchecked.name, Bare.name)
    rows = []
    for one in measured:
        rate = one.of("rate").median
        color = LIMIT if one.candidate.name in limits else THEIRS
        label = one.candidate.title.replace("**", "")
        rows.append(
            Bar(label, rate or 0, f"{shown(rate)} /s", OURS if one.candidate.ours else color)
        )
    subtitle = "70 % retrieve, 20 % list of 20, 10 % create; one core, wrk on the other; medians"
    return bars("Requests a second", subtitle, rows)


def _named(measured: Sequence[Measured], name: str) -> Measured | None:
    return next((one for one in measured if one.candidate.name == name), None)
