"""One request straight to a server and through proxies that check it, one after the other.

Beside `fiskaly-mockserver proxy` stand Prism's proxy, which checks too, and mitmproxy, which only
records, where they are at hand. Each is a process of its own, and all have the same server behind.
"""

import json
import shutil
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from subprocess import DEVNULL, Popen
from sys import executable
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from fiskaly_contracts import Contract

from benchmarks.processes import free_port
from benchmarks.report import Asked, Report
from benchmarks.timing import Task, machine, medians, versions
from benchmarks.tls import KEPT, NEW, Way, logged_in, serving, table

REPEATS = 25
ROUNDS, QUICK_ROUNDS = 20, 1
DIRECT, OURS, PRISM, MITMPROXY = "no proxy", "fiskaly-mockserver proxy", "Prism proxy", "mitmproxy"
WAYS = (DIRECT, OURS, PRISM, MITMPROXY)
PATIENCE = 60.0
PRISM_SCRIPT = Path("node_modules", "@stoplight", "prism-cli", "dist", "index.js")


def report(asked: Asked) -> Report:
    """Measure everything and return the results as Markdown."""
    missing: list[str] = []
    with ExitStack() as stack:
        tasks: dict[tuple[str, str], Task] = {}
        for name, way in stack.enter_context(_ways(asked.peers, missing)).items():
            connection = way.connect()
            stack.callback(connection.close)
            tasks[name, KEPT] = Task(prepare=lambda: None, run=partial(way.ask, connection))
            tasks[name, NEW] = Task(prepare=lambda: None, run=way.ask_anew)
        rounds = asked.rounds_or(ROUNDS, QUICK_ROUNDS)
        taken = medians(tasks, rounds=rounds, repeats=REPEATS)
    measured = (
        f"Median of {rounds * REPEATS} runs in {rounds} rounds, all ways in turn: an organization"
        " is read by Python's `http.client`; client, proxy and server on one machine."
    )
    on = f"Measured on {machine()}; {versions(('aiohttp',))}."
    ways = [way for way in WAYS if (way, KEPT) in taken]
    lines = ["# The validating proxy", "", measured, "", on, "", *table(taken, ways)]
    lines += ["", *(f"Not measured: {one}." for one in missing)] if missing else []
    return Report("\n".join(lines) + "\n")


@contextmanager
def _ways(peers: Path, missing: list[str]) -> Iterator[Mapping[str, Way]]:
    with serving() as line, ExitStack() as stack:
        direct = logged_in(lambda: HTTPConnection(urlsplit(line["base_url"]).netloc), line)
        found = {DIRECT: direct}
        folder = Path(stack.enter_context(TemporaryDirectory()))
        for name, command in _commands(line["base_url"], peers, folder, missing).items():
            port = free_port()
            stack.enter_context(listening([*command, str(port)], port, folder))
            prefix = "" if name == PRISM else "/api/v0"
            path = direct.path.removeprefix("/api/v0")
            found[name] = Way(
                partial(HTTPConnection, "127.0.0.1", port, timeout=PATIENCE),
                prefix + path,
                direct.token,
            )
        yield found


def _commands(
    base_url: str, peers: Path, folder: Path, missing: list[str]
) -> Mapping[str, Sequence[str]]:
    """Return the command lines of the proxies that are at hand; the port comes at their end."""
    origin = base_url.removesuffix("/api/v0")
    found = {OURS: [executable, "-m", "fiskaly_mockserver", "proxy", origin, "--port"]}
    node, mitmdump = shutil.which("node"), shutil.which("mitmdump")
    if node and (peers / PRISM_SCRIPT).exists():
        document = folder / "contract.json"
        document.write_text(json.dumps(Contract.bundled().document), encoding="utf-8")
        flags = ["--verboseLevel", "silent", "--errors", "false", "--port"]
        found[PRISM] = [node, str(peers / PRISM_SCRIPT), "proxy", str(document), base_url, *flags]
    else:
        missing.append(f"{PRISM}, `python -m benchmarks.peers install` puts it there")
    if mitmdump:
        found[MITMPROXY] = [mitmdump, "-q", "--mode", f"reverse:{origin}", "--listen-port"]
    else:
        missing.append(f"{MITMPROXY}, there is no mitmdump on the path")
    return found


@contextmanager
def listening(command: Sequence[str], port: int, folder: Path) -> Iterator[None]:
    """Run a proxy until the block ends; it counts as up when its port is open."""
    with Popen(command, stdout=DEVNULL, stderr=DEVNULL, cwd=folder) as process:  # noqa: S603
        try:
            _await_port(port, process)
            yield
        finally:
            process.kill()


def _await_port(port: int, process: Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nobody listens on port {port}: {process.args!r:.200}")
