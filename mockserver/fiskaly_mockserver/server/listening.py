"""From a service to a socket."""

import asyncio
import errno
import logging
from contextlib import suppress
from ipaddress import ip_address
from typing import NamedTuple

from aiohttp import http_exceptions, web

from fiskaly_mockserver.server.errors import CannotListen
from fiskaly_mockserver.web.apis import SIGN_DE
from fiskaly_mockserver.web.app import DISPATCHER, create_app
from fiskaly_mockserver.web.control.dispatch import Dispatcher
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.web.unrouted import guarded
from fiskaly_mockserver.world.names import CONTROL_PREFIX

SHUTDOWN_SECONDS = 0.25
"""Patience with open requests when the server stops; aiohttp may spend it twice."""


CLIENTS_FAULTS = (http_exceptions.HttpProcessingError, web.RequestPayloadError)
"""A head that is no HTTP, and a body that does not unpack after it was answered already."""


class Listening(NamedTuple):
    """A service that answers on a socket.

    `origin` is `http://host:port`, with a host that can be opened on this machine.
    """

    runner: web.AppRunner
    origin: str
    port: int
    base_path: str
    dispatcher: Dispatcher
    sign_de_path: str | None = None

    @property
    def base_url(self) -> str:
        """What a client takes as the API's address, without a slash at the end."""
        return self.origin + self.base_path

    @property
    def sign_de_url(self) -> str | None:
        """The address of SIGN DE in the same form; None where it is not served."""
        return None if self.sign_de_path is None else self.origin + self.sign_de_path

    @property
    def control_url(self) -> str:
        """The address of the control routes."""
        return self.origin + CONTROL_PREFIX

    async def close(self) -> None:
        """Stop answering, and wait a moment for requests under way."""
        connections = self.runner.server.connections if self.runner.server else []
        transports = [one.transport for one in connections if one.transport is not None]
        await self.runner.cleanup()
        for transport in transports:
            # A client that does not read its answer would keep the socket open for ever.
            transport.abort()
        await asyncio.sleep(0)


async def listen(service: Service, host: str, port: int) -> Listening:
    """Answer on `host` and `port`; port 0 picks a free one.

    Raises:
        CannotListen: The address is in use, not of this machine, or not allowed.
    """
    app = create_app(service)
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=_http_logger(),
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    await runner.setup()
    if runner.server is not None:
        runner.server.request_handler = guarded(runner.server.request_handler, service)
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise CannotListen(_explain(host, port, error)) from error
    return Listening(
        runner,
        f"http://{_to_open(host)}:{site.port}",
        site.port,
        service.contract.base_path,
        app[DISPATCHER],
        next((one.api.base_path for one in service.apis if one.api.name == SIGN_DE), None),
    )


def _to_open(host: str) -> str:
    """Return what a client of this machine puts in an address to reach a host listened on."""
    with suppress(ValueError):
        address = ip_address(host)
        if address.is_unspecified:
            host = "127.0.0.1" if address.version == 4 else "::1"  # noqa: PLR2004 - of IP
    return f"[{host}]" if ":" in host else host


def _explain(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use: choose another port, or 0 for a free one"
    return f"cannot listen on {host} port {port}: {error.strerror or error}"


def _http_logger() -> logging.Logger:
    """Return the logger for what goes wrong below the API, without tracebacks of clients.

    aiohttp answers a malformed head itself, and logs a traceback of it or of a malformed
    body that quotes it, tokens and all; the filter leaves one line that does not.
    """
    logger = logging.getLogger("fiskaly_mockserver.http")
    logger.addFilter(_without_client_tracebacks)
    return logger


def _without_client_tracebacks(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, CLIENTS_FAULTS):
        record.msg = "a client sent what is not HTTP: %s"
        record.args = (type(error).__name__,)
        record.exc_info = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True
