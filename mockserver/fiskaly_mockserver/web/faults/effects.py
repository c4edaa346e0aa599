"""What armed faults make of answers."""

import json
import os
import socket
import struct
from asyncio import Transport
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NoReturn

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from fiskaly_mockserver.web.api import Errors
from fiskaly_mockserver.web.responses import WholeResponse, bytes_of, response_of, to_bytes
from fiskaly_mockserver.world.faults.rules import (
    AnswerStatus,
    Effect,
    Kind,
    Plain,
    PlainKind,
    SlowBody,
    TruncatedBody,
)

PIECES = 10
"""In how many pieces a slow body comes, if it has that many bytes."""
PATIENCE = 0.1
"""Seconds until an answer that never comes looks again whether its client is still there."""
NO_STATUS = 0
"""The status of what is no answer."""

_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How an answer may wait.

    Attributes:
        pause: Waits for so many real seconds, less if the server stops.
        stopping: Tells whether the server stops.
    """

    pause: Callable[[float], Awaitable[None]]
    stopping: Callable[[], bool]


class _Copy(web.Response):
    """A response whose body is at hand as bytes."""

    def __init__(self, whole: WholeResponse) -> None:
        self.whole = bytes_of(whole)
        super().__init__(
            status=whole.status, reason=whole.reason, headers=whole.headers, body=self.whole
        )


class SlowAnswer(_Copy):
    """Sends its head at once, and its body in pieces over so many seconds."""

    def __init__(self, whole: WholeResponse, seconds: float, waiting: Waiting) -> None:
        super().__init__(whole)
        self._seconds = seconds
        self._waiting = waiting

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the body piece by piece."""
        await self.write(b"")
        size = max(1, -(-len(self.whole) // PIECES))
        starts = range(0, len(self.whole), size)
        for start in starts:
            await self._waiting.pause(self._seconds / len(starts))
            await self.write(self.whole[start : start + size])
        await web.StreamResponse.write_eof(self, data)


class TruncatedAnswer(_Copy):
    """Announces its whole body, sends the first bytes of it, and hangs up."""

    def __init__(self, whole: WholeResponse, size: int) -> None:
        super().__init__(whole)
        self._size = size

    async def write_eof(self, data: bytes = b"") -> NoReturn:
        """Send less than was announced."""
        await self.write(self.whole[: self._size] + data)
        raise ConnectionResetError("the body is cut on demand")


class EmptyReply(web.Response):
    """Hangs up without a byte."""

    def __init__(self) -> None:
        super().__init__(status=NO_STATUS)

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send nothing."""
        await self._break(request)
        raise ConnectionResetError("the connection is broken on demand")

    async def _break(self, request: web.BaseRequest) -> None:
        """Do what comes before hanging up."""


class ConnectionReset(EmptyReply):
    """Resets the connection, as a crashed host or an impatient firewall does."""

    async def _break(self, request: web.BaseRequest) -> None:
        if request.transport is not None:
            reset(request.transport)


class NoAnswer(EmptyReply):
    """Says nothing until the client has gone or the server stops."""

    def __init__(self, waiting: Waiting) -> None:
        super().__init__()
        self._waiting = waiting

    async def _break(self, request: web.BaseRequest) -> None:
        while request.transport is not None and not self._waiting.stopping():
            await self._waiting.pause(PATIENCE)


def reset(transport: Transport) -> None:
    """Close a connection so that the other side sees a reset and not an end."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
    transport.abort()


def altered_by(
    effect: Effect,
    response: WholeResponse,
    waiting: Waiting,
    errors: Errors,
    operation_id: str = "",
) -> WholeResponse:
    """Return the answer that an effect leaves of a response, in its operation's shapes."""
    match effect:
        case AnswerStatus():
            return _with_status(effect, errors, operation_id)
        case SlowBody(seconds=seconds):
            return SlowAnswer(response, seconds, waiting)
        case TruncatedBody(bytes=size):
            whole = len(bytes_of(response))
            return TruncatedAnswer(response, whole // 2 if size is None else min(size, whole - 1))
        case Plain(kind):
            return _altered_plainly(kind, response, waiting, errors)


def _altered_plainly(
    kind: PlainKind, response: WholeResponse, waiting: Waiting, errors: Errors
) -> WholeResponse:
    match kind:
        case Kind.MALFORMED_JSON:
            return _with_body(response, malformed(bytes_of(response)))
        case Kind.BROKEN_CONTRACT:
            return _with_body(response, out_of_contract(bytes_of(response)))
        case Kind.EMPTY_REPLY:
            return EmptyReply()
        case Kind.CONNECTION_RESET:
            return ConnectionReset()
        case Kind.NO_ANSWER:
            return NoAnswer(waiting)
        case Kind.UNAUTHORIZED | Kind.EXPIRED_TOKEN:
            return response_of(errors.on_demand(401, None, None))


def malformed(body: bytes) -> bytes:
    """Return the first half of an object's JSON, cut between two characters."""
    return body[: max(1, len(body) // 2)].decode("utf-8", "ignore").encode()


def out_of_contract(body: bytes) -> bytes:
    """Return an object's JSON without its first field, and with null in its second.

    The first field of every answer of the API is required, and none may be null.
    """
    value = json.loads(body)
    fields = list(value.items())[1:] if isinstance(value, dict) else []
    broken = {name: None if at == 0 else old for at, (name, old) in enumerate(fields)}
    return to_bytes(broken)


def _with_status(effect: AnswerStatus, errors: Errors, operation_id: str) -> WholeResponse:
    response = response_of(
        errors.on_demand(effect.status, effect.code, effect.message, operation_id)
    )
    for name, value in effect.headers.items():
        response.headers[name] = value
    return response


def _with_body(response: WholeResponse, body: bytes) -> WholeResponse:
    return web.Response(
        status=response.status, reason=response.reason, headers=response.headers, body=body
    )
