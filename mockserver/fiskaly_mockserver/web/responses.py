"""From answers to aiohttp responses."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aiohttp import hdrs, web
from fiskaly_contracts import AnswerPlan, JsonValue

from fiskaly_mockserver.web.answers import CONTENT_TYPE, REASONS, Answer, to_bytes

_PLAIN: Mapping[str, str] = {hdrs.CONTENT_TYPE: CONTENT_TYPE}


class Pieces(NamedTuple):
    """A list in the pieces that it is written from, which it shares with other lists."""

    head: bytes
    rows: Sequence[bytes]
    tail: bytes

    def __bytes__(self) -> bytes:
        return b"%b[%b]%b" % (self.head, b",".join(self.rows), self.tail)

    @property
    def size(self) -> int:
        """The bytes of all pieces together, commas and brackets left out."""
        return len(self.head) + sum(map(len, self.rows)) + len(self.tail)


class JsonResponse(web.Response):
    """A response that still knows what its body was written from.

    Attributes:
        size: The bytes of the body that it was made with.
        value: The JSON value of the body; None where there is an `accepted_by`.
        accepted_by: The part of the contract by which every part of the body was checked
            already; None where it is yet to be checked.
        excerpt: As much of the body as a journal could ever show; still JSON. Pieces take
            no room of their own, however long it is kept.
    """

    def __init__(
        self,
        body: bytes,
        value: JsonValue,
        *,
        status: int = web.HTTPOk.status_code,
        headers: Mapping[str, str] = _PLAIN,
        accepted_by: AnswerPlan | None = None,
        excerpt: bytes | Pieces | None = None,
    ) -> None:
        super().__init__(status=status, reason=REASONS[status], body=body, headers=headers)
        self.size = len(body)
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
