"""Routes that are made late, and requests that no route is found for: 404, 405 and 417."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NoReturn, cast

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from fiskaly_contracts import Contract, Operation, Violation, Where

from fiskaly_mockserver.web.journal.recorder import Recorded
from fiskaly_mockserver.web.pipeline import Answering, in_pipeline, unrecorded
from fiskaly_mockserver.web.responses import JsonResponse, header_text, response_of
from fiskaly_mockserver.web.service import ServedApi, Service, sandbox_of, without_sandbox
from fiskaly_mockserver.world.journal.containment import shortened
from fiskaly_mockserver.world.names import CONTROL_PREFIX
from fiskaly_mockserver.world.world import World

LONGEST_COMPARED = 300
"""Characters of the longest path that is compared; that costs time, and the client sends it."""
_MOST_SEGMENTS = 8
_ALIKE = 0.6
_LONGER: Mapping[str, tuple[str, ...]] = {"tx": ("transaction",), "tss": ("tse",)}
"""What abbreviations in paths stand for, which no comparison of letters finds."""
PATH_SHOWN = 200
"""Characters of a path in a message."""
HINT_HEADER = "X-Mock-Hint"
UNEXPECTED = "the only expectation met is 100-continue"

Likeness = Callable[[str, str], float]
Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class LateRoutes(web.AbstractResource):
    """The routes under one path, which a server can start without.

    For each path with a variable aiohttp compiles a regular expression, which takes longer
    than reading the contract that the path is from.
    """

    def __init__(
        self,
        canonical: str,
        make: Callable[[], Iterable[web.RouteDef]],
        router: web.UrlDispatcher | None = None,
    ) -> None:
        """Make nothing yet.

        Args:
            canonical: The path that they are under.
            make: Returns the routes.
            router: The application's, to find them without this resource once they are made.
        """
        super().__init__()
        self._canonical = canonical
        self._begin = canonical.partition("{")[0]
        self._make = make
        self._outer = router

    @cached_property
    def _router(self) -> web.UrlDispatcher:
        router = web.UrlDispatcher()
        router.add_routes(self._make())
        if self._outer is not None:
            for resource in router.resources():
                self._outer.index_resource(resource)
        return router

    async def resolve(
        self, request: web.Request
    ) -> tuple[web.UrlMappingMatchInfo | None, set[str]]:
        """Find the route of a request; where there is none, the methods that its path has."""
        if not request.rel_url.path_safe.startswith(self._begin):
            return None, set()
        found = await self._router.resolve(request)
        error = found.http_exception
        if error is None:
            return found, set()
        return None, error.allowed_methods if isinstance(error, web.HTTPMethodNotAllowed) else set()

    @property
    def canonical(self) -> str:
        """The path that they are under."""
        return self._canonical

    def __iter__(self) -> Iterator[web.AbstractRoute]:
        return iter(self._router.routes())

    def __len__(self) -> int:
        return len(self._router.routes())

    def get_info(self) -> Any:
        """Return the path that they are under."""
        return {"path": self.canonical}

    def raw_match(self, path: str) -> bool:  # noqa: ARG002 - aiohttp's signature
        """Say that no route may be added to these."""
        return False

    def add_prefix(self, prefix: str) -> NoReturn:
        """Refuse to become part of another application.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError(f"these routes cannot be put under {prefix}")

    def url_for(self, **kwargs: str) -> NoReturn:
        """Refuse to make one URL for many routes.

        Raises:
            LookupError: Always.
        """
        raise LookupError(f"of which route, with {kwargs}?")


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
            longer = (want, *_LONGER.get(want, ()))
            least = _ALIKE if got.lower().startswith(longer) else 0
            known[want, got] = max(
                least, matcher.ratio() if matcher.real_quick_ratio() >= _ALIKE else 0
            )
        return known[want, got]

    return alike


def unrouted_handler(service: Service) -> Handler:
    """Return the handler of requests that the router knows no other one for."""

    def of(served: ServedApi) -> Answering:
        async def answer(request: web.Request, _: World, record: Recorded) -> web.StreamResponse:
            allowed = await _allowed(request)
            if served.api.open_to_pages and allowed and _is_preflight(request):
                return _permission(request, allowed)
            return _refused(served, request, record, allowed, service.apis)

        return answer

    return _by_path(service, of)


