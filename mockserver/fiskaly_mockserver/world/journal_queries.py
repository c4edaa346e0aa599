"""What exchanges are looked for in a journal."""

from collections.abc import Mapping
from enum import Enum
from fnmatch import fnmatchcase
from typing import Literal, NamedTuple, cast

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.world.exchanges import Exchange
from fiskaly_mockserver.world.subsets import contains

NULL = "null"
"""The note of a body that is the JSON value null, of which `None` alone would not tell."""


class Unasked(Enum):
    """Stands for a body that is not asked for: `None` asks for the JSON value null."""

    BODY = "body"


class JournalQuery(NamedTuple):
    """What exchanges are looked for; what is left as it is does not narrow.

    Attributes:
        path: A glob, as `/organizations/*/api-keys`, in which `*` also stands for slashes.
            It has to match the whole path, or what follows `base_path` in it.
        body: What the request's body has to contain; see `subsets.contains`.
        since: A request id; only later exchanges are looked at.
        base_path: The path that all operations are under, as "/api/v0".
    """

    operation: str | None = None
    status: int | None = None
    method: str | None = None
    path: str | None = None
    body: JsonValue | Literal[Unasked.BODY] = Unasked.BODY
    since: str | None = None
    base_path: str = ""

    @classmethod
    def of(cls, wanted: Mapping[str, JsonValue], *, base_path: str = "") -> "JournalQuery":
        """Return the query that a control call's JSON object asks.

        It holds any of `operation`, `status`, `method`, `path`, `body` and `since`, of
        the types that the control contract demands.
        """
        return cls(
            operation=cast("str | None", wanted.get("operation")),
            status=cast("int | None", wanted.get("status")),
            method=cast("str | None", wanted.get("method")),
            path=cast("str | None", wanted.get("path")),
            body=wanted.get("body", Unasked.BODY),
            since=cast("str | None", wanted.get("since")),
            base_path=base_path,
        )

    def matches(self, exchange: Exchange) -> bool:
        """Tell whether an exchange is looked for, wherever `since` may be.

        Raises:
            HiddenField: That hangs on a value that the journal does not keep.
        """
        return (
            self.admits(exchange.operation_id, exchange.method, exchange.status)
            and self._has_path(exchange.path)
            and self._has_body(exchange)
        )

    def admits(self, operation_id: str, method: str | None, status: int) -> bool:
        """Tell whether an exchange of that kind may be looked for; `None` is any method."""
        return (
            self.operation in (None, operation_id)
            and self.status in (None, status)
            and (self.method is None or method is None or self.method.upper() == method)
        )

    def _has_path(self, path: str) -> bool:
        if self.path is None or fnmatchcase(path, self.path):
            return True
        _, base, below = path.partition(self.base_path) if self.base_path else ("", "", "")
        return bool(base) and fnmatchcase(below, self.path)

    def _has_body(self, exchange: Exchange) -> bool:
        if self.body is Unasked.BODY:
            return True
        if exchange.request_body is None:
            return self.body is None and exchange.request_body_note == NULL
        return contains(exchange.request_body, self.body)


EVERYTHING = JournalQuery()
"""Asks for every exchange."""
