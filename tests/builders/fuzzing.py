"""schemathesis as a command, run on a document that a live server serves."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
PHASES = ["examples", "coverage", "fuzzing", "stateful"]
PATIENCE = 300


def st_run(
    document: str,
    *,
    config: Path,
    report: Path,
    seed: int,
    examples: int,
    headers: Sequence[str] = (),
) -> tuple[int, str]:
    """Run `st run` on the document at a URL; return exit code and output."""
    # The subprocess is schemathesis alone: measuring its coverage would only slow it down.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "schemathesis.cli",
            "--config-file",
            str(config),
            "run",
            document,
            *(part for header in headers for part in ("--header", header)),
            "--phases",
            ",".join(PHASES),
            "--seed",
            str(seed),
            "--max-examples",
            str(examples),
            "--report",
            "json",
            "--report-json-path",
            str(report),
            "--no-color",
        ],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout
