"""A whole exchange as plain data, and which operation of which contract it called."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from fiskaly_contracts.document import Contract, Operation
from fiskaly_contracts.exchange import RequestData, ResponseData

Pairs = tuple[tuple[str, str], ...]


class HttpExchange(NamedTuple):
    """A request and its answer, whoever recorded them.

    Attributes:
        method: Upper case.
        url: Absolute, or from the path on.
        status: 0 where no answer came.
        note: Why a body cannot be judged, as "answer: the recording has no body"; "" for both.
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
