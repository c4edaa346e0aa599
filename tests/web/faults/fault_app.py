"""A tiny application that sends its requests the way the real one does, through faults."""

import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from aiohttp import web
from fiskaly_contracts import Contract
from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.web.faults.apply import OperationFaults, install_faults
from fiskaly_mockserver.web.journal.recorder import Recorded
from fiskaly_mockserver.web.journal.redaction import Redactor
from fiskaly_mockserver.web.management.api import ManagementErrors
from fiskaly_mockserver.web.responses import (
    Answer,
    ResponseHeaders,
    drop_server_header,
    response_of,
)
from fiskaly_mockserver.world.faults import Target
from fiskaly_mockserver.world.faults.plan import ArmedFault, FaultPlan
from fiskaly_mockserver.world.faults.rules import FaultRule
from fiskaly_mockserver.world.world import World

OPERATIONS = Contract.bundled().operations
TARGETS = {
    name: Target(operation.method, operation.path, operation.secured)
    for name, operation in OPERATIONS.items()
}
CREATE = OPERATIONS["createOrganization"]
ERRORS = ManagementErrors()
PATIENCE = 10.0
"""Seconds after which a silent server fails a test that does not expect it."""
BODY = {"_id": "00000000-0000-4000-8000-000000000001", "_type": "ORGANIZATION", "name": "Bäckerei"}
SENT = b"POST /organizations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}"


class Mark(NamedTuple):
    """What was noted on an exchange."""

    faults: str = ""
    altered: bool = False


@dataclass(slots=True)
class FaultApp:
    """The application's port and what happened in it."""

    port: int
    plan: FaultPlan
    runner: web.AppRunner
    operated: int = 0
    expired: int = 0
    statuses: list[int] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    def arm(self, effect: Mapping[str, Any], **rule: Any) -> ArmedFault:
        return self.plan.arm(FaultRule.from_json({"effect": dict(effect), **rule}))

    def expire(self, _: str) -> None:
        self.expired += 1

    @property
    def world(self) -> World:
        """What of a world the faults know: themselves, and the sessions that they end."""
        return cast("World", SimpleNamespace(faults=self.plan, sessions=self, generation=0))


@asynccontextmanager
async def serving(*, shutdown_timeout: float = 60) -> AsyncIterator[FaultApp]:
    """Serve `createOrganization` on a free port of the test's own loop."""
    seen = FaultApp(0, FaultPlan(TARGETS), web.AppRunner(web.Application()))
    faults = OperationFaults(CREATE, ERRORS)
    headers, redactor = ResponseHeaders(), Redactor(Contract.bundled())

    async def create(request: web.Request) -> web.StreamResponse:
        record = Recorded(request, redactor, "0" * 32, 0.0)
        try:
            response: web.StreamResponse = await operate(request, record)
        except DomainError as error:
            response = response_of(ERRORS.refused(error))
        headers.write(
            response, request=request, request_id="0" * 32, seconds=0, now=0, violations=0
        )
        seen.statuses.append(response.status)
        seen.marks.append(Mark(record.fault, record.altered))
        return response

    async def operate(request: web.Request, record: Recorded) -> web.StreamResponse:
        await request.read()
        instead = await faults.before(request, seen.world, record)
        if instead is not None:
            return instead
        seen.operated += 1
        return await faults.after(request, seen.world, record, response_of(Answer(200, {**BODY})))

    app = web.Application()
    app.on_response_prepare.append(drop_server_header)
    app.add_routes([web.post("/organizations", create)])
    install_faults(app)
    seen.runner = web.AppRunner(app, access_log=None, shutdown_timeout=shutdown_timeout)
    await seen.runner.setup()
    try:
        site = web.TCPSite(seen.runner, "127.0.0.1", 0)
        await site.start()
        seen.port = site.port
        yield seen
    finally:
        await seen.runner.cleanup()


@dataclass(slots=True)
class View:
    """What a client saw: bytes with their times, and how the connection ended.

    `ending` is "end", "reset" or, if nothing more came, "silence".
    """

    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    ending: str = "silence"

    @property
    def raw(self) -> bytes:
        return b"".join(piece for _, piece in self.pieces)

    @property
    def status_line(self) -> str:
        return self.raw.partition(b"\r\n")[0].decode()

    @property
    def headers(self) -> dict[str, str]:
        lines = self.raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {line.partition(": ")[0].lower(): line.partition(": ")[2] for line in lines}

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]


def look(port: int, *, patience: float = PATIENCE, sent: bytes = SENT) -> View:
    """Send a request on a raw socket, and read until the whole answer or the end is there."""
    view = View()
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
        connection.sendall(sent)
        try:
            while piece := connection.recv(65_536):
                view.pieces.append((time.monotonic() - started, piece))
                if _is_whole(view):
                    view.ending = "whole"
                    return view
            view.ending = "end"
        except ConnectionResetError:
            view.ending = "reset"
        except TimeoutError:
            view.ending = "silence"
    return view


def _is_whole(view: View) -> bool:
    if b"\r\n\r\n" not in view.raw:
        return False
    return len(view.body) >= int(view.headers["content-length"])
