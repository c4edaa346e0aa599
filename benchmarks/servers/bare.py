"""aiohttp answering JSON as long as ours, from `answers.json` in its folder."""

import json
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

from benchmarks.servers.loop import serve

BASE = "/api/v0"


def app() -> web.Application:
    """Return the application; it knows no state, no token and no contract."""
    answers: dict[str, Any] = json.loads(Path("answers.json").read_text(encoding="utf-8"))

    async def authenticate(_: web.Request) -> web.Response:
        return web.json_response(answers["authenticate"])

    async def retrieve(_: web.Request) -> web.Response:
        return web.json_response(answers["retrieveOrganization"])

    async def page(_: web.Request) -> web.Response:
        return web.json_response(answers["listOrganizations"])

    async def create(request: web.Request) -> web.Response:
        await request.json()
        return web.json_response(answers["createOrganization"])

    made = web.Application()
    made.router.add_post(f"{BASE}/auth", authenticate)
    made.router.add_get(f"{BASE}/organizations", page)
    made.router.add_post(f"{BASE}/organizations", create)
    made.router.add_get(f"{BASE}/organizations/{{organization_id}}", retrieve)
    return made


if __name__ == "__main__":
    serve(app(), int(sys.argv[1]))
