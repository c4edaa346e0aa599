"""Servers as processes of their own: started, watched, measured and stopped."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
STOP_SECONDS = 5
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process and all its descendants hold and have used."""

    cpu_seconds: float
    resident_bytes: int


def cost_of(pid: int) -> Cost:
    """Return the cost of a process tree, all threads of it, as the kernel counts it."""
    stats = dict(_stats())
    tree, found = {pid}, True
    while found:
        found = False
        for number, fields in stats.items():
            if number not in tree and int(fields[1]) in tree:
                tree.add(number)
                found = True
    mine = [stats[number] for number in tree if number in stats]
    # Counted from the state, which is the first field after the command's name.
    return Cost(
        cpu_seconds=sum(int(fields[11]) + int(fields[12]) for fields in mine) / TICKS,
        resident_bytes=sum(int(fields[21]) for fields in mine) * PAGE,
    )


def _stats() -> Iterator[tuple[int, list[str]]]:
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                # The command's name may hold spaces and brackets; nothing after it does.
                yield int(entry.name), (entry / "stat").read_text().rpartition(")")[2].split()


def pinned(command: Sequence[str], core: int) -> list[str]:
    """Return the command bound to a core, where the machine has two and the tool for it."""
    tool = shutil.which("taskset")
    if tool is None or (os.cpu_count() or 1) < 2:  # noqa: PLR2004 - one each
        return [*command]
    return [tool, "-c", str(core), *command]


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def running(
    command: Sequence[str], *, environment: Mapping[str, str], folder: Path, name: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command in `folder` while the block lasts; what it says goes to `NAME.log` there.

    It gets a process group of its own, so that what it starts ends with it. Byte code is
    cached as on a user's machine, and no variable of the caller's changes our server.
    """
    inherited = {name: value for name, value in os.environ.items() if not _alters(name)}
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - commands of the benchmark's own
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**inherited, **environment},
            start_new_session=True,
        )
        try:
            yield process
        finally:
            _stop(process)


def _alters(name: str) -> bool:
    return name == "PYTHONDONTWRITEBYTECODE" or name.startswith("FISKALY_MOCK_")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(deadline: float, pause: float) -> bool:
    """Sleep a moment; tell whether there is time left until `deadline` (perf_counter)."""
    time.sleep(pause)
    return time.perf_counter() < deadline
