"""A receipt that is signed over HTTP: from a new TSS to the finished transaction."""

import json
from http.client import HTTPConnection
from typing import Any

from builders.receipts import receipt
from fiskaly_mockserver import MockServer

TSS = "6f1cbb9a-2f2a-4d5e-9a46-1f6a4b1f0001"
CLIENT = "0b7a5f3e-1c2d-4e3f-8a4b-5c6d7e8f9a0b"
TX = "c1d2e3f4-a5b6-4c7d-8e9f-0a1b2c3d4e5f"
SERIAL = "KASSE-01"
PIN = "123456"


def ask(server: MockServer, method: str, path: str, body: object = None, token: str = "") -> Any:
    """Call SIGN DE and return the JSON of a 200."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        data = None if body is None else json.dumps(body).encode()
        connection.request(method, f"/api/v2{path}", data, headers)
        answer = connection.getresponse()
        raw = answer.read()
        assert answer.status == 200, raw
        return json.loads(raw)
    finally:
        connection.close()


def log_in(server: MockServer) -> str:
    """Return an access token of the first key of the tree."""
    key = server.credentials
    body = {"api_key": key.key, "api_secret": key.secret}
    return str(ask(server, "POST", "/auth", body)["access_token"])


def set_up_till(server: MockServer, token: str) -> None:
    """Bring a TSS with one client to work."""
    tss = f"/tss/{TSS}"
    puk = ask(server, "PUT", tss, {}, token)["admin_puk"]
    ask(server, "PATCH", tss, {"state": "UNINITIALIZED"}, token)
    ask(server, "PATCH", f"{tss}/admin", {"admin_puk": puk, "new_admin_pin": PIN}, token)
    ask(server, "POST", f"{tss}/admin/auth", {"admin_pin": PIN}, token)
    ask(server, "PATCH", tss, {"state": "INITIALIZED"}, token)
    ask(server, "PUT", f"{tss}/client/{CLIENT}", {"serial_number": SERIAL}, token)


def sign_receipt(server: MockServer, token: str = "", *, finish: bool = True) -> Any:
    """Sign a receipt at a till of its own, and return the transaction."""
    token = token or log_in(server)
    set_up_till(server, token)
    start = {"state": "ACTIVE", "client_id": CLIENT}
    path = f"/tss/{TSS}/tx/{TX}?tx_revision="
    started = ask(server, "PUT", f"{path}1", start, token)
    if not finish:
        return started
    end = {**start, "state": "FINISHED", "schema": receipt()}
    return ask(server, "PUT", f"{path}2", end, token)
