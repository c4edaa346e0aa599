"""aiohttp signing each revision of a receipt, and answering JSON as long as ours.

The answers stand in `receipt.json` in its folder; a signature is ECDSA P-256 with SHA-256 by
`cryptography`, deterministic as ours, over as many bytes, and stands in the answer as r and s in
base64, which the protocol demands.
"""

import json
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
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
        r, s = decode_dss_signature(key.sign(MESSAGE, algorithm))
        answer = answers[request.query["tx_revision"]]
        value = b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        answer["signature"]["value"] = value.decode()
        return web.json_response(answer)

    made = web.Application()
    made.router.add_put("/api/v2/tss/{tss_id}/tx/{tx_id}", upsert)
    return made


if __name__ == "__main__":
    serve(app(), int(sys.argv[1]))
