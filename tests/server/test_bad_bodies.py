"""Bodies that are no JSON object of the contract: refused in the API's shape, nothing changes."""

import gzip
import zlib

import pytest
from fiskaly_mockserver import MockServer
from server.raw_http import request
from server.target import (
    BAKERY,
    JSON,
    ORGANIZATIONS,
    Target,
    authenticate,
    demand_http_level,
    demand_shape,
)

INVALID = "E_FAILED_SCHEMA_VALIDATION"
LIMIT = 1024 * 1024


def bakery(field: bytes, value: bytes) -> bytes:
    """Return the valid body with a field more."""
    return BAKERY[:-1] + b',"' + field + b'":' + value + b"}"


def test_the_valid_body_itself_would_create_an_organization(battered_server: MockServer) -> None:
    """Else the tests below would prove nothing."""
    target = Target(battered_server, authenticate(battered_server))
    before = target.state()
    assert target.create_json(BAKERY).status == 200
    assert target.state() != before


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(b"{", "valid JSON", id="cut-off"),
        pytest.param(BAKERY + b"}", "valid JSON", id="something-after-the-end"),
        pytest.param(BAKERY.replace(b'"', b"'"), "valid JSON", id="single-quotes"),
        pytest.param(b" ", "valid JSON", id="white-space"),
        pytest.param(b'{"name":"\x00"}', "valid JSON", id="control-character"),
        pytest.param(bakery(b"state", b'"\xff\xfe"'), "UTF-8", id="not-utf-8"),
        pytest.param(BAKERY.decode().encode("utf-16"), "UTF-8", id="utf-16"),
        pytest.param(b"\xef\xbb\xbf" + BAKERY, "byte order mark", id="byte-order-mark"),
        pytest.param(bakery(b"state", b"NaN"), "NaN", id="nan"),
        pytest.param(bakery(b"state", b"Infinity"), "Infinity", id="infinity"),
        pytest.param(bakery(b"state", b"-Infinity"), "Infinity", id="minus-infinity"),
        pytest.param(bakery(b"name", b'"Other"'), "'name' twice", id="duplicate-key"),
        pytest.param(
            bakery(b"metadata", b'{"a":"1","a":"2"}'), "'a' twice", id="duplicate-key-inside"
        ),
        pytest.param(
            bakery(b"metadata", b"[" * 100 + b"]" * 100), "nested", id="nested-a-hundred-deep"
        ),
        pytest.param(b"[" * 500_000, "nested", id="nested-half-a-million-deep"),
        pytest.param(b'{"a":' * 100_000, "nested", id="objects-nested-deep"),
        pytest.param(bakery(b"state", rb'"\ud800"'), "lone surrogates", id="lone-surrogate"),
        pytest.param(
            bakery(b"metadata", rb'{"\udfff":"x"}'), "lone surrogates", id="lone-surrogate-in-a-key"
        ),
        pytest.param(bakery(b"state", b"9" * 100_000), "digits", id="giant-integer"),
        pytest.param(bakery(b"state", b"1e99999"), "range of a double", id="giant-float"),
        pytest.param(b"1", "object", id="number"),
        pytest.param(b"null", "object", id="null"),
        pytest.param(b"[" + BAKERY + b"]", "object", id="array"),
        pytest.param(b'"' + b"x" * 1000 + b'"', "object", id="text"),
    ],
)
def test_a_body_that_is_no_object_of_the_contract_is_a_400(
    target: Target, body: bytes, said: str
) -> None:
    answer = target.create_json(body)
    demand_shape(answer, 400, INVALID)
    assert said in answer.json()["message"]


