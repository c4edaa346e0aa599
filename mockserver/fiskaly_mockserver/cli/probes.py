"""Small clients with a hard-coded host, to find out which runtimes of a machine are caught."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from shutil import which
from typing import Final, Literal, NamedTuple

from fiskaly_mockserver.cli.https_options import Https
from fiskaly_mockserver.cli.interception import intercepting, summary, tunnels_to, why_silent
from fiskaly_mockserver.cli.verbs.exec import CannotRun, run_child
from fiskaly_mockserver.proxy.tunnels import Tunnels
from fiskaly_mockserver.server.mock_server import MockServer
from fiskaly_mockserver.web.safety import VENDOR_HOSTS
from fiskaly_mockserver.world.journal.exchange import Exchange

URL: Final = "https://dashboard.fiskaly.com/api/v0/organizations"
ABSENT: Final = 77
"""What a probe exits with whose library is not installed."""
PROBE_SECONDS: Final = 120.0
Found = tuple[str, Literal["ok", "warn", "fail"], str, str]
"""A check: its name, how it is, what is said, and what to do."""


class Probe(NamedTuple):
    """A client that asks once.

    Attributes:
        name: What it is called.
        command: What to run; `FILE` in it stands for a file with `text`.
        suffix: How that file's name ends.
        text: A program, if the command takes a file.
    """

    name: str
    command: tuple[str, ...]
    suffix: str = ""
    text: str = ""


def _python(library: str, call: str) -> Probe:
    text = (
        f"try:\n    import {library}\nexcept ImportError:\n    raise SystemExit({ABSENT})\n{call}"
    )
    return Probe(f"python3 {library}", ("python3", "-c", text))


_PHP_CURL = f"""<?php
if (!extension_loaded('curl')) exit({ABSENT});
$curl = curl_init('{URL}');
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
if (curl_exec($curl) === false) fwrite(STDERR, curl_error($curl));
"""
_GO = f"""package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {{
	if _, err := http.Get("{URL}"); err != nil {{
		fmt.Fprintln(os.Stderr, err)
	}}
}}
"""
_JAVA = f"""import java.net.URI;
import java.net.http.*;

class Probe {{
    public static void main(String[] arguments) throws Exception {{
        HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create("{URL}")).build(),
            HttpResponse.BodyHandlers.discarding());
    }}
}}
"""
_AIOHTTP = f"""
import asyncio
async def ask():
    async with aiohttp.ClientSession() as session, session.get("{URL}"):
        pass
asyncio.run(ask())
"""
PROBES: Final = (
    Probe("curl", ("curl", "-sS", URL)),
    Probe("wget", ("wget", "-nv", "-O-", URL)),
    _python("urllib.request", f"urllib.request.urlopen('{URL}')"),
    _python("requests", f"requests.get('{URL}')"),
    _python("httpx", f"httpx.get('{URL}')"),
    _python("aiohttp", _AIOHTTP),
    Probe("node fetch", ("node", "-e", f"fetch('{URL}')")),
    Probe("node https", ("node", "-e", f"require('https').get('{URL}', (one) => one.resume())")),
    Probe("php curl", ("php", "FILE"), ".php", _PHP_CURL),
    Probe("php streams", ("php", "FILE"), ".php", f"<?php file_get_contents('{URL}');"),
    Probe("ruby", ("ruby", "-rnet/http", "-e", f"Net::HTTP.get(URI('{URL}'))")),
    Probe("go", ("go", "run", "FILE"), ".go", _GO),
    Probe("java", ("java", "FILE"), ".java", _JAVA),
)


class _Heard:
    """Counts what reached the server, and keeps what the tunnels said."""

    def __init__(self) -> None:
        self.requests = 0
        self.lines: list[str] = []

    def count(self, _: Exchange) -> None:
        self.requests += 1


def intercept_checks(command: Sequence[str]) -> Iterator[Found]:
    """Yield which runtimes of this machine are caught, and whether a command is, if given."""
    heard, hosts = _Heard(), tuple(sorted(VENDOR_HOSTS))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(
            MockServer(intercept=hosts, allow_hosts=hosts, on_exchange=heard.count)
        )
        tunnels = tunnels_to(Https({}, hosts, offline=False), server, heard.lines.append)
        led = stack.enter_context(intercepting(os.environ, server, tunnels))
        environment = {**os.environ, **led}
        yield from _probed(folder, environment, heard)
        if command:
            yield _command_check(command, environment, heard, tunnels)


def _probed(folder: Path, environment: Mapping[str, str], heard: _Heard) -> Iterator[Found]:
    absent = []
    for probe in PROBES:
        if which(probe.command[0]) is None:
            absent.append(probe.name)
            continue
        file = folder / f"Probe{probe.suffix}"
        file.write_text(probe.text, "utf-8")
        before, said = heard.requests, len(heard.lines)
        words = [str(file) if one == "FILE" else one for one in probe.command]
        code, error = _ran(words, environment)
        if heard.requests > before:
            yield (probe.name, "ok", "caught", "")
        elif code == ABSENT:
            absent.append(probe.name)
        else:
            lines = [*heard.lines[said:], *error.strip().splitlines()[-1:]]
            yield (probe.name, "fail", f"not caught: {'; '.join(lines) or 'it says nothing'}", "")
    if absent:
        yield ("absent", "ok", f"not on this machine: {', '.join(absent)}", "")


def _ran(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a probe, and return its exit code and what it wrote on stderr."""
    try:
        done = subprocess.run(  # noqa: S603 - running it is the task
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, str(error)
    return done.returncode, done.stderr.decode("utf-8", "replace")


def _command_check(
    command: Sequence[str], environment: Mapping[str, str], heard: _Heard, tunnels: Tunnels
) -> Found:
    before, said = heard.requests, len(heard.lines)
    for counted in (tunnels.intercepted, tunnels.passed):
        counted.clear()
    tunnels.untrusting = 0
    try:
        code = run_child(command, environment)
    except CannotRun as error:
        return ("command", "fail", str(error), "")
    requests = heard.requests - before
    told = "; ".join([*summary(tunnels, requests), *heard.lines[said:]])
    ended = f" (it ended with {code})" if code else ""
    if requests:
        return ("command", "ok", told + ended, "")
    return ("command", "fail", f"{told}: {why_silent(tunnels)}{ended}", "see docs/HTTPS.md")
