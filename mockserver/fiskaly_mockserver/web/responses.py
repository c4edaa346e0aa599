"""Answers as data, aiohttp's responses from them, and the headers that every one carries."""

import json
import os
from collections.abc import Mapping, Sequence
from email.utils import formatdate
from http import HTTPStatus
from math import ceil
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import orjson
from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from fiskaly_contracts import AnswerPlan, JsonValue
from multidict import istr

VIOLATIONS_HEADER = "X-Mock-Violations"
ID_BYTES = 16
"""Half the hex digits of a request id (recorded: 32)."""
IDS_AT_ONCE = 256
"""Request ids that are drawn from the system together."""

LONGEST_TEXT = 500
"""Characters of a text of our own in a header."""

_REQUEST_ID = istr("X-Request-Id")
_X_RESPONSE_TIME = istr("X-Response-Time")
_RESPONSE_TIME = istr("Response-Time")


def retry_after(seconds: float) -> Mapping[str, str]:
    """Return the header that tells a client when to come again, in whole seconds.

    >>> retry_after(1.2)
    {'Retry-After': '2'}
    """
    return {hdrs.RETRY_AFTER: str(ceil(seconds))}


def header_text(text: str) -> str:
    r"""Return a text as one line of ASCII that a header can have, shortened if it is long.

    >>> header_text("a\nb \u20ac")
    'a\\nb \\u20ac'
    """
    line = text.encode("unicode_escape").decode("ascii")
    return line if len(line) <= LONGEST_TEXT else f"{line[: LONGEST_TEXT - 3]}..."


class ResponseHeaders:
    """Writes the headers that every answer of an API carries."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._second: int | None = None
        self._date = ""

    def request_id(self) -> str:
        """Return a new request id, which nobody can guess."""
        if not self._ids:
            self._ids = os.urandom(ID_BYTES * IDS_AT_ONCE).hex(" ", ID_BYTES).split()
        return self._ids.pop()

    def write_own(self, response: web.StreamResponse, request_id: str) -> None:
        """Write those that another API may write in another way."""
        response.headers[_REQUEST_ID] = request_id
        if response.status == web.HTTPOk.status_code:
            response.headers[hdrs.VARY] = "Accept-Encoding"

    def write(
        self,
        response: web.StreamResponse,
        *,
        request: web.BaseRequest,
        request_id: str,
        seconds: float,
        now: float,
        violations: int,
    ) -> None:
        """Write the headers into a response.

        `seconds` is the real time the answer took, `now` the world's time (unix seconds).
        Source: recorded; `X-Mock-Violations` is our own and stands only if there are any.
        """
        took = f"{seconds:.3f}"
        headers = response.headers
        self.write_own(response, request_id)
        headers[_X_RESPONSE_TIME] = took
        headers[_RESPONSE_TIME] = took
        second = int(now)
        if second != self._second:
            self._date, self._second = formatdate(second, usegmt=True), second
        headers[hdrs.DATE] = self._date
        if request.keep_alive:
            headers[hdrs.CONNECTION] = "keep-alive"
        if violations:
            headers[VIOLATIONS_HEADER] = str(violations)


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
    raw = accepted_to_bytes(value)
    # A NaN would be written as null, which hardly any answer has
    return _to_bytes_slowly(value) if b"null" in raw else raw


def accepted_to_bytes(value: JsonValue) -> bytes:
    """Write the same of a value that the contract accepts: it has no NaN."""
    try:
        return orjson.dumps(value, option=_JSON_ALONE)
    except orjson.JSONEncodeError:
        return _to_bytes_slowly(value)


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


class JsonResponse(web.StreamResponse):
    """A response that still knows what its body was written from, and is sent in one go.

    That is what `web.Response` does, too; it takes longer for what only other answers need.

    Attributes:
        body: What is sent, as long as the request's method lets an answer have a body.
        value: The JSON value of the body; None where there is an `accepted_by`.
        accepted_by: The part of the contract by which every part of the body was checked
            already; None where it is yet to be checked.
        excerpt: As much of the body as a journal could ever show; still JSON. Pieces take
            no room of their own, however long it is kept.
    """

    _stays: bool | None = None

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
        super().__init__(status=status, reason=REASONS[status], headers=headers)
        self.body = body
        self.value = value
        self.accepted_by = accepted_by
        self.excerpt = body if excerpt is None else excerpt

    @property
    def prepared(self) -> bool:
        """Whether it is sent, or on its way."""
        return self._stays is not None

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection is kept; None before the answer is sent."""
        return self._stays

    @property
    def body_length(self) -> int:
        """The bytes of the body."""
        return len(self.body)

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Send it, framed as HTTP asks."""
        headers, body, writer, version = self.headers, self.body, request.writer, request.version
        # what somebody asked to be closed is so already
        self._stays = stays = request.keep_alive and super().keep_alive is not False
        headers[hdrs.CONTENT_LENGTH] = str(len(body))
        if hdrs.DATE not in headers:
            headers[hdrs.DATE] = formatdate(usegmt=True)
        if hdrs.CONNECTION not in headers and stays != (version == HttpVersion11):
            headers[hdrs.CONNECTION] = "keep-alive" if stays else "close"
        line = f"HTTP/{version.major}.{version.minor} {self.status} {self.reason}"
        await writer.write_headers(line, headers)
        await writer.write_eof(b"" if request.method == hdrs.METH_HEAD else body)
        return writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Send nothing more."""

    def read_value(self) -> JsonValue:
        """Return the JSON value of the body, whether it was checked or not."""
        if self.accepted_by is None:
            return self.value
        value: JsonValue = json.loads(self.body)
        return value


WholeResponse: TypeAlias = JsonResponse | web.Response
"""A response whose body is at hand before it is sent; asked for in this order, which is quick."""


def bytes_of(response: web.StreamResponse) -> bytes:
    """Return the body of a response that was made from bytes, b"" of any other."""
    body = response.body if isinstance(response, WholeResponse) else b""
    return bytes(body) if isinstance(body, bytes | bytearray) else b""


def response_of(answer: Answer) -> JsonResponse:
    """Return the response that an answer becomes."""
    headers = {**_PLAIN, **answer.headers} if answer.headers else _PLAIN
    return JsonResponse(to_bytes(answer.body), answer.body, status=answer.status, headers=headers)


async def drop_server_header(_: web.BaseRequest, response: web.StreamResponse) -> None:
    """Take out the header with which aiohttp names itself (A-36)."""
    response.headers.popall(hdrs.SERVER, None)
