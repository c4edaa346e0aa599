"""Routes come from the contract, and what is no route is answered in the API's shape."""

from dataclasses import replace

import pytest
from aiohttp import web
from builders.accounts import SHOP
from builders.snapshots import listed
from fiskaly_mockserver.server.listening import create_app
from fiskaly_mockserver.web.management.handlers import HANDLERS
from fiskaly_mockserver.web.routing import LateRoutes
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.names import CONTROL_PREFIX
from web.api import Api, wire

NOT_FOUND = wire({"status_code": 404, "error": "Not Found", "message": "Not Found"})
NOT_ALLOWED = wire(
    {"status_code": 405, "error": "Method Not Allowed", "message": "Method Not Allowed"}
)


def routes_of(app: web.Application) -> set[tuple[str, str]]:
    return {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None
    }


def test_late_routes_are_made_once_and_stay_where_they_are() -> None:
    made: list[int] = []

    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    def make() -> list[web.RouteDef]:
        made.append(1)
        return [web.get("/late/{name}", answer), web.post("/late", answer)]

    app = web.Application()
    late = LateRoutes("/late", make)
    app.router.register_resource(late)
    app.freeze()
    assert (made, late.canonical, late.get_info()) == ([], "/late", {"path": "/late"})
    expected = {("GET", "/late/{name}"), ("HEAD", "/late/{name}"), ("POST", "/late")}
    assert (routes_of(app), len(late), made) == (expected, 3, [1])
    assert not late.raw_match("/late")
    with pytest.raises(RuntimeError, match="cannot be put under /other"):
        late.add_prefix("/other")
    with pytest.raises(LookupError, match="of which route"):
        late.url_for(name="x")


def test_every_operation_has_a_handler_and_every_handler_an_operation(service: Service) -> None:
    assert set(HANDLERS) == set(service.contract.operations)


def test_the_routes_are_the_contracts_and_the_control_ones(service: Service) -> None:
    contract = {
        (operation.method, prefix + one.base_path + operation.path)
        for one in service.apis
        for operation in one.api.contract.operations.values()
        for prefix in ("", "/s/{sandbox}")
    }
    assert len(contract) == 2 * sum(len(one.api.contract.operations) for one in service.apis)
    served = routes_of(create_app(service))
    control = {route for route in served if route[1].startswith(CONTROL_PREFIX)}
    assert served - control == contract | {("*", "/{rest}")}
    assert ("GET", "/_mock/health") in served - contract


@pytest.mark.parametrize("missing", ["authenticate", "removeUser"])
def test_an_operation_without_a_handler_is_named_at_start(service: Service, missing: str) -> None:
    handlers = {name: handler for name, handler in HANDLERS.items() if name != missing}
    with pytest.raises(LookupError, match=missing):
        replace(service.apis[0].api, handlers=handlers)


def test_a_handler_without_an_operation_is_named_at_start(service: Service) -> None:
    handlers = {**HANDLERS, "mintMoney": HANDLERS["authenticate"]}
    with pytest.raises(LookupError, match="mintMoney"):
        replace(service.apis[0].api, handlers=handlers)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/nowhere",
        "/organization",
        "/organizations/",
        "//organizations",
        "/Organizations",
        f"/organizations/{SHOP}/",
        f"/organizations/{SHOP}/keys",
        f"/organizations/{SHOP}/users/{SHOP}/roles",
        f"/organizations/{SHOP}%2Fusers",
        "/auth/",
        "/auth/refresh",
    ],
)
@pytest.mark.parametrize("by", [None, "vendor_test"])
async def test_an_unknown_route_is_404_without_a_code(api: Api, path: str, by: str | None) -> None:
    answer = await api.call("GET", path, by=by)
    if path.endswith("%2Fusers"):
        # a slash that is part of an id is no slash of the path: the id is malformed
        assert answer.status == (401 if by is None else 400)
        return
    assert (answer.status, answer.raw) == (404, NOT_FOUND)
    assert "Allow" not in answer.headers


