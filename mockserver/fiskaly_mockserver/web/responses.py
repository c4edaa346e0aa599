"""From answers to aiohttp responses."""

from collections.abc import Mapping

from aiohttp import hdrs, web
from fiskaly_contracts import AnswerPlan, JsonValue

from fiskaly_mockserver.web.answers import CONTENT_TYPE, REASONS, Answer, to_bytes

_PLAIN: Mapping[str, str] = {hdrs.CONTENT_TYPE: CONTENT_TYPE}


class JsonResponse(web.Response):
    """A response that still knows what its body was written from.

    Attributes:
        value: The JSON value of the body; None where there is an `accepted_by`.
        accepted_by: The part of the contract by which every part of the body was checked
            already; None where it is yet to be checked.
        excerpt: As much of the body as a journal could ever show; still JSON.
    """

    def __init__(
        self,
        body: bytes,
        value: JsonValue,
        *,
        status: int = web.HTTPOk.status_code,
        headers: Mapping[str, str] = _PLAIN,
        accepted_by: AnswerPlan | None = None,
        excerpt: bytes | None = None,
    ) -> None:
        super().__init__(status=status, reason=REASONS[status], body=body, headers=headers)
        self.value = value
        self.accepted_by = accepted_by
        self.excerpt = body if excerpt is None else excerpt


def response_of(answer: Answer) -> JsonResponse:
    """Return the response that an answer becomes."""
    headers = {**_PLAIN, **answer.headers} if answer.headers else _PLAIN
    return JsonResponse(to_bytes(answer.body), answer.body, status=answer.status, headers=headers)


async def drop_server_header(_: web.BaseRequest, response: web.StreamResponse) -> None:
    """Take out the header with which aiohttp names itself (A-36)."""
    response.headers.popall(hdrs.SERVER, None)
