"""Run a benchmark, print its table and keep it."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import scale, worlds

BENCHMARKS: Mapping[str, Callable[[int], str]] = {"scale": scale.report, "worlds": worlds.report}
RESULTS = Path(__file__).parent / "results"
ROUNDS = 20


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=sorted(BENCHMARKS))
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often, %(default)s")
    asked = parser.parse_args()
    if asked.rounds < 1:
        parser.error("--rounds: at least 1")
    text = BENCHMARKS[asked.name](asked.rounds)
    sys.stdout.write(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{asked.name}.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
