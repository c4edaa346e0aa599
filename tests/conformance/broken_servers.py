"""Servers that are broken on purpose: each changes one thing about one operation's answers."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from fiskaly_contracts import Contract
from fiskaly_contracts.conformance.exchanges import HttpExchange, Pairs, Routes, Sender

Change = Callable[[HttpExchange], HttpExchange]
ROUTES = Routes(Contract.bundled(), Contract.sign_de())


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """One server: which answers it changes and how, and what must be found.

    Attributes:
        operation: Whose answers are changed.
        change: What becomes of an answer.
        found: Part, pointer and rule of the finding.
        status: The status of the answers that are changed.
        writes: Whether it takes a run with `--writes` to meet it.
        shows_at: Another operation where the fault has consequences; "*" for every one.
    """

    operation: str
    change: Change
    found: tuple[str, str, str]
    status: int = 200
    writes: bool = False
    shows_at: str = ""


class BrokenSender:
    """Carries requests to a good server, and breaks its answers."""

    def __init__(self, broken: Broken, send: Sender) -> None:
        self._send = send
        self._broken = broken
        self.struck = 0

    def __call__(self, method: str, url: str, headers: Pairs, body: bytes) -> HttpExchange:
        exchange = self._send(method, url, headers, body)
        called = ROUTES.find(method, exchange.path)
        name = called.operation.operation_id if called and called.operation else ""
        if (name, exchange.status) != (self._broken.operation, self._broken.status):
            return exchange
        changed = self._broken.change(exchange)
        self.struck += changed != exchange
        return changed


def body(change: Callable[[Any], Any]) -> Change:
    """Change the JSON of an answer, in place or by a new value."""

    def apply(exchange: HttpExchange) -> HttpExchange:
        value = json.loads(exchange.response_body)
        result = change(value)
        raw = json.dumps(value if result is None else result).encode()
        return exchange._replace(response_body=raw)

    return apply


def put(**values: Any) -> Change:
    """Set properties."""
    return body(lambda value: value.update(values))


def row(**values: Any) -> Change:
    """Set properties of a list's first row."""
    return body(lambda value: value["data"][0].update(values) if value["data"] else None)


def without(name: str) -> Change:
    """Leave a property out."""
    return body(lambda value: {key: item for key, item in value.items() if key != name})


def backwards(exchange: HttpExchange) -> HttpExchange:
    """Turn the fields of the answer round."""
    value = json.loads(exchange.response_body)
    return exchange._replace(response_body=json.dumps(dict(reversed(value.items()))).encode())


def status(number: int) -> Change:
    """Answer with another status."""
    return lambda exchange: exchange._replace(status=number)


def headers(change: Mapping[str, str | None]) -> Change:
    """Set headers, or leave them out."""

    def apply(exchange: HttpExchange) -> HttpExchange:
        kept = [pair for pair in exchange.response_headers if pair[0].lower() not in change]
        added = [(name, value) for name, value in change.items() if value is not None]
        return exchange._replace(response_headers=(*kept, *added))

    return apply


def text(raw: bytes) -> Change:
    """Answer with other bytes."""
    return lambda exchange: exchange._replace(response_body=raw)


def accepted(**answer: Any) -> Change:
    """Answer 200 where a refusal was due."""
    return lambda exchange: exchange._replace(status=200, response_body=json.dumps(answer).encode())


def below(name: str, change: Callable[[Any], Any]) -> Change:
    """Change what stands in one property."""
    return body(lambda value: value.update({name: change(value[name])}))


def answered(where: Callable[[HttpExchange], bool], change: Change) -> Change:
    """Change only some of the answers."""
    return lambda exchange: change(exchange) if where(exchange) else exchange


def sent(part: bytes) -> Callable[[HttpExchange], bool]:
    return lambda exchange: part in exchange.request_body


def asked(part: str) -> Callable[[HttpExchange], bool]:
    return lambda exchange: part in exchange.url


def other_signature(value: Any) -> Any:
    """Change the first character of a signature: the same length, another number."""
    first = "B" if value["value"].startswith("A") else "A"
    return {**value, "value": first + value["value"][1:]}


