"""Install the peers: `python -m benchmarks.peers install --into DIR`."""

import argparse
import sys
from pathlib import Path

from benchmarks.peers.install import install
from benchmarks.report import peers_folder


def main() -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("verb", choices=["install"])
    parser.add_argument("--into", type=Path, default=peers_folder(), help="default: %(default)s")
    wrong = install(parser.parse_args().into.resolve())
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
