"""What of a request and its answer may be kept: everything secret is left at the door.

A contract says of each field of a body whether it is secret; what the contract does not
know is not kept, whatever it holds. Beside that, what has the form of a token or of an
API secret is kept nowhere, even where something else belongs.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from fiskaly_contracts import Contract, JsonValue, Violation, Where, parse_body

from fiskaly_mockserver.web.redacted_values import (
    NAME_KEPT,
    PAIRS_KEPT,
    kept_text,
    kept_value,
    without_credentials,
)
from fiskaly_mockserver.web.redaction_plans import Place, Plans
from fiskaly_mockserver.world.exchanges import Pairs
from fiskaly_mockserver.world.journal_queries import NULL
from fiskaly_mockserver.world.subsets import OMITTED, REDACTED, UNDECLARED

SEGMENTS_KEPT = 20
HEADER_KEPT = 500
"""Characters of a header or query value."""
LARGEST_BODY = 256 * 1024
"""Bytes of the largest body that is taken apart."""

_SENSITIVE = re.compile("token|secret|passw|key|auth|cookie|credential|session", re.IGNORECASE)
_SCHEME = re.compile(r"(Bearer|Basic|Digest|Token|Negotiate)\s", re.IGNORECASE)
EMPTY = "empty"
"""The note of a body of no bytes."""

Kept = tuple[JsonValue, str]
"""The value that may be kept and ""; or what stands for it, most often None, and why."""


class Redactor:
    """Takes the secrets out of exchanges of one contract's operations."""

    def __init__(self, contract: Contract) -> None:
        self._plans = Plans(contract)
        self._parameters = {
            operation_id: frozenset(
                parameter.name
                for parameter in operation.parameters
                if parameter.where is Where.QUERY and not parameter.secret
            )
            for operation_id, operation in contract.operations.items()
        }

    def path(self, raw_path: str) -> str:
        """Return a path with long segments shortened, and without credentials in them."""
        segments = raw_path.split("/")
        kept = [kept_text(segment, NAME_KEPT) for segment in segments[:SEGMENTS_KEPT]]
        return "/".join(kept if len(segments) <= SEGMENTS_KEPT else [*kept, OMITTED])

    def headers(self, pairs: Iterable[tuple[str, str]]) -> Pairs:
        """Return headers without the values of those whose name speaks of a credential.

        Of `Authorization` a known scheme is kept: `Bearer [redacted]`.
        """
        return tuple(
            (kept_text(name, NAME_KEPT), _header(name, value))
            for name, value in islice(pairs, PAIRS_KEPT)
        )

    def query(self, operation_id: str, pairs: Iterable[tuple[str, str]]) -> Pairs:
        """Return query parameters, only names of those that the operation does not declare."""
        declared = self._parameters.get(operation_id, frozenset())
        return tuple(
            (
                kept_text(name, NAME_KEPT),
                kept_text(value, HEADER_KEPT) if name in declared else UNDECLARED,
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
        return _kept(parsed.value, self._plans.request(operation_id))

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
        return _kept(value, self._plans.response(operation_id, status))

    def text(self, text: str) -> str:
        """Return a text of our own, as a traceback, without credentials in it."""
        return without_credentials(text)

    def violations(self, violations: Iterable[Violation]) -> tuple[Violation, ...]:
        """Return violations, which show parameters, without credentials in them."""
        return tuple(map(_clean, violations))


def _unread(raw: bytes) -> Kept:
    """Say what was there; too large a body is hidden, so that no search passes it by."""
    return (OMITTED, f"{len(raw)} bytes, too many to keep") if raw else (None, EMPTY)


def _kept(value: JsonValue, place: Place) -> Kept:
    return (None, NULL) if value is None else (kept_value(value, place), "")


def _header(name: str, value: str) -> str:
    if _SENSITIVE.search(name) is None:
        return kept_text(value, HEADER_KEPT)
    scheme = _SCHEME.match(value) if name.lower().endswith("authorization") else None
    return f"{scheme[1]} {REDACTED}" if scheme else REDACTED


def _clean(violation: Violation) -> Violation:
    got = violation.got
    return replace(
        violation,
        got=without_credentials(got) if isinstance(got, str) else got,
        got_text=without_credentials(violation.got_text),
        pointer=without_credentials(violation.pointer),
        demand=without_credentials(violation.demand),
        branches=tuple((name, tuple(map(_clean, why))) for name, why in violation.branches),
    )
