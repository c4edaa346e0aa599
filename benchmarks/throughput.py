"""Requests a second, latency and CPU of the mix: our server, its limits, and its peers."""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks import wrk
from benchmarks.candidates import OWN, Forgetful, Missing, Ours, Place, Unchecked
from benchmarks.lineup import Standing, Wrong, place_for, standing
from benchmarks.peers.lineup import PEERS
from benchmarks.processes import cost_of
from benchmarks.report import Asked, Report
from benchmarks.throughput_table import LOADS, MIX, Measured, Turn, plot, text

ROUNDS, QUICK_ROUNDS = 7, 2
SECONDS, QUICK_SECONDS = 3, 1
IN_DETAIL = (Ours.name, Unchecked.name, Forgetful.name)
"""Candidates that are asked each kind of request alone, too."""


def report(asked: Asked) -> Report:
    """Measure every candidate that is there, in turn, and return the table and the plot."""
    rounds = asked.rounds_or(ROUNDS, QUICK_ROUNDS)
    seconds = QUICK_SECONDS if asked.quick else SECONDS
    wrk.wrk()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        place = stack.enter_context(place_for(folder, asked.peers))
        line, absent = _line_up(stack, place, asked)
        measured = _measure(line, place, rounds=rounds, seconds=seconds)
    return Report(text(measured, absent, rounds, seconds), plot(measured))


def _line_up(
    stack: ExitStack, place: Place, asked: Asked
) -> tuple[list[Standing], Mapping[str, str]]:
    line, absent = [], {}
    for make in (*OWN, *PEERS):
        candidate = make()
        if asked.only and candidate.name not in asked.only:
            continue
        try:
            line.append(stack.enter_context(standing(candidate, place)))
        except (Missing, Wrong) as error:
            absent[candidate.title] = str(error)
    return line, absent


def _measure(
    line: Sequence[Standing], place: Place, *, rounds: int, seconds: float
) -> list[Measured]:
    measured = {
        one.candidate.name: Measured(one.candidate, one.candidate.version(place)) for one in line
    }
    # One load after the other, so that what is subtracted was measured side by side.
    turns = [
        (one, load)
        for load in LOADS
        for one in line
        if load == MIX or one.candidate.name in IN_DETAIL
    ]
    scripts = {
        (name, load): wrk.load_file(place.folder / f"{name}-{load}.lua", one.requests, LOADS[load])
        for one, load in turns
        for name in [one.candidate.name]
    }
    for number in range(rounds + 1):
        sys.stderr.write(f"round {number} of {rounds}{' (warm-up)' if not number else ''}\n")
        # Whoever follows the heaviest peer should not always be the same.
        for one, load in turns if number % 2 else reversed(turns):
            mine = measured[one.candidate.name]
            turn, resident = _turn(one, scripts[one.candidate.name, load], seconds)
            mine.resident = max(mine.resident, resident)
            if number:
                mine.turns.setdefault(load, []).append(turn)
    for one in line:
        measured[one.candidate.name].checks = one.checks()
    return [*measured.values()]


def _turn(one: Standing, script: Path, seconds: float) -> tuple[Turn | None, int]:
    """Run one load, and put the server's state back afterwards: it stays bounded."""
    before = cost_of(one.process.pid)
    counted = wrk.press(one.port, script, seconds)
    after = cost_of(one.process.pid)
    one.reset()
    if not counted.valid:
        sys.stderr.write(
            f"{one.candidate.name}: {counted.refused} refused and {counted.broken} broken"
            f" of {counted.requests}: an invalid round\n"
        )
        return None, after.resident_bytes
    turn = Turn(
        rate=counted.requests / counted.seconds,
        p50=counted.p50 * 1e3,
        p99=counted.p99 * 1e3,
        cpu=(after.cpu_seconds - before.cpu_seconds) / counted.requests * 1e6,
    )
    return turn, after.resident_bytes
