"""What calls a test looks for, checked against the contract before anything is compared.

What is asked for of a body is taken through the journal's own redaction: what is not kept of it
there would not be kept of a call either, and to compare with it would never come true.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal, Self, TypedDict

from fiskaly_contracts import Contract, JsonValue
from fiskaly_contracts.fields import flatten
from fiskaly_contracts.json_value import Schema
from fiskaly_contracts.wording import did_you_mean
from fiskaly_mockserver.web.journal.redaction import Redactor
from fiskaly_mockserver.world.journal.containment import REDACTED, UNDECLARED
from fiskaly_mockserver.world.journal.exchange import Exchange
from fiskaly_mockserver.world.journal.journal import JournalQuery

from pytest_fiskaly.journal import BadCriterion, Call
from pytest_fiskaly.journal.matching import (
    Difference,
    body_differences,
    is_anything,
    is_whole,
    query_differences,
    shown,
)

Tokens = tuple[str | int, ...]
_WAY_OUT = "unittest.mock.ANY in its place asks only whether it was there"
_REQUEST_ID = re.compile("[0-9a-f]{32}")
_STATUSES = range(100, 600)


OperationId = Literal[
    "authenticate",
    "listOrganizations",
    "createOrganization",
    "retrieveOrganization",
    "updateOrganization",
    "deleteOrganization",
    "enableEnvironment",
    "listApiKeys",
    "createApiKey",
    "retrieveApiKey",
    "updateApiKey",
    "deleteApiKey",
    "listUsers",
    "inviteUser",
    "removeUser",
    "listBillingAddresses",
    "createBillingAddress",
    "retrieveBillingAddress",
    "updateBillingAddress",
    "deleteBillingAddress",
]
"""The operations of the contract, so that a type checker catches a misspelled one."""


class Unasked(Enum):
    """Stands for a criterion that is not given: `None` asks for the JSON value null."""

    VALUE = "unasked"


UNASKED = Unasked.VALUE
Wanted = Any | Literal[Unasked.VALUE]


class CriteriaArguments(TypedDict, total=False):
    """The criteria beside the operation, as a test gives them."""

    method: str
    path: str
    query: Mapping[str, Any]
    body: Any
    status: int
    response: Any
    since: Call | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What calls are looked for; what is None, or UNASKED, does not narrow."""

    operation: str | None = None
    method: str | None = None
    path: str | None = None
    query: Mapping[str, Any] | None = None
    body: Wanted = UNASKED
    status: int | None = None
    response: Wanted = UNASKED
    since: str | None = None

    @classmethod
    def of(cls, operation: str | None, arguments: CriteriaArguments) -> Self:
        """Return the criteria of a call of the journal's methods.

        Raises:
            BadCriterion: One of them is no criterion, or makes no sense.
        """
        __tracebackhide__ = True
        for name in arguments:
            if name not in CriteriaArguments.__annotations__:
                near = did_you_mean(name, CriteriaArguments.__annotations__)
                raise BadCriterion(
                    f"{name} is no criterion{near};"
                    f" there are operation, {', '.join(CriteriaArguments.__annotations__)}"
                )
        since = arguments.get("since")
        criteria = cls(
            operation=operation,
            method=arguments.get("method"),
            path=arguments.get("path"),
            query=arguments.get("query"),
            body=arguments.get("body", UNASKED),
            status=arguments.get("status"),
            response=arguments.get("response", UNASKED),
            since=since.request_id if isinstance(since, Call) else since,
        )
        criteria.check()
        return criteria

    def check(self) -> None:
        """Check that the criteria can be answered.

        Raises:
            BadCriterion: A criterion is of a wrong kind, names no operation, or asks for
                something that the journal does not keep.
        """
        __tracebackhide__ = True
        _check_operation(self.operation)
        _check_request_line(self)
        if self.operation is not None and self.body is not UNASKED:
            check_body(contract(), self.operation, self.body)
        if self.operation is not None and self.response is not UNASKED:
            check_response(contract(), self.operation, self.response)

    def differences(self, exchange: Exchange) -> list[Difference]:
        """Return what keeps an exchange from being looked for; nothing if it is.

        Of a call of another operation nobody wants to know what else is another.
        """
        if self.operation not in (None, exchange.operation_id):
            got = exchange.operation_id or "no operation"
            return [Difference("operation", str(self.operation), got)]
        return [*self._differences(exchange)]

    def lines(self) -> list[str]:
        """Return the criteria beside the operation, one a line, as a message shows them."""
        given = {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "status": self.status,
        }
        asked = {name: value for name, value in given.items() if value is not None}
        if self.body is not UNASKED:
            asked["body"] = self.body
        if self.response is not UNASKED:
            asked["response"] = self.response
        return [
            f"{name}: {value if isinstance(value, str) and name != 'body' else shown(value)}"
            for name, value in asked.items()
        ]

    @property
    def kind(self) -> JournalQuery:
        """What the journal remembers of calls it dropped: operation, method and status."""
        return JournalQuery(
            operation=self.operation, method=self.method, status=self.status, since=self.since
        )

    @property
    def _path_query(self) -> JournalQuery:
        return JournalQuery(path=self.path, base_paths=(contract().base_path,))

    def _differences(self, exchange: Exchange) -> Iterator[Difference]:
        if self.method is not None and self.method.upper() != exchange.method:
            yield Difference("method", self.method.upper(), exchange.method)
        if self.path is not None and not self._path_query.matches(exchange):
            yield Difference("path", self.path, exchange.path)
        if self.query is not None:
            yield from query_differences(exchange.query, self.query)
        if self.body is not UNASKED:
            note = exchange.request_body_note
            yield from body_differences(exchange.request_body, note, self.body, "body")
        if self.status not in (None, exchange.status):
            yield Difference("status", str(self.status), str(exchange.status or "no answer"))
        if self.response is not UNASKED:
            note = exchange.response_body_note
            yield from body_differences(exchange.response_body, note, self.response, "response")


