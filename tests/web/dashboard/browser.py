"""A browser without JavaScript: keeps cookies, follows forms, sends their token."""

import re
from collections.abc import Mapping
from html import unescape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from fiskaly_fixtures import generate
from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.model import (
    Environment,
    OrganizationId,
    PrincipalId,
    PrincipalKind,
)
from fiskaly_mockserver.server.compose import compose
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.seeding import Seeded, UserCredentials

if TYPE_CHECKING:
    from aiohttp.test_utils import TestClient

COMPANY = {
    "name": "Kiosk Nord",
    "address_line1": "Weg 1",
    "zip": "20095",
    "town": "Hamburg",
    "country_code": "DEU",
}


class Shown(NamedTuple):
    status: int
    text: str
    location: str


class Browser:
    def __init__(self, client: "TestClient[Any, Any]") -> None:
        self.client = client
        self.token = ""

    async def get(self, path: str, **headers: str) -> Shown:
        return await self._shown("GET", path, headers=headers)

    async def post(self, path: str, *, token: str | None = None, **fields: str) -> Shown:
        """Send a form as the page before it would, and follow where it leads."""
        form = {"form_token": self.token if token is None else token, **fields}
        return await self._shown("POST", path, data=form)

    async def sign_in(self, user_id: str) -> Shown:
        await self.get("/sign-in")
        return await self.post("/sign-in", user_id=user_id)

    async def _shown(
        self, method: str, path: str, *, prefix: str = "/dashboard", **how: Any
    ) -> Shown:
        async with self.client.request(method, f"{prefix}{path}", **how) as answer:
            text = await answer.text()
            found = re.search(r'name="form_token" value="([^"]+)"', text)
            if found:
                self.token = found[1]
            return Shown(answer.status, unescape(text), str(answer.url.path))


def make(tree: Mapping[str, Any] = MappingProxyType({}), **settings: Any) -> Service:
    config = ServerConfig(dashboard=True, **settings)
    return compose(config, generate("individual-customers", **tree))


def person(service: Service, *, managed: bool) -> UserCredentials:
    """Return a seeded person of a main organization, its admin, or of a managed one."""
    table = service.world.tables.organizations
    for one in Seeded(service.world.baseline).users():
        home = table.get(one.organization_ids[0])  # type: ignore[arg-type]
        if home is None or home.is_main is managed:
            continue
        if managed or home.created_by_user == PrincipalId(one.id):
            return one
    raise LookupError


def home_of(one: UserCredentials) -> str:
    return one.organization_ids[0]


def as_api_key(service: Service, organization_id: str) -> Principal:
    """Return who an API key of an organization is in TEST."""
    home = service.world.tables.organizations.get(OrganizationId(organization_id))
    assert home is not None
    return Principal(
        PrincipalId("a-key"), PrincipalKind.API_KEY, Environment.TEST, home, memberships=(home,)
    )


def key_on(text: str) -> tuple[str, str]:
    """Return the new API key and its secret that a page shows."""
    found = re.search(r'id="new-key">([^<]+)<.*id="new-secret">([^<]+)<', text, re.DOTALL)
    assert found
    return found[1], found[2]
