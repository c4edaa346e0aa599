"""The mix of requests that every candidate is asked, and what a right answer is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fiskaly_contracts import Contract
from fiskaly_fixtures import generate
from fiskaly_mockserver.world.seeding import ApiCredentials, Seeded, baseline_of

from benchmarks.asking import JSON, Request

SIZE = 100
"""Managed organizations of the tree that is served."""

PAGE = 20
"""Organizations on a listed page."""


class Kind(StrEnum):
    """One kind of request of the mix."""

    RETRIEVE = "retrieve"
    LIST = "list"
    CREATE = "create"


SHARES: Mapping[Kind, int] = {Kind.RETRIEVE: 7, Kind.LIST: 2, Kind.CREATE: 1}
"""How many of ten requests are of each kind."""

Requests = Mapping[Kind, Sequence[Request]]
"""The requests of each kind, asked one after the other and then again."""


@dataclass(frozen=True, slots=True)
class Account:
    """The main organization of the tree, its key, and those that its first page lists too."""

    organization_id: str
    key: ApiCredentials
    managed: tuple[str, ...]
    size: int


def account(size: int = SIZE) -> Account:
    """Return who calls: ids, keys and secrets follow from the seed, so no server is asked."""
    main, *managed = Seeded(baseline_of(generate(size=size), started_at=0)).organizations()
    return Account(main.id, main.api_keys[0], tuple(one.id for one in managed[: PAGE - 1]), size)


def login(caller: Account, base: str) -> Request:
    """Return the request for a token."""
    said = {"api_key": caller.key.key, "api_secret": caller.key.secret}
    return Request(method="POST", path=f"{base}/auth", headers=JSON, body=json.dumps(said))


def requests(caller: Account, base: str, token: str) -> Requests:
    """Return the mix for a server of the contract."""
    bearer = {"Authorization": f"Bearer {token}"}
    organizations = f"{base}/organizations"
    new = json.dumps(new_organization(caller))
    return {
        Kind.RETRIEVE: [
            Request(method="GET", path=f"{organizations}/{one}", headers=bearer)
            for one in caller.managed
        ],
        Kind.LIST: [Request(method="GET", path=f"{organizations}?limit={PAGE}", headers=bearer)],
        Kind.CREATE: [
            Request(method="POST", path=organizations, headers={**bearer, **JSON}, body=new)
        ],
    }


def new_organization(caller: Account) -> dict[str, Any]:
    """Return the body of a create request: a customer who is billed through the caller."""
    return {
        "name": "Café am Markt",
        "display_name": "Café am Markt, Filiale Mitte",
        "address_line1": "Marktplatz 1",
        "zip": "10115",
        "town": "Berlin",
        "country_code": "DEU",
        "metadata": {"customer": "4711", "segment": "gastronomy"},
        "managed_by_organization_id": caller.organization_id,
        "billing_options": {
            "withhold_billing": True,
            "bill_to_organization": caller.organization_id,
        },
    }


def wrong(create: Request) -> Request:
    """Return the create request with a country code that the contract does not know."""
    body = json.dumps({**json.loads(create.body), "country_code": "DE"})
    return Request(method=create.method, path=create.path, headers=create.headers, body=body)


def complaint(kind: Kind, value: Any) -> str:
    """Say what is wrong with the JSON of a 200, `""` if nothing is."""
    if not isinstance(value, dict):
        return "no JSON object"
    if kind is Kind.LIST:
        rows = value.get("data")
        if not isinstance(rows, list) or len(rows) != PAGE:
            return f"not {PAGE} rows in data"
        return (
            "" if all("_id" in row and "name" in row for row in rows) else "a row lacks _id or name"
        )
    missing = [name for name in ("_id", "_type", "name", "country_code") if name not in value]
    return f"lacks {', '.join(missing)}" if missing else ""


OPERATIONS: Mapping[str, tuple[str, str]] = {
    "authenticate": ("/auth", "post"),
    "listOrganizations": ("/organizations", "get"),
    "createOrganization": ("/organizations", "post"),
    "retrieveOrganization": ("/organizations/{organization_id}", "get"),
}
"""Path and method of each operation of the mix, and of the login."""


def contract_with(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the bundled contract with one example for each answer of the mix.

    Peers that answer from examples then send what our server sends, byte for byte as long.
    """
    document: dict[str, Any] = json.loads(json.dumps(Contract.bundled().document))
    for operation_id, (path, method) in OPERATIONS.items():
        content = document["paths"][path][method]["responses"]["200"]["content"]
        media = content["application/json"]
        media["examples"] = {"measured": {"value": answers[operation_id]}}
    return document
