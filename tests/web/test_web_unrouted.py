"""What the journal says of a request that no route was found for: the route that was meant."""

import pytest
from aiohttp import ClientSession
from builders.accounts import SHOP
from fiskaly_contracts import Violation
from fiskaly_mockserver.web.service import Service
from web.api import BASE, Api, wire
from yarl import URL

NOT_FOUND = wire({"status_code": 404, "error": "Not Found", "message": "Not Found"})
ALL = "one of the 20 operations of the contract"
ID = "/organizations/{organization_id}"


async def missed(api: Api, service: Service, method: str, path: str) -> Violation:
    """Call a path that leads nowhere; the wire says no more of it than ever."""
    response = await api.client.request(method, URL(path, encoded=True))
    assert (response.status, await response.read()) == (404, NOT_FOUND)
    (violation,) = list(service.world.journal)[-1].violations
    assert violation.rule == "unknown-route"
    return violation


@pytest.mark.parametrize(
    ("method", "path", "hint"),
    [
        ("GET", "/organizatons", "GET /organizations"),
        ("DELETE", "/organizatons", "GET or POST /organizations"),
        ("GET", "/Organizations", "GET /organizations"),
        ("PATCH", f"/organization/{SHOP}", f"PATCH {ID}"),
        ("POST", "/authenticate", "POST /auth"),
        ("POST", "/v0/auth", "POST /auth"),
        ("GET", "/billing_addresses", "GET /billing-addresses"),
        ("GET", "/billingAddresses", "GET /billing-addresses"),
        ("PUT", f"/organizations/{SHOP}/enable-live", f"POST {ID}/enable-env"),
        ("POST", f"/organizations/{SHOP}/keys", f"POST {ID}/api-keys"),
        ("POST", f"/organizations/{SHOP}/user", f"POST {ID}/users"),
        ("GET", f"/organizations/{SHOP}/apikeys/{SHOP}", f"GET {ID}/api-keys/{{key_id}}"),
    ],
)
async def test_the_nearest_route_is_named(
    api: Api, service: Service, method: str, path: str, hint: str
) -> None:
    violation = await missed(api, service, method, BASE + path)
    assert violation.expected == f"{ALL}; did you mean {hint}?"
    assert violation.got_text.startswith(f"{method} {BASE}{path}"[:90])


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (f"{BASE}/organizations/", "none of which ends in a slash; did you mean GET /organ"),
        (f"{BASE}//auth", "none of which has a doubled slash; did you mean POST /auth?"),
        (
            "/organizations",
            f"all of which are under {BASE}; did you mean GET {BASE}/organizations?",
        ),
        ("/api/v1/organizations", f"under {BASE}; did you mean GET {BASE}/organizations?"),
        ("/s/mine/organizations", f"under {BASE}; did you mean GET {BASE}/organizations?"),
        ("/s/mine/api/v0/organizatons", "contract; did you mean GET /organizations?"),
    ],
)
async def test_slashes_and_the_base_path_are_named(
    api: Api, service: Service, path: str, said: str
) -> None:
    if path.startswith("/s/"):
        service.worlds.get("mine")
        response = await api.client.get(path)
        assert response.status == 404
        (violation,) = list(service.worlds.get("mine").journal)[-1].violations
    else:
        violation = await missed(api, service, "GET", path)
    assert said in violation.expected


@pytest.mark.parametrize(
    "path", ["/nowhere", "/", "", "/a/b/c/d", f"/organizations/{SHOP}/users/{SHOP}/roles"]
)
async def test_what_is_like_nothing_gets_no_hint(api: Api, service: Service, path: str) -> None:
    assert (await missed(api, service, "GET", BASE + path)).expected == ALL


@pytest.mark.parametrize("path", ["/organizatons" * 200, "/x" * 2_000, "/" + "organizatons" * 200])
async def test_long_paths_are_neither_compared_nor_repeated(
    api: Api, service: Service, path: str
) -> None:
    violation = await missed(api, service, "GET", BASE + path)
    assert violation.expected == ALL
    assert len(violation.got_text) < 250


@pytest.mark.parametrize("secret", ["Ab1" * 14 + "x", "eyJ" + "a" * 40 + ".b.c"])
async def test_a_secret_in_the_path_is_not_told(api: Api, service: Service, secret: str) -> None:
    violation = await missed(api, service, "GET", f"{BASE}/organizatons/{secret}")
    assert violation.sentence().startswith(f"route should be {ALL}; did you mean GET {ID}?")
    assert secret not in repr(violation) + violation.sentence()
    assert violation.got_text == f"GET {BASE}/organizatons/[redacted]"


async def test_a_target_that_begins_with_two_slashes_is_told_so(api: Api, service: Service) -> None:
    host, port = api.client.host, api.client.port
    async with (
        ClientSession() as session,
        session.post(URL(f"http://{host}:{port}//auth/", encoded=True)) as response,
    ):
        assert response.status == 404
    (violation,) = list(service.world.journal)[-1].violations
    assert violation.expected == (
        f"{ALL}, all of which are under {BASE} and none of which ends in a slash"
        f" and none of which has a doubled slash; did you mean POST {BASE}/auth?"
    )
