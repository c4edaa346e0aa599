"""Load from wrk, in a process of its own, on loopback, for a bounded time."""

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.asking import Request
from benchmarks.candidates import Missing
from benchmarks.mix import SHARES, Kind, Requests
from benchmarks.processes import pinned

SCRIPT = Path(__file__).with_name("mix.lua")
RECEIPTS = Path(__file__).with_name("receipts.lua")
CONNECTIONS = 32
TILLS = 16
"""Threads with a connection each, for receipts: the steps of one come one after the other."""
CORE = 1
"""Where wrk runs; the servers run on core 0."""
GRACE_SECONDS = 30
_COUNTED = re.compile(r"^counted (\{.*\})$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What wrk counted in one run.

    Attributes:
        requests: Answered ones.
        seconds: How long it took.
        p50: Median latency in seconds.
        p99: The latency that one in a hundred exceeded, in seconds.
        refused: Answers with a status of 400 or more.
        broken: Connections that failed or timed out.
    """

    requests: int
    seconds: float
    p50: float
    p99: float
    refused: int
    broken: int

    @property
    def valid(self) -> bool:
        """Whether every request got a good answer."""
        return self.requests > 0 and not self.refused and not self.broken


def wrk() -> str:
    """Return where wrk is.

    Raises:
        Missing: It is not installed.
    """
    found = shutil.which("wrk")
    if found is None:
        raise Missing("wrk is not installed; on Debian: apt-get install wrk")
    return found


def load_file(path: Path, requests: Requests, kinds: Sequence[Kind]) -> Path:
    """Write the Lua file that tells `mix.lua` what to ask: these kinds, by their shares."""
    turn = [kind for kind in kinds for _ in range(SHARES[kind])]
    written = {kind: [_lua_request(one) for one in requests[kind]] for kind in kinds}
    lists = ", ".join(f"{kind} = {{{', '.join(ones)}}}" for kind, ones in written.items())
    turns = ", ".join(map(lua_text, spread_out(turn)))
    path.write_text(f"return {{turn = {{{turns}}}, requests = {{{lists}}}}}\n", encoding="utf-8")
    return path


def spread_out(turn: Sequence[Kind]) -> list[Kind]:
    """Return the same kinds with those of one sort apart, always in the same order."""
    kinds = sorted(set(turn), key=turn.count)
    places = [
        ((n + 0.5) / turn.count(kind), kind) for kind in kinds for n in range(turn.count(kind))
    ]
    return [kind for _, kind in sorted(places, key=lambda place: place[0])]


def press(port: int, script: Path, seconds: float) -> Counted:
    """Ask a server on loopback for so many seconds, and say what was counted.

    Raises:
        Missing: There is no wrk.
        ValueError: It did not say what it counted.
    """
    connections = ("--threads", "1", "--connections", str(CONNECTIONS))
    return _pressed(port, seconds, *connections, "--script", str(SCRIPT), "--", str(script))


def press_receipts(port: int, load: Path, run: int, seconds: float) -> Counted:
    """Start, update and finish receipts for so many seconds; no two runs have one in common.

    Raises:
        Missing: There is no wrk.
        ValueError: It did not say what it counted.
    """
    connections = ("--threads", str(TILLS), "--connections", str(TILLS))
    told = ("--", str(load), str(run))
    return _pressed(port, seconds, *connections, "--script", str(RECEIPTS), *told)


def _pressed(port: int, seconds: float, *arguments: str) -> Counted:
    limits = ("--latency", "--duration", f"{max(1, round(seconds))}s", "--timeout", "10s")
    at = arguments.index("--")
    command = pinned(
        [wrk(), *limits, *arguments[:at], f"http://127.0.0.1:{port}", *arguments[at:]], CORE
    )
    done = subprocess.run(  # noqa: S603 - our own command, and only to loopback
        command, capture_output=True, text=True, check=False, timeout=seconds + GRACE_SECONDS
    )
    return parsed(done.stdout or done.stderr)


def parsed(text: str) -> Counted:
    """Read what `mix.lua` wrote.

    Raises:
        ValueError: There is no such line.
    """
    found = _COUNTED.search(text)
    if found is None:
        raise ValueError(f"wrk did not say what it counted, but: {text.strip()[:500]}")
    said = json.loads(found[1])
    return Counted(
        requests=said["requests"],
        seconds=said["microseconds"] / 1e6,
        p50=said["p50"] / 1e6,
        p99=said["p99"] / 1e6,
        refused=said["refused"],
        broken=said["broken"],
    )


def _lua_request(request: Request) -> str:
    headers = ", ".join(f"[{lua_text(k)}] = {lua_text(v)}" for k, v in request.headers.items())
    body = f", body = {lua_text(request.body)}" if request.body else ""
    return (
        f"{{method = {lua_text(request.method)}, path = {lua_text(request.path)},"
        f" headers = {{{headers}}}{body}}}"
    )


def lua_text(text: str) -> str:
    """Quote text for Lua byte by byte, which no character can break out of."""
    return '"' + "".join(f"\\{byte:03d}" for byte in text.encode()) + '"'
