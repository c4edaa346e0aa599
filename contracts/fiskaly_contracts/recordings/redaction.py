"""Recorded exchanges without their secrets: same place, same form, another value.

A secret is what the contract marks as one, what stands in a header or field whose name speaks of
one, and what has the form of a token or an API secret. It is replaced wherever it stands in the
recording, also percent-encoded, in base64 or in hexadecimal digits, by a placeholder that is the
same each time and obeys the contract as the secret did. What no contract declares is not kept.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus, unquote, urlsplit, urlunsplit

from fiskaly_contracts.conformance.exchanges import (
    Called,
    HttpExchange,
    Pairs,
    Routes,
    header,
)
from fiskaly_contracts.document import Contract, declared_response
from fiskaly_contracts.exchange import JSON
from fiskaly_contracts.fields import flatten
from fiskaly_contracts.json_value import JsonValue, Schema
from fiskaly_contracts.recordings.har import HarError, entry_of, read_har, writing_har
from fiskaly_contracts.recordings.secrets import Secrets, decoded_base64, is_inside_words
from fiskaly_contracts.violations import Where

UNDECLARED: Final = "[undeclared]"
"""What stands for a value that no contract declares."""
_SENSITIVE = re.compile(
    r"token|secret|passw|passphrase|auth|cookie|credential|session|key|jwt|\bpin\b|_pin\b|puk",
    re.IGNORECASE,
)
_OF_LISTS = re.compile(r"\[\d*\]\Z")
"""What clients add to the name of a parameter that is a list, and servers understand."""
_SCHEME = re.compile(r"(Bearer|Basic|Digest|Token|Negotiate)\s+(.*)", re.IGNORECASE | re.DOTALL)
_KEPT_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "access-control-allow-origin",
        "access-control-expose-headers",
        "allow",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "host",
        "request-id",
        "response-time",
        "retry-after",
        "server",
        "strict-transport-security",
        "transfer-encoding",
        "user-agent",
        "vary",
        "x-request-id",
        "x-response-time",
    }
)


class Redaction:
    """Takes the secrets out of exchanges, given all exchanges before the first is written.

    Attributes:
        secrets: What was seen.
    """

    def __init__(self, *contracts: Contract) -> None:
        """Take the contracts that say what is secret, and what is declared."""
        self._routes = Routes(*contracts)
        self.secrets = Secrets()

    def look(self, exchange: HttpExchange) -> None:
        """Learn the secrets of an exchange."""
        self._redacted(exchange, learning=True)

    def redacted(self, exchange: HttpExchange) -> HttpExchange:
        """Return an exchange without secrets; its own are learned before."""
        self.look(exchange)
        return self._redacted(exchange, learning=False)

    def _redacted(self, exchange: HttpExchange, *, learning: bool) -> HttpExchange:
        called = self._routes.find(exchange.method, exchange.path)
        sent, got = self._schemas(exchange.status, called)
        if learning:
            headers = (*exchange.request_headers, *exchange.response_headers)
            for text in (unquote(exchange.url), *(text for pair in headers for text in pair)):
                self.secrets.learn(text)
            for raw in (exchange.request_body, exchange.response_body):
                self.secrets.learn(raw.decode("utf-8", "replace"))
        return HttpExchange(
            exchange.method,
            self._url(exchange, called),
            self._headers(exchange.request_headers),
            self._body(exchange.request_body, sent),
            exchange.status,
            self._headers(exchange.response_headers),
            self._body(exchange.response_body, got),
            self.secrets.clean(exchange.note),
            exchange.started,
            exchange.took,
        )

    def _schemas(
        self, status: int, called: Called | None
    ) -> tuple["_Declared | None", "_Declared | None"]:
        if called is None or called.operation is None:
            return None, None
        document = called.contract.document
        response = declared_response(document, called.operation, status) or {}
        content = response.get("content", {})
        answer = content.get(JSON, {}).get("schema")
        other = bool(content) and answer is None
        return (
            _Declared(document, [called.operation.body_schema]),
            _Declared(document, [answer] if answer else [], raw=other),
        )

    def _url(self, exchange: HttpExchange, called: Called | None) -> str:
        declared = {
            one.name
            for one in (called.operation.parameters if called and called.operation else ())
            if one.where is Where.QUERY and not one.secret
        }
        return self._address(exchange.url, exchange.query, declared, known=called is not None)

    def _address(
        self, url: str, query: Pairs, declared: Collection[str] = (), *, known: bool = False
    ) -> str:
        """Return an address; of one that is not `known` as these APIs' the path is not kept."""
        scheme, host, path, _, _ = urlsplit(url)
        pairs = []
        for name, value in query:
            if _SENSITIVE.search(name):
                kept = self.secrets.add(value)
            else:
                plain = _OF_LISTS.sub("", name)
                kept = self.secrets.clean(value) if plain in declared else UNDECLARED
            pairs.append(f"{quote_plus(self.secrets.clean(name))}={quote_plus(kept)}")
        segments = [self._segment(segment) for segment in path.split("/")]
        if not known and any(segments):
            segments = ["", quote(UNDECLARED)]
        host = host.rpartition("@")[2]  # credentials may stand before it
        return urlunsplit((scheme, host, "/".join(segments), "&".join(pairs), ""))

    def _segment(self, segment: str) -> str:
        plain = unquote(segment)
        clean = self.secrets.clean(plain)
        return segment if clean == plain else quote(clean, safe="")

    def _headers(self, pairs: Pairs) -> Pairs:
        return tuple((self.secrets.clean(name), self._header(name, value)) for name, value in pairs)

    def _header(self, name: str, value: str) -> str:
        if name.lower() == "location":
            return self._led_to(value)
        if name.lower() in _KEPT_HEADERS:
            return self.secrets.clean(value)
        if _SENSITIVE.search(name) is None:
            return UNDECLARED
        scheme = _SCHEME.fullmatch(value)
        if scheme is None:
            return self.secrets.add(value)
        plain = decoded_base64(scheme[2]) if scheme[1].lower() == "basic" else None
        if plain:
            self.secrets.add(plain.partition(":")[2])
        return f"{scheme[1]} {self.secrets.add(scheme[2])}"

    def _led_to(self, address: str) -> str:
        led = HttpExchange("GET", address)
        try:
            known = self._routes.find("GET", led.path) is not None
            return self._address(address, led.query, known=known)
        except ValueError:  # it is none
            return UNDECLARED

    def _body(self, raw: bytes, declared: "_Declared | None") -> bytes:
        if not raw:
            return raw
        if declared is not None and declared.raw:
            return raw  # as an exported archive; it is searched before it is written
        try:
            value: JsonValue = json.loads(raw)
        except (ValueError, RecursionError):
            return f"{UNDECLARED} {len(raw)} bytes that are not JSON".encode()
        kept = self._value(value, declared or _Declared({}, []))
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        )

    def _value(self, value: JsonValue, declared: "_Declared") -> JsonValue:
        if declared.secret:
            return self._hidden(value)
        if isinstance(value, dict):
            return {
                self.secrets.clean(name): self._property(name, item, declared)
                for name, item in value.items()
            }
        if isinstance(value, list):
            items = declared.items()
            return [self._value(item, items) for item in value]
        if not declared.known:
            return UNDECLARED
        return self.secrets.clean(value) if isinstance(value, str) else value

    def _property(self, name: str, item: JsonValue, declared: "_Declared") -> JsonValue:
        below = declared.below(name)
        if not below.declared and _SENSITIVE.search(name):
            return self._hidden(item)
        return self._value(item, below)

    def _hidden(self, value: JsonValue) -> JsonValue:
        """Return what stands for a secret, or for each that it holds."""
        if isinstance(value, dict):
            return {self.secrets.clean(name): self._hidden(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._hidden(item) for item in value]
        if value is None or value == "" or isinstance(value, bool):
            return value
        return self.secrets.add(value)


class _Declared:
    """What a contract says of one place of a body."""

    def __init__(
        self,
        document: Schema,
        schemas: Sequence[Schema],
        *,
        raw: bool = False,
        declared: bool = True,
    ) -> None:
        self._document = document
        self._level = flatten(document, [one for one in schemas if one])
        self.raw = raw
        self.declared = declared and bool(self._level)
        self.known = bool(self._level)
        self.secret = any(
            one.get("x-secret") is True or one.get("format") == "password" for one in self._level
        )

    def below(self, name: str) -> "_Declared":
        """Return what the contract says of a property."""
        own = [one["properties"][name] for one in self._level if name in one.get("properties", {})]
        if own:
            return _Declared(self._document, own)
        others = [one.get("additionalProperties") for one in self._level]
        return _Declared(
            self._document, [one for one in others if isinstance(one, Mapping)], declared=False
        )

    def items(self) -> "_Declared":
        """Return what the contract says of an array's items."""
        return _Declared(self._document, [one["items"] for one in self._level if "items" in one])


def redact_har(source: Path, target: Path, contracts: Iterable[Contract]) -> tuple[int, int]:
    """Write a copy of an archive without secrets; return the exchanges and the secrets found.

    Raises:
        HarError: A file cannot be read or written, or a secret would still stand in the copy,
            which is not written then.
    """
    return _write_redacted(lambda: read_har(source), target, contracts, str(source))


def write_redacted(
    exchanges: Sequence[HttpExchange], target: Path, contracts: Iterable[Contract]
) -> tuple[int, int]:
    """Write exchanges as an archive without secrets, as `redact_har` does."""
    return _write_redacted(lambda: exchanges, target, contracts, str(target))


def _write_redacted(
    exchanges: Callable[[], Iterable[HttpExchange]],
    target: Path,
    contracts: Iterable[Contract],
    name: str,
) -> tuple[int, int]:
    redaction = Redaction(*contracts)
    for exchange in exchanges():
        redaction.look(exchange)
    count = 0
    with writing_har(target) as writer:
        for exchange in exchanges():
            kept = redaction.redacted(exchange)
            entry = entry_of(kept)
            _demand_clean(redaction.secrets, kept, entry, f"{name}: entry {count}")
            writer.add(entry)
            count += 1
    return count, len([*redaction.secrets])


def _demand_clean(
    secrets: Secrets, exchange: HttpExchange, entry: Mapping[str, JsonValue], place: str
) -> None:
    raw = exchange.response_body
    if "json" not in header(exchange.response_headers, "content-type"):
        # An archive is full of digits, which may stand there by chance
        found = any(secret.encode() in raw for secret in secrets if is_inside_words(secret))
        entry = entry_of(exchange._replace(response_body=b""))
    else:
        found = False
    if found or secrets.left_in(json.dumps(entry, ensure_ascii=False)):
        raise HarError(f"{place} still holds a secret after redaction: nothing was written")
