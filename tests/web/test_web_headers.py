"""Response headers: those that the API sends, as it spells them, and no others."""

import asyncio
import re
from dataclasses import dataclass

import pytest
from builders.accounts import SHOP
from fiskaly_mockserver.web.service import Service
from web.api import Api

ALWAYS = {
    "Content-Type",
    "Content-Length",
    "Connection",
    "Date",
    "X-Request-Id",
    "X-Response-Time",
    "Response-Time",
}


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer as it came through the socket, header names in their own case."""

    status_line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def __getitem__(self, name: str) -> str:
        (value,) = [value for key, value in self.headers if key == name]
        return value

    @property
    def names(self) -> list[str]:
        return sorted(name for name, _ in self.headers)


async def exchange(
    api: Api,
    path: str = "/organizations",
    *,
    method: str = "GET",
    by: str | None = "vendor_test",
    extra: tuple[str, ...] = (),
    body: bytes = b"",
) -> Raw:
    """Send a request byte by byte and read the answer's."""
    head = [f"{method} /api/v0{path} HTTP/1.1", "Host: localhost", *extra]
    if by is not None:
        head.append(f"Authorization: Bearer {api.account.token(by)}")
    if body:
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    server = api.client.server
    assert server.port is not None
    reader, writer = await asyncio.open_connection(server.host, server.port)
    try:
        writer.write("\r\n".join([*head, "", ""]).encode() + body)
        answered = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = tuple(
            (name, value)
            for name, _, value in (line.partition(": ") for line in answered[1:] if line)
        )
        length = 0 if method == "HEAD" else int(dict(headers)["Content-Length"])
        return Raw(answered[0], headers, await reader.readexactly(length))
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_success_has_exactly_the_recorded_headers(api: Api) -> None:
    answer = await exchange(api)
    assert answer.status_line == "HTTP/1.1 200 OK"
    assert answer.names == sorted({*ALWAYS, "Vary"})
    assert answer["Vary"] == "Accept-Encoding"
    assert answer["Content-Type"] == "application/json; charset=utf-8"
    assert answer["Connection"] == "keep-alive"
    assert answer["Content-Length"] == str(len(answer.body))


@pytest.mark.parametrize(
    ("request_line", "by", "body", "status_line"),
    [
        ("POST /organizations", "vendor_test", b"{}", "400 Bad Request"),
        ("POST /auth", None, b"[", "400 Bad Request"),
        ("GET /organizations", None, b"", "401 Unauthorized"),
        ("POST /auth", None, b'{"refresh_token":"x"}', "401 Unauthorized"),
        (f"DELETE /organizations/{SHOP}", "shop_test", b"", "403 Forbidden"),
        (f"GET /organizations/{SHOP}", "cafe_test", b"", "404 Not Found"),
        (f"DELETE /organizations/{SHOP}", "vendor_test", b"", "409 Conflict"),
    ],
)
async def test_a_refusal_has_the_same_headers_but_vary(
    api: Api, request_line: str, by: str | None, body: bytes, status_line: str
) -> None:
    method, path = request_line.split()
    answer = await exchange(api, path, method=method, by=by, body=body)
    counted = {"X-Mock-Violations"} if status_line.startswith("400") else set[str]()
    assert answer.status_line == f"HTTP/1.1 {status_line}"
    assert answer.names == sorted(ALWAYS | counted)
    assert answer["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("method", "path", "status_line", "more"),
    [
        ("GET", "/nowhere", "404 Not Found", set[str]()),
        ("PUT", "/organizations", "405 Method Not Allowed", {"Allow"}),
        ("HEAD", "/organizations", "405 Method Not Allowed", {"Allow"}),
        ("OPTIONS", "/organizations", "405 Method Not Allowed", {"Allow"}),
    ],
)
async def test_what_is_no_route_has_them_too(
    api: Api, method: str, path: str, status_line: str, more: set[str]
) -> None:
    answer = await exchange(api, path, method=method, by=None)
    assert answer.status_line == f"HTTP/1.1 {status_line}"
    assert answer.names == sorted({*ALWAYS, "X-Mock-Hint", "X-Mock-Violations"} | more)


async def test_a_browsers_preflight_gets_no_permission(api: Api) -> None:
    extra = ("Origin: http://elsewhere.example", "Access-Control-Request-Method: GET")
    for method in ("OPTIONS", "GET"):
        answer = await exchange(api, method=method, extra=extra)
        assert not [name for name in answer.names if name.lower().startswith("access-control")]


async def test_every_answer_has_a_request_id_of_its_own(api: Api, service: Service) -> None:
    paths = ["/organizations", "/nowhere", "/organizations", f"/organizations/{SHOP}"]
    ids = [(await exchange(api, path))["X-Request-Id"] for path in paths]
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)
    assert len(set(ids)) == len(ids)
    assert [one.request_id for one in service.world.journal] == ids


async def test_a_request_id_of_the_client_is_not_taken_over(api: Api) -> None:
    sent = "00000000000000000000000000000000"
    extra = (f"X-Request-Id: {sent}", f"request-id: {sent}", "Accept: application/json")
    answer = await exchange(api, extra=extra)
    assert answer["X-Request-Id"] != sent


async def test_the_response_time_is_told_twice_in_seconds_with_three_decimals(api: Api) -> None:
    answer = await exchange(api)
    assert re.fullmatch(r"\d+\.\d{3}", answer["X-Response-Time"])
    assert answer["Response-Time"] == answer["X-Response-Time"]


async def test_the_date_is_the_worlds(api: Api) -> None:
    assert (await exchange(api))["Date"] == "Thu, 09 Oct 2025 08:53:20 GMT"
    api.account.clock.advance(86_400 * 365.25)
    assert (await exchange(api, by=None))["Date"] == "Fri, 09 Oct 2026 14:53:20 GMT"


async def test_violations_are_counted_only_where_there_are_any(api: Api) -> None:
    assert "X-Mock-Violations" not in (await exchange(api)).names
    assert (await exchange(api, "/organizations?a=1&b=2"))["X-Mock-Violations"] == "2"
    assert (await exchange(api, "/organizations?a=1&limit=x"))["X-Mock-Violations"] == "2"


async def test_a_client_that_wants_to_close_is_let_go(api: Api) -> None:
    answer = await exchange(api, extra=("Connection: close",))
    assert answer["Connection"].lower() == "close"


async def test_the_answer_is_not_compressed(api: Api) -> None:
    answer = await exchange(api, extra=("Accept-Encoding: gzip, deflate, br",))
    assert "Content-Encoding" not in answer.names
    assert answer.body.startswith(b'{"data":[{"_id":"')


async def test_answers_are_compact_json(api: Api) -> None:
    body = (await exchange(api)).body
    assert b": " not in body
    assert b", " not in body
    assert not body.endswith(b"\n")
