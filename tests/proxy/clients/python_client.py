"""Onboards a customer and signs a receipt at hard-coded hosts; argument: the library to use."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from typing import Any

MANAGEMENT = "https://dashboard.fiskaly.com/api/v0"
SIGN_DE = "https://kassensichv-middleware.fiskaly.com/api/v2"
TSS, TILL, TX = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
Call = Callable[[str, str, str, object], Any]


def by_urllib(method: str, url: str, token: str, body: Any) -> Any:
    from urllib.request import Request, urlopen

    request = Request(url, json.dumps(body).encode(), headers_of(token), method=method)
    with urlopen(request, timeout=60) as answer:
        return json.load(answer)


def by_requests(method: str, url: str, token: str, body: Any) -> Any:
    import requests

    answer = requests.request(method, url, json=body, headers=headers_of(token), timeout=60)
    answer.raise_for_status()
    return answer.json()


def by_httpx(method: str, url: str, token: str, body: Any) -> Any:
    import httpx

    answer = httpx.request(method, url, json=body, headers=headers_of(token), timeout=60)
    return answer.raise_for_status().json()


def by_aiohttp(method: str, url: str, token: str, body: Any) -> Any:
    import aiohttp

    async def call() -> Any:
        async with (
            aiohttp.ClientSession(raise_for_status=True) as session,
            session.request(method, url, json=body, headers=headers_of(token)) as answer,
        ):
            return await answer.json()

    return asyncio.run(call())


def headers_of(token: str) -> dict[str, str]:
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    return {"Content-Type": "application/json", **bearer}


def receipt(call: Call) -> str:
    """Return the signature of a receipt of a new customer's till."""
    own = {"api_key": os.environ["FISKALY_API_KEY"], "api_secret": os.environ["FISKALY_API_SECRET"]}
    token = call("POST", f"{MANAGEMENT}/auth", "", own)["access_token"]
    customer = {
        "name": "Bakery",
        "address_line1": "Ring 1",
        "zip": "10115",
        "town": "Berlin",
        "country_code": "DEU",
        "managed_by_organization_id": os.environ["FISKALY_ORGANIZATION_ID"],
    }
    at = f"{MANAGEMENT}/organizations"
    made = call("POST", at, token, customer)["_id"]
    key = call("POST", f"{at}/{made}/api-keys", token, {"name": "till-1", "status": "enabled"})
    token = call(
        "POST", f"{SIGN_DE}/auth", "", {"api_key": key["key"], "api_secret": key["secret"]}
    )["access_token"]
    tss = f"{SIGN_DE}/tss/{TSS}"
    puk = call("PUT", tss, token, {})["admin_puk"]
    call("PATCH", tss, token, {"state": "UNINITIALIZED"})
    call("PATCH", f"{tss}/admin", token, {"admin_puk": puk, "new_admin_pin": "1234567890"})
    call("POST", f"{tss}/admin/auth", token, {"admin_pin": "1234567890"})
    call("PATCH", tss, token, {"state": "INITIALIZED"})
    call("PUT", f"{tss}/client/{TILL}", token, {"serial_number": "till-1"})
    tx = f"{tss}/tx/{TX}?tx_revision="
    call("PUT", f"{tx}1", token, {"state": "ACTIVE", "client_id": TILL})
    amounts = {
        "receipt_type": "RECEIPT",
        "amounts_per_vat_rate": [{"vat_rate": "NORMAL", "amount": "1.19"}],
        "amounts_per_payment_type": [{"payment_type": "CASH", "amount": "1.19"}],
    }
    schema = {"standard_v1": {"receipt": amounts}}
    body = {"state": "FINISHED", "client_id": TILL, "schema": schema}
    return str(call("PUT", f"{tx}2", token, body)["signature"]["value"])


if __name__ == "__main__":
    sys.stdout.write(receipt(globals()[f"by_{sys.argv[1]}"]) + "\n")
