"""Streams that are closed, full, or read by nobody."""

import os
import subprocess
from pathlib import Path

import pytest
from cli.running import COMMAND, PATIENCE, clean_environment


def run(redirected: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command with a redirection of the shell."""
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirected}', "sh", *COMMAND, *words],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize(
    ("redirected", "words", "code"),
    [
        (">&-", ("tree", "--preset", "single"), 0),
        (">&- 2>&-", ("operations",), 0),
        ("<&-", ("qr", "-"), 1),
        ("<&-", ("faults", "arm", "-"), 2),
    ],
    ids=str,
)
def test_a_closed_stream_is_as_one_of_nothing(
    redirected: str, words: tuple[str, ...], code: int
) -> None:
    done = run(redirected, *words)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_finding() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as stdout:
        done = subprocess.run(
            [*COMMAND, "operations"],
            env=clean_environment(),
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has it")
def test_a_full_disk_is_one_line() -> None:
    done = run(">/dev/full", "operations")
    assert done.returncode == 2
    assert done.stderr == "Error: cannot write the output: No space left on device\n"
