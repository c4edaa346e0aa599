"""What of a request and its answer may be kept: everything secret is left at the door.

A contract says of each field of a body whether it is secret; what the contract does not
know is not kept, whatever it holds. Beside that, what has the form of a token or of an
API secret, and what the server knows to be a secret, is kept nowhere, even where something
else belongs.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from threading import Lock
from urllib.parse import unquote

from fiskaly_contracts import Contract, JsonValue, Violation, Where, parse_body
from fiskaly_contracts.document import declared_response
from fiskaly_contracts.exchange import JSON
from fiskaly_contracts.fields import flatten, properties_of, resolve
from fiskaly_contracts.json_value import Schema

from fiskaly_mockserver.web.journal.secrets import ID, SHORTEST, KnownSecrets
from fiskaly_mockserver.world.journal.containment import (
    OMITTED,
    REDACTED,
    TEXT_KEPT,
    UNDECLARED,
    shortened,
)
from fiskaly_mockserver.world.journal.exchange import Pairs
from fiskaly_mockserver.world.journal.journal import NULL

_SCALARS = frozenset({"string", "integer", "number", "boolean"})
_ERROR_FIELDS = ("status_code", "error", "code", "message")


@dataclass(slots=True, eq=False, repr=False)
class Place:
    """What may stand at one place of a body.

    Attributes:
        secret: Nothing of it is shown.
        scalar: The contract declares a text, number or boolean here.
        properties: The declared properties of an object.
        others: What the undeclared properties of a free-form object are.
        items: What the items of an array are.
    """

    secret: bool = False
    scalar: bool = False
    properties: "dict[str, Place]" = field(default_factory=dict)
    others: "Place | None" = None
    items: "Place | None" = None


NOWHERE = Place()
"""A place that the contract does not know."""
ERROR = Place(properties={name: Place(scalar=True) for name in _ERROR_FIELDS})
"""An error in one of the API's shapes, wherever the contract does not know the answer."""


class Plans:
    """The places of every request and response body of a contract, each compiled at its first use.

    Exchanges are read in any thread; one of them compiles.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._document: Schema = contract.document
        self._known: dict[frozenset[int], Place] = {}
        self._requests: dict[str, Place] = {}
        self._responses: dict[tuple[str, int], Place] = {}
        self._compiling = Lock()

    def request(self, operation_id: str) -> Place:
        """Return what the request body of an operation may be."""
        place = self._requests.get(operation_id)
        if place is None:
            with self._compiling:
                place = self._requests[operation_id] = self._request(operation_id)
        return place

    def response(self, operation_id: str, status: int) -> Place:
        """Return what an answer may be; an undocumented error has the API's own shape."""
        place = self._responses.get((operation_id, status))
        if place is None:
            with self._compiling:
                place = self._responses[operation_id, status] = self._response(operation_id, status)
        return place

    def _request(self, operation_id: str) -> Place:
        operation = self._contract.operations.get(operation_id)
        if operation is None or not operation.body_schema:
            return NOWHERE
        return self._place([operation.body_schema])

    def _response(self, operation_id: str, status: int) -> Place:
        operation = self._contract.operations.get(operation_id)
        node = declared_response(self._document, operation, status) if operation else None
        schema = (node or {}).get("content", {}).get(JSON, {}).get("schema")
        if schema is not None:
            return self._place([schema])
        return ERROR if status >= 400 else NOWHERE  # noqa: PLR2004 - where errors begin

    def _place(self, schemas: Iterable[Schema]) -> Place:
        level = list(flatten(self._document, schemas))
        key = frozenset(id(schema) for schema in level)  # they live as long as the document
        if key in self._known:
            return self._known[key]
        place = self._known[key] = Place()  # before its parts, which may lead back to it
        place.secret = any(map(_is_secret, level))
        place.scalar = any(schema.get("type") in _SCALARS or "enum" in schema for schema in level)
        place.properties = {
            name: self._place(parts) for name, parts in properties_of(level).items()
        }
        place.others = self._joined(schema.get("additionalProperties") for schema in level)
        place.items = self._joined(schema.get("items") for schema in level)
        return place

    def _joined(self, parts: Iterable[object]) -> Place | None:
        schemas = [part for part in parts if isinstance(part, Mapping)]
        return self._place(schemas) if schemas else None


def secret_names(document: Schema) -> frozenset[str]:
    """Return the names of all properties that a contract marks as secret."""

    def found(node: object) -> Iterator[str]:
        if isinstance(node, list):
            for part in node:
                yield from found(part)
        elif isinstance(node, dict):
            for name, part in node.get("properties", {}).items():
                if _is_secret(resolve(document, part)):
                    yield name
            for part in node.values():
                if isinstance(part, dict | list):
                    yield from found(part)

    return frozenset(found(document.get("components", {}).get("schemas", {})))


