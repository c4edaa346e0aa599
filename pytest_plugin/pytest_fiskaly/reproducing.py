"""A command for a shell that sends a request again; no secret is in it."""

from __future__ import annotations

import json
from shlex import quote
from typing import TYPE_CHECKING, Final
from urllib.parse import quote as percent_encoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fiskaly_mockserver.world.journal.exchange import Exchange

LONGEST: Final = 4_000
"""Characters of a body, or of an address, beyond which a line is of no use."""
BASE_PATH: Final = "/api/v0"
CONTENT_TYPE: Final = "content-type"
NEEDED: Final = frozenset({"authorization", CONTENT_TYPE, "x-mock-sandbox"})
NOT_KEPT: Final = "[undeclared]"
"""What the journal keeps in place of a value where the contract declares none."""
IN_A_PATH: Final = "/%:@!$&'()*+,;=~"
TOKEN: Final = "$TOKEN"  # noqa: S105 - a variable's name
LOGGING_IN: Final = (
    """TOKEN=$(curl -s "$FISKALY_BASE_URL"/auth -H 'Content-Type: application/json' -d"""
    r""" "{\"api_key\":\"$FISKALY_API_KEY\",\"api_secret\":\"$FISKALY_API_SECRET\"}" |"""
    r""" sed 's/.*"access_token": *"\([^"]*\)".*/\1/')"""
)
"""A line for the shell that sets the variable."""


def curl(exchange: Exchange) -> str:
    """Return the command; where it cannot hold all of the body, it says what is missing."""
    data, note = _data(exchange)
    target = target_of(exchange)
    words = ["curl", *_method(exchange.method, data)]
    if "/." in exchange.path:
        words.append("--path-as-is")
    if len(target) > LONGEST:
        return f"(its address has {len(target)} characters: too many for a line)"
    if target.startswith(f"{BASE_PATH}/"):
        words.append(f'"$FISKALY_BASE_URL"{quote(target.removeprefix(BASE_PATH))}')
    else:
        words.append(f'"$FISKALY_MOCK_URL"{quote(target)}')
    words += [word for header in _headers(exchange, data) for word in ("-H", header)]
    return " ".join([*words, *data, *([f"# {note}"] if note else [])])


def target_of(exchange: Exchange) -> str:
    """Return path and query as they go over the wire."""
    query = "&".join(
        f"{percent_encoded(name, safe='')}={percent_encoded(value, safe='')}"
        for name, value in exchange.query
    )
    path = percent_encoded(exchange.path, safe=IN_A_PATH)
    return f"{path}?{query}" if query else path


def _method(method: str, data: list[str]) -> list[str]:
    if method == "HEAD":
        return ["--head"]
    return [] if method == "GET" and not data else ["-X", quote(method)]


def _headers(exchange: Exchange, data: list[str]) -> Iterator[str]:
    there = set()
    for name, value in exchange.request_headers:
        there.add(name.lower())
        if name.lower() == "authorization":
            yield f'"Authorization: Bearer {TOKEN}"'
        elif name.lower() in NEEDED:
            yield quote(f"{name}: {value}")
    if data and CONTENT_TYPE not in there:  # curl would send one of its own
        yield quote("Content-Type:")


def _data(exchange: Exchange) -> tuple[list[str], str]:
    """Return the arguments for the body, and what is to be known of it."""
    note = exchange.request_body_note
    if exchange.request_body is None:
        if note in {"", "empty", "not read"}:
            return [], ""
        if note == "null":
            return ["-d", "null"], ""
        return ["--data-binary", "@body"], f"the file body: {note}"
    if exchange.request_body == NOT_KEPT:
        return ["--data-binary", "@body"], "the file body: JSON, but no object, and not kept"
    text = json.dumps(exchange.request_body, ensure_ascii=False)
    if len(text) > LONGEST:
        return ["--data-binary", "@body"], f"the file body: JSON of {len(text)} characters"
    return ["-d", quote(text)], ""
