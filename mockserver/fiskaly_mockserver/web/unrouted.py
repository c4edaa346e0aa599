"""Requests that no route was found for: refused as aiohttp would, and told what is near."""

from typing import NoReturn

from aiohttp import web
from fiskaly_contracts import Contract, Violation, Where

from fiskaly_mockserver.web.nearest_route import nearest_route
from fiskaly_mockserver.web.recorded import Recorded
from fiskaly_mockserver.web.sandboxes import without_sandbox
from fiskaly_mockserver.world.subsets import shortened
from fiskaly_mockserver.world.world import World

PATH_SHOWN = 200
"""Characters of a path in a message."""


async def unrouted(request: web.Request, _: World, __: Recorded) -> NoReturn:
    """Refuse a request that no route was found for, as aiohttp would.

    Raises:
        HTTPMethodNotAllowed: The path has routes, but none for the method.
        HTTPNotFound: It has none.
    """
    allowed: set[str] = set()
    for resource in request.app.router.resources():
        if resource is not request.match_info.route.resource:
            allowed |= (await resource.resolve(request))[1]
    if allowed:
        raise web.HTTPMethodNotAllowed(request.method, allowed)
    raise web.HTTPNotFound


def unknown_route(contract: Contract, whole_path: str, record: Recorded) -> Violation:
    """Say what a client may have missed: the base path, a slash, a word in another spelling.

    Nothing of the path is repeated but what the record keeps of it.
    """
    path, base = without_sandbox(whole_path), contract.base_path
    based = path == base or path.startswith(f"{base}/")
    inside = path.removeprefix(base) if based else path
    segments = [segment for segment in inside.split("/") if segment]
    notes = [] if based else [f"all of which are under {base}"]
    if segments and inside.endswith("/"):
        notes.append("none of which ends in a slash")
    if segments and "//" in path.rstrip("/"):
        notes.append("none of which has a doubled slash")
    found = nearest_route(record.method, segments, contract.operations.values())
    if found and not based:
        found = found.replace(" /", f" {base}/")
    told = f", {' and '.join(notes)}" if notes else ""
    hint = f"; did you mean {found}?" if found else ""
    return Violation(
        where=Where.ROUTE,
        pointer="",
        rule="unknown-route",
        expected=f"one of the {len(contract.operations)} operations of the contract{told}{hint}",
        got_text=f"{record.method} {shortened(record.path, PATH_SHOWN)}",
    )


def wrong_method(method: str, error: web.HTTPMethodNotAllowed) -> Violation:
    """Say with which methods the path is called."""
    allowed = ", ".join(sorted(error.allowed_methods))
    return Violation(
        where=Where.ROUTE,
        pointer="",
        rule="method",
        expected=allowed,
        demand=f"should be called with {allowed}",
        got_text=method,
    )
