"""The validating proxy: forwards everything, and judges what came by.

Bodies are streamed both ways and kept beside for the judgment, which comes after the answer. No
header is hidden or added but those of the connection itself.
"""

import asyncio
import re
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import UTC, datetime
from threading import Thread
from types import TracebackType
from typing import Final, Self

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientResponseError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
    web,
)
from fiskaly_contracts import Contract
from fiskaly_contracts.checker import Judge
from fiskaly_contracts.conformance.checks import ExchangeCheck
from fiskaly_contracts.conformance.exchanges import HttpExchange, Pairs, header, noted
from fiskaly_contracts.conformance.findings import Findings
from fiskaly_contracts.violations import Severity
from yarl import URL

from fiskaly_mockserver.server.listening import http_logger

KEPT_AT_MOST: Final = 8 * 1024 * 1024
"""Bytes of a body that are kept for the judgment; a longer one is forwarded and not judged."""
ANYTHING: Final = r"/{rest:[\s\S]*}"
STOPPING: Final = 2.0
"""Seconds that requests under way get when the proxy stops."""
_TOO_LONG: Final = f"more than {KEPT_AT_MOST} bytes"
_OF_THE_CONNECTION: Final = frozenset(
    {
        "connection",
        "expect",  # it was told to go on already, and an upstream may not know how to
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_WINDOWS: Final = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
"""What zlib calls the codings."""
_ORIGIN = re.compile(r"\Ahttps?://[^/?]*", re.IGNORECASE)
_SENT: Final = web.ResponseKey("names_sent", tuple[str, ...])
"""The names of the headers that the upstream has sent."""
_ADDED: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""What aiohttp would add to a request."""


class Upstream:
    """Where requests go: by their path, so that two hosts may stand behind one address.

    Args:
        management: An address, with or without `/api/v0`.
        sign_de: That of SIGN DE, with or without `/api/v2`; None for the same host.
    """

    def __init__(self, management: str, sign_de: str | None = None) -> None:
        """Leave the base paths out: they come with each request."""
        self.management = management.rstrip("/").removesuffix("/api/v0")
        self.sign_de = (sign_de or self.management).rstrip("/").removesuffix("/api/v2")

    def url(self, raw_path: str) -> str:
        """Return the address for a path as it was sent, with its query.

        A client that takes us for its HTTP proxy sends a whole address.
        """
        target = "/" + _ORIGIN.sub("", raw_path).removeprefix("/")
        path = target.partition("?")[0]
        origin = self.sign_de if "/api/v2" in path else self.management
        return origin + target


class ValidatingProxy:
    """Runs the proxy in a thread of its own: a context manager.

    Args:
        upstream: Where requests go.
        host: The address to listen on.
        port: The port; 0 picks a free one.
        judge: Who decides whether a message keeps the contract.
        block: Whether a request that breaks the contract is refused instead of forwarded.
        on_exchange: Is handed each exchange, in the proxy's thread.

    Attributes:
        check: Counts what came by.
        findings: What was wrong.
        unanswered: How often the upstream did not answer, or not to the end, by the reason.
        port: The port that is listened on, once it runs.
    """

    def __init__(
        self,
        upstream: Upstream,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        judge: Judge = "jsonschema-rs",
        block: bool = False,
        on_exchange: Callable[[HttpExchange], None] | None = None,
    ) -> None:
        """Listen to nothing yet."""
        self.check = ExchangeCheck(Contract.bundled(), Contract.sign_de(), judge=judge)
        self.findings = Findings()
        self.unanswered: dict[str, int] = {}
        self.port = port
        self.upstream = upstream
        self._host = host
        self._block = block
        self._on_exchange = on_exchange
        self._session: ClientSession | None = None
        self._loop = asyncio.new_event_loop()
        self._stop: asyncio.Event | None = None
        self._thread = Thread(target=self._run, name="validating proxy", daemon=True)
        self._started: Future[int] = Future()

    @property
    def origin(self) -> str:
        """What clients take in place of the upstream's address."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    def __enter__(self) -> Self:
        """Listen.

        Raises:
            OSError: The address cannot be listened on.
            UnicodeError: It is no name of a host.
        """
        self._thread.start()
        self.port = self._started.result()
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        """Finish what is under way, and stop."""
        if self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._serve())
            except Exception as error:  # noqa: BLE001 - it belongs to who waits for the start
                self._started.set_exception(error)

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        async with AsyncExitStack() as stack:
            self._session = await stack.enter_async_context(
                ClientSession(
                    auto_decompress=False,
                    connector=TCPConnector(limit=0),
                    cookie_jar=DummyCookieJar(),
                    skip_auto_headers=_ADDED,
                    timeout=ClientTimeout(total=None),
                )
            )
            app = web.Application()
            app.on_response_prepare.append(_only_what_was_sent)
            app.router.add_route("*", ANYTHING, self._handle)
            runner = web.AppRunner(
                app,
                access_log=None,
                auto_decompress=False,
                logger=http_logger(),
                shutdown_timeout=STOPPING,
            )
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, self._host, self.port)
            await site.start()
            self._started.set_result(site.port)
            await self._stop.wait()

    # ------------------------------------------------------------------ one exchange

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        began, clock = datetime.now(UTC), time.perf_counter()
        url = self.upstream.url(request.raw_path)
        sent, got = _Kept(), _Kept()
        headers = _pairs(request.raw_headers)
        exchange = HttpExchange(
            request.method, url, headers, started=began.isoformat(timespec="milliseconds")
        )
        begun: list[bytes] = []
        if self._block:
            begun = await sent.read(request)
            refused = self._refusal(_with_bodies(exchange, sent, got))
            if refused is not None:
                return refused
        answer: web.StreamResponse | None = None
        try:
            body = sent.teed(request, begun) if request.body_exists else None
            async with self._forwarded(request, url, body) as response:
                exchange = exchange._replace(
                    status=response.status, response_headers=_pairs(response.raw_headers)
                )
                answer = await _begun(request, exchange, response.reason or "")
                async for chunk in response.content.iter_any():
                    got.add(chunk)
                    await answer.write(chunk)
            await answer.write_eof()
        except (ClientError, OSError) as error:
            if request.transport is None or request.transport.is_closing():
                return answer or web.Response()  # the client has gone: nobody reads it
            if answer is None:
                return self._unanswered(_reason(error))
            self._count("its answer broke off")
            request.transport.close()  # the client sees it break off, too
            return answer
        except asyncio.CancelledError:
            self._count("no answer came until the end")
            raise
        took = round((time.perf_counter() - clock) * 1000, 3)
        self._judge(_with_bodies(exchange._replace(took=took), sent, got))
        return answer

    def _forwarded(
        self, request: web.Request, url: str, body: AsyncIterator[bytes] | None
    ) -> AbstractAsyncContextManager[ClientResponse]:
        if self._session is None:
            raise RuntimeError("the proxy does not run")
        kept = [
            (name, value)
            for name, value in _pairs(request.raw_headers)
            if name.lower() not in _OF_THE_CONNECTION and name.lower() != "host"
        ]
        return self._session.request(
            request.method,
            URL(url, encoded=True),
            data=body,
            headers=kept,
            allow_redirects=False,
        )

    def _judge(self, exchange: HttpExchange) -> None:
        found = self.check.findings(exchange, f"at {exchange.started}")
        self.findings.add(*found)
        if self._on_exchange is not None:
            self._on_exchange(exchange)

    def _refusal(self, exchange: HttpExchange) -> web.Response | None:
        """Return the refusal of a request that breaks the contract, in the API's own shape."""
        found = self.check.of_request(exchange, f"at {exchange.started}")
        errors = [one for one in found if one.severity is Severity.ERROR]
        if not errors:
            return None
        self.check.findings(exchange)  # counts it
        self.findings.add(*errors)
        message = ", ".join(one.message for one in errors)
        said = {
            "status_code": 400,
            "error": "Bad Request",
            "code": "E_FAILED_SCHEMA_VALIDATION",
            "message": f"not forwarded: {message}",
        }
        return web.json_response(said, status=400)

    def _unanswered(self, reason: str) -> web.Response:
        self._count(reason)
        said = {
            "status_code": 502,
            "error": "Bad Gateway",
            "message": f"the upstream does not answer: {reason}",
        }
        return web.json_response(said, status=502)

    def _count(self, reason: str) -> None:
        self.unanswered[reason] = self.unanswered.get(reason, 0) + 1


