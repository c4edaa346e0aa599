"""The Expect header: a client may wait to be asked for its body, and for nothing else."""

import time
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from fiskaly_mockserver.web.answers import uncoded_error
from fiskaly_mockserver.web.responses import response_of
from fiskaly_mockserver.web.stamps import Stamps

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def refuse_odd_expectations(handle: Handle) -> Handle:
    """Return a handler that answers 417 to expectations other than `100-continue`.

    aiohttp looks at the header before any middleware: it would answer in plain text, and
    crash over one that is no UTF-8.
    """

    stamps = Stamps()

    def refuse_or_handle(request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        wanted = request.headers.get(hdrs.EXPECT)
        if not wanted or wanted.lower() == "100-continue":
            return handle(request)
        return refuse(request)

    async def refuse(request: web.BaseRequest) -> web.StreamResponse:
        response = response_of(uncoded_error(417, "the only expectation met is 100-continue"))
        stamps.put(
            response,
            request=request,
            request_id=stamps.request_id(),
            seconds=0.0,
            now=time.time(),
            violations=0,
        )
        return response

    return refuse_or_handle
