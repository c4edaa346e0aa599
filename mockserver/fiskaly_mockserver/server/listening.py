"""From a service to a socket: the application, the requests in flight, and what listens."""

import asyncio
import errno
import logging
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from shutil import rmtree
from threading import Lock, get_ident
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from aiohttp import http_exceptions, web

from fiskaly_mockserver.server.config import DEFAULT_HOST
from fiskaly_mockserver.server.errors import CannotListen, ServerError
from fiskaly_mockserver.server.tls import Tls
from fiskaly_mockserver.web.control.dispatch import Dispatcher, control_routes
from fiskaly_mockserver.web.dashboard import dashboard_routes
from fiskaly_mockserver.web.endpoint import MAX_BODY, routes_of
from fiskaly_mockserver.web.faults.apply import install_faults
from fiskaly_mockserver.web.responses import drop_server_header
from fiskaly_mockserver.web.routing import LateRoutes, guarded, unrouted_handler
from fiskaly_mockserver.web.service import SANDBOX_PREFIX, Service
from fiskaly_mockserver.world.names import (
    CONTROL_PREFIX,
    DASHBOARD_PREFIX,
    DASHBOARD_STREAM,
    SIGN_DE,
)

ANYTHING = r"/{rest:[\s\S]*}"
"""Every path that begins with a slash; it is looked at after all others."""
DISPATCHER: web.AppKey[Dispatcher] = web.AppKey("dispatcher", Dispatcher)


def create_app(service: Service) -> web.Application:
    """Return an application that serves the operations of each API, and the control routes."""
    app = web.Application(client_max_size=MAX_BODY)
    dispatcher = app[DISPATCHER] = Dispatcher(service)
    app.on_response_prepare.append(drop_server_header)
    install_faults(app)
    app.on_shutdown.append(_end_waits)
    first, *others = service.apis
    app.add_routes(routes_of(service, first))
    for resource in (
        *(
            LateRoutes(one.base_path, partial(routes_of, service, one), app.router)
            for one in others
        ),
        *(
            LateRoutes(
                SANDBOX_PREFIX + one.base_path,
                partial(routes_of, service, one, prefix=SANDBOX_PREFIX),
            )
            for one in service.apis
        ),
        LateRoutes(CONTROL_PREFIX, partial(control_routes, dispatcher, service.safety)),
    ):
        app.router.register_resource(resource)
    if service.dashboard:
        app.add_routes(dashboard_routes(service, dispatcher))
    app.router.add_route("*", ANYTHING, unrouted_handler(service))
    return app


async def _end_waits(app: web.Application) -> None:
    app[DISPATCHER].stopped.set()


Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
T = TypeVar("T")

SHORT = 0.05
"""Seconds that a request gets whose client has gone."""

_PERIOD: ContextVar[object] = ContextVar("fiskaly_mockserver_period", default=None)


class InFlight:
    """Counts requests that are being answered; one loop's thread works on it.

    Attributes:
        period: What whoever runs the server is in the middle of, as a test. Each request
            belongs to the period in which it began, however long it takes.
    """

    def __init__(self) -> None:
        self.period: object = None
        self._under_way: dict[asyncio.Task[object], web.BaseRequest] = {}
        self._beside = 0
        self._quiet: asyncio.Event | None = None
        self._halt = Lock()
        self._halted_by = 0  # a thread's ident

    @property
    def under_way(self) -> int:
        """How many requests are being answered; may be read in any thread."""
        return len(self._under_way)

    @property
    def present_period(self) -> object:
        """The period in which the request began that is being answered right now."""
        return _PERIOD.get()

    @property
    def is_halted_here(self) -> bool:
        """Whether this thread is in the middle of a block of `halted`."""
        return self._halted_by == get_ident()

    def counted(self, handler: Handler) -> Handler:
        """Return a request handler that counts along."""

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            task = asyncio.current_task()
            # A page's stream lasts as long as the page is open, and changes nothing
            if task is None or request.path == DASHBOARD_STREAM:
                return await self.uncounted(handler(request))
            _PERIOD.set(self.period)
            self._under_way[task] = request
            if self._halted_by:
                self._wait_for_go_ahead()
            try:
                return await handler(request)
            finally:
                del self._under_way[task]
                if self._quiet is not None and not self._under_way:
                    self._quiet.set()

        return handle

    async def uncounted(self, work: Awaitable[T]) -> T:
        """Do what looks at the worlds, too, but is not counted: nobody has to wait for it."""
        self._beside += 1
        if self._halted_by:
            self._wait_for_go_ahead()
        try:
            return await work
        finally:
            self._beside -= 1

    @contextmanager
    def halted(self) -> Iterator[bool]:
        """Let nothing begin while a block runs in another thread than the loop's.

        What takes some microseconds is spared the way to the loop's thread and back, which takes
        many times as long. The block must not wait for that thread.

        Yields:
            Whether nothing is under way: then the worlds are the block's alone.
        """
        with self._halt:
            self._halted_by = get_ident()
            try:
                # In this order: what begins now sees the halt, or was counted before it
                yield not self._under_way and not self._beside
            finally:
                self._halted_by = 0

    def _wait_for_go_ahead(self) -> None:
        with self._halt:
            pass

    async def settle(self, seconds: float) -> int:
        """Wait until nothing is under way, and break off what is after so many seconds.

        A request whose client has gone is not waited for as long: it may be held up by a
        fault for minutes, and nobody hears of its answer.

        Returns:
            How many requests were broken off: their clients see the connection close.
        """
        patience = min(seconds, SHORT)
        if await self._falls_quiet(patience):
            return 0
        if any(map(_is_heard, self._under_way.values())) and await self._falls_quiet(
            seconds - patience
        ):
            return 0
        late = tuple(self._under_way)
        for task in late:
            task.cancel()
        await asyncio.wait(late, timeout=seconds)
        return len(late)

    async def _falls_quiet(self, seconds: float) -> bool:
        if self._under_way and seconds > 0:
            self._quiet = asyncio.Event()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._quiet.wait(), seconds)
            self._quiet = None
        return not self._under_way