def each_time_later(numbers: Iterator[int]) -> Change:
    """Move the expiry of a session, further each time."""
    return body(
        lambda value: value.update(
            access_token_expires_at=value["access_token_expires_at"] + next(numbers)
        )
    )


SERVERS: Mapping[str, Broken] = {
    # sessions
    "refresh token missing": Broken(
        operation="authenticate",
        change=without("refresh_token"),
        found=("body", "/refresh_token", "required"),
    ),
    "token that is none": Broken(
        shows_at="*",
        operation="authenticate",
        change=put(access_token="opaque"),
        found=("body", "/access_token", "pattern"),
    ),
    "refresh token of half a day": Broken(
        operation="authenticate",
        change=body(
            lambda value: value.update(
                refresh_token_expires_at=value["access_token_expires_at"] + 43_200
            )
        ),
        found=("body", "/refresh_token_expires_at", "token-lifetime"),
    ),
    "access token of two days": Broken(
        operation="authenticate",
        change=put(access_token_expires_in=172_800),
        found=("body", "/access_token_expires_in", "token-lifetime"),
    ),
    "claims of another environment": Broken(
        operation="authenticate",
        change=below("access_token_claims", lambda claims: {**claims, "env": "LIVE"}),
        found=("body", "/access_token_claims/env", "expected-value"),
    ),
    "a new session at each login": Broken(
        operation="authenticate",
        change=each_time_later(count(1)),
        found=("body", "/access_token_expires_at", "expected-value"),
    ),
    "fields of a session turned round": Broken(
        operation="authenticate", change=backwards, found=("body", "", "field-order")
    ),
    "an additional field": Broken(
        operation="authenticate",
        change=put(token_type="Bearer"),
        found=("body", "/token_type", "additionalProperties"),
    ),
    "wrong secret accepted": Broken(
        operation="authenticate",
        status=401,
        change=answered(sent(b'"wrong"'), accepted(access_token="a.b.c")),
        found=("status", "", "expected-status"),
    ),
    "wrong secret told apart": Broken(
        operation="authenticate",
        status=401,
        change=put(message="No such key"),
        found=("body", "/message", "expected-value"),
    ),
    "error fields turned round": Broken(
        operation="authenticate",
        status=401,
        change=backwards,
        found=("body", "", "field-order"),
    ),
    "error without status_code": Broken(
        operation="authenticate",
        status=401,
        change=without("status_code"),
        found=("body", "/status_code", "required"),
    ),
    "error status as text": Broken(
        operation="authenticate",
        status=401,
        change=put(status_code="401"),
        found=("body", "/status_code", "type"),
    ),
    "415 as 400": Broken(
        operation="authenticate",
        status=415,
        change=status(400),
        found=("status", "", "expected-status"),
    ),
    "SIGN DE says what Management says": Broken(
        operation="authenticateApi",
        status=401,
        change=put(message="Invalid credentials"),
        found=("body", "/message", "expected-value"),
    ),
    # lists
    "count as text": Broken(
        operation="listOrganizations",
        change=body(lambda value: value.update(count=str(value["count"]))),
        found=("body", "/count", "type"),
    ),
    "count of the page": Broken(
        operation="listApiKeys",
        change=answered(asked("limit=1"), put(count=0)),
        found=("body", "/count", "expected-value"),
    ),
    "count too small": Broken(
        operation="listOrganizations", change=put(count=0), found=("body", "/count", "list-count")
    ),
    "count below nothing": Broken(
        operation="listUsers", change=put(count=-1), found=("body", "/count", "minimum")
    ),
    "limit without effect": Broken(
        operation="listOrganizations",
        change=answered(
            asked("limit=1"), body(lambda value: value["data"].append(value["data"][0]))
        ),
        found=("body", "/data", "list-limit"),
    ),
    "another type of list": Broken(
        operation="listUsers", change=put(_type="USERS"), found=("body", "/_type", "enum")
    ),
    "a list that is an array": Broken(
        operation="listBillingAddresses",
        change=body(lambda value: value["data"]),
        found=("body", "", "type"),
    ),
    "_env missing from a list": Broken(
        operation="listTss", change=without("_env"), found=("body", "/_env", "required")
    ),
    "_envs as text": Broken(
        operation="listOrganizations",
        change=row(_envs="TEST"),
        found=("body", "/data/0/_envs", "type"),
    ),
    "null for absent": Broken(
        operation="retrieveOrganization",
        change=put(display_name=None),
        found=("body", "/display_name", "type"),
    ),
    "absent for empty": Broken(
        shows_at="retrieveApiKey",
        operation="listApiKeys",
        change=body(lambda value: [row.pop("metadata") for row in value["data"]] and value),
        found=("body", "/data/0/metadata", "required"),
    ),
    "a time as text": Broken(
        operation="retrieveApiKey",
        change=put(created_at="2026-01-01T00:00:00Z"),
        found=("body", "/created_at", "type"),
    ),
    "an unknown value": Broken(
        operation="retrieveApiKey", change=put(status="ENABLED"), found=("body", "/status", "enum")
    ),
    "a row that differs from the list": Broken(
        operation="retrieveApiKey",
        change=put(metadata={"x": "1"}),
        found=("body", "", "row-as-listed"),
    ),
    "somebody else's organization": Broken(
        operation="retrieveOrganization",
        change=put(_id="00000000-0000-4000-8000-000000000001"),
        found=("body", "/_id", "expected-value"),
    ),
    # transport
    "request id missing": Broken(
        operation="listUsers",
        change=headers({"x-request-id": None}),
        found=("headers", "/X-Request-Id", "required"),
    ),
    "request id with dashes": Broken(
        operation="listUsers",
        change=headers({"x-request-id": "00000000-0000-4000-8000-000000000001"}),
        found=("headers", "/X-Request-Id", "pattern"),
    ),
    "the same request id each time": Broken(
        operation="listUsers",
        change=headers({"x-request-id": "0" * 32}),
        found=("headers", "/X-Request-Id", "unique-request-id"),
    ),
    "response time in milliseconds": Broken(
        operation="listUsers",
        change=headers({"x-response-time": "12ms"}),
        found=("headers", "/X-Response-Time", "pattern"),
    ),
    "two response times": Broken(
        operation="listUsers",
        change=headers({"x-response-time": "99.999"}),
        found=("headers", "/Response-Time", "recorded-header"),
    ),
    "charset missing": Broken(
        operation="listUsers",
        change=headers({"content-type": "application/json"}),
        found=("headers", "/Content-Type", "recorded-header"),
    ),
    "HTML": Broken(
        operation="listUsers",
        change=headers({"content-type": "text/html"}),
        found=("content-type", "", "media-type"),
    ),
    "JSON cut short": Broken(
        operation="listUsers", change=text(b'{"data": ['), found=("body", "", "json")
    ),
    "an empty answer": Broken(
        operation="listUsers", change=text(b""), found=("body", "", "required")
    ),
    "201 for 200": Broken(
        operation="createApiKey", writes=True, change=status(201), found=("status", "", "status")
    ),
    "a crash": Broken(
        operation="listUsers",
        change=status(500),
        found=("status", "", "status"),
    ),
    # refusals
    "no token needed": Broken(
        operation="retrieveOrganization",
        status=401,
        change=accepted(),
        found=("status", "", "expected-status"),
    ),
    "403 for what is out of sight": Broken(
        operation="retrieveOrganization",
        status=404,
        change=status(403),
        found=("status", "", "expected-status"),
    ),
    "another code": Broken(
        operation="retrieveOrganization",
        status=404,
        change=put(code="E_NOT_FOUND"),
        found=("body", "/code", "expected-code"),
    ),
    "no code": Broken(
        operation="retrieveOrganization",
        status=404,
        change=without("code"),
        found=("body", "/code", "required"),
    ),
    "unknown property accepted": Broken(
        operation="createOrganization",
        writes=True,
        status=400,
        change=answered(sent(b'"invented"'), accepted()),
        found=("status", "", "expected-status"),
    ),
    # changes
    "an update that is not kept": Broken(
        operation="updateOrganization",
        writes=True,
        change=put(name="Contract check"),
        found=("body", "/name", "expected-value"),
    ),
    "metadata merged": Broken(
        operation="updateOrganization",
        writes=True,
        change=put(metadata={"a": "1", "c": "3"}),
        found=("body", "/metadata", "expected-value"),
    ),
    "a secret of 41 characters": Broken(
        shows_at="authenticate",
        operation="createApiKey",
        writes=True,
        change=body(lambda value: value.update(secret=value["secret"][:41])),
        found=("body", "/secret", "pattern"),
    ),
    "a secret that is shown again": Broken(
        operation="retrieveApiKey",
        writes=True,
        change=put(secret="EXAMPLEsecretEXAMPLEsecretEXAMPLEsecret0000"),
        found=("body", "/secret", "secret-shown-once"),
    ),
    "a success flag that is no flag": Broken(
        operation="removeUser",
        writes=True,
        change=put(_success=1),
        found=("body", "/_success", "type"),
    ),
    "a second key of one name": Broken(
        operation="createApiKey",
        writes=True,
        status=409,
        change=accepted(),
        found=("status", "", "expected-status"),
    ),
    # SIGN DE
    "a PUK that stays": Broken(
        operation="retrieveTss",
        writes=True,
        change=put(admin_puk="1234567890"),
        found=("body", "/admin_puk", "puk-hidden"),
    ),
    "a serial number in upper case": Broken(
        operation="retrieveTss",
        writes=True,
        change=body(lambda value: value.update(serial_number=value["serial_number"].upper())),
        found=("body", "/serial_number", "pattern"),
    ),
    "initialized without an admin": Broken(
        operation="updateTss",
        writes=True,
        status=401,
        change=accepted(),
        found=("status", "", "expected-status"),
    ),
    "a wrong PIN accepted": Broken(
        operation="authenticateAdmin",
        writes=True,
        status=401,
        change=accepted(),
        found=("status", "", "expected-status"),
    ),
    "a wrong revision accepted": Broken(
        operation="upsertTransaction",
        writes=True,
        status=400,
        change=answered(asked("tx_revision=4"), accepted()),
        found=("status", "", "expected-status"),
    ),
    "a bad signature": Broken(
        shows_at="retrieveTransaction",
        operation="upsertTransaction",
        writes=True,
        change=answered(
            asked("tx_revision=3"),
            body(
                lambda value: value.update(
                    signature=other_signature(value["signature"]),
                    qr_code_data=value["qr_code_data"].replace(
                        value["signature"]["value"], other_signature(value["signature"])["value"]
                    ),
                )
            ),
        ),
        found=("body", "/signature/value", "signature"),
    ),
    "a short signature": Broken(
        shows_at="retrieveTransaction",
        operation="upsertTransaction",
        writes=True,
        change=below("signature", lambda value: {**value, "value": "AAAA"}),
        found=("body", "/signature/value", "signature-length"),
    ),
    "a counter that stands": Broken(
        shows_at="retrieveTransaction",
        operation="upsertTransaction",
        writes=True,
        change=below("signature", lambda value: {**value, "counter": 7}),
        found=("body", "/signature/counter", "expected-value"),
    ),
    "the client's id in the QR code": Broken(
        shows_at="retrieveTransaction",
        operation="upsertTransaction",
        writes=True,
        change=answered(
            asked("tx_revision=3"),
            body(
                lambda value: value.update(
                    qr_code_data=value["qr_code_data"].replace(
                        value["client_serial_number"], value["client_id"]
                    )
                )
            ),
        ),
        found=("body", "/qr_code_data", "qr-code"),
    ),
    "a revision that does not count": Broken(
        shows_at="retrieveTransaction",
        operation="upsertTransaction",
        writes=True,
        change=put(latest_revision=1),
        found=("body", "/latest_revision", "expected-value"),
    ),
    "an export that is no archive": Broken(
        operation="retrieveExportFile",
        writes=True,
        change=text(b"nothing"),
        found=("body", "", "export-archive"),
    ),
    "an archive that says it is JSON": Broken(
        operation="retrieveExportFile",
        writes=True,
        change=headers({"content-type": "application/json"}),
        found=("content-type", "", "media-type"),
    ),
    "an amount as a number": Broken(
        operation="listTransactions",
        writes=True,
        change=row(number="1"),
        found=("body", "/data/0/number", "type"),
    ),
}
