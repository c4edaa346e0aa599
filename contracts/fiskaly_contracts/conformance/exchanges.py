"""Whole exchanges as plain data: which operation of which contract they called, and sending one."""

import re
import ssl
from collections.abc import Iterable, Mapping
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    IncompleteRead,
    InvalidURL,
)
from typing import Final, NamedTuple, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from fiskaly_contracts.document import Contract, Operation
from fiskaly_contracts.exchange import RequestData, ResponseData

Pairs = tuple[tuple[str, str], ...]
PATIENCE: Final = 60.0
"""Seconds for one answer; the vendor asks for 30 and more where a TSS is deployed."""
LARGEST_ANSWER: Final = 64 * 1024 * 1024
_BEFORE_THE_ANSWER: Final = range(102, 200)
"""Informational statuses but 100 and 101, which ends HTTP."""


class HttpExchange(NamedTuple):
    """A request and its answer, whoever recorded them.

    Attributes:
        method: Upper case.
        url: Absolute, or from the path on.
        status: 0 where no answer came.
        note: Why bodies cannot be judged, as `noted` writes it; "" where both can.
        started: When it began, as ISO 8601; "" where that is unknown.
        took: Milliseconds.
    """

    method: str
    url: str
    request_headers: Pairs = ()
    request_body: bytes = b""
    status: int = 0
    response_headers: Pairs = ()
    response_body: bytes = b""
    note: str = ""
    started: str = ""
    took: float = 0

    @property
    def path(self) -> str:
        """The path as it was sent, percent-encoded."""
        return urlsplit(self.url).path

    @property
    def query(self) -> Pairs:
        """The pairs of the query, percent-decoded."""
        text = urlsplit(self.url).query.removeprefix("?")  # a stray one is tolerated
        return tuple(parse_qsl(text, keep_blank_values=True, errors="replace"))

    @property
    def is_preflight(self) -> bool:
        """Whether a browser asks whether a page may send what follows: no client wrote that."""
        asked = header(self.request_headers, "access-control-request-method")
        return self.method == "OPTIONS" and bool(asked)

    def why_not(self, side: str) -> str:
        """Return why the body of a side, request or answer, cannot be judged; "" if it can."""
        return next((one for one in self.note.split("; ") if one.startswith(f"{side}: ")), "")


def noted(request: str, answer: str) -> str:
    """Return the note of an exchange of whose bodies one or both cannot be judged.

    >>> noted("", "too long"), noted("it has none", "too long")
    ('answer: too long', 'request: it has none; answer: too long')
    """
    sides = {"request": request, "answer": answer}
    return "; ".join(f"{side}: {why}" for side, why in sides.items() if why)


class Called(NamedTuple):
    """An operation that an exchange called, with what stood in the path.

    Attributes:
        contract: The contract that has the operation.
        operation: None where the contract has no such path, or not with this method.
        path_parameters: Percent-decoded.
        allowed: The methods that the path has, where only the method is wrong.
    """

    contract: Contract
    operation: Operation | None
    path_parameters: Mapping[str, str] = {}
    allowed: tuple[str, ...] = ()


class Routes:
    """Finds operations by method and path, in several contracts at once."""

    def __init__(self, *contracts: Contract) -> None:
        """Take the contracts; their base paths tell them apart."""
        self.contracts = contracts
        self._patterns = [
            (contract, operation, _pattern(contract, operation))
            for contract in contracts
            for operation in sorted(contract.operations.values(), key=_literal_first)
        ]

    def find(self, method: str, path: str) -> Called | None:
        """Return what was called; None where the path is below no contract's base path.

        What stands before the base path, as a sandbox or a proxy's prefix, is left aside.
        """
        allowed: list[str] = []
        known: Contract | None = None
        for contract, operation, pattern in self._patterns:
            match = pattern.fullmatch(path)
            if match is None:
                continue
            if operation.method == method:
                values = {name: unquote(value) for name, value in match.groupdict().items()}
                return Called(contract, operation, values)
            known = contract
            allowed.append(operation.method)
        if known is not None:
            return Called(known, None, allowed=tuple(allowed))
        for contract in self.contracts:
            if contract.base_path and f"{contract.base_path}/" in f"{path}/":
                return Called(contract, None)
        return None