def guarded(handle: Handle, service: Service) -> Handle:
    """Return a handler in front of an application's own, for what the router never sees.

    It answers 417 to expectations other than `100-continue`: aiohttp looks at that header
    before any route, would answer in plain text, and crash over one that is no UTF-8. And
    it refuses what no route can match, as `OPTIONS *`.
    """

    def unexpected(served: ServedApi) -> Answering:
        async def answer(_: web.Request, __: World, ___: Recorded) -> web.StreamResponse:
            return response_of(served.api.errors.plain(417, UNEXPECTED))

        return answer

    def no_path(served: ServedApi) -> Answering:
        async def answer(request: web.Request, _: World, record: Recorded) -> web.StreamResponse:
            return _refused(served, request, record)

        return answer

    refuse_expectation, refuse_path = _by_path(service, unexpected), _by_path(service, no_path)

    async def refuse_control(request: web.BaseRequest) -> web.StreamResponse:
        served = service.apis[0]
        answer = served.api.errors.plain(417, UNEXPECTED)
        return unrecorded(cast("web.Request", request), service, served, answer)

    def refuse_or_handle(request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        wanted = request.headers.get(hdrs.EXPECT)
        if wanted and wanted.lower() != "100-continue":
            if request.path.startswith(f"{CONTROL_PREFIX}/"):
                return refuse_control(request)
            return refuse_expectation(cast("web.Request", request))
        if request.raw_path.startswith("/") or request.rel_url.raw_path.startswith("/"):
            return handle(request)
        return refuse_path(cast("web.Request", request))

    return refuse_or_handle


def _by_path(service: Service, of: Callable[[ServedApi], Answering]) -> Handler:
    """Return a handler that answers as the API would under whose base path a request lies."""
    handlers: dict[str, Handler] = {}

    async def handle(request: web.Request) -> web.StreamResponse:
        served = service.served_under(without_sandbox(request.rel_url.path_safe))
        if served.name not in handlers:
            handlers[served.name] = in_pipeline(service, served, of(served), sandbox_of=sandbox_of)
        return await handlers[served.name](request)

    return handle


def _is_preflight(request: web.Request) -> bool:
    """Tell whether a browser asks whether a page may make a call."""
    wanted = (hdrs.ORIGIN, hdrs.ACCESS_CONTROL_REQUEST_METHOD)
    return request.method == hdrs.METH_OPTIONS and all(name in request.headers for name in wanted)


def _permission(request: web.Request, allowed: Iterable[str]) -> web.Response:
    """Let a page make the call; the API's own headers name the pages. Source: assumption (A-94)."""
    headers = {hdrs.ACCESS_CONTROL_ALLOW_METHODS: ", ".join(sorted(allowed))}
    asked = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS)
    if asked:
        headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = asked
    return web.Response(status=204, headers=headers)


async def _allowed(request: web.Request) -> set[str]:
    """Return the methods that a path has routes for."""
    allowed: set[str] = set()
    for resource in request.app.router.resources():
        if resource is not request.match_info.route.resource:
            allowed |= (await resource.resolve(request))[1]
    return allowed


def _refused(
    served: ServedApi,
    request: web.Request,
    record: Recorded,
    allowed: Iterable[str] = (),
    apis: Sequence[ServedApi] = (),
) -> JsonResponse:
    """Refuse a request as aiohttp would, 405 where another method has a route, else 404.

    What is wrong stands in a header of our own, as nobody finds it in the vendor's body.
    """
    errors, methods = served.api.errors, sorted(allowed)
    if methods:
        missed = wrong_method(record.method, ", ".join(methods))
        answer = errors.plain(405, headers={hdrs.ALLOW: ",".join(methods)})
    else:
        path = without_sandbox(request.rel_url.path_safe)
        # What lies under no base path may have been meant for any API
        meant = (served,) if served.owns(path) else apis
        missed = max(
            (unknown_route(one.api.contract, path, record) for one in meant or (served,)),
            key=lambda one: "did you mean" in one.expected,
        )
        answer = errors.plain(404)
    record.found([missed])
    response = response_of(answer)
    response.headers[HINT_HEADER] = header_text(missed.sentence())
    return response


def unknown_route(contract: Contract, path: str, record: Recorded) -> Violation:
    """Say what a client may have missed: the base path, a slash, a word in another spelling.

    Nothing of the path is repeated but what the record keeps of it.
    """
    base = contract.base_path
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


def wrong_method(method: str, allowed: str) -> Violation:
    """Say with which methods the path is called."""
    return Violation(
        where=Where.ROUTE,
        pointer="",
        rule="method",
        expected=allowed,
        demand=f"should be called with {allowed}",
        got_text=method,
    )
