"""Heads and framings that few clients send: answered, or cleanly refused by the parser."""

import json

import pytest
from server.raw_http import request, talk
from server.target import (
    BAKERY,
    JSON,
    ORGANIZATIONS,
    Target,
    demand_http_level,
    demand_shape,
)

INVALID = "E_FAILED_SCHEMA_VALIDATION"


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("no colon here", id="no-colon"),
        pytest.param("X : 1", id="space-before-the-colon"),
        pytest.param("X: 1\r\n 2", id="folded"),
        pytest.param("X: a\x00b", id="nul"),
        pytest.param("X: a\x01b", id="control-character"),
        pytest.param("X\xe9: 1", id="non-ascii-name"),
        pytest.param("X: " + "a" * 9_000, id="over-8-kilobytes"),
        pytest.param("Content-Length: abc", id="length-is-no-number"),
        pytest.param("Content-Length: -1", id="length-is-negative"),
        pytest.param("Content-Length: 1\r\nContent-Length: 2", id="two-lengths"),
        pytest.param("Content-Length: 5\r\nTransfer-Encoding: chunked", id="length-and-chunks"),
        pytest.param("Transfer-Encoding: gzip", id="unknown-transfer-encoding"),
        pytest.param("\r\n".join(f"X-{number}: 1" for number in range(200)), id="200-headers"),
        pytest.param("Host: a\r\nHost: b", id="two-hosts"),
    ],
)
def test_a_head_that_is_no_http_is_refused_by_aiohttp(target: Target, header: str) -> None:
    demand_http_level(target.get(ORGANIZATIONS, header))


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET /api/v0/organizations HTTP/1.1\r\n\r\n", id="no-host"),
        pytest.param(b"G@T / HTTP/1.1\r\nHost: x\r\n\r\n", id="bad-method"),
        pytest.param(b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", id="unknown-method"),
        pytest.param(b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", id="unknown-version"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="http-2"),
        pytest.param(b"\x00" * 100 + b"\r\n\r\n", id="zeros"),
    ],
)
def test_what_is_no_http_1_is_refused_by_aiohttp(target: Target, sent: bytes) -> None:
    demand_http_level(target.send(sent))


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\r\n\r\n", id="empty-lines"),
        pytest.param(b"GET /api/v0/organi", id="half-a-line"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nAuthor", id="half-a-head"),
        pytest.param(
            request("POST", ORGANIZATIONS, JSON, "Content-Length: 999", body=BAKERY),
            id="half-a-body",
        ),
        pytest.param(
            request("POST", ORGANIZATIONS, JSON, "Transfer-Encoding: chunked", body=b"5\r\nab"),
            id="half-a-chunk",
        ),
    ],
)
def test_a_client_that_hangs_up_in_the_middle_leaves_no_trace(target: Target, sent: bytes) -> None:
    for answer in talk(target.server.port, sent, hang_up=True):
        assert answer.status < 500


def test_a_truncated_body_of_an_authenticated_client_creates_nothing(target: Target) -> None:
    """The bytes sent would be a valid body; only their number is smaller than promised."""
    head = request(
        "POST", ORGANIZATIONS, target.authorization, JSON, f"Content-Length: {len(BAKERY) + 1}"
    )
    for answer in talk(target.server.port, head, BAKERY, hang_up=True):
        assert answer.status == 400


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"zz\r\n" + BAKERY + b"\r\n0\r\n\r\n", id="size-is-no-number"),
        pytest.param(b"-5\r\n" + BAKERY + b"\r\n0\r\n\r\n", id="size-is-negative"),
        pytest.param(b"3\r\n" + BAKERY + b"\r\n0\r\n\r\n", id="size-is-too-small"),
        pytest.param(b"f" * 40 + b"\r\n" + BAKERY + b"\r\n0\r\n\r\n", id="size-is-giant"),
        pytest.param(b"\r\n\r\n", id="no-size"),
    ],
)
def test_bad_chunking_creates_nothing(target: Target, body: bytes) -> None:
    sent = request(
        "POST",
        ORGANIZATIONS,
        target.authorization,
        JSON,
        "Transfer-Encoding: chunked",
        body=body,
    )
    for answer in talk(target.server.port, sent, hang_up=True):
        assert answer.status == 400


@pytest.mark.parametrize("wanted", ["202-accepted", "100-continue, other", "\xe9"])
@pytest.mark.parametrize("path", [ORGANIZATIONS, "/api/v0/nothing", "/_mock/health"])
def test_an_unknown_expectation_is_a_417(target: Target, path: str, wanted: str) -> None:
    target.server.control.freeze_clock("2031-01-01T00:00:00Z")
    answer = target.get(path, f"Expect: {wanted}")
    demand_shape(answer, 417)
    assert answer.headers["date"] == "Wed, 01 Jan 2031 00:00:00 GMT"
    kept = [one.status for one in target.server.journal if one.status == 417]
    assert kept == ([] if path.startswith("/_mock") else [417])


