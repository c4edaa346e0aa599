"""--loose: what the contract does not know is dropped and told, and all else stays strict."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import pytest
from builders.accounts import CAFE, SHOP, VENDOR, Account, profile, secret_of
from fiskaly_contracts import Where
from fiskaly_fixtures import generate
from fiskaly_mockserver.server.compose import compose
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.server.listening import create_app
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.worlds import Worlds
from pytest_aiohttp import AiohttpClient
from web.api import Api

BAKERY = {**profile(), "managed_by_organization_id": VENDOR}


@pytest.fixture(scope="module")
def lenient() -> Service:
    return compose(ServerConfig(loose=True), generate("empty"))


@pytest.fixture
def service(lenient: Service, account: Account) -> Iterator[Service]:
    service = replace(lenient, worlds=Worlds(account.world), defects=deque())
    yield service
    assert not service.defects


@pytest.fixture
async def loose(service: Service, account: Account, aiohttp_client: AiohttpClient) -> Api:
    return Api(await aiohttp_client(create_app(service)), account)


async def test_an_unknown_property_is_dropped_and_told(loose: Api, service: Service) -> None:
    answer = await loose.post("/organizations", {**BAKERY, "color": "red", "x": {"y": [1]}})
    assert answer.status == 200
    assert answer.headers["X-Mock-Violations"] == "2"
    assert {"color", "x"} & answer.body.keys() == set()
    (exchange,) = service.world.journal
    told = [(one.where, one.pointer, one.rule) for one in exchange.violations]
    rule = "additionalProperties"
    assert told == [(Where.BODY, "/color", rule), (Where.BODY, "/x", rule)]


async def test_it_is_dropped_inside_of_objects_too(loose: Api) -> None:
    payer = {"bill_to_organization": VENDOR, "currency": "EUR"}
    answer = await loose.patch(f"/organizations/{CAFE}", {"billing_options": payer})
    assert answer.status == 200
    assert answer.headers["X-Mock-Violations"] == "1"
    assert answer.body["billing_options"] == {"bill_to_organization": VENDOR}


async def test_metadata_is_free_and_kept(loose: Api) -> None:
    answer = await loose.patch(f"/organizations/{CAFE}", {"metadata": {"color": "red"}})
    assert "X-Mock-Violations" not in answer.headers
    assert answer.body["metadata"] == {"color": "red"}


async def test_one_of_the_ways_to_authenticate_is_found_despite_more(loose: Api) -> None:
    key = loose.account.key("shop_test").key
    answer = await loose.auth(api_key=key, api_secret=secret_of("shop_test"), tenant="7")
    assert answer.status == 200
    assert answer.headers["X-Mock-Violations"] == "1"
    assert answer.body["access_token_claims"]["organization_id"] == SHOP


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"color": "red", "name": "x"}, "body.name should match pattern"),
        ({"color": "red", "zip": 1}, "body.zip should be string (got 1)"),
    ],
)
async def test_any_other_breach_is_refused_and_the_dropped_not_blamed(
    loose: Api, service: Service, body: object, said: str
) -> None:
    answer = await loose.patch(f"/organizations/{CAFE}", body)
    assert answer.status == 400
    assert answer.message.startswith(said)
    assert "color" not in answer.message
    assert answer.headers["X-Mock-Violations"] == "2"
    (exchange,) = service.world.journal
    assert exchange.violations[0].pointer == "/color"


@pytest.mark.parametrize("data", [b"", b"{", b'{"a":1,"a":2}', b"[]", b"null", b'"x"'])
async def test_what_is_no_object_is_refused_as_ever(loose: Api, data: bytes) -> None:
    answer = await loose.call("PATCH", f"/organizations/{CAFE}", data=data)
    assert (answer.status, answer.code) == (400, "E_FAILED_SCHEMA_VALIDATION")


async def test_missing_fields_are_refused_as_ever(loose: Api) -> None:
    answer = await loose.post(f"/organizations/{CAFE}/api-keys", {"color": "red", "name": "abc"})
    assert answer.status == 400
    assert answer.message.startswith("body should have required property 'status'")
