"""What a control handler gets, and how it refuses."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, cast

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.web.api import JsonObject
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.names import MANAGEMENT, SIGN_DE, shown
from fiskaly_mockserver.world.world import World

DONE: Mapping[str, JsonValue] = {"ok": True}
UNSERVED = "this server does not serve SIGN DE"
MANY = 500
"""Rows from which on a world or an answer is read or written beside the loop."""


class ControlError(Exception):
    """A control call that names something wrong; nothing was changed.

    `field` is what is wrong, `allowed` what would have been right, if that can be listed.
    """

    def __init__(
        self, status: int, message: str, *, field: str = "", allowed: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.field = field
        self.allowed = allowed


class ControlCall(NamedTuple):
    """One checked control call: everything in it obeys the control contract.

    `origin` is the address the caller used, as `http://127.0.0.1:8722`, or `""` in process;
    `stopped` is set when the server ends; `trusted` tells whether the caller may control it.
    """

    service: Service
    world: World
    path: Mapping[str, str]
    query: Mapping[str, JsonValue]
    body: JsonObject
    origin: str
    stopped: asyncio.Event
    trusted: bool

    def refused(self, error: DomainError, *, field: str = "", value: str = "") -> ControlError:
        """Return what the domain refused as its API says it, which knows of no control call.

        Args:
            error: What was refused.
            field: The field of this call that it hangs on.
            value: What was sent there.
        """
        from fiskaly_mockserver.domain.signing.errors import SigningError  # noqa: PLC0415

        name = SIGN_DE if isinstance(error, SigningError) else MANAGEMENT
        errors = next((one.api.errors for one in self.service.apis if one.name == name), None)
        if errors is None:
            return ControlError(409, UNSERVED, field=field)
        answer = errors.refused(error)
        said = str(answer.body["message"]) if isinstance(answer.body, dict) else ""
        message = f"{field} is {shown(value)}: {said}" if field else said
        return ControlError(answer.status, message, field=field)

    def text(self, name: str) -> str:
        """Return a text field of the body, `""` where it was not sent."""
        return str(self.body.get(name, ""))

    def part(self, name: str) -> JsonObject:
        """Return an object of the body, empty where it was not sent."""
        return cast("JsonObject", self.body.get(name, {}))


ControlHandler = Callable[[ControlCall], "JsonValue | Awaitable[JsonValue]"]
"""Answers a control call with the body of a 200."""
