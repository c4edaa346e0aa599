"""Plain HTTP clients: what a test suite in any language sees."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

from fiskaly_mockserver import MockServer

PATIENCE = 20.0
"""Seconds after which a silent server fails the test."""
SHOP: Mapping[str, str] = {
    "name": "Teehaus",
    "address_line1": "Ring 1",
    "zip": "1010",
    "town": "Wien",
    "country_code": "AUT",
}
"""A body that makes a main organization; with a parent, a managed one."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def request_id(self) -> str:
        return self.headers["x-request-id"]


@dataclass(slots=True)
class Wire:
    """Calls one port, one connection a call or one for all in `kept_open`."""

    port: int
    connection: HTTPConnection | None = None

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request: `body` as JSON, or `data` as it is."""
        sent = dict(headers or {})
        raw = data if body is None else json.dumps(body).encode()
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        connection = self.connection or HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, raw, sent)
            answer = connection.getresponse()
            return Reply(
                answer.status,
                {name.lower(): value for name, value in answer.getheaders()},
                answer.read(),
            )
        finally:
            if self.connection is None:
                connection.close()

    @contextmanager
    def kept_open(self) -> Iterator["Wire"]:
        """Use one connection for every call."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            yield Wire(self.port, connection)
        finally:
            connection.close()


@dataclass(slots=True)
class Shop:
    """A client of the API in one world, named by header or by the path's prefix."""

    wire: Wire
    sandbox: str | None = None
    by_path: bool = False
    tokens: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, server: MockServer, sandbox: str | None = None, *, by_path: bool = False) -> "Shop":
        return cls(Wire(server.port), sandbox, by_path)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        data: bytes | None = None,
    ) -> Reply:
        """Call an operation, with the access token of the last log-in unless told otherwise."""
        headers: dict[str, str] = {}
        bearer = self.tokens.get("access_token") if token is None else token
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        prefix = ""
        if self.sandbox is not None:
            if self.by_path:
                prefix = f"/s/{self.sandbox}"
            else:
                headers["X-Mock-Sandbox"] = self.sandbox
        return self.wire.ask(method, f"{prefix}/api/v0{path}", body, data=data, headers=headers)

    def log_in(self, **credentials: str) -> Reply:
        """Authenticate; the tokens are kept if it succeeds."""
        reply = self.call("POST", "/auth", credentials, token="")
        if reply.status == 200:
            self.tokens = reply.body
        return reply

    def open(self, key: Mapping[str, Any]) -> "Shop":
        """Authenticate with a key and its secret, which has to succeed."""
        assert self.log_in(api_key=key["key"], api_secret=key["secret"]).status == 200
        return self

    def refresh(self) -> Reply:
        """Ask for another access token."""
        return self.log_in(refresh_token=self.tokens["refresh_token"])

    def create(self, name: str, **more: object) -> Reply:
        """Create an organization."""
        return self.call("POST", "/organizations", {**SHOP, "name": name, **more})

    def names(self) -> list[str]:
        """Return the names of every organization that is visible."""
        reply = self.call("GET", "/organizations?limit=5000")
        assert reply.status == 200, reply.raw
        return [row["name"] for row in reply.body["data"]]
