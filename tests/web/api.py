"""A client that talks to the application in process, as any key or user of the account."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from builders.accounts import Account
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.faults import Target
from multidict import CIMultiDictProxy

BASE = "/api/v0"
JSON = "application/json"
LARGE = 1024 * 1024
"""From here on aiohttp wants a body as a stream."""


def wire(value: object) -> bytes:
    """Write JSON as the API does: compact, in raw UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: nothing is decoded before a test asks for it."""

    status: int
    headers: CIMultiDictProxy[str]
    raw: bytes

    @property
    def body(self) -> Any:
        """The body as JSON, its keys in the order of the wire."""
        return json.loads(self.raw)

    @property
    def code(self) -> str:
        """The error's code."""
        return str(self.body["code"])

    @property
    def message(self) -> str:
        """The error's message."""
        return str(self.body["message"])

    @property
    def names(self) -> list[str]:
        """The names of a list's rows."""
        return [row["name"] for row in self.body["data"]]


@dataclass(frozen=True, slots=True)
class Api:
    """Calls an API under its base path."""

    client: TestClient[Any, Any]
    account: Account
    base: str = BASE

    async def call(
        self,
        method: str,
        path: str,
        *,
        by: str | None = "vendor_test",
        body: object = None,
        data: bytes | None = None,
        content_type: str | None = JSON,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Call an operation as `by`, a key or user of the account; None sends no token.

        `body` is sent as JSON, `data` as it is; `content_type` goes with either of them.
        """
        sent = dict(headers or {})
        if by is not None:
            sent.setdefault("Authorization", f"Bearer {self.account.token(by)}")
        raw = wire(body) if body is not None else data
        if raw is not None and content_type is not None:
            sent["Content-Type"] = content_type
        response = await self.client.request(
            method,
            self.base + path,
            data=io.BytesIO(raw) if raw is not None and len(raw) > LARGE else raw,
            headers=sent,
            skip_auto_headers=("Content-Type",),
        )
        return await answer_of(response)

    async def get(self, path: str, *, by: str | None = "vendor_test") -> Answer:
        """Read something."""
        return await self.call("GET", path, by=by)

    async def post(self, path: str, body: object, *, by: str | None = "vendor_test") -> Answer:
        """Create or do something."""
        return await self.call("POST", path, by=by, body=body)

    async def patch(self, path: str, body: object, *, by: str | None = "vendor_test") -> Answer:
        """Change something."""
        return await self.call("PATCH", path, by=by, body=body)

    async def delete(self, path: str, *, by: str | None = "vendor_test") -> Answer:
        """Delete something."""
        return await self.call("DELETE", path, by=by)

    async def auth(self, **credentials: str) -> Answer:
        """Open a session."""
        return await self.call("POST", "/auth", by=None, body=credentials)


async def answer_of(response: ClientResponse) -> Answer:
    """Read a response to its end."""
    return Answer(response.status, response.headers, await response.read())


def know_operations(service: Service) -> None:
    """Begin anew with a world that knows the operations that faults are about."""
    targets = {
        name: Target(operation.method, operation.path, operation.secured)
        for served in service.apis
        for name, operation in served.api.contract.operations.items()
    }
    world = service.world
    world.settings = world.settings._replace(operations=targets)
    world.reset()
