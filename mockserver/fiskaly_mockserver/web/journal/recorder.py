"""From aiohttp's requests and responses to exchanges of the journal."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from aiohttp import web

from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.errors import DomainError
from fiskaly_mockserver.web.journal.redaction import LARGEST_BODY, Redactor
from fiskaly_mockserver.web.responses import JsonResponse, Pieces
from fiskaly_mockserver.world.journal.exchange import Caller, Exchange, Refusal

if TYPE_CHECKING:
    from yarl import URL


METHOD_KEPT = 20
"""Characters of a method; HTTP allows any."""
NOT_READ = "not read"
"""The note of a body that nobody looked at, since the call was refused before."""


class Recorded(Exchange):
    """An exchange whose message is redacted part by part, each when it is first read.

    A part that nobody has read is an empty slot. Python asks `__getattr__` for it once,
    which takes the secrets out and fills the slot. The message itself lies in slots that
    are no fields: neither repr, comparison nor pickle knows of them. Two threads that read
    the same part at once both redact it. What is still empty since there is no answer yet
    reads as if there were an empty one.
    """

    __slots__ = (
        "_answer",
        "_answer_headers",
        "_body",
        "_headers",
        "_principal",
        "_redactor",
        "_url",
    )

    _answer: bytes | Pieces
    _answer_headers: Mapping[str, str]
    _body: bytes
    _headers: Mapping[str, str]
    _principal: Principal | None
    _redactor: Redactor
    _url: "URL"

    def __init__(
        self,
        request: web.BaseRequest,
        redactor: Redactor,
        request_id: str,
        at: float,
        sandbox: str,
    ) -> None:
        """Take down a request that just came; `at` is the world's time in unix seconds."""
        self._redactor = redactor
        self._url, self._headers = request.rel_url, request.headers
        self._body = b""
        self._principal = None
        self.request_id, self.at, self.sandbox = request_id, at, sandbox
        self.method = request.method[:METHOD_KEPT]
        self.request_body = None
        self.request_body_note = NOT_READ if request.can_read_body else ""
        self.operation_id = self.refusal = self.crash = self.fault = ""
        self.violations = self.response_violations = ()
        self.error = None
        self.status, self.duration = 0, 0.0

    def called(self, principal: Principal) -> None:
        """Take down who calls."""
        self._principal = principal

    def sent(self, body: bytes) -> None:
        """Take down the body of the request; the operation is known by now."""
        self._body = body
        del self.request_body, self.request_body_note

    def answered(self, status: int, headers: Mapping[str, str], body: bytes | Pieces) -> None:
        """Take down the answer; nobody changes `headers` any more."""
        self.status, self._answer_headers, self._answer = status, headers, body

    @property
    def head_size(self) -> int:
        """The characters of all request headers' values together, as they came."""
        return sum(map(len, self._headers.values()))

    def settle_head(self) -> None:
        """Redact the request's headers now, and let go of them as they came."""
        _ = self.request_headers
        self._headers = {}

    def settle_request(self) -> None:
        """Redact the request's body now, and let go of it as it came."""
        _ = self.request_body
        self._body = b""

    def settle_answer(self) -> None:
        """Redact the answer's body now, and let go of it as it went."""
        _ = self.response_body
        self._answer = b""

    def __getattr__(self, name: str) -> Any:
        """Fill an empty slot.

        Raises:
            AttributeError: It is none that is filled later.
        """
        match name:
            case "_answer":
                return b""
            case "_answer_headers":
                return {}
            case "path":
                self.path = self._redactor.path(self._url.raw_path)
            case "query":
                self.query = self._redactor.query(self.operation_id, self._url.query.items())
            case "caller":
                self.caller = Caller.of(self._principal) if self._principal else None
            case "request_headers":
                self.request_headers = self._redactor.headers(self._headers.items())
            case "request_body" | "request_body_note":
                self.request_body, self.request_body_note = self._redactor.request_body(
                    self.operation_id, self._body
                )
            case "response_headers":
                self.response_headers = self._redactor.headers(self._answer_headers.items())
            case "response_body" | "response_body_note":
                self.response_body, self.response_body_note = self._redactor.response_body(
                    self.operation_id, self.status, bytes(self._answer)
                )
            case _:
                raise AttributeError(name)
        return object.__getattribute__(self, name)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle as a plain exchange, which holds nothing but what may be kept."""
        return _plain, ({field.name: getattr(self, field.name) for field in fields(Exchange)},)


def _plain(parts: dict[str, Any]) -> Exchange:
    return Exchange(**parts)


LARGEST_UNREAD = 32 * 1024
"""Bytes of the largest body, or of headers together, that wait for somebody who reads them:
what is kept of larger ones takes less room, so that is done at once."""


class Recorder:
    """Writes down the stages of an exchange; what takes time waits until somebody reads."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor

    def begin(
        self, request: web.BaseRequest, *, request_id: str, at: float, sandbox: str = ""
    ) -> Recorded:
        """Return the exchange of a request that just came; `at` is the world's time."""
        return Recorded(request, self.redactor, request_id, at, sandbox)

    def called(self, exchange: Recorded, principal: Principal) -> None:
        """Keep who calls."""
        exchange.called(principal)

    def sent(self, exchange: Recorded, raw: bytes) -> None:
        """Keep what may be kept of the body; the operation is known by now."""
        exchange.sent(raw)
        if len(raw) > LARGEST_UNREAD:
            exchange.settle_request()

    def refused(self, exchange: Recorded, error: DomainError) -> None:
        """Keep what the domain refused, not the error itself."""
        exchange.error = Refusal.of(error)
        exchange.refusal = str(exchange.error)

    def finish(self, exchange: Recorded, response: web.StreamResponse, *, seconds: float) -> None:
        """Keep the answer; `seconds` is the real time that it took."""
        exchange.duration = seconds
        # aiohttp goes on to write its own headers into those of the response
        headers = response.headers.copy()
        if isinstance(response, JsonResponse) and response.size <= LARGEST_UNREAD:
            exchange.answered(response.status, headers, response.excerpt)
        else:
            body = _kept(response)
            exchange.answered(response.status, headers, body)
            if _is_large(body):
                exchange.settle_answer()
        if exchange.head_size > LARGEST_UNREAD:
            exchange.settle_head()
        if exchange.violations:
            exchange.violations = self.redactor.violations(exchange.violations)
        if exchange.crash:
            exchange.crash = self.redactor.text(exchange.crash)


def _is_large(body: bytes | Pieces) -> bool:
    return (body.size if isinstance(body, Pieces) else len(body)) > LARGEST_UNREAD


def _kept(response: web.StreamResponse) -> bytes | Pieces:
    """Return the body, or of a long list as much as could be shown of it."""
    body = response.body if isinstance(response, web.Response) else None
    if isinstance(response, JsonResponse) and isinstance(body, bytes):
        return response.excerpt if len(body) <= LARGEST_BODY else body
    return body if isinstance(body, bytes) else b""
