"""What Windows lacks is taken from this process, and the command does without it."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cli.running import PATIENCE, clean_environment

WINDOWS = """
import asyncio, os, signal, sys

def missing(self, *_):
    raise NotImplementedError

del signal.SIGHUP, os.tcgetpgrp, os.getpgrp, os.O_NOCTTY, os.killpg
sys.modules["resource"] = sys.modules["fcntl"] = sys.modules["termios"] = None
asyncio.SelectorEventLoop.add_signal_handler = missing
from fiskaly_mockserver.cli import main
sys.argv[0] = "fiskaly-mockserver"
main()
"""


@contextmanager
def on_windows(*words: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", WINDOWS, *words],
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_help_names_every_verb() -> None:
    with on_windows("--help") as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert "exec" in out


def test_ctrl_c_ends_serve() -> None:
    with on_windows("--port", "0", "--json", "--loop", "asyncio") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("{")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")


def test_exec_runs_its_command() -> None:
    with on_windows("exec", "--preset", "empty", sys.executable, "-c", "exit(7)") as process:
        _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (7, "")
