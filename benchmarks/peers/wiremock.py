"""Stub mappings for WireMock: as much of the contract as its matchers can check."""

from collections.abc import Mapping
from typing import Any

BASE = "/api/v0"
UUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def mappings(contract: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stubs of the mix: fixed answers, bodies matched by their schema."""
    bearer = {"Authorization": {"matches": "Bearer .+"}}
    organizations = {"urlPath": f"{BASE}/organizations"}
    page = {"limit": {"matches": "[0-9]{1,3}"}}
    return {
        "mappings": [
            _stub(
                {"method": "POST", "urlPath": f"{BASE}/auth"} | _body(contract, "/auth"),
                answers["authenticate"],
            ),
            _stub(
                {"method": "GET", **organizations, "headers": bearer, "queryParameters": page},
                answers["listOrganizations"],
            ),
            _stub(
                {"method": "POST", **organizations, "headers": bearer}
                | _body(contract, "/organizations"),
                answers["createOrganization"],
            ),
            _stub(
                {
                    "method": "GET",
                    "urlPathPattern": f"{BASE}/organizations/{UUID}",
                    "headers": bearer,
                },
                answers["retrieveOrganization"],
            ),
        ]
    }


def _stub(request: Mapping[str, Any], body: Any) -> dict[str, Any]:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return {"request": request, "response": {"status": 200, "jsonBody": body, "headers": headers}}


def _body(contract: Mapping[str, Any], path: str) -> dict[str, Any]:
    media = contract["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    schemas = {
        # What only OpenAPI knows would be passed over, or stop the stub from loading.
        name: _plain(schema)
        for name, schema in contract["components"]["schemas"].items()
    }
    schema = {**_plain(media["schema"]), "components": {"schemas": schemas}}
    return {"bodyPatterns": [{"matchesJsonSchema": schema, "schemaVersion": "V7"}]}


def _plain(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _plain(part)
        for name, part in schema.items()
        if not name.startswith("x-") and name not in {"example", "discriminator"}
    }
