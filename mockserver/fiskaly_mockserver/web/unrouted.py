"""Requests that no route was found for: refused as aiohttp would, and told what is near."""

from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn

from aiohttp import web
from fiskaly_contracts import Contract, Operation, Violation, Where

from fiskaly_mockserver.web.journal.recorder import Recorded
from fiskaly_mockserver.web.sandboxes import without_sandbox
from fiskaly_mockserver.world.journal.containment import shortened
from fiskaly_mockserver.world.world import World

LONGEST_COMPARED = 300
"""Characters of the longest path that is compared; that costs time, and the client sends it."""
_MOST_SEGMENTS = 8
_ALIKE = 0.6

Likeness = Callable[[str, str], float]


def nearest_route(method: str, segments: Sequence[str], operations: Iterable[Operation]) -> str:
    """Return the route that is most like a path, as `GET /organizations`, or "" for none.

    Of a route that is not called with the method, all that it is called with are named.

    Args:
        method: The request's method.
        segments: Its path, without empty segments.
        operations: Those of the contract.
    """
    if not segments or len(segments) > _MOST_SEGMENTS or sum(map(len, segments)) > LONGEST_COMPARED:
        return ""
    methods: dict[str, list[str]] = {}
    for operation in operations:
        methods.setdefault(operation.path, []).append(operation.method)
    alike = _likeness()
    # a wrong base path goes before the right segments, so less of the front is worth less
    ranked = [
        (_score(path, segments[skipped:], alike) - skipped / 100, method in allowed, path)
        for skipped in range(len(segments))
        for path, allowed in methods.items()
    ]
    score, is_allowed, path = max(ranked, key=lambda rank: rank[:2])
    if score <= 0:
        return ""
    return f"{method if is_allowed else ' or '.join(methods[path])} {path}"


def _score(path: str, segments: Sequence[str], alike: Likeness) -> float:
    """Return how alike the named segments are, 0 to 1; 0 where one of them is not alike."""
    wanted = path.strip("/").split("/")
    if len(wanted) != len(segments):
        return 0
    found = [
        alike(want, got)
        for want, got in zip(wanted, segments, strict=True)
        if not want.startswith("{")
    ]
    return sum(found) / len(found) if min(found) >= _ALIKE else 0


def _likeness() -> Likeness:
    # only who goes astray pays for the import
    from difflib import SequenceMatcher  # noqa: PLC0415

    known: dict[tuple[str, str], float] = {}

    def alike(want: str, got: str) -> float:
        if (want, got) not in known:
            matcher = SequenceMatcher(None, want, got.lower())
            # a longer word for the same, as /authenticate
            least = _ALIKE if got.lower().startswith(want) else 0
            known[want, got] = max(
                least, matcher.ratio() if matcher.real_quick_ratio() >= _ALIKE else 0
            )
        return known[want, got]

    return alike


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
