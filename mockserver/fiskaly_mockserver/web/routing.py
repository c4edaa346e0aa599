"""Routes that aiohttp's router gets ready when a request first needs them."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NoReturn

from aiohttp import web


class LateRoutes(web.AbstractResource):
    """Routes with variables in their paths, which begin alike: `/tss/{tss_id}`, `/tss/{tss_id}/tx`.

    For each such path aiohttp compiles a regular expression. For two APIs that takes longer
    than reading their contracts, and most servers are asked for a few paths only.
    """

    def __init__(self, canonical: str) -> None:
        """Begin without a route; `canonical` is how all their paths begin."""
        super().__init__()
        self._canonical = canonical
        self._routes: list[web.RouteDef] = []

    @classmethod
    def of(cls, routes: Iterable[web.RouteDef]) -> Iterable["LateRoutes"]:
        """Return resources that have these routes, in their order where paths begin alike."""
        made: dict[str, LateRoutes] = {}
        for route in routes:
            begin = route.path.partition("/{")[0]
            made.setdefault(begin, cls(begin))._routes.append(route)  # noqa: SLF001 - its own
        return made.values()

    @cached_property
    def _ready(self) -> Sequence[web.AbstractResource]:
        router = web.UrlDispatcher()
        router.add_routes(self._routes)
        return tuple(router.resources())

    async def resolve(
        self, request: web.Request
    ) -> tuple[web.UrlMappingMatchInfo | None, set[str]]:
        """Find the route of a request; where there is none, the methods that its path has."""
        methods: list[set[str]] = []
        for resource in self._ready:
            found, allowed = await resource.resolve(request)
            if found is not None:
                return found, allowed
            if allowed:
                methods.append(allowed)
        return None, set().union(*methods)

    @property
    def canonical(self) -> str:
        """How the paths begin: where the router looks for them."""
        return self._canonical

    def __iter__(self) -> Iterator[web.AbstractRoute]:
        for resource in self._ready:
            yield from resource

    def __len__(self) -> int:
        return len(self._routes)

    def get_info(self) -> Any:
        """Return how the paths begin."""
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
        """Refuse to make one URL for many paths.

        Raises:
            LookupError: Always.
        """
        raise LookupError(f"of which path, with {kwargs}?")
