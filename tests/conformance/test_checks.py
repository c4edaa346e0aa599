"""Whole exchanges before the contracts: both sides, both judges, and the order of fields."""

import json
from typing import Any

import pytest
from fiskaly_contracts import Contract
from fiskaly_contracts.conformance.checks import ExchangeCheck
from fiskaly_contracts.conformance.exchanges import HttpExchange, Routes
from fiskaly_contracts.conformance.findings import Finding, Side

HEADERS = (
    ("x-request-id", "0" * 32),
    ("x-response-time", "0.001"),
    ("response-time", "0.001"),
    ("content-type", "application/json; charset=utf-8"),
)
KEY = {
    "_id": "8c1d2e3f-4a5b-4c6d-8e7f-90a1b2c3d4e5",
    "_type": "API_KEY",
    "_envs": ["TEST"],
    "key": "test_000000000000000000000000a_till-1",
    "created_at": 1767225600,
    "created_by_user": "8c1d2e3f-4a5b-4c6d-8e7f-90a1b2c3d4e5",
    "name": "till-1",
    "status": "enabled",
    "metadata": {},
    "managed_by_organization_id": "",
}
ORGANIZATION = "5f0c1a52-3b7e-4c19-9d26-0a8b1c2d3e4f"
KEYS = f"https://host.example/api/v0/organizations/{ORGANIZATION}/api-keys"


@pytest.fixture(scope="module")
def checking() -> ExchangeCheck:
    return ExchangeCheck(Contract.bundled(), Contract.sign_de(), both_judges=True)


def exchange(answer: Any, url: str = KEYS, **more: Any) -> HttpExchange:
    settings = {"method": "GET", "status": 200, "response_headers": HEADERS, **more}
    return HttpExchange(url=url, response_body=json.dumps(answer).encode(), **settings)


def keys(*rows: Any, **more: Any) -> dict[str, Any]:
    return {"data": [*rows], "count": len(rows), "_type": "API_KEY_LIST", **more}


def place(one: Finding) -> tuple[str, int, str, str, str, str]:
    return one.operation, one.status, one.side.value, one.part, one.pointer, one.rule


def test_an_exchange_that_keeps_the_contract_has_no_finding(checking: ExchangeCheck) -> None:
    assert checking.findings(exchange(keys(KEY))) == []


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        (exchange(keys(KEY, count="1")), (200, "response", "body", "/count", "type")),
        (
            exchange(keys(KEY, {**KEY, "status": "ENABLED"})),
            (200, "response", "body", "/data/1/status", "enum"),
        ),
        (
            exchange(keys({**KEY, "secret_note": 1})),
            (200, "response", "body", "/data/0/secret_note", "additionalProperties"),
        ),
        (
            exchange(keys(dict(reversed(KEY.items())))),
            (200, "response", "body", "/data/0", "field-order"),
        ),
        (exchange(keys(), status=418), (418, "response", "status", "", "status")),
        (
            exchange(keys(), response_headers=HEADERS[1:]),
            (200, "response", "headers", "/X-Request-Id", "required"),
        ),
        (
            exchange(keys(), response_headers=(*HEADERS[:3], ("Content-Type", "text/html"))),
            (200, "response", "content-type", "", "media-type"),
        ),
        (exchange(keys(), f"{KEYS}?limit=0"), (200, "request", "query", "/limit", "minimum")),
    ],
)
def test_each_fault_is_found_at_its_place(
    checking: ExchangeCheck, changed: HttpExchange, found: Any
) -> None:
    assert [place(one) for one in checking.findings(changed)] == [("listApiKeys", *found)]


def test_the_error_of_another_api_is_told_by_its_order_too(checking: ExchangeCheck) -> None:
    said = {"status_code": 401, "error": "Unauthorized", "message": "Invalid credentials"}
    sent = b'{"api_key": "k", "api_secret": "s"}'
    refused = exchange(
        said,
        "https://host.example/api/v0/auth",
        method="POST",
        status=401,
        request_headers=(("Content-Type", "application/json"),),
        request_body=sent,
    )
    [one] = checking.findings(refused)
    assert place(one) == ("authenticate", 401, "response", "body", "", "field-order")
    assert one.severity.value == "warning"


def test_a_finding_says_how_to_repeat_the_call_without_its_secrets(
    checking: ExchangeCheck,
) -> None:
    secret = "EXAMPLEsecretEXAMPLEsecretEXAMPLEsecret0000"
    sent = {"api_key": "k", "api_secret": secret, "extra": secret, secret: 1}
    [*found] = checking.findings(
        HttpExchange(
            "POST",
            f"https://user:{secret}@host.example/api/v0/auth?next={secret}",
            (("Content-Type", "application/json"), ("Authorization", f"Bearer {secret}")),
            json.dumps(sent).encode(),
            400,
            HEADERS,
            b'{"status_code":400,"error":"Bad Request","code":"E_X","message":"no"}',
        )
    )
    assert found
    assert all(one.side is Side.REQUEST for one in found)
    assert all(secret not in repr(one) for one in found)
    assert found[0].curl.startswith("curl -X POST 'https://host.example/api/v0/auth?next=")
    assert '-H "Authorization: Bearer $FISKALY_TOKEN"' in found[0].curl


def test_an_unknown_route_and_a_wrong_method_are_the_clients_fault(
    checking: ExchangeCheck,
) -> None:
    [route] = checking.findings(exchange({}, "http://x/api/v0/organisations", status=404))
    assert place(route)[2:] == ("request", "path", "", "unknown-route")
    [method] = checking.findings(exchange({}, KEYS, method="PUT", status=405))
    assert (method.rule, method.expected) == ("method", "GET or POST")


def test_other_services_are_left_aside() -> None:
    checking = ExchangeCheck(Contract.bundled())
    assert checking.findings(exchange({}, "https://elsewhere.example/v1/things")) == []
    assert (checking.exchanges, checking.ignored) == (0, 1)


def test_a_body_that_was_not_recorded_is_noted_and_not_judged() -> None:
    checking = ExchangeCheck(Contract.bundled())
    note = "answer: the recording has no body"
    assert checking.findings(exchange(None, note=note)) == []
    assert checking.notes == {note: 1}


def test_what_a_recording_has_redacted_is_not_judged(checking: ExchangeCheck) -> None:
    assert checking.findings(exchange(keys({**KEY, "created_at": "[omitted]"}))) == []
    [one] = checking.findings(exchange(keys({**KEY, "extra": "[undeclared]"})))
    assert one.rule == "additionalProperties"


def test_the_assumption_of_the_place_is_told(checking: ExchangeCheck) -> None:
    [one] = checking.findings(exchange(keys({**KEY, "key": "not a key"})))
    assert one.assumption == "A-46"


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/api/v0/organizations/x", "retrieveOrganization"),
        ("/s/box/api/v2/tss/x/tx/1/log", "retrieveTransactionLog"),
        ("/proxy/api/v2/tss/a%20b", "retrieveTss"),
    ],
)
def test_operations_are_found_below_any_prefix(path: str, operation: str) -> None:
    called = Routes(Contract.bundled(), Contract.sign_de()).find("GET", path)
    assert called is not None
    assert called.operation is not None
    assert called.operation.operation_id == operation
