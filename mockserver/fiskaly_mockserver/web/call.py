"""What a handler gets, and what it answers with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.errors import MissingToken
from fiskaly_mockserver.domain.query import Paging
from fiskaly_mockserver.world.world import World

__all__ = ["Call", "Handler", "JsonObject"]


JsonObject = dict[str, JsonValue]

Presenter = Callable[[Any], JsonObject]
"""Shows a row; the same row is always shown the same."""


class ShownRow(NamedTuple):
    """One row, and how it is shown."""

    present: Presenter
    row: object


class ShownRows(NamedTuple):
    """A page of a list, and how its rows are shown.

    `envelope` is the list without its rows: its field `data` is empty.
    """

    envelope: JsonObject
    present: Presenter
    rows: Sequence[object]


Shown = JsonObject | ShownRow | ShownRows


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Call:
    """One checked request: everything in it obeys the contract.

    `query` holds cast values, with defaults for what was not sent.
    """

    world: World
    caller: Principal | None
    path: Mapping[str, str]
    query: Mapping[str, JsonValue]
    body: JsonObject

    @property
    def principal(self) -> Principal:
        """The authenticated caller.

        Raises:
            MissingToken: The operation is open to everyone, so there is none.
        """
        if self.caller is None:
            raise MissingToken
        return self.caller

    @property
    def organization_id(self) -> str:
        """The organization that the path names."""
        return self.path["organization_id"]

    @property
    def paging(self) -> Paging:
        """How the list is to be cut."""
        return Paging(
            order_by=self.asked("order_by"),
            descending=self.query["order"] == "desc",
            limit=cast("int", self.query["limit"]),
            offset=cast("int", self.query["offset"]),
        )

    def text(self, name: str) -> str:
        """Return a text field of the body, `""` where it was not sent."""
        return str(self.body.get(name, ""))

    def sent(self, name: str) -> str | None:
        """Return a text field of the body, `None` where it was not sent."""
        return str(self.body[name]) if name in self.body else None

    def asked(self, name: str) -> str | None:
        """Return a single query parameter, `None` where it was not sent."""
        return str(self.query[name]) if name in self.query else None

    def asked_all(self, name: str) -> list[str]:
        """Return a repeatable query parameter, empty where it was not sent."""
        return cast("list[str]", self.query.get(name, []))


Handler = Callable[[Call], Shown]
"""Answers a call with the body of a 200. Synchronous, so that nothing comes between
reading and writing the world."""
