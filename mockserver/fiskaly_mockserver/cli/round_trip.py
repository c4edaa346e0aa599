"""A seeded key's way to a token and back, in a sandbox of its own."""

import json
import secrets
from contextlib import suppress
from http.client import HTTPException
from typing import Any, cast
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from fiskaly_mockserver.cli.checks import Check, fail, ok, warn
from fiskaly_mockserver.cli.outcomes import plain
from fiskaly_mockserver.cli.target import Target
from fiskaly_mockserver.cli.variables import API_KEY, API_SECRET, ORGANIZATION_ID, key_variables
from fiskaly_mockserver.control.client import Control, ControlRefused

NAME = "token"
PATIENCE = 10.0
"""Seconds that a call of the API may take."""
REPORT = "look at the server's log, and report it if it says no more"


class CallFailed(Exception):
    """A call of the API that got no 200."""


def token_check(target: Target, server: Control) -> Check:
    """Return whether a seeded key gets a token, and the token an organization.

    It happens in a sandbox that is dropped afterwards: nothing of it is in anybody's
    journal, and no armed fault is used up. `server` is the control of the default world.
    """
    known = cast("dict[str, Any]", server.sandboxes())
    if len(known["sandboxes"]) >= known["limit"]:
        return warn(
            NAME,
            f"not tried: it needs a sandbox, and all {known['limit']} are taken",
            "drop one, or let `serve --sandboxes` have more",
        )
    name = f"doctor-{secrets.token_hex(4)}"
    try:
        key = key_variables(server.sandbox(name).tree())
        if not key:
            return ok(NAME, "not tried: the tree has no enabled API key")
        return _tried(Target(origin=target.origin, sandbox=name).base_url, key)
    finally:
        with suppress(ControlRefused):  # somebody's new sandbox took its place
            server.drop_sandbox(name)


def _tried(base_url: str, key: dict[str, str]) -> Check:
    try:
        body = {"api_key": key[API_KEY], "api_secret": key[API_SECRET]}
        token = str(_asked(f"{base_url}/auth", body=body)["access_token"])
        path = f"/organizations/{key[ORGANIZATION_ID]}"
        name = _asked(base_url + path, token=token)["name"]
    except CallFailed as error:
        return fail(NAME, str(error), REPORT)
    except (KeyError, TypeError):
        return fail(NAME, "what answers the API's calls is no fiskaly-mockserver", REPORT)
    return ok(NAME, f"a seeded key gets a token, and the token reads {name!r}")


def _asked(url: str, *, body: dict[str, str] | None = None, token: str = "") -> Any:
    """Return the JSON of a 200; no proxy of the environment is asked."""
    headers = {"Content-Type": "application/json"} if body else {}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body else None
    request = Request(url, data=data, headers=headers)  # noqa: S310 - the scheme was looked at
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read())
    except HTTPError as error:
        with error:
            raise CallFailed(f"{request.get_method()} {url} got {error.code}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise CallFailed(f"{request.get_method()} {url} got no answer: {plain(error)}") from error
