"""The application over two small accounts, every answer checked against the contract."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import pytest
from builders.accounts import Account
from fiskaly_fixtures import generate
from fiskaly_mockserver.server.compose import compose
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.server.listening import create_app
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.worlds import Worlds
from pytest_aiohttp import AiohttpClient
from web.api import Api


@pytest.fixture(scope="session")
def blueprint() -> Service:
    return compose(ServerConfig(), generate("empty"))


@pytest.fixture
def account() -> Account:
    return Account.build()


@pytest.fixture
def service(blueprint: Service, account: Account) -> Iterator[Service]:
    """Serve the account; a crash, or an answer that breaks the contract, fails the test."""
    service = replace(blueprint, worlds=Worlds(account.world), defects=deque())
    yield service
    assert not service.defects


@pytest.fixture
async def api(service: Service, account: Account, aiohttp_client: AiohttpClient) -> Api:
    return Api(await aiohttp_client(create_app(service)), account)
