"""A running server that is shot at, and what must be left of it afterwards."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from builders.snapshots import listed
from fiskaly_mockserver import MockServer
from server.raw_http import RawAnswer, request, talk

T = TypeVar("T")

ORGANIZATIONS = "/api/v0/organizations"
JSON = "Content-Type: application/json"
BAKERY = (
    b'{"name":"Bakery","address_line1":"Ring 1","zip":"1010","town":"Wien","country_code":"AUT"}'
)
"""A body with which POST /organizations creates something: only what is wrong around it,
or in it, can be the reason for a refusal."""


@dataclass(frozen=True, slots=True)
class Target:
    """A server, the token of its first main organization, and ways to shoot at it."""

    server: MockServer
    token: str

    @property
    def authorization(self) -> str:
        """The header line that lets a request pass."""
        return f"Authorization: Bearer {self.token}"

    def get(self, target: str, *headers: str, version: str = "1.1", **more: Any) -> RawAnswer:
        """Send a GET that is authenticated, and return its answer."""
        sent = request("GET", target, self.authorization, *headers, version=version)
        return self.send(sent, **more)

    def create(self, *headers: str, body: bytes = BAKERY, **more: Any) -> RawAnswer:
        """Send POST /organizations, authenticated, and return its answer."""
        return self.send(
            request("POST", ORGANIZATIONS, self.authorization, *headers, body=body), **more
        )

    def create_json(self, body: bytes) -> RawAnswer:
        """Send POST /organizations with a body that is said to be JSON."""
        return self.create(JSON, body=body)

    def send(self, *sent: bytes, hang_up: bool = False) -> RawAnswer:
        """Send bytes and return the one answer they get."""
        [answer] = talk(self.server.port, *sent, hang_up=hang_up)
        return answer

    def state(self) -> object:
        """Return every row of the world."""
        return on_world(self.server, listed)


def on_world(server: MockServer, look: Callable[[Any], T]) -> T:
    """Do something with the server's world, in the thread that works on it."""
    return server._call(lambda: look(server._service.world))


def authenticate(server: MockServer) -> str:
    """Return a token of the server's first main organization."""
    sent = {"api_key": server.credentials.key, "api_secret": server.credentials.secret}
    [answer] = talk(
        server.port, request("POST", "/api/v0/auth", JSON, body=json.dumps(sent).encode())
    )
    assert answer.status == 200
    return str(answer.json()["access_token"])


def demand_shape(answer: RawAnswer, status: int, code: str = "") -> None:
    """Demand an error of the API: three or four fields in their order, the usual headers."""
    body = answer.json()
    assert answer.status == status == body["status_code"], body
    assert list(body) in (
        ["message", "status_code", "error"],
        ["status_code", "error", "message"],
        ["status_code", "error", "code", "message"],
    )
    assert body.get("code", "") == code
    assert body["message"]
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert len(answer.headers["x-request-id"]) == 32


def demand_http_level(answer: RawAnswer, status: int = 400) -> None:
    """Demand a clean refusal by aiohttp's parser, which answers before this project sees it."""
    assert answer.status == status
    assert answer.headers["content-type"].startswith("text/plain")
    assert b"Traceback" not in answer.body
