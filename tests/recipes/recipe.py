"""Drive fiskaly-mockserver from Python: onboarding, a receipt, faults, a jump in time, the journal.

Needs Python 3.10 or newer and no packages. The environment variable FISKALY_MOCKSERVER may
hold another command to start the server with.
"""

import io
import json
import os
import subprocess
import sys
import tarfile
import time
from email.message import Message
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

COMMAND = os.environ.get("FISKALY_MOCKSERVER", "fiskaly-mockserver").split()
Body = dict[str, Any]


def send(
    method: str, url: str, body: Body | None = None, token: str = ""
) -> tuple[int, Any, Message]:
    """Return status, parsed body and headers of an answer."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None:
        headers["Content-Type"] = "application/json"
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(url, data, headers, method=method), timeout=10) as answer:
            return answer.status, json.load(answer), answer.headers
    except HTTPError as error:
        with error:
            return error.code, json.load(error), error.headers


def call(
    method: str,
    url: str,
    body: Body | None = None,
    token: str = "",
    status: int = 200,
) -> Any:
    """Return the body of an answer that must have this status."""
    got, answer, _ = send(method, url, body, token)
    expect(f"{method} {url} ({answer})", status, got)
    return answer


def download(url: str, token: str) -> list[str]:
    """Return the names in a TAR file."""
    request = Request(url, headers={"Authorization": f"Bearer {token}"})
    with urlopen(request, timeout=10) as answer:
        return tarfile.open(fileobj=io.BytesIO(answer.read())).getnames()


def expect(what: str, wanted: object, got: object) -> None:
    if got != wanted:
        sys.exit(f"{what}: expected {wanted!r}, got {got!r}")


def create_key(url: str, body: Body, token: str) -> Any:
    """Do what a client should do: on a 503 wait as long as the server asks, and try again."""
    status, answer, headers = send("POST", url, body, token)
    if status == 503:
        time.sleep(int(headers["Retry-After"]))
        return call("POST", url, body, token)
    expect("the first attempt", 200, status)
    return answer


def receipt(amount: str) -> Body:
    """Return a receipt over one amount at the normal rate, paid in cash."""
    rates = [{"vat_rate": "NORMAL", "amount": amount}]
    payments = [{"payment_type": "CASH", "amount": amount}]
    return {
        "standard_v1": {
            "receipt": {
                "receipt_type": "RECEIPT",
                "amounts_per_vat_rate": rates,
                "amounts_per_payment_type": payments,
            }
        }
    }


def sign(url: str, body: Body, token: str) -> Any:
    """Do what a till should do: if no answer comes, send the same revision and body again."""
    try:
        return call("PUT", url, body, token)
    except OSError:
        return call("PUT", url, body, token)


def sell(sign_de: str, mock: str, token: str) -> None:
    # 4. A TSS of the customer: deployed, its PIN set by the PUK, initialized, with its till.
    tss = f"{sign_de}/tss/{uuid4()}"
    puk = call("PUT", tss, {}, token)["admin_puk"]
    call("PATCH", tss, {"state": "UNINITIALIZED"}, token)
    call("PATCH", f"{tss}/admin", {"admin_puk": puk, "new_admin_pin": "123456"}, token)
    call("POST", f"{tss}/admin/auth", {"admin_pin": "123456"}, token)
    call("PATCH", tss, {"state": "INITIALIZED"}, token)
    client = str(uuid4())
    call("PUT", f"{tss}/client/{client}", {"serial_number": "KASSE-01"}, token)

    # 5. A receipt: started, updated, and finished, though the answer to that is lost: signed once.
    tx = f"{tss}/tx/{uuid4()}"
    active = {"state": "ACTIVE", "client_id": client}
    sign(f"{tx}?tx_revision=1", active, token)
    sign(f"{tx}?tx_revision=2", {**active, "schema": receipt("2.50")}, token)
    lost = {
        "operation": "upsertTransaction",
        "when": {"first": 1},
        "phase": "after",
        "effect": {"kind": "empty_reply"},
    }
    call("POST", f"{mock}/faults", lost)
    finished = {"state": "FINISHED", "client_id": client, "schema": receipt("4.80")}
    signed = sign(f"{tx}?tx_revision=3", finished, token)
    expect("the QR code", "V0;KASSE-01;Kassenbeleg-V1", signed["qr_code_data"][:26])
    counter = call("GET", tss, token=token)["signature_counter"]
    expect("the last signature", counter, signed["signature"]["counter"])

    # 6. Export everything that the TSS signed.
    export = f"{tss}/export/{uuid4()}"
    call("PUT", export, {}, token)
    while call("GET", export, token=token)["state"] in {"PENDING", "WORKING"}:
        time.sleep(1)
    archive = download(f"{export}/file", token)
    logs = [name for name in archive if name.endswith("_No-1_Finish_Client-KASSE-01.log")]
    expect("logs of the receipt's end", 1, len(logs))


def run(api: str, sign_de: str, mock: str) -> None:
    # 1. Seed: the same preset and seed give the same ids, keys and secrets everywhere.
    tree = call("POST", f"{mock}/seed", {"preset": "enterprise", "seed": 42})
    vendor = tree["organizations"][0]
    key = vendor["api_keys"][0]
    login = {"api_key": key["key"], "api_secret": key["secret"]}

    # 2. Onboard a customer, while the first attempt to create its key fails with 503.
    session = call("POST", f"{api}/auth", login)
    token = session["access_token"]
    profile = {
        "name": "Kiosk am Hafen",
        "address_line1": "Hafenstrasse 1",
        "zip": "20359",
        "town": "Hamburg",
        "country_code": "DEU",
        "managed_by_organization_id": vendor["id"],
    }
    customer = call("POST", f"{api}/organizations", profile, token)["_id"]
    fault = {
        "operation": "createApiKey",
        "when": {"first": 1},
        "effect": {"kind": "status", "status": 503, "headers": {"Retry-After": "1"}},
    }
    call("POST", f"{mock}/faults", fault)
    keys = f"{api}/organizations/{customer}/api-keys"
    made = create_key(keys, {"name": "till-1", "status": "enabled"}, token)
    expect("hits of the fault", 1, call("GET", f"{mock}/faults")["faults"][0]["hits"])

    # 3. The customer's key sees the customer, and nobody else.
    till = {"api_key": made["key"], "api_secret": made["secret"]}
    till_token = call("POST", f"{api}/auth", till)["access_token"]
    seen = call("GET", f"{api}/organizations", token=till_token)["data"]
    expect("what the till sees", [customer], [one["_id"] for one in seen])

    sell(sign_de, mock, till_token)

    # 7. 25 hours later the access token is over, and the refresh token is not.
    call("POST", f"{mock}/clock", {"advance": "25h"})
    call("GET", f"{api}/organizations/{customer}", token=token, status=401)
    session = call("POST", f"{api}/auth", {"refresh_token": session["refresh_token"]})
    call("GET", f"{api}/organizations/{customer}", token=session["access_token"])

    # 8. The journal: one such organization was created, and no request broke the contract.
    wanted = {"operation": "createOrganization", "body": {"town": "Hamburg"}}
    expect("created", 1, call("POST", f"{mock}/journal/count", wanted)["count"])
    expect("violations", [], call("GET", f"{mock}/journal/violations")["exchanges"])

    # 9. Reset: the seeded organizations, real time, and nothing else.
    call("POST", f"{mock}/reset")
    expect("after the reset", 0, call("POST", f"{mock}/journal/count", {})["count"])
    token = call("POST", f"{api}/auth", login)["access_token"]
    call("GET", f"{api}/organizations/{customer}", token=token, status=404)


if __name__ == "__main__":
    serve = [*COMMAND, "serve", "--json", "--port", "0", "--log-level", "off"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE) as server:
        try:
            line = server.stdout.readline() if server.stdout else b""
            ready = json.loads(line or sys.exit("the server did not start"))
            run(ready["base_url"], ready["sign_de_url"], ready["control_url"])
        finally:
            server.terminate()  # SIGTERM
    expect("the server's exit code", 0, server.returncode)
    sys.stdout.write("ok\n")
