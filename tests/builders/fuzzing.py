"""schemathesis as a command, run on a document that a live server serves."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PHASES = ("examples", "coverage", "fuzzing", "stateful")
PATIENCE = 300


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard schemathesis tries; `examples` are generated cases per operation and phase."""

    seed: int
    examples: int = 15
    phases: Sequence[str] = PHASES

    @property
    def is_whole(self) -> bool:
        """Whether it goes through every phase."""
        return self.phases == PHASES


SMOKE = Effort(1, examples=3, phases=("examples", "fuzzing"))
"""Some seconds, in every run of the suite."""
LONG = {f"seed-{number}": Effort(20_260_100 + number) for number in (1, 2, 3)}
"""Half a minute each; marked slow."""


def with_dictionaries(
    config: Path,
    words: Mapping[str, Sequence[str]],
    places: Mapping[str, tuple[str, float]],
    folder: Path,
) -> Path:
    """Write a configuration with words for schemathesis to draw.

    Args:
        config: What is added to.
        words: Dictionaries by name.
        places: By parameter, as `path.tss_id`, its dictionary and how often one is drawn of it.
        folder: Where it is written.
    """
    lines = [config.read_text(encoding="utf-8")]
    for name, values in words.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(values)}"]
    lines.append("[parameters]")
    for place, (name, probability) in places.items():
        lines.append(f'"{place}" = {{ dictionary = "{name}", probability = {probability} }}')
    path = folder / "schemathesis.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def st_run(
    document: str,
    *,
    config: Path,
    report: Path,
    effort: Effort,
    headers: Sequence[str] = (),
    url: str = "",
) -> tuple[int, str]:
    """Run `st run` on the document at a URL, or in a file that names none (`url`)."""
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
            *(("--url", url) if url else ()),
            "--phases",
            ",".join(effort.phases),
            "--seed",
            str(effort.seed),
            "--max-examples",
            str(effort.examples),
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
