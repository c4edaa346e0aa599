"""Routes that are made when a request first comes near them."""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, NoReturn

from aiohttp import web


class LateRoutes(web.AbstractResource):
    """The routes under one path, which a server can start without.

    For each path with a variable aiohttp compiles a regular expression, which takes longer
    than reading the contract that the path is from.
    """

    def __init__(self, canonical: str, make: Callable[[], Iterable[web.RouteDef]]) -> None:
        """Make nothing yet; all routes that `make` returns must lie under `canonical`."""
        super().__init__()
        self._canonical = canonical
        self._begin = canonical.partition("{")[0]
        self._make = make

    @cached_property
    def _router(self) -> web.UrlDispatcher:
        router = web.UrlDispatcher()
        router.add_routes(self._make())
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
