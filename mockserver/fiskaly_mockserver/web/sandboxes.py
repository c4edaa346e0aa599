"""Which world a request is for: the header, the path's prefix, or neither."""

import re
from urllib.parse import unquote

from aiohttp import web

from fiskaly_mockserver.world.world import World
from fiskaly_mockserver.world.worlds import Worlds

SANDBOX_HEADER = "X-Mock-Sandbox"
SANDBOX_PREFIX = "/s/{sandbox}"
PATH_PARAMETER = "sandbox"
_PREFIX = re.compile(r"/s/([^/]+)")


def world_of(request: web.Request, worlds: Worlds) -> World:
    """Return the world that a request names, which is made on first use.

    The path's prefix goes before the header.

    Raises:
        BadSandboxName: The name breaks the rule for names.
    """
    path = request.rel_url.path_safe  # as the router reads it: `/%73/` is `/s/`
    if path.startswith("/s/") and (named := _PREFIX.match(path)) is not None:
        return worlds.get(unquote(named[1]))
    return worlds.get(request.headers.get(SANDBOX_HEADER))
