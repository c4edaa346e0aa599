"""The headers of answers: those that every one carries, and `Retry-After`."""

import os
from collections.abc import Mapping
from email.utils import formatdate
from math import ceil

from aiohttp import hdrs, web
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
            drawn = os.urandom(ID_BYTES * IDS_AT_ONCE)
            self._ids = [drawn[at : at + ID_BYTES].hex() for at in range(0, len(drawn), ID_BYTES)]
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
