"""From aiohttp's requests and responses to exchanges that show no secret."""

from aiohttp import web

from fiskaly_mockserver.domain.access import Principal
from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.web.recorded import Recorded
from fiskaly_mockserver.web.redaction import LARGEST_BODY, Redactor
from fiskaly_mockserver.web.responses import JsonResponse, Pieces
from fiskaly_mockserver.world.exchanges import Refusal

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
