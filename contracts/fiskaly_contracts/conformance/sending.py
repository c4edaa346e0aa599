"""Requests over HTTP and HTTPS by the standard library, and which addresses may be given."""

import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final, Protocol
from urllib.parse import urlsplit

from fiskaly_contracts.conformance.exchanges import HttpExchange, Pairs

PATIENCE: Final = 60.0
"""Seconds for one answer; the vendor asks for 30 and more where a TSS is deployed."""
LARGEST_ANSWER: Final = 64 * 1024 * 1024


class UnreachableError(Exception):
    """Nobody answers at the address, or not in time; the text says why."""


class Sender(Protocol):
    """Sends one request and returns the exchange."""

    def __call__(self, method: str, url: str, headers: Pairs, body: bytes, /) -> HttpExchange:
        """Send; raise `UnreachableError` where no answer comes."""


def demand_address(url: str) -> None:
    """Demand an address of scheme, host and path alone.

    Raises:
        ValueError: It is none; the text says so without repeating what may be a password.

    >>> demand_address("http://127.0.0.1:8722/api/v0")
    """
    parts = None
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if parts is None or not good or not url.isascii() or not url.isprintable() or " " in url:
        shown = repr(url) if "@" not in url else "that"
        raise ValueError(f"{shown:.80} is no http:// or https:// address")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("an address should be scheme, host and path alone")


class HttpSender:
    """Sends over HTTP or HTTPS by a connection that is kept; redirects are not followed.

    Args:
        ca_file: Certificates to trust beside the system's; None for those alone.
    """

    def __init__(self, ca_file: str | None = None, timeout: float = PATIENCE) -> None:
        """Open no connection yet.

        Raises:
            OSError: The file of certificates cannot be read, or holds none.
        """
        self._timeout = timeout
        self._context: ssl.SSLContext | None = None
        if ca_file is not None:
            self._context = ssl.create_default_context()
            self._context.load_verify_locations(ca_file)
        self._open: dict[tuple[str, str], HTTPConnection] = {}

    def __call__(self, method: str, url: str, headers: Pairs, body: bytes) -> HttpExchange:
        """Send a request; one that finds its kept connection closed is sent once more."""
        scheme, host, path, query, _ = urlsplit(url)
        target = f"{path or '/'}{'?' + query if query else ''}"
        key = scheme, host
        kept = key in self._open
        try:
            return self._send(key, method, target, (url, headers, body))
        except (HTTPException, OSError) as error:
            self._forget(key)
            if not kept or isinstance(error, TimeoutError):
                raise UnreachableError(f"{host}: {_reason(error)}") from error
        try:
            return self._send(key, method, target, (url, headers, body))
        except (HTTPException, OSError) as error:
            self._forget(key)
            raise UnreachableError(f"{host}: {_reason(error)}") from error

    def close(self) -> None:
        """Close what is open."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def _forget(self, key: tuple[str, str]) -> None:
        connection = self._open.pop(key, None)
        if connection is not None:
            connection.close()

    def _send(
        self, key: tuple[str, str], method: str, target: str, sent: tuple[str, Pairs, bytes]
    ) -> HttpExchange:
        url, headers, body = sent
        if key not in self._open:
            self._open[key] = self._connection(*key)
        connection = self._open[key]
        connection.request(method, target, body or None, dict(headers))
        answer = connection.getresponse()
        read = answer.read(LARGEST_ANSWER)
        if answer.will_close or not answer.isclosed():
            self._forget(key)
        return HttpExchange(
            method, url, headers, body, answer.status, tuple(answer.getheaders()), read
        )

    def _connection(self, scheme: str, host: str) -> HTTPConnection:
        if scheme != "https":
            return HTTPConnection(host, timeout=self._timeout)
        if self._context is None:
            self._context = ssl.create_default_context()
        return HTTPSConnection(host, timeout=self._timeout, context=self._context)


def _reason(error: BaseException) -> str:
    """Say in words why no answer came."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error}"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
