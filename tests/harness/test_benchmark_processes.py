"""Processes of the benchmarks are counted whole, and none is left behind."""

import os
import sys
import time
from pathlib import Path

import pytest

from benchmarks.asking import Request
from benchmarks.lineup import Wrong, first_answer
from benchmarks.processes import cost_of, free_port, running

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")

PARENT = """
import subprocess, sys, time
held = "import time; x = b'x' * 64_000_000; time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", held])
print(child.pid, flush=True)
time.sleep(60)
"""


def wait_for(what: str, check: object) -> None:
    assert callable(check)
    for _ in range(1_000):
        if check():
            return
        time.sleep(0.01)
    pytest.fail(f"in vain: {what}")


def test_a_tree_is_counted_whole_and_ended_whole(tmp_path: Path) -> None:
    log = tmp_path / "parent.log"
    command = [sys.executable, "-c", PARENT]
    with running(command, environment={}, folder=tmp_path, name="parent") as process:
        wait_for("its child", lambda: log.read_text().endswith("\n"))
        child = int(log.read_text())
        wait_for("the memory", lambda: cost_of(process.pid).resident_bytes > 64_000_000)
        used = cost_of(child).cpu_seconds  # first: it may be at work still
        assert cost_of(process.pid).cpu_seconds >= used
    assert process.returncode is not None
    wait_for("its end", lambda: cost_of(child).resident_bytes == 0)


def test_who_ends_before_an_answer_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit(3)"]
    with (
        running(command, environment={}, folder=tmp_path, name="short") as process,
        pytest.raises(Wrong, match="exit code 3"),
    ):
        first_answer(process, free_port(), Request(method="GET", path="/"))


def test_what_is_not_there_costs_nothing() -> None:
    assert cost_of(os.getpid()).resident_bytes > 0
    assert cost_of(2**22 + 1).cpu_seconds == 0