class _Kept:
    """A body that is forwarded and kept, as far as it is not too long.

    Attributes:
        too_long: Whether it is not kept.
    """

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._length = 0
        self.too_long = False

    def add(self, chunk: bytes) -> None:
        self._length += len(chunk)
        self.too_long = self._length > KEPT_AT_MOST
        if self.too_long:
            self._chunks.clear()
        else:
            self._chunks.append(chunk)

    @property
    def body(self) -> bytes:
        return b"".join(self._chunks)

    async def read(self, request: web.Request) -> list[bytes]:
        """Keep a request's body before it is forwarded; return as much as was read of it."""
        read: list[bytes] = []
        async for chunk in request.content.iter_any():
            self.add(chunk)
            read.append(chunk)
            if self.too_long:
                break
        return read

    async def teed(self, request: web.Request, begun: list[bytes]) -> AsyncIterator[bytes]:
        """Yield what was read of a request's body, and keep the rest as it is forwarded."""
        while begun:
            yield begun.pop(0)
        async for chunk in request.content.iter_any():
            self.add(chunk)
            yield chunk


def _reason(error: Exception) -> str:
    """Say why no answer came, without the address, of which a query may hold a secret."""
    if isinstance(error, ClientResponseError):
        return "what it sends is no HTTP"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _pairs(raw: Iterable[tuple[bytes, bytes]]) -> Pairs:
    """Return headers spelled as they came, which aiohttp's own names would change."""
    return tuple(
        (name.decode("latin-1"), value.decode("utf-8", "surrogateescape")) for name, value in raw
    )


