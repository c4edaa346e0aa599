"""From aiohttp's requests and responses to exchanges of the journal."""

import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from aiohttp import hdrs, web
from fiskaly_contracts import JsonValue, Violation

from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.web.journal.redaction import LARGEST_BODY, Redactor
from fiskaly_mockserver.web.responses import NO_HEADERS, JsonResponse, Pieces, bytes_of, to_bytes
from fiskaly_mockserver.world.journal.exchange import Caller, Exchange, Refusal

METHOD_KEPT = 20
"""Characters of a method; HTTP allows any."""
NOT_READ = "not read"
"""The note of a body that nobody looked at, since the call was refused before."""


LARGEST_UNREAD = 32 * 1024
"""Bytes of the largest body, or of headers together, that wait for somebody who reads them:
what is kept of larger ones takes less room, so that is done at once."""


class _Part:
    """A field of an exchange that is redacted, and filled, when it is first read."""

    def __set_name__(self, owner: type[Exchange], name: str) -> None:
        self._name = name

    def __get__(self, record: "Recorded | None", owner: type[Exchange]) -> Any:
        if record is None:
            return self
        record.fill(self._name)  # what is filled goes before this from then on
        return getattr(record, self._name)


class Recorded(Exchange):
    """An exchange that is written down as it goes on, and redacted when it is first read.

    The message itself lies in attributes that are no fields: neither repr, comparison nor
    pickle knows of them. Two threads that read the same part at once both redact it.

    Attributes:
        principal: Who calls; None before or without authentication.
        sent_value: The parsed body of a request that kept the contract, until its fields are
            counted; None without one. It may hold secrets.
        violation_count: How many violations the request has, warnings included.
        state: Which state of its world the request began in, as `World.generation` counts.
        broken: Whether it broke a contract on either side, or the fake itself failed.
        waited: Whether time went by while the request was served, so that what was looked
            up before may be old.
        altered: Whether a fault made the answer another than the API's own, so that the
            contract says nothing about it; a mere delay leaves it false.
    """

    path = _Part()
    query = _Part()
    caller = _Part()
    request_headers = _Part()
    request_body = _Part()
    request_body_note = _Part()
    response_headers = _Part()
    response_body = _Part()
    response_body_note = _Part()
    violations = _Part()

    # Not set before there is reason to: each exchange would set all of them
    _answer: bytes | Pieces = b""
    _answer_headers: Mapping[str, str] = NO_HEADERS
    _body: bytes | None = None
    _headers: Mapping[str, str]
    altered = broken = waited = False
    principal: Principal | None = None
    sent_value: JsonValue = None
    violation_count = 0

    def __init__(
        self,
        request: web.BaseRequest,
        redactor: Redactor,
        request_id: str,
        at: float,
        *,
        sandbox: str = "",
        state: int = 0,
    ) -> None:
        """Take down a request that just came to a world; `at` is its time in unix seconds."""
        self._redactor = redactor
        self._url, self._headers = request.rel_url, request.headers
        self.request_id, self.at = request_id, at
        self.sandbox, self.state = sandbox, state
        self.method = request.method[:METHOD_KEPT]
        self.violations = ()

    def sent(self, body: bytes) -> None:
        """Take down the body of the request; the operation is known by now."""
        self._body = body
        self.size += len(body)
        if len(body) > LARGEST_UNREAD:
            self.size += len(to_bytes(self.request_body)) - len(body)

    def refused(self, error: DomainError) -> None:
        """Take down what the domain refused, not the error itself."""
        self.error = Refusal.of(error)
        self.refusal = str(self.error)

    def finish(self, response: web.StreamResponse, seconds: float) -> None:
        """Take down the answer; `seconds` is the real time that it took."""
        self.duration, self.status = seconds, response.status
        self._answer_headers = response.headers
        if isinstance(response, JsonResponse):
            body, self._answer = response.body, response.excerpt
        else:
            body = self._answer = bytes_of(response)
        size = len(body) + sum(map(len, self._headers.values()))
        self.size += size if size <= LARGEST_UNREAD else self._less(body, size - len(body))

    def _less(self, answer: bytes, headers: int) -> int:
        """Keep less of an answer and the headers of its request; return the bytes that are counted.

        `headers` is the size of those.
        """
        size = len(answer)
        if size > LARGEST_UNREAD:
            if size > LARGEST_BODY:
                self._answer = answer
            elif isinstance(self._answer, Pieces):
                size = self._answer.size
            if size > LARGEST_UNREAD:
                size = len(to_bytes(self.response_body))
        if headers > LARGEST_UNREAD:
            _ = self.request_headers, self.request_body
            self._headers = {}
        return size + headers

    def found(self, violations: Sequence[Violation]) -> None:
        """Take down in what the request breaks the contract, and all that was found before."""
        vars(self).pop("violations", None)  # of what was found before
        self._violations = violations
        self.violation_count = len(violations)
        self.broken = True

    @property
    def raw_query(self) -> str:
        """The query string as it came, "" without one."""
        return self._url.raw_query_string

    @property
    def query_names(self) -> Iterable[str]:
        """The names of the query parameters."""
        return self._url.query

    def breaks(self, violations: Iterable[Violation]) -> None:
        """Take down in what the answer breaks the contract."""
        self.response_violations = self._redactor.violations(violations)
        self.broken = True

    def crashed(self, error: Exception) -> None:
        """Take down a defect of the fake itself."""
        self.crash = self._redactor.text("".join(traceback.format_exception(error)))
        self.broken = True

    def fill(self, part: str) -> None:
        """Fill a part that nobody has read yet, without the secrets in it."""
        redactor = self._redactor
        match part:
            case "path":
                self.path = redactor.path(self._url.raw_path)
            case "query":
                self.query = redactor.query(self.operation_id, self._url.query.items())
            case "caller":
                self.caller = Caller.of(self.principal) if self.principal else None
            case "request_headers":
                self.request_headers = redactor.headers(self._headers.items())
            case "request_body" | "request_body_note" if self._body is None:
                self.request_body = None
                self.request_body_note = NOT_READ if _has_body(self._headers) else ""
            case "request_body" | "request_body_note":
                self.request_body, self.request_body_note = redactor.request_body(
                    self.operation_id, self._body or b""
                )
                self._body = b""
            case "response_headers":
                self.response_headers = redactor.headers(self._answer_headers.items())
            case "response_body" | "response_body_note":
                self.response_body, self.response_body_note = redactor.response_body(
                    self.operation_id, self.status, bytes(self._answer)
                )
                self._answer = b""
            case _:
                self.violations = redactor.violations(self._violations)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle as a plain exchange, which holds nothing but what may be kept."""
        return _plain, ({field.name: getattr(self, field.name) for field in fields(Exchange)},)


def _has_body(headers: Mapping[str, str]) -> bool:
    """Tell whether the headers of a request announce a body."""
    return hdrs.TRANSFER_ENCODING in headers or headers.get(hdrs.CONTENT_LENGTH, "0") != "0"


def _plain(parts: dict[str, Any]) -> Exchange:
    return Exchange(**parts)
