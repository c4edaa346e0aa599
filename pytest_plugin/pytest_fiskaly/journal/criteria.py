"""What calls a test looks for, checked against the contracts before anything is compared."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, Self, TypedDict

from fiskaly_contracts.wording import did_you_mean
from fiskaly_mockserver.world.journal.exchange import Exchange
from fiskaly_mockserver.world.journal.journal import JournalQuery

from pytest_fiskaly.journal import BadCriterion, Call
from pytest_fiskaly.journal.matching import (
    Difference,
    body_differences,
    check_body,
    check_response,
    contracts,
    is_whole,
    query_differences,
    shown,
)

_REQUEST_ID = re.compile("[0-9a-f]{32}")
_STATUSES = range(100, 600)


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
            check_body(self.operation, self.body)
        if self.operation is not None and self.response is not UNASKED:
            check_response(self.operation, self.response)

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
        return JournalQuery(
            path=self.path, base_paths=tuple(one.base_path for one in contracts().values())
        )

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
    operations = contracts()
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
            "path is a glob such as /organizations/*/api-keys, with or without the base path before"
            f" it, not {shown(path)}"
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