def test_a_missing_body_is_a_400(target: Target) -> None:
    answer = target.create(JSON, "Content-Length: 0", body=b"")
    demand_shape(answer, 400, INVALID)
    assert "present" in answer.json()["message"]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="none"),
        pytest.param(["Content-Type:"], id="empty"),
        pytest.param(["Content-Type: text/plain"], id="text"),
        pytest.param(["Content-Type: application/x-www-form-urlencoded"], id="form"),
        pytest.param(["Content-Type: multipart/form-data; boundary=x"], id="multipart"),
        pytest.param(["Content-Type: application/vnd.example+json"], id="plus-json"),
        pytest.param(["Content-Type: application/json; charset=iso-8859-1"], id="charset"),
        pytest.param(["Content-Type: application/json, text/plain"], id="two-in-one"),
        pytest.param(["Content-Type: ;;;==\xff"], id="garbage"),
    ],
)
def test_another_media_type_is_a_415(target: Target, headers: list[str]) -> None:
    demand_shape(target.create(*headers), 415, "E_UNSUPPORTED_MEDIA_TYPE")


def test_a_body_over_a_mebibyte_is_a_413(target: Target) -> None:
    demand_shape(
        target.create_json(BAKERY + b" " * (LIMIT - len(BAKERY) + 1)), 413, "E_PAYLOAD_TOO_LARGE"
    )


def test_a_body_of_a_mebibyte_is_read(target: Target) -> None:
    answer = target.create_json(b"[" + b" " * (LIMIT - 2) + b"]")
    demand_shape(answer, 400, INVALID)
    assert "object" in answer.json()["message"]


def test_a_body_that_is_sent_in_chunks_has_the_same_limit(target: Target) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    body = chunk * 17 + b"0\r\n\r\n"
    answer = target.create(JSON, "Transfer-Encoding: chunked", body=body)
    demand_shape(answer, 413, "E_PAYLOAD_TOO_LARGE")


def test_a_small_body_that_unpacks_to_a_huge_one_has_the_same_limit(target: Target) -> None:
    body = gzip.compress(b" " * 50_000_000)
    assert len(body) < LIMIT
    answer = target.create(JSON, "Content-Encoding: gzip", body=body)
    demand_shape(answer, 413, "E_PAYLOAD_TOO_LARGE")


def test_a_compressed_body_is_checked_like_any_other(target: Target) -> None:
    answer = target.create(JSON, "Content-Encoding: gzip", body=gzip.compress(b"[]"))
    demand_shape(answer, 400, INVALID)
    assert "object" in answer.json()["message"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(BAKERY, id="not-compressed"),
        pytest.param(b"\x1f\x8b\x08" + b"\xff" * 40, id="garbage"),
        pytest.param(b"\x78\x9c" + b"\xff" * 40, id="zlib-garbage"),
    ],
)
def test_a_body_that_does_not_unpack_is_a_400(target: Target, encoding: str, body: bytes) -> None:
    answer = target.create(JSON, f"Content-Encoding: {encoding}", body=body)
    demand_shape(answer, 400, INVALID)
    assert "encoding" in answer.json()["message"]


def test_a_body_that_unpacks_to_a_beginning_only_is_refused_by_aiohttp(target: Target) -> None:
    answer = target.create(JSON, "Content-Encoding: deflate", body=zlib.compress(BAKERY)[:20])
    demand_http_level(answer)


def test_a_body_in_an_encoding_that_needs_another_library_is_refused_by_aiohttp(
    target: Target,
) -> None:
    """Brotli may be installed; then the parser hands the garbage on, and we refuse it."""
    answer = target.create(JSON, "Content-Encoding: br")
    assert answer.status == 400


def test_a_get_with_a_body_is_answered_whatever_the_body_is(target: Target) -> None:
    """Real clients send one (recorded); it is not looked at."""
    for headers in ([JSON], ["Content-Type: text/plain"], [JSON, "Content-Encoding: gzip"]):
        sent = request("GET", ORGANIZATIONS, target.authorization, *headers, body=b"{}")
        assert target.send(sent).status == 200


def test_a_body_without_a_token_is_a_401_before_it_is_looked_at(target: Target) -> None:
    demand_shape(target.send(request("POST", ORGANIZATIONS, body=b" " * 3_000_000)), 401)


def test_the_parser_of_aiohttp_refuses_two_media_types(target: Target) -> None:
    demand_http_level(target.create(JSON, "Content-Type: text/plain"))