def _is_secret(schema: Schema) -> bool:
    return schema.get("x-secret") is True or schema.get("format") == "password"


PAIRS_KEPT = 64
"""Headers, query parameters, properties of one object that the contract does not name."""
ITEMS_KEPT = 20
"""Elements of one array."""
NAME_KEPT = 80
"""Characters of a name or a path segment."""

_SENSITIVE_NAME = re.compile(
    "token|secret|passw|key|auth|credential|puk|admin.?pin|(?<![a-z])pin(?![a-z])", re.IGNORECASE
)
_ECHO = "could not parse jwt: '"
"""So begins the one message that repeats a token (recorded)."""
_PRINTABLE_INTEGER = 1 << 63

SEGMENTS_KEPT = 20
HEADER_KEPT = 500
"""Characters of a header or query value."""
LARGEST_BODY = 256 * 1024
"""Bytes of the largest body that is taken apart."""

_SENSITIVE = re.compile(f"{_SENSITIVE_NAME.pattern}|cookie|session", re.IGNORECASE)
_SCHEME = re.compile(r"(Bearer|Basic|Digest|Token|Negotiate)\s", re.IGNORECASE)
EMPTY = "empty"
"""The note of a body of no bytes."""

Kept = tuple[JsonValue, str]
"""The value that may be kept and ""; or what stands for it, most often None, and why."""


