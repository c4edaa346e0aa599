"""The least that a server on aiohttp can be: what any start is measured against."""

import sys

from aiohttp import web


async def authenticate(_: web.Request) -> web.Response:
    """Answer."""
    return web.json_response({"access_token": "none"})


app = web.Application()
app.router.add_post("/api/v0/auth", authenticate)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