def _is_heard(request: web.BaseRequest) -> bool:
    """Tell whether the client still listens."""
    return request.transport is not None and not request.transport.is_closing()


SHUTDOWN_SECONDS = 0.25
"""Patience with open requests when the server stops; aiohttp may spend it twice."""


CLIENTS_FAULTS = (http_exceptions.HttpProcessingError, web.RequestPayloadError)
"""A head that is no HTTP, and a body that does not unpack after it was answered already."""


class Listening(NamedTuple):
    """A service that answers on a socket.

    `origin` is `http://host:port`, with a host that can be opened on this machine, or https;
    `tls_address` the host and port that speak TLS. The file of the CA that its clients have to
    trust is `ca_file`; `folder` is where that stands if it goes with the server.
    """

    runner: web.AppRunner
    origin: str
    port: int
    base_path: str
    dispatcher: Dispatcher
    sign_de_path: str | None = None
    tls_address: tuple[str, int] | None = None
    ca_file: Path | None = None
    folder: Path | None = None

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

    @property
    def dashboard_url(self) -> str:
        """The address of the pages, where they are served."""
        return self.origin + DASHBOARD_PREFIX

    async def close(self) -> None:
        """Stop answering, and wait a moment for requests under way."""
        connections = self.runner.server.connections if self.runner.server else []
        transports = [one.transport for one in connections if one.transport is not None]
        await self.runner.cleanup()
        for transport in transports:
            # A client that does not read its answer would keep the socket open for ever.
            transport.abort()
        if self.folder is not None:
            rmtree(self.folder, ignore_errors=True)
        await asyncio.sleep(0)


async def listen(service: Service, host: str, port: int, tls: Tls | None = None) -> Listening:
    """Answer on `host` and `port`; port 0 picks a free one.

    Raises:
        CannotListen: The address is in use, not of this machine, or not allowed.
        ServerError: The certificate of the CA cannot be written.
    """
    app = create_app(service)
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=http_logger(),
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    await runner.setup()
    if runner.server is not None:
        runner.server.request_handler = guarded(runner.server.request_handler, service)
    everywhere = tls is not None and tls.everywhere
    site = web.TCPSite(runner, host, port, ssl_context=tls.context if tls and everywhere else None)
    try:
        await site.start()
    except (OSError, UnicodeError) as error:
        await runner.cleanup()
        raise CannotListen(_explain(host, port, error)) from error
    listening = Listening(
        runner,
        f"{'https' if everywhere else 'http'}://{_to_open(host)}:{site.port}",
        site.port,
        service.contract.base_path,
        app[DISPATCHER],
        next((one.base_path for one in service.apis if one.name == SIGN_DE), None),
    )
    try:
        return listening if tls is None else await with_tls(listening, tls)
    except ServerError:
        await runner.cleanup()
        raise


async def with_tls(listening: Listening, tls: Tls) -> Listening:
    """Return a service that answers on a TLS port as well, if its own is none.

    Raises:
        ServerError: The certificate of the CA cannot be written, or no port is free.
    """
    host, port = urlsplit(listening.origin).hostname or DEFAULT_HOST, listening.port
    if not tls.everywhere:
        site = web.TCPSite(listening.runner, DEFAULT_HOST, 0, ssl_context=tls.context)
        try:
            await site.start()
        except OSError as error:
            raise CannotListen(_explain(DEFAULT_HOST, 0, error)) from error
        host, port = DEFAULT_HOST, site.port
    ca_file, folder = _written(tls)
    return listening._replace(tls_address=(host, port), ca_file=ca_file, folder=folder)


def _written(tls: Tls) -> tuple[Path | None, Path | None]:
    """Write the certificate of a server's own CA; return its file, and its folder if that is ours.

    It happens when the port is open: a start that fails takes nothing from the server that
    has the port.

    Raises:
        ServerError: It cannot be written.
    """
    if tls.ca_pem is None:
        return None, None
    folder = None if tls.ca_file else Path(tempfile.mkdtemp(prefix="fiskaly-mockserver-"))
    file = tls.ca_file or (folder or Path()) / "ca.pem"
    try:
        file.write_bytes(tls.ca_pem)
    except OSError as error:
        raise ServerError(f"ca_file {str(file)!r} cannot be written: {error.strerror}") from error
    return file.absolute(), folder


def _to_open(host: str) -> str:
    """Return what a client of this machine puts in an address to reach a host listened on."""
    with suppress(ValueError):
        address = ip_address(host)
        if address.is_unspecified:
            host = "127.0.0.1" if address.version == 4 else "::1"  # noqa: PLR2004 - of IP
    return f"[{host}]" if ":" in host else host


def _explain(host: str, port: int, error: OSError | UnicodeError) -> str:
    if isinstance(error, UnicodeError):
        return f"cannot listen on {host} port {port}: no host has such a name"
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use: choose another port, or 0 for a free one"
    return f"cannot listen on {host} port {port}: {error.strerror or error}"


def http_logger() -> logging.Logger:
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
