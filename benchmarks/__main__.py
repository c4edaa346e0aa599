"""Run a benchmark, print its table and keep it: `python -m benchmarks NAME`."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import (
    coldstart,
    dashboard,
    memory,
    proxy,
    pytest_cost,
    receipts,
    scale,
    throughput,
    tls,
    worlds,
)
from benchmarks.candidates import Missing
from benchmarks.report import Asked, Report, peers_folder

ROUNDS, QUICK_ROUNDS = 20, 2


def _of_rounds(report: Callable[[int], str]) -> Callable[[Asked], Report]:
    """Adapt a benchmark that asks for nothing but the number of rounds, and draws nothing."""
    return lambda asked: Report(report(asked.rounds_or(ROUNDS, QUICK_ROUNDS)))


BENCHMARKS: Mapping[str, Callable[[Asked], Report]] = {
    "coldstart": coldstart.report,
    "dashboard": dashboard.report,
    "memory": memory.report,
    "proxy": proxy.report,
    "pytest": pytest_cost.report,
    "receipts": receipts.report,
    "scale": _of_rounds(scale.report),
    "throughput": throughput.report,
    "tls": _of_rounds(tls.report),
    "worlds": _of_rounds(worlds.report),
}
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=sorted(BENCHMARKS))
    parser.add_argument("--rounds", type=int, default=0, help="how often; each has its own default")
    parser.add_argument("--quick", action="store_true", help="few and short rounds, not kept")
    parser.add_argument(
        "--peers", type=Path, default=peers_folder(), help="where they are: %(default)s"
    )
    parser.add_argument(
        "--only", nargs="+", default=(), metavar="NAME", help="some candidates alone, not kept"
    )
    flags = parser.parse_args()
    if flags.rounds < 0:
        parser.error("--rounds: at least 1")
    asked = Asked(rounds=flags.rounds, quick=flags.quick, peers=flags.peers, only=tuple(flags.only))
    try:
        report = BENCHMARKS[flags.name](asked)
    except Missing as error:
        parser.exit(1, f"{error}\n")
    sys.stdout.write(report.text)
    if not asked.quick and not asked.only:
        report.write(RESULTS, flags.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
