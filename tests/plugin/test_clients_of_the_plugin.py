"""Any client works, without any configuration: synchronous, asynchronous, another process."""

import shutil

import pytest
from plugin.conftest import RunApart

CLIENTS = """
import json
import subprocess
import sys
import urllib.request

import aiohttp
import httpx
import pytest
import requests


def login(credentials):
    return {"api_key": credentials.key, "api_secret": credentials.secret}


def test_requests(fiskaly_mock):
    with requests.Session() as session:
        answer = session.post(fiskaly_mock.base_url + "/auth", json=login(fiskaly_mock.credentials))
        token = answer.json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        found = session.get(fiskaly_mock.base_url + "/organizations", headers=headers).json()
    assert found["count"] == 6


def test_httpx(fiskaly_base_url, fiskaly_credentials):
    with httpx.Client(base_url=fiskaly_base_url) as client:
        token = client.post("/auth", json=login(fiskaly_credentials)).json()["access_token"]
        found = client.get("/organizations", headers={"Authorization": f"Bearer {token}"}).json()
    assert found["count"] == 6


def test_urllib(fiskaly_mock):
    token = fiskaly_mock.token_for(fiskaly_mock.tree.main)
    request = urllib.request.Request(
        fiskaly_mock.base_url + "/organizations", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["count"] == 6


async def test_aiohttp(fiskaly_mock):
    headers = {"Authorization": f"Bearer {fiskaly_mock.token_for(fiskaly_mock.tree.main)}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(fiskaly_mock.base_url + "/organizations") as answer,
    ):
        assert (await answer.json())["count"] == 6


@pytest.mark.parametrize("wrong", [False, True])
async def test_httpx_asynchronously(fiskaly_mock, wrong):
    headers = {"Authorization": f"Bearer {fiskaly_mock.token_for(fiskaly_mock.tree.main)}"}
    async with httpx.AsyncClient(base_url=fiskaly_mock.base_url, headers=headers) as client:
        answer = await client.get("/organizatons" if wrong else "/organizations")
    assert answer.status_code in {200, 404}


@pytest.mark.parametrize("limit", [2, "two"])
def test_subprocess(fiskaly_mock, limit):
    token = fiskaly_mock.token_for(fiskaly_mock.tree.main)
    url = f"{fiskaly_mock.base_url}/organizations?limit={limit}"
    done = subprocess.run(
        ["curl", "-s", url, "-H", f"Authorization: Bearer {token}"],
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)
"""


@pytest.mark.skipif(shutil.which("curl") is None, reason="a client of the tests is not there")
def test_any_client_is_served_and_judged(client: pytest.Pytester, run_apart: RunApart) -> None:
    client.makepyfile(CLIENTS)
    result = run_apart(
        *("-p", "asyncio", "-o", "asyncio_mode=auto", "-W", "error"),
        *("-o", "asyncio_default_fixture_loop_scope=function"),
    )
    result.assert_outcomes(passed=6, failed=2)
    result.stdout.fnmatch_lines(
        [
            "GET /api/v0/organizatons: route breaks unknown-route, got GET /api/v0/org*",
            '*listOrganizations: query /limit breaks *, got "two"',
        ]
    )


HANDLES = """
import pytest
from pytest_fiskaly import ApiKeyHandle, FiskalyMock, NotInTheTree, OrganizationHandle, TreeHandle
from api_client import ask, carelessly, create, log_in


def test_tree(fiskaly_mock: FiskalyMock, fiskaly_tree: TreeHandle):
    assert fiskaly_tree is fiskaly_mock.tree
    main = fiskaly_tree.main
    assert isinstance(main, OrganizationHandle)
    assert ask(fiskaly_mock, f"/organizations/{fiskaly_tree.managed[0].organization_id}",
               token=log_in(fiskaly_mock))["name"] == fiskaly_tree.managed[0].name
    assert isinstance(fiskaly_mock.credentials, ApiKeyHandle)
    assert fiskaly_mock.credentials == main.api_key
    assert main.secret not in repr(fiskaly_tree) + repr(main) + repr(fiskaly_mock)
    assert fiskaly_mock.control_url.endswith("/_mock")


def test_seed(fiskaly_mock):
    tree = fiskaly_mock.seed("enterprise", size=20)
    assert (tree.preset, len(tree.mains), len(tree.managed)) == ("enterprise", 2, 20)
    assert carelessly(fiskaly_mock)["count"] == 22
    assert fiskaly_mock.seed(seed=9).preset == "individual-customers"
    with pytest.raises(ValueError, match="did you mean enterprise"):
        fiskaly_mock.seed("enterprize")


@pytest.mark.fiskaly(
    preset="enterprise",
    clock="2020-01-01T00:00:00Z",
    faults={"operation": "authenticate", "effect": {"kind": "status", "status": 503}},
)
def test_seed_builds_on_the_marker(fiskaly_mock):
    assert len(fiskaly_mock.seed(size=2).managed) == 2
    assert fiskaly_mock.tree.preset == "enterprise"
    assert fiskaly_mock.control.clock()["iso"] == "2020-01-01T00:00:00Z"
    assert len(fiskaly_mock.control.faults()) == 1
    fiskaly_mock.reset()
    assert len(fiskaly_mock.tree.managed) == 5


def test_seeding_over_http_is_noticed(fiskaly_mock):
    fiskaly_mock.control.seed("enterprise", size=4)
    assert fiskaly_mock.tree.preset == "enterprise"
    assert carelessly(fiskaly_mock)["count"] == 6


@pytest.mark.fiskaly(preset="empty")
def test_empty(fiskaly_mock):
    with pytest.raises(NotInTheTree, match="'empty' has no main organization: choose another"):
        fiskaly_mock.tree.main
    with pytest.raises(NotInTheTree):
        fiskaly_mock.credentials
    assert "0 main" in repr(fiskaly_mock)


def test_tokens(fiskaly_mock):
    main = fiskaly_mock.tree.main
    assert carelessly(fiskaly_mock, token=fiskaly_mock.token_for(main))["count"] == 6
    for bad in (fiskaly_mock.expired_token_for(main), fiskaly_mock.forged_token_for(main.key)):
        assert carelessly(fiskaly_mock, token=bad) == 401
    wrong = fiskaly_mock.wrong_env_token_for(main.api_key)
    assert carelessly(fiskaly_mock, token=wrong)["count"] == 0
    assert fiskaly_mock.control.count({"operation": "authenticate"}) == 0


def test_token_of_what_was_created(fiskaly_mock):
    made = create(fiskaly_mock)
    key = ask(fiskaly_mock, f"/organizations/{made['_id']}/api-keys",
              {"name": "till", "status": "enabled"}, log_in(fiskaly_mock))
    for holder in (key["key"], made["_id"]):
        token = fiskaly_mock.token_for(holder)
        assert carelessly(fiskaly_mock, f"/organizations/{made['_id']}", token=token)["name"]
    with pytest.raises(NotInTheTree, match="no API key and no organization"):
        fiskaly_mock.token_for("nobody")


def test_expiry_obeys_the_clock(fiskaly_mock):
    token = fiskaly_mock.token_for(fiskaly_mock.tree.main)
    fiskaly_mock.control.advance_clock("25h")
    assert carelessly(fiskaly_mock, token=token) == 401
"""


def test_handles_seeds_and_tokens(client: pytest.Pytester) -> None:
    client.makepyfile(HANDLES)
    client.runpytest().assert_outcomes(passed=8)
