"""What a web page of somebody else may do to a server on this machine: nothing."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from builders.accounts import NOWHERE, Account
from builders.snapshots import listed
from fiskaly_mockserver.server.listening import create_app
from fiskaly_mockserver.web.safety import MOST_HOSTS, Safety, is_loopback
from fiskaly_mockserver.web.service import Service
from pytest_aiohttp import AiohttpClient
from web.api import BASE, Api, wire

ORGANIZATIONS = f"{BASE}/organizations"
FOREIGN_ORIGINS = [
    "https://evil.example",
    "null",
    "",
    "x",
    "http://{host}/evil",
    "http://{host}@evil.example",
    "http://evil.example@{host}",
    "http://evil.example#{host}",
    "http://[::1%evil.example]:{port}",
    "https://{host}",
    "http://127.0.0.1:1",
    "http://localhost",
    "//{host}",
]
FOREIGN_HOSTS = [
    "evil.example",
    "evil.example:80",
    "localhost/evil",
    "localhost@evil.example",
    "evil.example@localhost",
    "[::1%25evil.example]",
    "[::1%evil.example]:80",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "localhost:80:80",
    "localhost:x",
    "8.8.8.8",
    "[2001:db8::1]",
]
OWN_HOSTS = [
    "localhost",
    "LOCALHOST:1",
    "127.0.0.1",
    "127.9.9.9:80",
    "[::1]",
    "[::1]:80",
    "mock.localhost",
    "dashboard.fiskaly.com",
    "kassensichv-middleware.fiskaly.com:443",
    "kassensichv.fiskaly.com",
]


async def ask(
    api: Api, path: str, headers: Mapping[str, str], method: str = "GET"
) -> tuple[int, dict[str, object]]:
    authorization = {"Authorization": f"Bearer {api.account.token('vendor_test')}"}
    response = await api.client.request(method, path, headers={**authorization, **headers})
    return response.status, await response.json()


@pytest.fixture
def filled(api: Api) -> tuple[str, int]:
    """The server's own host and port."""
    return f"{api.client.host}:{api.client.port}", int(api.client.port or 0)


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
@pytest.mark.parametrize("path", [ORGANIZATIONS, f"/s/new{ORGANIZATIONS}", "/_mock/clock"])
async def test_a_foreign_page_is_refused(
    api: Api, service: Service, filled: tuple[str, int], origin: str, path: str
) -> None:
    host, port = filled
    status, body = await ask(api, path, {"Origin": origin.format(host=host, port=port)})
    assert status == 403
    assert "foreign web page" in str(body["message"])
    assert service.worlds.names() == ()
    assert len(service.world.journal) == 0


@pytest.mark.parametrize("path", [ORGANIZATIONS, f"/s/new{ORGANIZATIONS}", "/_mock/clock"])
async def test_what_a_browser_calls_cross_site_is_refused(
    api: Api, service: Service, path: str
) -> None:
    """As an image is, which has no Origin."""
    status, body = await ask(api, path, {"Sec-Fetch-Site": "cross-site"})
    assert (status, "foreign web page" in str(body["message"])) == (403, True)
    assert service.worlds.names() == ()
    for site in ("same-origin", "none"):
        assert (await ask(api, ORGANIZATIONS, {"Sec-Fetch-Site": site}))[0] == 200


async def test_a_page_of_the_server_itself_is_served(api: Api, filled: tuple[str, int]) -> None:
    host, port = filled
    for own in (host, f"localhost:{port}"):
        headers = {"Origin": f"http://{own}", "Host": own}
        assert (await ask(api, ORGANIZATIONS, headers))[0] == 200
        assert (await ask(api, "/_mock/clock", headers))[0] == 200


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
async def test_a_foreign_name_of_this_machine_is_refused(
    api: Api, service: Service, host: str
) -> None:
    """A page of a name that resolves to 127.0.0.1 has that name in Host."""
    before = listed(service.world)
    for path in (ORGANIZATIONS, f"/s/new{ORGANIZATIONS}", "/_mock/clock"):
        status, body = await ask(api, path, {"Host": host})
        assert status == 403, path
        assert "--allow-host" in str(body["message"])
    assert service.worlds.names() == ()
    assert listed(service.world) == before


@pytest.mark.parametrize("host", OWN_HOSTS)
async def test_names_of_this_machine_and_of_the_vendor_are_served(api: Api, host: str) -> None:
    for path in (ORGANIZATIONS, "/_mock/clock"):
        assert (await ask(api, path, {"Host": host}))[0] == 200


