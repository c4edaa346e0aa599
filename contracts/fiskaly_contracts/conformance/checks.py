"""Whole exchanges against the contracts: what the client broke, and what the server did.

Beyond the schemas it looks at the order of an answer's fields, which a contract does not promise
but recordings show, and asks both validators, whose disagreement is a finding of its own.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from shlex import quote as shell
from typing import Final
from urllib.parse import unquote

from fiskaly_contracts.checker import Checker, Judge
from fiskaly_contracts.conformance.exchanges import (
    Called,
    HttpExchange,
    Routes,
    header,
    request_data,
    response_data,
)
from fiskaly_contracts.conformance.findings import Finding, Side
from fiskaly_contracts.document import Contract, Operation, declared_response
from fiskaly_contracts.exchange import JSON
from fiskaly_contracts.fields import flatten
from fiskaly_contracts.json_value import JsonValue, Schema, Tokens, pointer_to, tokens_of
from fiskaly_contracts.recordings.redaction import Redaction
from fiskaly_contracts.recordings.secrets import MARKS
from fiskaly_contracts.violations import Severity, Violation, Where, meant

_PARTS: Final = {
    Where.ROUTE: "path",
    Where.PATH: "path",
    Where.QUERY: "query",
    Where.HEADER: "headers",
    Where.BODY: "body",
    Where.STATUS: "status",
    Where.MEDIA_TYPE: "content-type",
}
_TOKEN: Final = "Authorization: Bearer $FISKALY_TOKEN"  # noqa: S105 - a variable's name
_SHOWN_BODY: Final = 2_000


class ExchangeCheck:
    """Judges exchanges, and counts what came by.

    Args:
        contracts: Those that messages have to keep; base paths tell them apart.
        judge: Who decides.
        both_judges: Whether openapi-core is asked beside jsonschema-rs.

    Attributes:
        exchanges: How many were judged.
        ignored: How many called no API of these contracts.
        calls: How often each operation was called, by operationId and status.
        notes: Why bodies were not judged, with how often.
    """

    def __init__(
        self, *contracts: Contract, judge: Judge = "jsonschema-rs", both_judges: bool = False
    ) -> None:
        """Compile nothing yet."""
        self.routes = Routes(*contracts)
        self._redaction = Redaction(*contracts)
        self._checkers = {id(one): Checker(one, judge=judge) for one in contracts}
        self._references = (
            {id(one): Checker(one, judge="openapi-core") for one in contracts}
            if both_judges
            else {}
        )
        self.exchanges = 0
        self.ignored = 0
        self.calls: Counter[tuple[str, int]] = Counter()
        self.notes: Counter[str] = Counter()

    def findings(self, exchange: HttpExchange, seen: str = "") -> list[Finding]:
        """Return what is wrong with an exchange; `seen` says where it comes from."""
        if exchange.is_preflight:
            return []
        called = self.routes.find(exchange.method, exchange.path)
        if called is None:
            self.ignored += 1
            return []
        notes = [exchange.why_not(side) for side in ("request", "answer")]
        self.notes.update(filter(None, notes))
        if called.operation is not None and all(notes):
            return []
        self.exchanges += 1
        if called.operation is None:
            return [self._unknown_route(exchange, called, seen)]
        self.calls[called.operation.operation_id, exchange.status] += 1
        return [
            *self._of_request(exchange, called, seen),
            *(self._of_response(exchange, called, seen) if exchange.status else ()),
        ]

    def of_request(self, exchange: HttpExchange, seen: str = "") -> list[Finding]:
        """Return what is wrong with a request that may have no answer yet; it is not counted."""
        called = self.routes.find(exchange.method, exchange.path)
        if called is None or exchange.is_preflight:
            return []
        if called.operation is None:
            return [self._unknown_route(exchange, called, seen)]
        return [*self._of_request(exchange, called, seen)]

    def curl(self, exchange: HttpExchange) -> str:
        """Return the request as a command for a shell, its secrets as variables."""
        clean = self._redaction.redacted(exchange)
        words = ["curl", "-X", exchange.method, shell(clean.url)]
        if header(exchange.request_headers, "authorization"):
            words += ["-H", f'"{_TOKEN}"']
        media_type = header(clean.request_headers, "content-type")
        if media_type:
            words += ["-H", shell(f"Content-Type: {media_type}")]
        if clean.request_body:
            text = clean.request_body.decode("utf-8", "replace")
            words += ["--data-raw", shell(text[:_SHOWN_BODY])]
        return " ".join(words)

    def finding(
        self,
        exchange: HttpExchange,
        operation: str,
        violation: Violation,
        side: Side,
        *,
        seen: str = "",
        assumption: str = "",
    ) -> Finding:
        """Make a finding of a violation, without any secret that the exchange shows."""
        self._redaction.look(exchange)
        clean = self._redaction.secrets.clean
        found = finding_of(violation, operation, side, exchange.status)
        return replace(
            found,
            pointer=clean(found.pointer),
            message=clean(found.message),
            expected=clean(found.expected),
            got=clean(found.got),
            curl=self.curl(exchange),
            assumption=assumption,
            seen=seen,
        )

    def _unknown_route(self, exchange: HttpExchange, called: Called, seen: str) -> Finding:
        path = self._redaction.redacted(exchange).path
        allowed = " or ".join(called.allowed)
        violation = Violation(
            where=Where.ROUTE,
            pointer="",
            rule="method" if allowed else "unknown-route",
            expected=allowed or "a path of the contract",
            got_text=f"{exchange.method} {unquote(path)}",
        )
        name = f"{exchange.method} {path}"
        return self.finding(exchange, name, violation, Side.REQUEST, seen=seen)

    def _of_request(self, exchange: HttpExchange, called: Called, seen: str) -> Iterator[Finding]:
        if exchange.why_not("request"):
            return
        operation, data = _operation(called), request_data(exchange, called)
        key = id(called.contract)
        found = self._checkers[key].request(data)
        yield from (
            self.finding(exchange, operation.operation_id, one, Side.REQUEST, seen=seen)
            for one in meant(_unmarked(found, exchange.request_body))
        )
        if self._references:
            other = self._references[key].request(data)
            yield from self._disagreement(exchange, operation, Side.REQUEST, (found, other), seen)

    def _of_response(self, exchange: HttpExchange, called: Called, seen: str) -> Iterator[Finding]:
        if exchange.why_not("answer"):
            return
        operation, data = _operation(called), response_data(exchange, called)
        key = id(called.contract)
        found = self._checkers[key].response(data)
        told = [*meant(_unmarked(found, exchange.response_body))]
        for one in [*told, *(() if told else _misplaced(exchange, called))]:
            yield self.finding(
                exchange,
                operation.operation_id,
                one,
                Side.RESPONSE,
                seen=seen,
                assumption=assumptions_at(called, exchange.status, one),
            )
        if self._references:
            other = self._references[key].response(data)
            yield from self._disagreement(exchange, operation, Side.RESPONSE, (found, other), seen)

    def _disagreement(
        self,
        exchange: HttpExchange,
        operation: Operation,
        side: Side,
        verdicts: tuple[Sequence[Violation], Sequence[Violation]],
        seen: str,
    ) -> Iterator[Finding]:
        refused = [any(one.severity is Severity.ERROR for one in verdict) for verdict in verdicts]
        if refused[0] == refused[1]:
            return
        names = ("jsonschema-rs", "openapi-core")
        against = names[refused.index(True)]
        violation = Violation(
            where=Where.BODY,
            pointer="",
            rule="judges-disagree",
            expected="both validators of one opinion",
            demand=f"is refused by {against} alone: this is a fault of fiskaly-mockserver",
        )
        yield self.finding(exchange, operation.operation_id, violation, side, seen=seen)


def finding_of(violation: Violation, operation: str, side: Side, status: int) -> Finding:
    """Return a violation that holds no secret as a finding."""
    return Finding(
        operation=operation,
        rule=violation.rule,
        side=side,
        status=status,
        part=_PARTS[violation.where],
        pointer=violation.pointer,
        severity=violation.severity,
        message=violation.sentence(),
        expected=violation.expected,
        got=violation.got_text,
    )


def assumptions_at(called: Called, status: int, violation: Violation) -> str:
    """Return the numbered assumptions that an answer rests on at a place, or as a whole."""
    if called.operation is None:
        return ""
    document = called.contract.document
    response = declared_response(document, called.operation, status) or {}
    cited: Sequence[str] = response.get("x-assumptions", ())
    if violation.where is Where.BODY:
        schema = response.get("content", {}).get(JSON, {}).get("schema")
        level = flatten(document, [schema] if schema else [])
        for token in (*tokens_of(violation.pointer), None):
            named = [name for one in level for name in one.get("x-assumptions", ())]
            cited = named or cited
            level = [*_below(document, level, token)] if token is not None else []
    return " ".join(sorted(set(cited)))


def _operation(called: Called) -> Operation:
    if called.operation is None:
        raise LookupError("no operation was called")
    return called.operation


def _unmarked(violations: Iterable[Violation], body: bytes) -> Iterator[Violation]:
    """Leave out what is said of values that a recording has redacted."""
    found = [*violations]
    if not any(mark.encode() in body for mark in MARKS):
        yield from found
        return
    try:
        value: JsonValue = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    for one in meant(found):
        of_value = one.where is Where.BODY and one.rule != "additionalProperties"
        kept = _at(value, one.pointer) if of_value else None
        if not (isinstance(kept, str) and kept.startswith(MARKS)):
            yield one


def _at(value: JsonValue, pointer: str) -> JsonValue:
    for token in tokens_of(pointer):
        if isinstance(value, dict):
            value = value.get(token)
        elif isinstance(value, list) and token.isdigit() and int(token) < len(value):
            value = value[int(token)]
        else:
            return None
    return value


def _misplaced(exchange: HttpExchange, called: Called) -> Iterator[Violation]:
    """Yield a warning for each object of an answer whose fields are not in the recorded order."""
    operation = _operation(called)
    document = called.contract.document
    response = declared_response(document, operation, exchange.status) or {}
    schema = response.get("content", {}).get(JSON, {}).get("schema")
    if schema is None or not exchange.response_body:
        return
    try:
        value: JsonValue = json.loads(exchange.response_body)
    except (ValueError, RecursionError):
        return
    for tokens, wanted in _disordered(document, flatten(document, [schema]), value, ()):
        yield Violation(
            where=Where.BODY,
            pointer=pointer_to(tokens),
            rule="field-order",
            expected=f"the order {', '.join(wanted)}",
            operation_id=operation.operation_id,
            severity=Severity.WARNING,
            demand=f"should have its fields in the recorded order: {', '.join(wanted)}",
        )


def _disordered(
    document: Schema, level: Sequence[Schema], value: JsonValue, tokens: Tokens
) -> Iterator[tuple[Tokens, list[str]]]:
    if isinstance(value, list):
        below = [*_below(document, level, "0")]
        for index, item in enumerate(value):
            yield from _disordered(document, below, item, (*tokens, index))
    if not isinstance(value, dict):
        return
    orders = [
        [name for name in one["properties"] if name in value]
        for one in level
        if "properties" in one and value.keys() <= one["properties"].keys()
    ]
    if orders and [*value] not in orders:
        yield tokens, orders[0]
    for name, item in value.items():
        if isinstance(item, dict | list):
            below = [*_below(document, level, name)]
            yield from _disordered(document, below, item, (*tokens, name))


def _below(document: Schema, level: Iterable[Schema], token: str) -> Iterable[Schema]:
    """Return the schemas of a property, or of an array's items."""
    found = []
    for one in level:
        properties = one.get("properties", {})
        if token in properties:
            found.append(properties[token])
        elif "items" in one:
            found.append(one["items"])
    return flatten(document, found)
