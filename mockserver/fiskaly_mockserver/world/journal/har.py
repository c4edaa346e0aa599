"""Exchanges as an HTTP archive (HAR 1.2), which browsers and proxies open.

It is redacted by construction: the journal holds nothing else. What it does not know
(sizes of heads and bodies, HTTP version) is said to be unknown, as the format has it.
"""

import json
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import urlencode

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.version import VERSION
from fiskaly_mockserver.world.journal.exchange import Exchange, Pairs

DISTRIBUTION = "fiskaly-mockserver"
UNKNOWN = -1
_JSON = "application/json"


def har_of(
    exchanges: Iterable[Exchange], *, origin: str = "http://localhost"
) -> dict[str, JsonValue]:
    """Return a HAR document.

    `origin` is where the server was reached, as `http://127.0.0.1:8722`. Comments name
    operation and request id of each entry.
    """
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": DISTRIBUTION, "version": VERSION},
            "entries": [_entry(exchange, origin) for exchange in exchanges],
            "comment": "Secrets and what the contract does not know are left out.",
        }
    }


def _entry(exchange: Exchange, origin: str) -> dict[str, JsonValue]:
    took = round(exchange.duration * 1000, 3)
    operation = exchange.operation_id or "no operation"
    return {
        "startedDateTime": exchange.at_text,
        "time": took,
        "request": _request(exchange, origin),
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        "comment": f"{operation} {exchange.request_id}",
    }


def _request(exchange: Exchange, origin: str) -> dict[str, JsonValue]:
    query = f"?{urlencode(exchange.query, errors='replace')}" if exchange.query else ""
    request: dict[str, JsonValue] = {
        "method": exchange.method,
        "url": f"{origin}{exchange.path}{query}",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(exchange.request_headers),
        "queryString": _pairs(exchange.query),
        "headersSize": UNKNOWN,
        "bodySize": UNKNOWN,
    }
    if exchange.request_body is not None:
        request["postData"] = {
            "mimeType": _header(exchange.request_headers, "content-type") or _JSON,
            "params": [],
            "text": _text(exchange.request_body),
        }
    elif exchange.request_body_note:
        request["comment"] = f"body: {exchange.request_body_note}"
    return request


def _response(exchange: Exchange) -> dict[str, JsonValue]:
    body = exchange.response_body
    text = "" if body is None else _text(body)
    content: dict[str, JsonValue] = {
        "size": len(text.encode("utf-8", "replace")),
        "mimeType": _header(exchange.response_headers, "content-type") or "x-unknown",
        "text": text,
    }
    if exchange.response_body_note:
        content["comment"] = f"body: {exchange.response_body_note}"
    return {
        "status": exchange.status,
        "statusText": _reason(exchange.status),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(exchange.response_headers),
        "content": content,
        "redirectURL": "",
        "headersSize": UNKNOWN,
        "bodySize": UNKNOWN,
    }


def _pairs(pairs: Pairs) -> list[JsonValue]:
    return [{"name": name, "value": value} for name, value in pairs]


def _header(pairs: Pairs, wanted: str) -> str:
    return next((value for name, value in pairs if name.lower() == wanted), "")


def _text(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _reason(status: int) -> str:
    return HTTPStatus(status).phrase if status in list(HTTPStatus) else ""
