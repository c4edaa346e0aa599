"""aiohttp signing each revision of a receipt, and answering JSON as long as ours.

The answers stand in `receipt.json` in its folder; a signature is ECDSA P-256 with SHA-256 by
`cryptography`, deterministic as ours, over as many bytes.
"""

import json
import sys
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from benchmarks.servers.loop import serve

MESSAGE = bytes(170)
"""About as long as the log message of a receipt's revision."""


def app() -> web.Application:
    """Return the application; it knows no state, no token and no contract."""
    answers: dict[str, Any] = json.loads(Path("receipt.json").read_text(encoding="utf-8"))
    key = ec.generate_private_key(ec.SECP256R1())
    algorithm = ec.ECDSA(SHA256(), deterministic_signing=True)

    async def upsert(request: web.Request) -> web.Response:
        await request.json()
        key.sign(MESSAGE, algorithm)
        return web.json_response(answers[request.query["tx_revision"]])

    made = web.Application()
    made.router.add_put("/api/v2/tss/{tss_id}/tx/{tx_id}", upsert)
    return made


if __name__ == "__main__":
    serve(app(), int(sys.argv[1]))
