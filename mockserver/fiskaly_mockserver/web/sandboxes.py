"""Which sandbox a request names: by its path's prefix, or by the header."""

import re
from urllib.parse import unquote

from aiohttp import web
from multidict import istr

from fiskaly_mockserver.world import names

SANDBOX_HEADER = istr(names.SANDBOX_HEADER)
SANDBOX_PREFIX = "/s/{sandbox}"
_PREFIX = re.compile(r"/s/([^/]+)")


def sandbox_of(request: web.Request) -> str | None:
    """Return the sandbox that a request names, `None` where it names none.

    The path's prefix goes before the header.
    """
    # as the router reads it: `/%73/` is `/s/`
    named = _PREFIX.match(request.rel_url.path_safe)
    return unquote(named[1]) if named is not None else request.headers.get(SANDBOX_HEADER)


def sandbox_in_path(request: web.Request) -> str:
    """Return the same for a request that came by a route under `SANDBOX_PREFIX`."""
    return request.match_info["sandbox"]


def without_sandbox(path: str) -> str:
    """Return a path without the prefix that names a sandbox.

    >>> without_sandbox("/s/mine/api/v0/auth")
    '/api/v0/auth'
    """
    named = _PREFIX.match(path)
    return path[named.end() :] if named is not None else path
