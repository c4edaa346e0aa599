"""The command in a process of its own, as its users run it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "fiskaly_mockserver")
PATIENCE = 60.0
"""Seconds after which a silent process fails the test."""


def clean_environment(**more: str) -> dict[str, str]:
    """Return this process's environment without the command's own variables, and `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FISKALY_")}
    return {**kept, "COLUMNS": "100", **more}


def run(*flags: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [*COMMAND, *flags],
        env=clean_environment(**(env or {})),
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


@dataclass(frozen=True, slots=True)
class Running:
    """A server that has announced itself on stdout."""

    process: subprocess.Popen[str]
    announced: str
    log: Path

    @property
    def line(self) -> dict[str, Any]:
        """What `--json` printed."""
        parsed: dict[str, Any] = json.loads(self.announced)
        return parsed

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code; a server that does not end fails the test."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def logged(self) -> str:
        """Return what stands on stderr."""
        return self.log.read_text(encoding="utf-8")


@contextmanager
def serving(
    folder: Path, *flags: str, env: Mapping[str, str] | None = None, last: str = ""
) -> Iterator[Running]:
    """Run a server, and end it if the block does not.

    It counts as up after the first line that starts with `last`.
    """
    log = folder / "stderr"
    with (
        log.open("w", encoding="utf-8") as stderr,
        subprocess.Popen(
            [*COMMAND, *flags],
            env=clean_environment(**(env or {})),
            stdout=subprocess.PIPE,
            stderr=stderr,
            encoding="utf-8",
        ) as process,
    ):
        assert process.stdout is not None
        try:
            lines: list[str] = []
            for line in process.stdout:
                lines.append(line)
                if line.startswith(last):
                    break
            else:
                raise AssertionError(f"no announcement: {log.read_text(encoding='utf-8')}")
            yield Running(process, "".join(lines), log)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(PATIENCE)