def request_data(exchange: HttpExchange, called: Called) -> RequestData:
    """Return the request as a `Checker` takes it; the operation must be known."""
    return RequestData(
        operation_id=_operation_id(called),
        path_parameters=called.path_parameters,
        query=exchange.query,
        content_type=header(exchange.request_headers, "content-type"),
        body=exchange.request_body,
        headers=_mapping(exchange.request_headers),
    )


def response_data(exchange: HttpExchange, called: Called) -> ResponseData:
    """Return the answer as a `Checker` takes it; the operation must be known."""
    return ResponseData(
        operation_id=_operation_id(called),
        status=exchange.status,
        content_type=header(exchange.response_headers, "content-type"),
        body=exchange.response_body,
        headers=_mapping(exchange.response_headers),
    )


def header(pairs: Iterable[tuple[str, str]], wanted: str) -> str:
    """Return the first header of a name in lower case; "" where there is none.

    >>> header([("Content-Type", "text/html")], "content-type")
    'text/html'
    """
    return next((value for name, value in pairs if name.lower() == wanted), "")


def _operation_id(called: Called) -> str:
    return called.operation.operation_id if called.operation else ""


def _mapping(pairs: Pairs) -> dict[str, str]:
    return dict(reversed(pairs))  # of a name that comes twice the first counts


def _literal_first(operation: Operation) -> int:
    return operation.path.count("{")


def _pattern(contract: Contract, operation: Operation) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", operation.path)
    path = "".join(
        f"(?P<{part}>[^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts)
    )
    return re.compile(f".*?{re.escape(contract.base_path)}{path}")


class UnreachableError(Exception):
    """Nobody answers at the address, or not in time; the text says why."""


class CannotSendError(ValueError):
    """A header or an address holds what HTTP cannot carry; the text repeats nothing of it."""

    def __init__(self) -> None:
        super().__init__("its address or a header holds characters that cannot be sent")


class Sender(Protocol):
    """Sends one request and returns the exchange."""

    def __call__(self, method: str, url: str, headers: Pairs, body: bytes, /) -> HttpExchange:
        """Send.

        Raises:
            UnreachableError: No answer comes.
            CannotSendError: There can be none.
        """


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


class _FinalAnswer(HTTPResponse):
    """An answer, whatever was told before it, as 103 Early Hints."""

    def begin(self) -> None:
        """Read the head; http.client itself passes over 100 alone."""
        super().begin()
        while self.status in _BEFORE_THE_ANSWER:
            self.headers = None  # type: ignore[assignment] # as before the first head
            super().begin()


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
        try:
            answer = self._answer(key, method, target, (headers, body))
            read = answer.read(LARGEST_ANSWER)
            if len(read) < LARGEST_ANSWER and answer.length:
                raise IncompleteRead(read, answer.length)
        except (ValueError, InvalidURL) as error:
            self._forget(key)
            raise CannotSendError from error
        except (HTTPException, OSError) as error:
            self._forget(key)
            raise UnreachableError(f"{host}: {_reason(error)}") from error
        if answer.will_close or not answer.isclosed():
            self._forget(key)
        return HttpExchange(
            method, url, headers, body, answer.status, tuple(answer.getheaders()), read
        )

    def close(self) -> None:
        """Close what is open."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def _forget(self, key: tuple[str, str]) -> None:
        connection = self._open.pop(key, None)
        if connection is not None:
            connection.close()

    def _answer(
        self, key: tuple[str, str], method: str, target: str, sent: tuple[Pairs, bytes]
    ) -> HTTPResponse:
        """Send a request; return its answer, the body of which is not read yet."""
        headers, body = sent
        kept = self._open.get(key)
        connection = self._open[key] = kept or self._connection(*key)
        try:
            connection.request(method, target, body or None, dict(headers))
            return connection.getresponse()
        except (ConnectionError, ssl.SSLEOFError):
            if kept is None:
                raise
        self._forget(key)  # it was closed meanwhile
        return self._answer(key, method, target, sent)

    def _connection(self, scheme: str, host: str) -> HTTPConnection:
        if scheme != "https":
            connection = HTTPConnection(host, timeout=self._timeout)
        else:
            if self._context is None:
                self._context = ssl.create_default_context()
            connection = HTTPSConnection(host, timeout=self._timeout, context=self._context)
        connection.response_class = _FinalAnswer
        return connection


def _reason(error: BaseException) -> str:
    """Say in words why no answer came."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error}"
    if isinstance(error, IncompleteRead):
        return "its answer broke off"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
