"""Exchanges as the recorder writes them, from messages that hold whatever a test wants."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from fiskaly_contracts import Checker, RequestData, Violation
from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.web.journal.recorder import Recorded
from fiskaly_mockserver.web.journal.redaction import Redactor
from fiskaly_mockserver.world.journal.exchange import Exchange
from fiskaly_mockserver.world.journal.explain import explain_exchange
from fiskaly_mockserver.world.journal.har import har_of

API_SECRET = "EXAMPLEsecretEXAMPLEsecretEXAMPLEsecret0000"
ORGANIZATION = {
    "name": "Cafe",
    "address_line1": "Ring 1",
    "zip": "1010",
    "town": "Wien",
    "country_code": "AUT",
}


def wire(value: object) -> bytes:
    """Write a body."""
    return json.dumps(value).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One request and its answer, as bytes on the wire."""

    operation_id: str = "createOrganization"
    method: str = "POST"
    path: str = "/api/v0/organizations"
    path_parameters: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"
    body: bytes = b"{}"
    status: int = 200
    answer: bytes = b"{}"
    answer_headers: tuple[tuple[str, str], ...] = ()
    error: DomainError | None = None


def violations_of(
    checker: Checker, message: Message, query: Mapping[str, str]
) -> tuple[Violation, ...]:
    """Check a message as the server does."""
    if not message.operation_id:
        return ()
    data = RequestData(
        operation_id=message.operation_id,
        path_parameters=dict(message.path_parameters),
        query=tuple(query.items()),
        content_type=message.content_type,
        body=message.body,
    )
    return checker.check(data).violations


def recorded(redactor: Redactor, checker: Checker, message: Message) -> Recorded:
    """Take a message through every stage of an exchange."""
    request = make_mocked_request(message.method, message.path, headers=list_of(message))
    exchange = Recorded(request, redactor, "0" * 32, 1_760_000_000.0)
    exchange.operation_id = message.operation_id
    exchange.sent(message.body)
    exchange.found(violations_of(checker, message, request.rel_url.query))
    if message.error is not None:
        exchange.refused(message.error)
    response = web.Response(status=message.status, body=message.answer)
    for name, value in message.answer_headers:
        response.headers.add(name, value)
    exchange.finish(response, 0.001)
    return exchange


def list_of(message: Message) -> "dict[str, str]":
    """Return the headers of a request."""
    return {"Content-Type": message.content_type, **dict(message.headers)}


def everything_said(exchange: Exchange) -> str:
    """Return all that is stored, and all that is ever made of it."""
    return "\n".join(
        [
            repr(exchange),
            exchange.crash,
            repr(exchange.error and dict(exchange.error.facts)),
            json.dumps(exchange.as_json(), ensure_ascii=False),
            json.dumps(har_of([exchange.as_json()]), ensure_ascii=False),
            json.dumps(explain_exchange(exchange), ensure_ascii=False),
        ]
    )