async def test_a_missing_base_path_is_404_and_the_journal_says_why(
    api: Api, service: Service
) -> None:
    response = await api.client.get("/organizations")
    assert (response.status, await response.read()) == (404, NOT_FOUND)
    (exchange,) = service.world.journal
    (violation,) = exchange.violations
    assert violation.rule == "unknown-route"
    assert "under /api/v0" in violation.expected


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/auth", "POST"),
        ("/organizations", "GET,POST"),
        (f"/organizations/{SHOP}", "DELETE,GET,PATCH"),
        (f"/organizations/{SHOP}/enable-env", "POST"),
        (f"/organizations/{SHOP}/api-keys", "GET,POST"),
        (f"/organizations/{SHOP}/api-keys/{SHOP}", "DELETE,GET,PATCH"),
        (f"/organizations/{SHOP}/users", "GET,POST"),
        (f"/organizations/{SHOP}/users/{SHOP}", "DELETE"),
        ("/billing-addresses", "GET,POST"),
        (f"/billing-addresses/{SHOP}", "DELETE,GET,PATCH"),
    ],
)
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "TRACE", "GET", "DELETE", "PROPFIND"])
async def test_a_wrong_method_is_405_and_tells_the_right_ones(
    api: Api, path: str, allow: str, method: str
) -> None:
    if method in allow.split(","):
        assert (await api.call(method, path)).status != 405
        return
    for by in (None, "vendor_test"):
        answer = await api.call(method, path, by=by)
        assert (answer.status, answer.headers["Allow"]) == (405, allow)
        assert answer.raw == (b"" if method == "HEAD" else NOT_ALLOWED)
        assert answer.headers["Content-Length"] == str(len(NOT_ALLOWED))


async def test_what_leads_nowhere_changes_nothing(api: Api, service: Service) -> None:
    before = listed(service.world)
    for method in ("PUT", "POST", "HEAD", "OPTIONS"):
        await api.call(method, f"/organizations/{SHOP}", body={"name": "Changed"})
        await api.call(method, "/nowhere", body={"name": "Changed"})
    assert listed(service.world) == before


async def test_wrong_routes_are_kept_as_breaches_of_no_operation(
    api: Api, service: Service
) -> None:
    await api.get("/nowhere")
    await api.call("PUT", "/auth", body={})
    unknown, wrong_method = service.world.journal
    assert (unknown.status, unknown.operation_id) == (404, "")
    assert (wrong_method.status, wrong_method.operation_id) == (405, "")
    assert [one.rule for one in unknown.breaches] == ["unknown-route"]
    assert [(one.rule, one.expected) for one in wrong_method.breaches] == [("method", "POST")]


async def test_control_routes_are_no_part_of_the_journal(api: Api, service: Service) -> None:
    for path in ("/_mock/health", "/_mock/contract", "/_mock", "/_mock/nowhere"):
        await (await api.client.get(path)).read()
    assert len(service.world.journal) == 0


async def test_an_unknown_control_route_names_the_known_ones(api: Api) -> None:
    response = await api.client.get("/_mock/helth")
    assert response.status == 404
    body = await response.json()
    assert "/_mock/health" in body["allowed"]


async def test_a_wrong_method_on_a_control_route_names_the_right_ones(api: Api) -> None:
    response = await api.client.post("/_mock/health")
    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")
    assert (await response.json())["allowed"] == ["GET", "HEAD"]


async def test_a_probe_asks_for_the_health_with_head(api: Api) -> None:
    response = await api.client.head("/_mock/health")
    assert (response.status, await response.read()) == (200, b"")
    assert (await api.client.head("/_mock/clock")).status == 405


async def test_the_contract_is_served_with_the_address_it_was_asked_under(
    api: Api, service: Service
) -> None:
    response = await api.client.get("/_mock/contract", headers={"Host": "fake.example:1234"})
    document = await response.json()
    assert document["servers"] == [{"url": "http://fake.example:1234/api/v0"}]
    assert document["paths"] == service.contract.document["paths"]
