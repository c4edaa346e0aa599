"""Answers as data, and from them aiohttp's responses."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import NamedTuple

import orjson
from aiohttp import hdrs, web
from fiskaly_contracts import AnswerPlan, JsonValue

CONTENT_TYPE = "application/json; charset=utf-8"

_JSON_ALONE = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
"""What is no JSON value is refused instead of written somehow."""

_PHRASES = {status.value: status.phrase for status in HTTPStatus}

REASONS: Mapping[int, str] = {
    **{status: _PHRASES.get(status, "Client Error") for status in range(400, 500)},
    **{status: _PHRASES.get(status, "Server Error") for status in range(500, 600)},
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Payload Too Large",
    415: "Unsupported Media Type",
    417: "Expectation Failed",
    422: "Unprocessable Entity",
    423: "Locked",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
"""Reason phrases as the API's `error` field has them, for every error a fault may ask for.

Those that stand here by name are the same under every Python.
"""

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Answer(NamedTuple):
    """A status, a JSON body and headers beyond the usual ones."""

    status: int
    body: JsonValue
    headers: Mapping[str, str] = NO_HEADERS


def to_bytes(value: JsonValue) -> bytes:
    """Write compact JSON in raw UTF-8, as the API does (recorded).

    A lone surrogate, which only a header's or path's raw bytes can bring here, becomes
    a question mark.

    Raises:
        ValueError: A number is none that JSON can write.
    """
    try:
        raw = orjson.dumps(value, option=_JSON_ALONE)
    except orjson.JSONEncodeError:
        return _to_bytes_slowly(value)
    # A NaN would be written as null, which hardly any answer has
    return _to_bytes_slowly(value) if b"null" in raw else raw


def _to_bytes_slowly(value: JsonValue) -> bytes:
    """Write what orjson refuses, as surrogates and large integers, or may have got wrong."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "replace")


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

    def read_value(self) -> JsonValue:
        """Return the JSON value of the body, whether it was checked or not."""
        if self.accepted_by is None or not isinstance(self.body, bytes):
            return self.value
        value: JsonValue = json.loads(self.body)
        return value


def response_of(answer: Answer) -> JsonResponse:
    """Return the response that an answer becomes."""
    headers = {**_PLAIN, **answer.headers} if answer.headers else _PLAIN
    return JsonResponse(to_bytes(answer.body), answer.body, status=answer.status, headers=headers)


async def drop_server_header(_: web.BaseRequest, response: web.StreamResponse) -> None:
    """Take out the header with which aiohttp names itself (A-36)."""
    response.headers.popall(hdrs.SERVER, None)
