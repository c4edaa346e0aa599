"""One request by plain HTTP, by TLS and through the tunnel of `--intercept`, one after the other.

The server is a process of its own; the client is Python's `http.client`, whose connection is
kept alive, or made anew for each request.
"""

import json
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from subprocess import PIPE, Popen
from sys import executable
from typing import Any
from urllib.parse import urlsplit

from benchmarks.timing import Task, machine, medians, versions

REPEATS = 25
HOST = "dashboard.fiskaly.com"
KEPT, NEW = "kept alive", "made anew"
WAYS = ("plain HTTP", "TLS", "tunnel and TLS")


@dataclass(frozen=True, slots=True)
class Way:
    """How a client gets to a server.

    Attributes:
        connect: Makes a connection, which is not open yet.
        path: What is asked for.
        token: Who asks.
    """

    connect: Callable[[], HTTPConnection]
    path: str
    token: str

    def ask(self, connection: HTTPConnection) -> None:
        """Ask once, and demand that the answer is right."""
        connection.request("GET", self.path, headers={"Authorization": f"Bearer {self.token}"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:  # noqa: PLR2004 - of HTTP
            raise RuntimeError(f"{self.path} got {answer.status}")

    def ask_anew(self) -> None:
        """Ask once, by a connection of its own."""
        connection = self.connect()
        self.ask(connection)
        connection.close()


def report(rounds: int) -> str:
    """Measure everything and return the results as Markdown."""
    with ExitStack() as stack:
        tasks: dict[tuple[str, str], Task] = {}
        for name, way in stack.enter_context(_ways()).items():
            connection = way.connect()
            stack.callback(connection.close)
            tasks[name, KEPT] = Task(prepare=lambda: None, run=partial(way.ask, connection))
            tasks[name, NEW] = Task(prepare=lambda: None, run=way.ask_anew)
        taken = medians(tasks, rounds=rounds, repeats=REPEATS)
    measured = (
        f"Median of {rounds * REPEATS} runs in {rounds} rounds, all ways in turn: an organization"
        " is read by Python's `http.client`, client and server on one machine. `tunnel and TLS` is"
        " what a client of `exec --intercept` goes through."
    )
    on = f"Measured on {machine()}; {versions(('aiohttp', 'uvloop'))}."
    lines = ["# HTTPS and interception", "", measured, "", on, "", *table(taken)]
    return "\n".join(lines) + "\n"


def table(taken: Mapping[tuple[str, str], float], ways: Sequence[str] = WAYS) -> Iterator[str]:
    """Yield the lines of the table of seconds by way and connection, the first way the measure."""
    yield f"| way | connection {KEPT} (ms) | times | connection {NEW} (ms) | times |"
    yield "|---|---:|---:|---:|---:|"
    for way in ways:
        cells = [way]
        for connection in (KEPT, NEW):
            seconds, plain = taken[way, connection], taken[ways[0], connection]
            cells += [f"{seconds * 1_000:.3f}", f"{seconds / plain:.2f}"]
        yield f"| {' | '.join(cells)} |"


@contextmanager
def _ways() -> Iterator[Mapping[str, Way]]:
    with serving("--intercept") as plain, serving("--tls") as tls:
        by_tls = ssl.create_default_context(cafile=tls["ca_file"])
        led = plain["interception"]
        by_tunnel = ssl.create_default_context(cafile=Path(led["folder"]) / "bundle.pem")
        http, https = urlsplit(plain["base_url"]), urlsplit(tls["base_url"])

        def tunnel() -> HTTPConnection:
            connection = HTTPSConnection("127.0.0.1", led["proxy_port"], context=by_tunnel)
            connection.set_tunnel(HOST, 443)
            return connection

        connects: list[Callable[[], HTTPConnection]] = [
            lambda: HTTPConnection(http.netloc),
            lambda: HTTPSConnection(https.netloc, context=by_tls),
            tunnel,
        ]
        places = (plain, tls, plain)
        yield {
            way: logged_in(connect, place)
            for way, connect, place in zip(WAYS, connects, places, strict=True)
        }


def logged_in(connect: Callable[[], HTTPConnection], line: Mapping[str, Any]) -> Way:
    """Return the way of a client with the first key of a server."""
    organizations = line["organizations"]
    key = organizations[0]["api_keys"][0]
    connection = connect()
    body = json.dumps({"api_key": key["key"], "api_secret": key["secret"]})
    connection.request("POST", "/api/v0/auth", body, {"Content-Type": "application/json"})
    token = json.load(connection.getresponse())["access_token"]
    connection.close()
    return Way(connect, f"/api/v0/organizations/{organizations[0]['id']}", token)


@contextmanager
def serving(*flags: str) -> Iterator[dict[str, Any]]:
    """Run a server until the block ends; what `--json` prints is yielded."""
    command = [executable, "-m", "fiskaly_mockserver", "serve", *flags, "--json", "--port", "0"]
    command += ["--log-level", "off"]
    with Popen(command, stdout=PIPE, encoding="utf-8") as process:  # noqa: S603 - our own
        if process.stdout is None:
            raise RuntimeError("the server has no stdout")
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
