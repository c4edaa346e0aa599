"""`exec`: signals belong to the command."""

import os
import pty
import signal
import subprocess
import sys

import pytest
from cli_control.test_exec_verb import EXEC, PATIENCE, clean

COUNT_SIGNALS = """
import signal, sys, time
got = []
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, _: got.append(signal.Signals(number).name))
print("ready", flush=True)
until = time.monotonic() + 30
while not got and time.monotonic() < until:
    time.sleep(0.02)
time.sleep(0.5)
print(",".join(got), flush=True)
sys.exit(5)
"""
TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
COUNTING = (*EXEC, "--preset", "empty", "--", sys.executable, "-c", COUNT_SIGNALS)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_command_which_decides(number: signal.Signals) -> None:
    with subprocess.Popen(
        COUNTING,
        env=clean(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (5, f"{number.name}\n", "")


def test_ctrl_c_in_a_terminal_reaches_the_command_once() -> None:
    master, slave = pty.openpty()
    try:
        with subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL, *COUNTING],
            env=clean(),
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            os.write(master, b"\x03")
            out, err = process.communicate(timeout=PATIENCE)
    finally:
        os.close(slave)
        os.close(master)
    assert (process.returncode, out, err) == (5, "SIGINT\n", "")
