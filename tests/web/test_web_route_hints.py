"""The answer to a route that does not exist says in a header what the log says, and no other."""

import pytest
from builders.accounts import NOWHERE, OUTPOST, SHOP
from fiskaly_contracts import Contract, Operation
from fiskaly_mockserver.web.routing import nearest_route
from fiskaly_mockserver.web.service import Service
from web.api import BASE, Api
from yarl import URL

HINT = "X-Mock-Hint"


@pytest.mark.parametrize(
    ("method", "path", "hint"),
    [
        ("POST", "/v0/auth", "did you mean POST /api/v0/auth?"),
        ("POST", "/api/v0/auth/", "none of which ends in a slash; did you mean POST /auth?"),
        ("GET", "/api/v0//organizations", "has a doubled slash; did you mean GET /organizations?"),
        (
            "GET",
            f"/api/v0/organizations/{SHOP}/apikeys",
            "did you mean GET /organizations/{organization_id}/api-keys?",
        ),
        ("PUT", f"/v2/tss/{SHOP}", "did you mean PUT /api/v2/tss/{tss_id}?"),
        ("GET", "/api/v2/tss/", "none of which ends in a slash; did you mean GET /tss?"),
        (
            "GET",
            f"/api/v2/tss/{SHOP}/transactions",
            "did you mean GET /tss/{tss_id}/tx?",
        ),
        ("GET", "/nowhere", "one of the 20 operations of the contract"),
        ("PUT", "/api/v0/organizations", "route should be called with GET, POST (got PUT)"),
        ("HEAD", "/api/v0/organizations", "route should be called with GET, POST (got HEAD)"),
    ],
)
async def test_a_route_that_does_not_exist(
    api: Api, service: Service, method: str, path: str, hint: str
) -> None:
    response = await api.client.request(method, URL(path, encoded=True))
    assert response.status in (404, 405)
    assert hint in response.headers[HINT]
    (exchange,) = service.world.journal
    (violation,) = exchange.violations
    assert response.headers[HINT] == violation.sentence()


@pytest.mark.parametrize(
    ("path", "by", "status"),
    [
        (f"/organizations/{NOWHERE}", "vendor_test", 404),
        (f"/organizations/{OUTPOST}", "vendor_test", 404),
        ("/organizations", None, 401),
        ("/organizations/none", "vendor_test", 400),
        ("/organizations", "vendor_test", 200),
    ],
)
async def test_whatever_met_a_route_has_no_hint(
    api: Api, path: str, by: str | None, status: int
) -> None:
    answer = await api.get(path, by=by)
    assert answer.status == status
    assert HINT not in answer.headers


@pytest.mark.parametrize(
    "path", ["/é\r\nX: y", "/%0d%0aX: y", "/x" * 4_000, "/\udcff€", "/" + "A1" * 21 + "b"]
)
async def test_whatever_the_path_the_header_is_one_short_line(api: Api, path: str) -> None:
    response = await api.client.get(URL.build(path=BASE + path.encode("utf-8", "replace").decode()))
    assert response.status == 404
    hint = response.headers[HINT]
    assert hint.isascii()
    assert hint.isprintable()
    assert len(hint) <= 500
    assert "X" not in response.headers
    assert "A1A1" not in hint


def operation(method: str, path: str) -> Operation:
    return Contract.bundled().operations["listUsers"]._replace(method=method, path=path)


OPERATIONS = [
    operation("GET", "/things"),
    operation("POST", "/things"),
    operation("GET", "/things/{id}/parts"),
    operation("GET", "/tss/{id}/tx"),
    operation("PUT", f"/{'a' * 290}/{{id}}"),
    operation("GET", "/1/2/3/4/5/6/7/things"),
]


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("GET", "things", "GET /things"),
        ("PUT", "Things", "GET or POST /things"),
        ("POST", "thing", "POST /things"),
        ("GET", "thingsandmore", "GET /things"),
        ("GET", "tngs", "GET /things"),
        ("GET", "tn", ""),
        ("GET", "things/7", ""),
        ("GET", "things/7/part", "GET /things/{id}/parts"),
        ("GET", "stuff/7/parts", ""),
        ("GET", "v2/things/7/parts", "GET /things/{id}/parts"),
        ("GET", "v2/thing", "GET /things"),
        ("GET", "tse/7/transactions", "GET /tss/{id}/tx"),
        ("GET", "1/2/3/4/5/6/7/things", "GET /1/2/3/4/5/6/7/things"),
        ("GET", "0/1/2/3/4/5/6/7/things", ""),
        ("PUT", f"{'a' * 290}/{'x' * 10}", f"PUT /{'a' * 290}/{{id}}"),
        ("PUT", f"{'a' * 290}/{'x' * 11}", ""),
        ("GET", "", ""),
    ],
)
def test_the_route_that_is_most_like_a_path(method: str, path: str, found: str) -> None:
    segments = [segment for segment in path.split("/") if segment]
    assert nearest_route(method, segments, OPERATIONS) == found