class Redactor:
    """Takes the secrets out of exchanges of one contract's operations.

    Attributes:
        secrets: What the server knows to be secret.
    """

    def __init__(self, contract: Contract, secrets: KnownSecrets | None = None) -> None:
        """Take the contract that says what is secret, and what is known to be."""
        self.secrets = secrets or KnownSecrets()
        self._clean = self.secrets.clean
        self._document = contract.document
        self._plans = Plans(contract)
        self._own_segments = frozenset(
            segment
            for operation in contract.operations.values()
            for segment in f"{contract.base_path}{operation.path}".split("/")
        )
        self._parameters = {
            operation_id: frozenset(
                parameter.name
                for parameter in operation.parameters
                if parameter.where is Where.QUERY and not parameter.secret
            )
            for operation_id, operation in contract.operations.items()
        }

    @cached_property
    def secret_names(self) -> frozenset[str]:
        """The properties that the contract marks as secret."""
        return secret_names(self._document)

    @cached_property
    def _usual_path(self) -> re.Pattern[str]:
        """The pattern of what most paths are: the API's own words, and ids."""
        known = "|".join([ID, *map(re.escape, self._own_segments)])
        return re.compile(f"(?:/(?:{known})){{,{SEGMENTS_KEPT - 1}}}")

    def path(self, raw_path: str) -> str:
        """Return a path with long segments shortened, and without credentials in them."""
        usual = self._usual_path.fullmatch(raw_path)
        if usual and self.secrets.without_short(raw_path) == raw_path:
            return raw_path
        segments = raw_path.split("/")
        others = set(segments) - self._own_segments
        changed = {one: shown for one in others if (shown := self._segment(one)) != one}
        if not changed and len(segments) <= SEGMENTS_KEPT:
            return raw_path
        kept = [changed.get(one, one) for one in segments[:SEGMENTS_KEPT]]
        return "/".join(kept if len(segments) <= SEGMENTS_KEPT else [*kept, OMITTED])

    def headers(self, pairs: Iterable[tuple[str, str]]) -> Pairs:
        """Return headers without the values of those whose name speaks of a credential.

        Of `Authorization` a known scheme is kept: `Bearer [redacted]`.
        """
        return tuple(
            (self._text(name, NAME_KEPT), self._header(name, value))
            for name, value in islice(pairs, PAIRS_KEPT)
        )

    def query(self, operation_id: str, pairs: Iterable[tuple[str, str]]) -> Pairs:
        """Return query parameters, only names of those that the operation does not declare."""
        declared = self._parameters.get(operation_id, frozenset())
        return tuple(
            (
                self._text(name, NAME_KEPT),
                self._text(value, HEADER_KEPT) if name in declared else UNDECLARED,
            )
            for name, value in islice(pairs, PAIRS_KEPT)
        )

    def request_body(self, operation_id: str, raw: bytes) -> Kept:
        """Return what may be kept of a request body: `(value, "")` or `(None, note)`.

        A body of more than `LARGEST_BODY` bytes is `("[omitted]", note)`.
        """
        if not raw or len(raw) > LARGEST_BODY:
            return _unread(raw)
        parsed = parse_body(operation_id, raw)
        if parsed.violations:
            return None, f"{len(raw)} bytes that are not JSON ({parsed.violations[0].rule})"
        return self._kept(parsed.value, self._plans.request(operation_id))

    def response_body(self, operation_id: str, status: int, raw: bytes) -> Kept:
        """Return what may be kept of an answer's body, as `request_body` does.

        The answer is our own, so it is read without the strict checks; a fault may still
        have made it unreadable.
        """
        if not raw or len(raw) > LARGEST_BODY:
            return _unread(raw)
        try:
            value: JsonValue = json.loads(raw)
        except (ValueError, RecursionError):
            return None, f"{len(raw)} bytes that are not JSON"
        return self._kept(value, self._plans.response(operation_id, status))

    def text(self, text: str) -> str:
        """Return a text of our own, as a traceback, without credentials in it."""
        return self._clean(text)

    def violations(self, violations: Iterable[Violation]) -> tuple[Violation, ...]:
        """Return violations, which show parameters, without credentials in them."""
        # One look at all of a violation's texts; hardly any has a credential in it
        return tuple(
            one if self._clean(text) == text else self._violation(one)
            for one in violations
            for text in (repr(one),)
        )

    def _kept(self, value: JsonValue, place: Place) -> Kept:
        return (None, NULL) if value is None else (self._value(value, place), "")

    def _segment(self, segment: str) -> str:
        if len(segment) < SHORTEST:
            return segment
        if "%" in segment:
            plain = unquote(segment)
            if self._clean(plain) != plain:
                return REDACTED
        return shortened(self._clean(segment), NAME_KEPT)

    def _text(self, text: str, limit: int = TEXT_KEPT) -> str:
        """Return a text without credentials in it, shortened to `limit` characters."""
        if text.startswith(_ECHO):
            return f"{_ECHO}{REDACTED}'"
        return shortened(self._clean(text), limit)

    def _value(self, value: JsonValue, place: Place) -> JsonValue:
        """Return a value with marks in place of what is secret, unknown or too long."""
        if place.secret:
            return REDACTED
        match value:
            case dict() if place.properties or place.others:
                return self._object(value, place)
            case list() if place.items:
                kept = [self._value(item, place.items) for item in value[:ITEMS_KEPT]]
                return [*kept, OMITTED] if len(value) > ITEMS_KEPT else kept
            case dict() | list():
                return UNDECLARED
            case _:
                return self._scalar(value) if place.scalar else UNDECLARED

    def _scalar(self, value: str | float | None) -> JsonValue:
        if isinstance(value, str):
            return self._text(value)
        if value is None or -_PRINTABLE_INTEGER < value < _PRINTABLE_INTEGER:
            return value
        return OMITTED

    def _object(self, value: dict[str, JsonValue], place: Place) -> JsonValue:
        kept: dict[str, JsonValue] = {}
        left = 0
        for name, item in value.items():
            known = place.properties.get(name)
            if known is not None:
                kept[name] = self._value(item, known)
            elif len(kept) < PAIRS_KEPT:
                kept[self._text(name, NAME_KEPT)] = self._other(name, item, place.others)
            else:
                left += 1
        if left:
            kept[OMITTED] = f"{left} more"
        return kept

    def _other(self, name: str, value: JsonValue, place: Place | None) -> JsonValue:
        """Return what may be kept of a property that the contract does not name."""
        if place is None:
            return UNDECLARED
        return REDACTED if _SENSITIVE_NAME.search(name) else self._value(value, place)

    def _header(self, name: str, value: str) -> str:
        if _SENSITIVE.search(name) is None:
            return self._text(value, HEADER_KEPT)
        scheme = _SCHEME.match(value) if name.lower().endswith("authorization") else None
        return f"{scheme[1]} {REDACTED}" if scheme else REDACTED

    def _violation(self, violation: Violation) -> Violation:
        got, clean = violation.got, self._clean
        return replace(
            violation,
            got=clean(got) if isinstance(got, str) else got,
            got_text=clean(violation.got_text),
            pointer=clean(violation.pointer),
            demand=clean(violation.demand),
            branches=tuple(
                (name, tuple(map(self._violation, why))) for name, why in violation.branches
            ),
        )


def _unread(raw: bytes) -> Kept:
    """Say what was there; too large a body is hidden, so that no search passes it by."""
    return (OMITTED, f"{len(raw)} bytes, too many to keep") if raw else (None, EMPTY)