async def test_other_names_can_be_allowed(
    service: Service, account: Account, aiohttp_client: AiohttpClient
) -> None:
    safety = replace(service.safety, allowed_hosts=("mock", "Mock.Test"))
    api = Api(await aiohttp_client(create_app(replace(service, safety=safety))), account)
    for host in ("mock", "MOCK:8722", "mock.test:80"):
        for path in (ORGANIZATIONS, "/_mock/clock"):
            assert (await ask(api, path, {"Host": host}))[0] == 200
    assert (await ask(api, ORGANIZATIONS, {"Host": "mock.evil"}))[0] == 403
    assert (await ask(api, ORGANIZATIONS, {"Host": "mock", "Origin": "http://mock"}))[0] == 200


async def test_beyond_loopback_every_name_is_served_but_no_foreign_page(
    service: Service, account: Account, aiohttp_client: AiohttpClient
) -> None:
    open_to_all = replace(service, safety=Safety(token="t", loopback=False))
    api = Api(await aiohttp_client(create_app(open_to_all)), account)
    assert (await ask(api, ORGANIZATIONS, {"Host": "mock.example"}))[0] == 200
    headers = {"Host": "mock.example", "Origin": "http://evil.example"}
    assert (await ask(api, ORGANIZATIONS, headers))[0] == 403


async def test_an_api_that_browsers_call_answers_every_page_in_worlds_that_exist(
    api: Api, service: Service
) -> None:
    foreign = {"Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site"}
    status, body = await ask(api, "/api/v2/tss", foreign)
    assert status == 200, body
    status, body = await ask(api, "/s/new/api/v2/tss", foreign)
    assert (status, "foreign web page" in str(body["message"])) == (403, True)
    assert service.worlds.names() == ()
    service.worlds.get("new")
    assert (await ask(api, "/s/new/api/v2/tss", foreign))[0] == 200


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        (f"/s/new{ORGANIZATIONS}", None, 401),
        (f"/s/new{ORGANIZATIONS}", "x", 401),
        ("/s/new/nowhere", "right", 404),
        (f"/s/new{BASE}/nowhere", "right", 404),
        (f"/s/new{BASE}/auth", "right", 405),
    ],
)
async def test_a_request_that_is_let_in_nowhere_makes_no_sandbox(
    api: Api, service: Service, path: str, token: str | None, status: int
) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    if token == "right":
        headers = {"Authorization": f"Bearer {api.account.token('vendor_test')}"}
    assert (await api.client.get(path, headers=headers)).status == status
    assert service.worlds.names() == ()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", ORGANIZATIONS, None, 200),
        ("GET", f"{ORGANIZATIONS}/none", None, 400),
        ("GET", f"{ORGANIZATIONS}/{NOWHERE}", None, 404),
        ("POST", f"{BASE}/auth", {"api_key": "k", "api_secret": "s"}, 401),
        ("POST", f"{BASE}/auth", {}, 400),
    ],
)
async def test_a_request_whose_caller_is_let_in_makes_its_sandbox(
    api: Api, service: Service, *, method: str, path: str, body: object, status: int
) -> None:
    headers = {"Content-Type": "application/json", "X-Mock-Sandbox": "new"}
    headers["Authorization"] = f"Bearer {api.account.token('vendor_test')}"
    data = None if body is None else wire(body)
    response = await api.client.request(method, path, data=data, headers=headers)
    assert response.status == status
    assert service.worlds.names() == ("new",)
    assert len(service.worlds.get("new").journal) == 1


LOOPBACK = ("localhost", "127.0.0.1", "::1", "[::1]", "[::1]:80", "a.localhost")
NO_LOOPBACK = ("0.0.0.0", "::", "", "localhost@x", "::1%x", "mock", "1.2.3.4")


def test_what_loopback_is() -> None:
    assert [host for host in LOOPBACK if not is_loopback(host)] == []
    assert [host for host in NO_LOOPBACK if is_loopback(host)] == []


def test_no_more_hosts_are_remembered_than_there_is_room_for() -> None:
    safety = Safety()
    sizes = []
    for at in range(MOST_HOSTS + 2):
        safety.demand_own_host({"Host": f"shop-{at}.localhost"})
        sizes.append(len(safety.known_hosts))
    assert sizes == [*range(1, MOST_HOSTS + 1), 1, 2]


async def test_who_is_not_let_in_is_told_of_no_violation(api: Api) -> None:
    response = await api.client.get(ORGANIZATIONS, headers={"Origin": "https://evil.example"})
    assert response.status == 403
    assert "X-Mock-Violations" not in response.headers
