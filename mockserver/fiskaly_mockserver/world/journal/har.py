"""Exchanges of the journal in the form of HTTP: for a command line, and as an archive (HAR 1.2).

They are redacted by construction: the journal shows nothing else. What it does not know
(sizes of heads and bodies, HTTP version) is said to be unknown, as the format has it.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from fiskaly_contracts import JsonValue
from fiskaly_contracts.conformance.exchanges import HttpExchange, Pairs
from fiskaly_contracts.recordings.har import CREATOR, entry_of

from fiskaly_mockserver.version import VERSION

UNKNOWN = -1


def http_exchange(shown: Mapping[str, Any], origin: str) -> HttpExchange:
    """Return an exchange, as `Exchange.as_json` shows it, with an absolute address.

    `origin` is where the server was reached, as `http://127.0.0.1:8722`.
    """
    request, response = shown["request"], shown["response"]
    query = urlencode(_pairs(shown["query"]), errors="replace")
    return HttpExchange(
        shown["method"],
        f"{origin}{shown['path']}{'?' if query else ''}{query}",
        _pairs(request["headers"]),
        _bytes(request["body"]),
        response["status"],
        _pairs(response["headers"]),
        _bytes(response["body"]),
        started=shown["at"],
        took=shown["ms"],
    )


def har_of(
    exchanges: Iterable[Mapping[str, Any]], *, origin: str = "http://localhost"
) -> dict[str, JsonValue]:
    """Return a HAR document of exchanges as `Exchange.as_json` shows them.

    `origin` is where the server was reached. Comments name operation and request id of each
    entry.
    """
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": CREATOR, "version": VERSION},
            "entries": [_entry(shown, origin) for shown in exchanges],
            "comment": "Secrets and what the contract does not know are left out.",
        }
    }


def _entry(shown: Mapping[str, Any], origin: str) -> dict[str, JsonValue]:
    entry: dict[str, Any] = entry_of(http_exchange(shown, origin))
    entry["comment"] = f"{shown['operation'] or 'no operation'} {shown['request_id']}"
    for side, notes in (("request", entry["request"]), ("response", entry["response"]["content"])):
        entry[side]["bodySize"] = UNKNOWN
        if shown[side]["note"]:
            notes["comment"] = f"body: {shown[side]['note']}"
    return entry


def _pairs(pairs: Iterable[Iterable[str]]) -> Pairs:
    return tuple((name, value) for name, value in pairs)


def _bytes(body: JsonValue) -> bytes:
    if body is None:
        return b""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
