"""Requests as data, asked one at a time on loopback."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request; `path` starts at the server's root."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, a body and headers; `value` is what it says if it is JSON, else `None`."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def value(self) -> Any:
        """The JSON of the body."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def ask(port: int, request: Request) -> Reply:
    """Ask a server on loopback, on a connection of its own.

    Raises:
        OSError: Nobody listens, or nobody answers.
    """
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(
            request.method, request.path, request.body.encode() or None, dict(request.headers)
        )
        answer = connection.getresponse()
        return Reply(answer.status, answer.read(), dict(answer.getheaders()))
    except HTTPException as error:
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()


def path_of(url: str) -> str:
    """Return the path of a URL."""
    return urlsplit(url).path
