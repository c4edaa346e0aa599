"""From answers to aiohttp responses, with the headers of the real API."""

from email.utils import formatdate

from aiohttp import hdrs, web

from fiskaly_mockserver.web.answers import CONTENT_TYPE, REASONS, Answer, to_bytes

VIOLATIONS_HEADER = "X-Mock-Violations"


def response_of(answer: Answer) -> web.Response:
    """Return the response that an answer becomes."""
    return web.Response(
        status=answer.status,
        reason=REASONS[answer.status],
        body=to_bytes(answer.body),
        headers={hdrs.CONTENT_TYPE: CONTENT_TYPE, **answer.headers},
    )


def stamp(
    response: web.StreamResponse,
    *,
    request: web.BaseRequest,
    request_id: str,
    seconds: float,
    now: float,
    violations: int,
) -> None:
    """Add the headers that every answer of the API carries.

    `seconds` is the real time the answer took, `now` the world's time (unix seconds).
    Source: recorded; `X-Mock-Violations` is our own and stands only if there are any.
    """
    took = f"{seconds:.3f}"
    response.headers["X-Request-Id"] = request_id
    response.headers["X-Response-Time"] = took
    response.headers["Response-Time"] = took
    response.headers[hdrs.DATE] = formatdate(now, usegmt=True)
    if response.status == web.HTTPOk.status_code:
        response.headers[hdrs.VARY] = "Accept-Encoding"
    if request.keep_alive:
        response.headers[hdrs.CONNECTION] = "keep-alive"
    if violations:
        response.headers[VIOLATIONS_HEADER] = str(violations)


async def drop_server_header(_: web.BaseRequest, response: web.StreamResponse) -> None:
    """Take out the header with which aiohttp names itself (A-36)."""
    response.headers.popall(hdrs.SERVER, None)
