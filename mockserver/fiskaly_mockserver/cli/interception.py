"""What leads and tells the clients of a machine to a server: a proxy, files and variables."""

import os
import ssl
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar

import click

from fiskaly_mockserver.cli.https_options import Https
from fiskaly_mockserver.control.shapes import Interception
from fiskaly_mockserver.proxy.environment import (
    interception_variables,
    trust_variables,
    write_interception,
    write_trust,
)
from fiskaly_mockserver.proxy.tunnels import CannotChain, Tunnels, Upstream, proxies_of_environment
from fiskaly_mockserver.server.errors import ServerError
from fiskaly_mockserver.server.listening import Listening
from fiskaly_mockserver.server.mock_server import MockServer

T = TypeVar("T")
FOLDER_PREFIX = "fiskaly-mockserver-"


def tunnels_to(https: Https, server: MockServer | Listening, say: Callable[[str], None]) -> Tunnels:
    """Return the proxy that leads to a running server; it does not run yet itself.

    Raises:
        click.UsageError: A proxy of the environment cannot be chained.
        ServerError: The server has no TLS by a CA of its own.
    """
    try:
        upstream = Upstream({}) if https.offline else proxies_of_environment()
    except CannotChain as error:
        raise click.UsageError(f"{error}: unset it, or add --offline") from error
    return Tunnels(
        frozenset(https.hosts),
        _found(server.tls_address),
        trust=ssl.create_default_context(cafile=_found(server.ca_file)),
        offline=https.offline,
        upstream=upstream,
        say=say,
    )


@contextmanager
def folder_of_files() -> Iterator[Path]:
    """Make a folder that nobody else may look into, and remove it at the end."""
    with tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX) as folder:
        yield Path(folder)


@contextmanager
def trusting(environment: Mapping[str, str], ca_file: Path | None) -> Iterator[dict[str, str]]:
    """Yield the variables by which clients trust a CA, if there is any."""
    if ca_file is None:
        yield {}
        return
    with folder_of_files() as folder:
        write_trust(folder, environment, ca_file.read_bytes())
        yield trust_variables(folder, environment)


@contextmanager
def intercepting(
    environment: Mapping[str, str], server: MockServer, tunnels: Tunnels
) -> Iterator[dict[str, str]]:
    """Run tunnels in a thread of their own, and yield the variables that lead clients there."""
    with folder_of_files() as folder, tunnels.in_thread():
        write_interception(folder, environment, _found(server.ca_file).read_bytes(), tunnels)
        yield interception_variables(folder, environment, port=tunnels.port, hosts=tunnels.hosts)


@asynccontextmanager
async def staying(
    https: Https, listening: Listening, say: Callable[[str], None]
) -> AsyncIterator[Interception]:
    """Run tunnels beside a server that stays, and yield where clients find them."""
    tunnels = tunnels_to(https, listening, say)
    with folder_of_files() as folder:
        await tunnels.start()
        try:
            ca_pem = _found(listening.ca_file).read_bytes()
            write_interception(folder, os.environ, ca_pem, tunnels)
            yield Interception(
                hosts=sorted(tunnels.hosts), proxy_port=tunnels.port, folder=str(folder)
            )
        finally:
            await tunnels.close()


def _found(part: T | None) -> T:
    if part is None:
        raise ServerError("the server has no TLS by a CA of its own")
    return part


def summary(tunnels: Tunnels, requests: int) -> Iterator[str]:
    """Yield what was intercepted and what was not, a line each."""
    noun = "request" if requests == 1 else "requests"
    through = f", by way of {_counted(tunnels.intercepted)}" if tunnels.intercepted else ""
    yield f"Intercepted: {requests} {noun}{through}"
    if tunnels.passed:
        yield f"Passed through: {_counted(tunnels.passed)}"
    if tunnels.refused:
        yield f"Refused by --offline: {_counted(tunnels.refused)}"


def why_silent(tunnels: Tunnels | None) -> str:
    """Return what most likely kept a command's requests from a server that got none."""
    if tunnels is None:
        return "does the command read FISKALY_BASE_URL?"
    if tunnels.untrusting:
        return "its clients do not trust the CA, as told above"
    if tunnels.intercepted:
        return "it connected, and asked nothing"
    return (
        "its clients went no way that is known:"
        " `fiskaly-mockserver doctor --intercept` tells which are caught"
    )


def _counted(hosts: Counter[str]) -> str:
    return ", ".join(f"{host} ({count})" for host, count in sorted(hosts.items()))
