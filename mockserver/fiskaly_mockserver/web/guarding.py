"""What aiohttp would answer by itself, before any route: kept in the API's shape."""

import time
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from fiskaly_mockserver.web.answers import uncoded_error
from fiskaly_mockserver.web.exchanging import exchanging
from fiskaly_mockserver.web.recorded import Recorded
from fiskaly_mockserver.web.responses import response_of
from fiskaly_mockserver.web.service import Serving
from fiskaly_mockserver.world.world import World

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def guarded(handle: Handle, serving: Serving) -> Handle:
    """Return a handler in front of an application's own.

    It answers 417 to expectations other than `100-continue`: aiohttp looks at that header
    before any route, would answer in plain text, and crash over one that is no UTF-8. And
    it makes an exchange of what no route can match, as `OPTIONS *`.
    """
    stamps = serving.stamps

    async def never_routed(request: web.Request, _: World, __: Recorded) -> web.StreamResponse:
        return await handle(request)

    exchange = exchanging(serving, never_routed)

    def refuse_or_handle(request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        wanted = request.headers.get(hdrs.EXPECT)
        if wanted and wanted.lower() != "100-continue":
            return refuse(request)
        if request.raw_path.startswith("/") or request.rel_url.raw_path.startswith("/"):
            return handle(request)
        return exchange(request) if isinstance(request, web.Request) else handle(request)

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
