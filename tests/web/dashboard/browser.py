"""A browser without JavaScript: keeps cookies, follows forms, sends their token."""

import re
from html import unescape
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from aiohttp.test_utils import TestClient


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

    async def _shown(self, method: str, path: str, **how: Any) -> Shown:
        async with self.client.request(method, f"/dashboard{path}", **how) as answer:
            text = await answer.text()
            found = re.search(r'name="form_token" value="([^"]+)"', text)
            if found:
                self.token = found[1]
            return Shown(answer.status, unescape(text), str(answer.url.path))