async def _begun(request: web.Request, exchange: HttpExchange, reason: str) -> web.StreamResponse:
    answer = web.StreamResponse(status=exchange.status, reason=reason)
    for name, value in exchange.response_headers:
        if name.lower() not in _OF_THE_CONNECTION:
            answer.headers.add(name, value)
    answer[_SENT] = tuple(name.lower() for name, _ in exchange.response_headers)
    await answer.prepare(request)
    return answer


async def _only_what_was_sent(_: web.BaseRequest, response: web.StreamResponse) -> None:
    """Take away what aiohttp adds, but for what the connection needs."""
    names = response.get(_SENT)
    if names is None:
        return
    for name in [*response.headers]:
        if name.lower() not in names and name.lower() not in _OF_THE_CONNECTION:
            del response.headers[name]


def _with_bodies(exchange: HttpExchange, sent: _Kept, got: _Kept) -> HttpExchange:
    request, request_note = _unpacked(exchange.request_headers, sent)
    answer, answer_note = _unpacked(exchange.response_headers, got)
    note = noted(request_note, answer_note)
    return exchange._replace(request_body=request, response_body=answer, note=note)


def _unpacked(headers: Pairs, kept: _Kept) -> tuple[bytes, str]:
    """Return a body without its content coding, or why it cannot be read."""
    if kept.too_long:
        return b"", _TOO_LONG
    coding, body = header(headers, "content-encoding").lower(), kept.body
    if coding in {"", "identity"} or not body:
        return body, ""
    if coding not in _WINDOWS:
        return b"", f"packed as {coding:.20}"
    plain, unreadable = b"", f"its {coding} cannot be unpacked"
    while body:  # gzip may have several parts
        unpacking = zlib.decompressobj(_WINDOWS[coding])
        try:
            plain += unpacking.decompress(body, KEPT_AT_MOST + 1 - len(plain))
        except zlib.error:
            return b"", unreadable
        too_long = len(plain) > KEPT_AT_MOST
        if too_long or not unpacking.eof:
            return b"", _TOO_LONG if too_long else unreadable
        body = unpacking.unused_data
    return plain, ""
