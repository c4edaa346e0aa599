"""A client of the API that goes on whatever it is answered."""

import json
import urllib.error
import urllib.request
from typing import Any

from fiskaly_mockserver import MockServer

KEY = {"name": "till-1", "status": "enabled", "metadata": {"shop": "Café"}}


class RawClient:
    """Asks a server, with the token of its first key."""

    def __init__(self, server: MockServer) -> None:
        self.server = server
        self.token = ""

    def log_in(self) -> "RawClient":
        key = self.server.credentials
        answer = self.ask("/auth", {"api_key": key.key, "api_secret": key.secret})
        self.token = answer["access_token"]
        return self

    def ask(self, path: str, body: object = None, method: str | None = None) -> Any:
        """Return the JSON of the answer, also of a refusal."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        raw = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.server.base_url + path, raw, headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return json.load(refused)

    def create_key(self, **changed: object) -> Any:
        """Make a key for the first managed organization."""
        return self.ask(f"/organizations/{self.customer}/api-keys", {**KEY, **changed})

    @property
    def customer(self) -> str:
        """The id of the first managed organization."""
        return self.server.control.tree()["organizations"][1]["id"]
