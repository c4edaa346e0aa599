"""The headers that every answer of the API carries."""

import os
from email.utils import formatdate

from aiohttp import hdrs, web
from multidict import istr

VIOLATIONS_HEADER = "X-Mock-Violations"
ID_BYTES = 16
"""Half the hex digits of a request id (recorded: 32)."""
IDS_AT_ONCE = 256
"""Request ids that are drawn from the system together."""

_REQUEST_ID = istr("X-Request-Id")
_X_RESPONSE_TIME = istr("X-Response-Time")
_RESPONSE_TIME = istr("Response-Time")


class Stamps:
    """Stamps the answers of one application."""

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

    def put(
        self,
        response: web.StreamResponse,
        *,
        request: web.BaseRequest,
        request_id: str,
        seconds: float,
        now: float,
        violations: int,
    ) -> None:
        """Add the headers.

        `seconds` is the real time the answer took, `now` the world's time (unix seconds).
        Source: recorded; `X-Mock-Violations` is our own and stands only if there are any.
        """
        took = f"{seconds:.3f}"
        headers = response.headers
        headers[_REQUEST_ID] = request_id
        headers[_X_RESPONSE_TIME] = took
        headers[_RESPONSE_TIME] = took
        headers[hdrs.DATE] = self._date_at(now)
        if response.status == web.HTTPOk.status_code:
            headers[hdrs.VARY] = "Accept-Encoding"
        if request.keep_alive:
            headers[hdrs.CONNECTION] = "keep-alive"
        if violations:
            headers[VIOLATIONS_HEADER] = str(violations)

    def _date_at(self, now: float) -> str:
        """Return a date that is written once a second."""
        second = int(now)
        if second != self._second:
            self._date, self._second = formatdate(second, usegmt=True), second
        return self._date
