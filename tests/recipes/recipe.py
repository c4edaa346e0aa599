"""Drive fiskaly-mockserver from Python: onboarding, a fault, a jump in time, the journal.

Needs Python 3.10 or newer and no packages. The environment variable FISKALY_MOCKSERVER may
hold another command to start the server with.
"""

import json
import os
import subprocess
import sys
import time
from email.message import Message
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

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


def run(api: str, mock: str) -> None:
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

    # 4. 25 hours later the access token is over, and the refresh token is not.
    call("POST", f"{mock}/clock", {"advance": "25h"})
    call("GET", f"{api}/organizations/{customer}", token=token, status=401)
    session = call("POST", f"{api}/auth", {"refresh_token": session["refresh_token"]})
    call("GET", f"{api}/organizations/{customer}", token=session["access_token"])

    # 5. The journal: one such organization was created, and no request broke the contract.
    wanted = {"operation": "createOrganization", "body": {"town": "Hamburg"}}
    expect("created", 1, call("POST", f"{mock}/journal/count", wanted)["count"])
    expect("violations", [], call("GET", f"{mock}/journal/violations")["exchanges"])

    # 6. Reset: the seeded organizations, real time, and nothing else.
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
            run(ready["base_url"], ready["control_url"])
        finally:
            server.terminate()  # SIGTERM
    expect("the server's exit code", 0, server.returncode)
    sys.stdout.write("ok\n")