def _check_operation(operation: object) -> None:
    __tracebackhide__ = True
    operations = contract().operations
    if operation is None or operation in operations:
        return
    if not isinstance(operation, str):
        raise BadCriterion(f"an operation is named by a text, not by {shown(operation)}")
    raise BadCriterion(
        f"{shown(operation)} is no operation of the contract{did_you_mean(operation, operations)};"
        f" there are {', '.join(operations)}"
    )


def _check_request_line(criteria: Criteria) -> None:
    __tracebackhide__ = True
    status, path, query = criteria.status, criteria.path, criteria.query
    if status is not None and not is_whole(status):
        raise BadCriterion(f"status is an integer such as 200, not {shown(status)}")
    if status is not None and status not in _STATUSES:
        raise BadCriterion(f"status should be an HTTP status from 100 to 599, not {status}")
    if criteria.method is not None and not isinstance(criteria.method, str):
        raise BadCriterion(f"method is a text such as POST, not {shown(criteria.method)}")
    if path is not None and not _is_glob(path):
        raise BadCriterion(
            f"path is a glob such as /organizations/*/api-keys, with or without"
            f" {contract().base_path} before it, not {shown(path)}"
        )
    if query is not None and not isinstance(query, Mapping):
        raise BadCriterion(f'query is a mapping such as {{"limit": 10}}, not {shown(query)}')
    since: object = criteria.since
    if since is not None and not (isinstance(since, str) and _REQUEST_ID.fullmatch(since)):
        raise BadCriterion(
            "since: body.since should be a string that matches ^[0-9a-f]{32}$"
            f" (got {shown(since)})"
        )


def _is_glob(path: object) -> bool:
    return isinstance(path, str) and path.startswith(("/", "*", "["))


@cache
def contract() -> Contract:
    """Return the contract of the API, indexed once per process; nobody changes it."""
    return Contract.bundled()


