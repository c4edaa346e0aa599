"""Which world a request is for: the header, the path's prefix, or neither."""

import re
from urllib.parse import unquote

from aiohttp import web
from multidict import istr

from fiskaly_mockserver.world.world import World
from fiskaly_mockserver.world.worlds import Worlds

SANDBOX_HEADER = istr("X-Mock-Sandbox")
SANDBOX_PREFIX = "/s/{sandbox}"
PATH_PARAMETER = "sandbox"
_PREFIX = re.compile(r"/s/([^/]+)")


def world_of(request: web.Request, worlds: Worlds) -> World:
    """Return the world that a request names, which is made on first use.

    The path's prefix goes before the header.

    Raises:
        BadSandboxName: The name breaks the rule for names.
    """
    # as the router reads it: `/%73/` is `/s/`
    named = _PREFIX.match(request.rel_url.path_safe)
    if named is not None:
        return worlds.get(unquote(named[1]))
    return world_of_headers(request, worlds)


def world_of_headers(request: web.Request, worlds: Worlds) -> World:
    """Return the same for a request whose path is known to name no world.

    Raises:
        BadSandboxName: The name breaks the rule for names.
    """
    name = request.headers.get(SANDBOX_HEADER)
    return worlds.default if name is None else worlds.get(name)


def without_sandbox(path: str) -> str:
    """Return a path without the prefix that names a sandbox.

    >>> without_sandbox("/s/mine/api/v0/auth")
    '/api/v0/auth'
    """
    named = _PREFIX.match(path)
    return path[named.end() :] if named is not None else path
