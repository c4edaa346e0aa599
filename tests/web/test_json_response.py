"""A JSON answer is sent byte for byte as aiohttp sends a response with the same headers."""

import asyncio
from collections.abc import Mapping

import pytest
from aiohttp import hdrs, web
from fiskaly_mockserver.web.responses import JsonResponse, drop_server_header

JSON = "application/json; charset=utf-8"
DATE = "Thu, 09 Oct 2025 08:53:20 GMT"
BODIES = {"short": b"{}", "long": b'"%b"' % (b"x" * 300_000)}
HEADERS: Mapping[str, Mapping[str, str]] = {
    "usual": {hdrs.CONTENT_TYPE: JSON, hdrs.DATE: DATE, hdrs.CONNECTION: "keep-alive"},
    "plain": {hdrs.CONTENT_TYPE: JSON, hdrs.DATE: DATE},
}
LAST = b"GET /it HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
REQUESTS = {
    "GET": b"GET /it HTTP/1.1\r\nHost: a\r\n\r\n" + NEXT,
    "HEAD": b"HEAD /it HTTP/1.1\r\nHost: a\r\n\r\n" + NEXT,
    "close": LAST,
    "HTTP/1.0": b"GET /it HTTP/1.0\r\nHost: a\r\n\r\n",
    "HTTP/1.0, kept": b"GET /it HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n" + NEXT,
}


async def sent(requests: bytes, response: web.StreamResponse) -> tuple[bytes, bool]:
    """Return what a server sends as a response, and whether it keeps the connection."""

    async def answer(asked: web.BaseRequest) -> web.StreamResponse:
        return response if asked.path == "/it" else web.Response(status=204)

    app = web.Application()
    app.on_response_prepare.append(drop_server_header)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(requests)
    whole = await reader.read()
    writer.close()
    await runner.cleanup()
    it, kept, _ = whole.partition(b"HTTP/1.1 204 ")
    return it, bool(kept)


@pytest.mark.parametrize("requests", REQUESTS.values(), ids=list(REQUESTS))
@pytest.mark.parametrize("headers", HEADERS.values(), ids=list(HEADERS))
@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
@pytest.mark.parametrize("closed", [False, True], ids=["", "closed"])
async def test_it_is_what_aiohttp_sends(
    requests: bytes, headers: Mapping[str, str], body: bytes, *, closed: bool
) -> None:
    ours = JsonResponse(body, None, status=404, headers=headers)
    theirs = web.Response(body=body, status=404, headers=headers)
    for one in (ours, theirs):
        if closed:
            one.force_close()
    found, expected = [await sent(requests, one) for one in (ours, theirs)]
    assert found == expected
    assert (ours.keep_alive, ours.prepared) == (theirs.keep_alive, theirs.prepared)


async def test_without_a_date_it_gets_that_of_today() -> None:
    found, _ = await sent(LAST, JsonResponse(b"{}", None))
    assert b"\r\nDate: " in found
    assert b"\r\nServer: " not in found


async def test_the_length_of_its_body_is_told() -> None:
    response = JsonResponse(b"{}", None)
    await sent(LAST, response)
    assert response.body_length == 2