def check_body(contract: Contract, operation_id: str, wanted: object) -> None:
    """Demand that the journal keeps what is asked for of a request's body.

    Raises:
        BadCriterion: It does not; the text names the field, never its value.
    """
    __tracebackhide__ = True
    schema = contract.operations[operation_id].body_schema
    if not schema:
        if not is_anything(wanted):
            raise BadCriterion(
                f"{operation_id} has no request body in the contract, so the journal keeps none"
            )
        return
    raw = _sent(wanted)
    kept, _ = _redactor(contract).request_body(operation_id, raw)
    for tokens, mark in _left_out(kept, wanted):
        raise BadCriterion(_reason(contract, operation_id, [schema], tokens, mark))


def check_response(contract: Contract, operation_id: str, wanted: object) -> None:
    """Demand that the journal keeps what is asked for of an answer's body, of any status.

    Raises:
        BadCriterion: It does not for any documented status; the text names the field.
    """
    __tracebackhide__ = True
    raw = _sent(wanted)
    refusals: list[tuple[Tokens, str]] = []
    for status in contract.operations[operation_id].statuses:
        kept, _ = _redactor(contract).response_body(operation_id, status, raw)
        first = next(_left_out(kept, wanted), None)
        if first is None:
            return
        refusals.append(first)
    # that of a success says most: it stands first
    tokens, mark = refusals[0]
    raise BadCriterion(_reason(contract, operation_id, [], tokens, mark))


@cache
def _redactor(contract: Contract) -> Redactor:
    return Redactor(contract)


def _sent(wanted: object) -> bytes:
    """Return JSON of the same shape; what only compares with JSON stands as an empty text."""
    return json.dumps(_shape(wanted)).encode()


def _shape(wanted: object) -> JsonValue:
    match wanted:
        case Mapping():
            return {str(name): _shape(value) for name, value in wanted.items()}
        case list() | tuple():
            return [_shape(value) for value in wanted]
        case str() | int() | float() | None:
            return wanted
        case _:
            return ""


def _left_out(kept: object, wanted: object, tokens: Tokens = ()) -> Iterator[tuple[Tokens, str]]:
    if is_anything(wanted):
        return
    if kept in (REDACTED, UNDECLARED) and kept != wanted:
        yield tokens, str(kept)
    elif isinstance(wanted, Mapping) and isinstance(kept, dict):
        for name, value in wanted.items():
            if name in kept:
                yield from _left_out(kept[name], value, (*tokens, name))
    elif isinstance(wanted, list | tuple) and isinstance(kept, list):
        for index, (one, value) in enumerate(zip(kept, wanted, strict=False)):
            yield from _left_out(one, value, (*tokens, index))


def _reason(
    contract: Contract, operation_id: str, schemas: list[Schema], tokens: Tokens, mark: str
) -> str:
    what = "body" if schemas else "response"
    place = "/".join([what, *map(str, tokens)])
    if mark == REDACTED:
        return (
            f"{place} of {operation_id} is a secret, which the journal does not keep,"
            f" so a call cannot be told by it; {_WAY_OUT}"
        )
    names = list(_names(contract.document, schemas, tokens[:-1]))
    near = did_you_mean(tokens[-1], names) if tokens else ""
    return (
        f"{place} is nothing that the contract knows of {operation_id}{near}, and the journal"
        f" keeps no value of what it does not know; {_WAY_OUT}"
    )


def _names(document: Schema, schemas: list[Schema], tokens: Tokens) -> Iterator[str]:
    """Yield the properties that may stand at a place."""
    level = list(flatten(document, schemas))
    for token in tokens:
        below = [
            schema["items"] if isinstance(token, int) else schema["properties"][token]
            for schema in level
            if (
                "items" in schema
                if isinstance(token, int)
                else token in schema.get("properties", ())
            )
        ]
        level = list(flatten(document, below))
    for schema in level:
        yield from schema.get("properties", ())
