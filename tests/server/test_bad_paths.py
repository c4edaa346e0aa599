"""Odd paths, queries and methods: a 400, 404 or 405 in the API's shape, nothing changes."""

import pytest
from server.raw_http import RawAnswer, request
from server.target import ORGANIZATIONS, Target, demand_http_level, demand_shape

INVALID = "E_FAILED_SCHEMA_VALIDATION"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/", id="root"),
        pytest.param("/organizations", id="no-base-path"),
        pytest.param("/api/v1/organizations", id="another-version"),
        pytest.param("/api/v0", id="base-path"),
        pytest.param("/api/v0/nothing", id="unknown"),
        pytest.param("/api/v0/organizations/", id="slash-at-the-end"),
        pytest.param("/api/v0//organizations", id="two-slashes"),
        pytest.param("//api/v0/organizations", id="two-slashes-first"),
        pytest.param("/API/V0/ORGANIZATIONS", id="upper-case"),
        pytest.param("/api/v0/organizations/../organizations", id="dots"),
        pytest.param("/api/v0/organizations/%00/nothing", id="nul-in-an-unknown-one"),
        pytest.param("/api/v0/%ff", id="not-utf-8"),
        pytest.param("/api/v0%2Forganizations", id="encoded-slash"),
        pytest.param("/api/v0/" + "a" * 7_000, id="long"),
        pytest.param("/_mockery", id="nearly-the-control-prefix"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_path_is_a_404(target: Target, method: str, path: str) -> None:
    answer = target.send(request(method, path, target.authorization))
    demand_shape(answer, 404)
    assert answer.json()["message"] == "Not Found"


@pytest.mark.parametrize(
    "segment",
    [
        pytest.param("x", id="letters"),
        pytest.param("%00", id="nul"),
        pytest.param("a%2Fb", id="slash"),
        pytest.param("..%2f..%2fetc", id="dots-and-slashes"),
        pytest.param("%ff%fe", id="not-utf-8"),
        pytest.param("%C3%A9", id="utf-8"),
        pytest.param("%zz%", id="bad-escape"),
        pytest.param("%ED%A0%80", id="surrogate"),
        pytest.param("%0d%0aX-Injected:%201", id="line-break"),
        pytest.param("[::", id="bracket"),
        pytest.param("%20", id="space"),
        pytest.param("0" * 36, id="nearly-an-id"),
        pytest.param("00000000-0000-4000-8000-000000000000%0a", id="id-and-line-break"),
        pytest.param("9" * 7_000, id="long"),
    ],
)
def test_a_path_id_that_is_none_is_a_400(target: Target, segment: str) -> None:
    answer = target.get(f"{ORGANIZATIONS}/{segment}")
    demand_shape(answer, 400, INVALID)
    assert "organization_id" in answer.json()["message"]
    assert "x-injected" not in answer.headers


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
def test_another_method_is_a_405_that_names_the_allowed_ones(target: Target, method: str) -> None:
    answer = target.send(request(method, ORGANIZATIONS, target.authorization))
    if method == "HEAD":
        demand_headers_of_a_shape(answer, 405)
    else:
        demand_shape(answer, 405)
    assert answer.headers["allow"] == "GET,POST"


def test_head_of_an_unknown_path_is_a_404(target: Target) -> None:
    demand_headers_of_a_shape(target.send(request("HEAD", "/api/v0/nothing")), 404)


def demand_headers_of_a_shape(answer: RawAnswer, status: int) -> None:
    """Demand what an answer to HEAD can have of the API's shape: all but the body."""
    assert answer.status == status
    assert answer.body == b""
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert len(answer.headers["x-request-id"]) == 32


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_no_authorization_is_needed_to_learn_that_a_route_is_unknown(
    target: Target, method: str
) -> None:
    demand_shape(target.send(request(method, "/api/v0/nothing")), 404)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("limit=%ff", id="not-utf-8"),
        pytest.param("limit=%00", id="nul"),
        pytest.param("limit=", id="empty"),
        pytest.param("limit", id="no-value"),
        pytest.param("limit=1&limit=2", id="repeated"),
        pytest.param("limit=" + "9" * 7_000, id="giant"),
        pytest.param("limit=-1", id="negative"),
        pytest.param("limit=1e2", id="exponent"),
        pytest.param("limit=%201", id="space"),
        pytest.param("limit=%D9%A1", id="arabic-digit"),
        pytest.param("limit=1_0", id="underscore"),
        pytest.param("limit=NaN", id="nan"),
        pytest.param("type=" + "x" * 7_000, id="long"),
        pytest.param("order=%F0%9F%8D%9E", id="emoji"),
    ],
)
def test_a_query_parameter_that_breaks_the_contract_is_a_400(target: Target, query: str) -> None:
    answer = target.get(f"{ORGANIZATIONS}?{query}")
    demand_shape(answer, 400, INVALID)
    assert query.partition("=")[0] in answer.json()["message"]


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("%ff=%fe", id="not-utf-8"),
        pytest.param("&&=&;==", id="punctuation"),
        pytest.param("a=1&" * 1_500, id="thousands"),
        pytest.param("a[b][c]=%00", id="brackets"),
        pytest.param("__proto__=1&constructor=2", id="names-of-other-languages"),
    ],
)
def test_an_unknown_query_parameter_is_no_error(target: Target, query: str) -> None:
    assert target.get(f"{ORGANIZATIONS}?{query}").status == 200


def test_an_absolute_address_is_answered_by_its_path(target: Target) -> None:
    answer = target.get(f"http://elsewhere.example{ORGANIZATIONS}")
    assert answer.status == 200


@pytest.mark.parametrize(
    ("method", "path"), [("OPTIONS", "*"), ("CONNECT", "elsewhere.example:443")]
)
def test_a_target_that_is_no_path_is_a_404(target: Target, method: str, path: str) -> None:
    demand_shape(target.send(request(method, path, target.authorization)), 404)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(f"{ORGANIZATIONS}/\xe9\xff", id="raw-bytes-in-the-path"),
        pytest.param(f"{ORGANIZATIONS}?type=\xe9", id="raw-bytes-in-the-query"),
        pytest.param("", id="nothing"),
        pytest.param("organizations", id="no-slash"),
        pytest.param("http://[::/x", id="broken-host"),
        pytest.param("/api/v0/" + "a" * 9_000, id="over-8-kilobytes"),
        pytest.param(f"{ORGANIZATIONS}?limit=" + "9" * 70_000, id="query-over-8-kilobytes"),
    ],
)
def test_a_request_line_that_is_no_http_is_refused_by_aiohttp(target: Target, path: str) -> None:
    demand_http_level(target.get(path))


@pytest.mark.parametrize(
    "path",
    ["/_mock", "/_mock/", "/_mock/%00%ff", "/_mock/../api/v0/organizations", "/_mock/health/x"],
)
def test_an_unknown_control_path_is_a_404_in_json(target: Target, path: str) -> None:
    answer = target.get(path)
    assert answer.status == 404
    assert answer.json()["error"] == "Not Found"