def test_a_client_that_waits_for_it_is_asked_for_its_body(target: Target) -> None:
    head = request(
        "POST", ORGANIZATIONS, target.authorization, JSON, "Expect: 100-continue", body=b"[]"
    )
    go_on, answer = talk(target.server.port, head, answers=2)
    assert (go_on.status, go_on.headers) == (100, {})
    demand_shape(answer, 400, INVALID)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("\xe9\xff", id="raw-bytes"),
        pytest.param("\xe9.\xff.\xfe", id="raw-bytes-in-three-parts"),
        pytest.param("a.b.c", id="three-parts"),
        pytest.param("a" * 7_900, id="long"),
        pytest.param("." * 7_900, id="dots"),
        pytest.param("", id="empty"),
        pytest.param("eyJ.eyJ.", id="nearly"),
        pytest.param("null", id="null"),
        pytest.param("a b c", id="spaces"),
    ],
)
def test_a_token_that_is_none_is_a_401(target: Target, token: str) -> None:
    sent = request("GET", ORGANIZATIONS, f"Authorization: Bearer {token}")
    demand_shape(target.send(sent), 401)


@pytest.mark.parametrize(
    "line",
    [
        "Authorization:",
        "Authorization: Bearer",
        "Authorization: Basic dTpw",
        "Authorization: \xff\xff",
        "Authorization: Digest username=x",
        "Proxy-Authorization: Bearer x",
    ],
)
def test_another_authorization_is_a_401(target: Target, line: str) -> None:
    demand_shape(target.send(request("GET", ORGANIZATIONS, line)), 401)


def test_of_two_authorizations_the_first_one_counts(target: Target) -> None:
    other = "Authorization: Bearer other"
    assert target.get(ORGANIZATIONS, other).status == 200
    sent = request("GET", ORGANIZATIONS, other, target.authorization)
    demand_shape(target.send(sent), 401)


@pytest.mark.parametrize("host", ["", "[::", "a:b:c:9", "\xe9", '"><script>', "x" * 5_000])
def test_an_odd_host_is_refused_as_a_foreign_one(target: Target, host: str) -> None:
    demand_shape(target.get(ORGANIZATIONS, f"Host: {host}"), 403)
    contract = target.get("/_mock/contract", f"Host: {host}")
    assert contract.status == 200
    assert contract.json()["servers"][0]["url"].endswith("/api/v0")


def test_http_1_0_is_answered(target: Target) -> None:
    answer = target.get(ORGANIZATIONS, version="1.0")
    assert (answer.version, answer.status) == ("HTTP/1.0", 200)


def test_pipelined_requests_are_answered_in_their_order(target: Target) -> None:
    sent = [
        request("GET", ORGANIZATIONS, target.authorization),
        request("GET", "/api/v0/nothing"),
        request("POST", ORGANIZATIONS, target.authorization, JSON, body=b"["),
        request("GET", ORGANIZATIONS),
    ]
    answers = talk(target.server.port, b"".join(sent), answers=4)
    assert [answer.status for answer in answers] == [200, 404, 400, 401]


def test_a_request_that_comes_byte_by_byte_is_answered(target: Target) -> None:
    sent = request("POST", ORGANIZATIONS, target.authorization, JSON, body=b"[]")
    answer = target.send(*(bytes([one]) for one in sent))
    demand_shape(answer, 400, INVALID)


@pytest.mark.parametrize("upgrade", ["websocket", "h2c", "TLS/1.0"])
def test_an_upgrade_is_not_followed(target: Target, upgrade: str) -> None:
    answer = target.get(ORGANIZATIONS, "Connection: Upgrade", f"Upgrade: {upgrade}")
    assert answer.status == 200


def test_many_headers_that_are_few_enough_are_no_error(target: Target) -> None:
    assert target.get(ORGANIZATIONS, *(f"X-{number}: é" for number in range(100))).status == 200


def test_the_own_texts_of_a_client_come_back_as_valid_json(target: Target) -> None:
    """The one message that repeats what was sent (recorded) does not break out of its text."""
    odd = 'a"b\\c\xe9</script>'
    answer = target.send(request("GET", ORGANIZATIONS, f"Authorization: Bearer {odd}"))
    assert json.loads(answer.body)["message"].startswith("could not parse jwt: 'a\"b\\c")
