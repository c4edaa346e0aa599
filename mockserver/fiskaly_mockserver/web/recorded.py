"""Exchanges taken down as they came, and redacted when somebody first looks."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from aiohttp import web

from fiskaly_mockserver.domain.access import Principal
from fiskaly_mockserver.web.redaction import Redactor
from fiskaly_mockserver.web.responses import Pieces
from fiskaly_mockserver.world.exchanges import Caller, Exchange

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
