"""A proxy on loopback that leads some https hosts to a server of this machine.

Clients reach it by `CONNECT`; other hosts pass through untouched. Bytes inside a tunnel are
not looked at, but for whether the client went through with the TLS handshake.
"""

import asyncio
import re
import ssl
import threading
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from typing import Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import (  # type: ignore[attr-defined]
    getproxies_environment,
    proxy_bypass_environment,
)

from fiskaly_mockserver.proxy.environment import ClientHandshake, untrusting
from fiskaly_mockserver.server.config import DEFAULT_HOST
from fiskaly_mockserver.web.safety import is_loopback
from fiskaly_mockserver.world.names import shown

HTTPS_PORT: Final = 443
HEAD_SECONDS: Final = 30.0
"""Patience with a client that has connected and says nothing."""
BACKLOG: Final = 1024
CHUNK: Final = 65_536
TLS_HELLO: Final = b"\x16"

_REQUEST = re.compile(rb"([!-~]+) ([!-~]+) HTTP/1\.[01]")
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+):([0-9]{1,5})", re.IGNORECASE)
_HOP_BY_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization"}

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class NoTunnel(Exception):
    """A request that is not led anywhere: the status it is answered with, and why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class CannotChain(ValueError):
    """A proxy of the environment is none that other hosts can be reached by."""


class Head(NamedTuple):
    """The beginning of a request: its method, target and header lines."""

    method: str
    target: str
    lines: list[bytes]

    def value(self, name: str) -> str:
        """Return the value of a header, `""` if there is none."""
        for line in self.lines:
            found, _, value = line.partition(b":")
            if found.strip().lower().decode("latin-1") == name:
                return value.strip().decode("latin-1")
        return ""


class Upstream:
    """The proxies that an environment names for hosts which are not intercepted."""

    def __init__(self, proxies: Mapping[str, str]) -> None:
        """Take proxies as `urllib.request.getproxies_environment` returns them.

        Raises:
            CannotChain: One speaks another protocol than HTTP.
        """
        self._proxies = dict(proxies)
        self._of = {scheme: self._parsed(scheme) for scheme in ("http", "https")}

    def _parsed(self, scheme: str) -> SplitResult | None:
        name = scheme if scheme in self._proxies else "all"
        url = self._proxies.get(name)
        if not url:
            return None
        with suppress(ValueError):
            parts = urlsplit(url if "://" in url else f"http://{url}")
            if parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0:
                return parts
        raise CannotChain(f"{name.upper()}_PROXY names no HTTP proxy, so that it cannot be chained")

    def of(self, scheme: str, host: str) -> SplitResult | None:
        """Return the proxy for a host; nothing where it is reached without."""
        if proxy_bypass_environment(host, self._proxies):
            return None
        return self._of[scheme]


class Tunnels:
    """The proxy. Everything but `counted` belongs to the loop that `start` runs in.

    Args:
        tls_address: Where their TLS ends.
        trust: What TLS clients of this process trust, for the few clients that hand a proxy
            the https request itself.
        upstream: How other hosts are reached.
        say: Takes a line for whoever runs this.

    Attributes:
        hosts: The hosts that are intercepted, in lower case.
        offline: Whether all other hosts but this machine are refused.
        port: Where clients of a proxy connect.
        named_ports: Where those connect that are led here without a proxy: by their name, and
            by host.
        intercepted: How many connections there were to each intercepted host.
        passed: How many to each other host.
        refused: How many were refused, by host.
        untrusting: How many broke off the TLS handshake.
    """

    def __init__(
        self,
        hosts: frozenset[str],
        tls_address: tuple[str, int],
        *,
        trust: ssl.SSLContext,
        offline: bool,
        upstream: Upstream,
        say: Callable[[str], None],
    ) -> None:
        self.hosts = hosts
        self._tls_address = tls_address
        self._trust = trust
        self.offline = offline
        self._upstream = upstream
        self._say = say
        self._servers: list[asyncio.Server] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self.port = 0
        self.named_ports: dict[str, dict[str, int]] = {"python": {}, "node": {}}
        self.intercepted: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.untrusting = 0

    async def start(self) -> None:
        """Listen on free ports of loopback."""
        self.port = await self._listen(self._answer)
        for name, ports in self.named_ports.items():
            for host in sorted(self.hosts):
                ports[host] = await self._listen(partial(self._intercept_named, name, host))

    async def close(self) -> None:
        """Stop listening, and break off what is under way."""
        for server in self._servers:
            server.close()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    @contextmanager
    def in_thread(self) -> Iterator[None]:
        """Run in a thread of its own."""
        started: Future[asyncio.AbstractEventLoop] = Future()

        def run() -> None:
            with asyncio.Runner() as runner:
                try:
                    runner.run(self.start())
                except BaseException as error:  # noqa: BLE001 - it belongs to the caller's thread
                    started.set_exception(error)
                    return
                started.set_result(runner.get_loop())
                runner.get_loop().run_forever()
                runner.run(self.close())

        thread = threading.Thread(target=run, name="fiskaly-mockserver-proxy", daemon=True)
        thread.start()
        loop = started.result()
        try:
            yield
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    async def _listen(
        self,
        answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]],
    ) -> int:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await answer(reader, writer)
            except (OSError, NoTunnel, asyncio.IncompleteReadError):
                pass  # the client has gone, or the server
            finally:
                writer.close()

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            # A task of our own: asyncio logs those of its own that are broken off at the end.
            task = asyncio.get_running_loop().create_task(handle(reader, writer))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

        server = await asyncio.start_server(begin, DEFAULT_HOST, 0, backlog=BACKLOG)
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await _read_head(reader)
            if head.method == "CONNECT":
                await self._connect(head, (reader, writer))
            else:
                await self._forward(head, (reader, writer))
        except NoTunnel as no:
            self._say(f"proxy: {no}")
            reason = f"fiskaly-mockserver: {no}\n".encode()
            writer.write(
                b"HTTP/1.1 %d Refused\r\nContent-Type: text/plain; charset=utf-8\r\n"
                b"Content-Length: %d\r\nConnection: close\r\n\r\n%b"
                % (no.status, len(reason), reason)
            )
            await writer.drain()
        except TimeoutError:
            pass

    async def _connect(self, head: Head, client: Stream) -> None:
        found = _AUTHORITY.fullmatch(head.target)
        port = int(found[2]) if found else 0
        if found is None or not 0 < port < CHUNK:
            raise NoTunnel(400, f"CONNECT {shown(head.target)} names no host and port")
        host = found[1].strip("[]").lower().rstrip(".")
        if host in self.hosts:
            if port != HTTPS_PORT:
                raise NoTunnel(403, f"{host} is intercepted at port {HTTPS_PORT}, not {port}")
            self.intercepted[host] += 1
            await self._intercept(client, head.value("user-agent"), established=True)
            return
        self._demand_allowed(host)
        proxy = self._upstream.of("https", host)
        if proxy is None:
            other = await _open(host, port)
            client[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            other = await _open_proxy(proxy)
            other[1].write(_rewritten(head, head.target, proxy))
        await _join(client, other)

    async def _forward(self, head: Head, client: Stream) -> None:
        """Hand on a request that names its whole address, or its host in a header."""
        url = head.target
        if url.startswith("/"):
            url = f"http://{head.value('host')}{url}"
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError:
            host, port, parts = "", None, urlsplit("")
        if not host or parts.scheme not in {"http", "https"}:
            raise NoTunnel(400, f"a {head.method} names no http or https host")
        if (is_loopback(host) and port == self.port) or (
            host in self.hosts and (parts.scheme, port or HTTPS_PORT) != ("https", HTTPS_PORT)
        ):
            raise NoTunnel(403, f"{parts.scheme} of {host} is not intercepted: https is")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if host in self.hosts:
            self.intercepted[host] += 1
            address, trust = self._tls_address, self._trust
            other = await _open(*address, trust, host)
            other[1].write(_rewritten(head, target))
            await _join(client, other)
            return
        self._demand_allowed(host)
        proxy = self._upstream.of(parts.scheme, host)
        if proxy is not None:
            other = await _open_proxy(proxy)
            other[1].write(_rewritten(head, url, proxy))
        elif parts.scheme == "http":
            other = await _open(host, port or 80)
            other[1].write(_rewritten(head, target))
        else:
            other = await _open(host, port or HTTPS_PORT, ssl.create_default_context(), host)
            other[1].write(_rewritten(head, target))
        await _join(client, other)

    def _demand_allowed(self, host: str) -> None:
        """Count a host that is not intercepted.

        Raises:
            NoTunnel: It is refused.
        """
        if self.offline and not is_loopback(f"[{host}]" if ":" in host else host):
            self.refused[host] += 1
            raise NoTunnel(403, f"{host} is refused: --offline lets nothing out")
        self.passed[host] += 1

    async def _intercept_named(
        self, name: str, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.intercepted[host] += 1
        await self._intercept((reader, writer), name, established=False)

    async def _intercept(self, client: Stream, name: str, *, established: bool) -> None:
        """Lead a client to the TLS listener, and notice if it does not trust what it finds."""
        server = await _open(*self._tls_address)
        if established:
            client[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        handshake = ClientHandshake()
        await _join(client, server, handshake.see)
        if handshake.broken_off:
            self.untrusting += 1
            self._say(untrusting(name))


def proxies_of_environment() -> Upstream:
    """Return the proxies that this process is to use.

    Raises:
        CannotChain: One speaks another protocol than HTTP.
    """
    return Upstream(getproxies_environment())


async def _read_head(reader: asyncio.StreamReader) -> Head:
    first = await reader.readexactly(1)
    if first == TLS_HELLO:
        raise NoTunnel(400, "a client speaks TLS to it: its address begins with http://")
    try:
        lines = (first + await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    except asyncio.LimitOverrunError as error:
        raise NoTunnel(431, "the head of a request is longer than 64 kB") from error
    except asyncio.IncompleteReadError as error:
        raise NoTunnel(400, "a client sent what is no request") from error
    found = _REQUEST.fullmatch(lines[0])
    if found is None:
        raise NoTunnel(400, "a client sent what is no request")
    return Head(found[1].decode(), found[2].decode(), [line for line in lines[1:] if line])


def _rewritten(head: Head, target: str, proxy: SplitResult | None = None) -> bytes:
    """Return a head as the next one is to get it: one request a connection."""
    kept = [line for line in head.lines if line.partition(b":")[0].lower() not in _HOP_BY_HOP]
    if proxy is not None and proxy.username:
        pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        kept.append(b"Proxy-Authorization: Basic " + b64encode(pair.encode()))
    if head.method != "CONNECT":
        upgrades = "upgrade" in head.value("connection").lower()
        kept.append(b"Connection: " + (b"Upgrade" if upgrades else b"close"))
    return b"\r\n".join([f"{head.method} {target} HTTP/1.1".encode(), *kept, b"", b""])


async def _open(
    host: str, port: int, context: ssl.SSLContext | None = None, name: str | None = None
) -> Stream:
    try:
        return await asyncio.open_connection(host, port, ssl=context, server_hostname=name)
    except (OSError, UnicodeError) as error:
        raise NoTunnel(502, f"{host} port {port} cannot be reached: {error}") from error


async def _open_proxy(proxy: SplitResult) -> Stream:
    secure = proxy.scheme == "https"
    context = ssl.create_default_context() if secure else None
    return await _open(proxy.hostname or "", proxy.port or (HTTPS_PORT if secure else 80), context)


async def _join(one: Stream, other: Stream, see: Callable[[bytes], None] | None = None) -> None:
    """Hand on what each sends, until both have ended; `see` is shown what `one` sends."""
    try:
        await asyncio.gather(_pump(one[0], other[1], see), _pump(other[0], one[1], None))
    finally:
        other[1].close()


async def _pump(
    source: asyncio.StreamReader,
    sink: asyncio.StreamWriter,
    see: Callable[[bytes], None] | None,
) -> None:
    try:
        while data := await source.read(CHUNK):
            if see is not None:
                see(data)
            sink.write(data)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()
    except OSError:
        sink.close()  # the other direction ends with it
