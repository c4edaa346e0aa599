"""From aiohttp's requests and responses to exchanges, without secrets from the start."""

from dataclasses import dataclass

from aiohttp import web

from fiskaly_mockserver.domain.access import Principal
from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.web.redaction import Redactor
from fiskaly_mockserver.world.exchanges import Caller, Exchange, Refusal

METHOD_KEPT = 20
"""Characters of a method; HTTP allows any."""
NOT_READ = "not read"
"""The note of a body that nobody looked at, since the call was refused before."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes down the stages of an exchange; each keeps what may be kept and no more."""

    redactor: Redactor

    def begin(
        self, request: web.BaseRequest, *, request_id: str, at: float, sandbox: str = ""
    ) -> Exchange:
        """Return the exchange of a request that just came; `at` is the world's time."""
        return Exchange(
            request_id=request_id,
            sandbox=sandbox,
            at=at,
            method=request.method[:METHOD_KEPT],
            path=self.redactor.path(request.rel_url.raw_path),
            request_body_note=NOT_READ if request.can_read_body else "",
        )

    def called(self, exchange: Exchange, principal: Principal) -> None:
        """Keep who calls."""
        exchange.caller = Caller.of(principal)

    def sent(self, exchange: Exchange, raw: bytes) -> None:
        """Keep what may be kept of the body; the operation is known by now."""
        exchange.request_body, exchange.request_body_note = self.redactor.request_body(
            exchange.operation_id, raw
        )

    def refused(self, exchange: Exchange, error: DomainError) -> None:
        """Keep what the domain refused, not the error itself."""
        exchange.error = Refusal.of(error)
        exchange.refusal = str(exchange.error)

    def finish(
        self,
        exchange: Exchange,
        request: web.BaseRequest,
        response: web.StreamResponse,
        *,
        seconds: float,
    ) -> None:
        """Keep headers, query and answer; `seconds` is the real time that it took."""
        body = response.body if isinstance(response, web.Response) else None
        raw = body if isinstance(body, bytes) else b""
        exchange.status, exchange.duration = response.status, seconds
        exchange.query = self.redactor.query(exchange.operation_id, request.rel_url.query.items())
        exchange.request_headers = self.redactor.headers(request.headers.items())
        exchange.response_headers = self.redactor.headers(response.headers.items())
        exchange.response_body, exchange.response_body_note = self.redactor.response_body(
            exchange.operation_id, response.status, raw
        )
        exchange.violations = self.redactor.violations(exchange.violations)
        exchange.crash = self.redactor.text(exchange.crash)
