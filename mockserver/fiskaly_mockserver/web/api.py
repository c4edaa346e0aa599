"""What an API is to the server, what its handlers get, and what they answer with."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Protocol, cast

from fiskaly_contracts import Contract, JsonValue, Violation

from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.domain.store import Paging
from fiskaly_mockserver.web.responses import Answer, ResponseHeaders
from fiskaly_mockserver.world.rate_limits import RateLimit
from fiskaly_mockserver.world.world import World

JsonObject = dict[str, JsonValue]

Presenter = Callable[[Any], JsonObject]
"""Presents a row; the same row is always presented the same."""


class PresentedRow(NamedTuple):
    """One row, and how it is presented."""

    present: Presenter
    row: object


class PresentedRows(NamedTuple):
    """A page of a list, and how its rows are presented.

    `envelope` is the list without its rows: its field `data` is empty.
    """

    envelope: JsonObject
    present: Presenter
    rows: Sequence[object]


CHUNKS_AT_A_TIME = 20
"""Pieces of a file that are made before others are served: each may have to be signed."""


class Download(NamedTuple):
    """A file: its media type, and its bytes in pieces."""

    media_type: str
    chunks: Iterable[bytes]

    async def read(self) -> bytes:
        """Return the whole file; others are served while its pieces are made."""
        read: list[bytes] = []
        for chunk in self.chunks:
            read.append(chunk)
            if len(read) % CHUNKS_AT_A_TIME == 0:
                await asyncio.sleep(0)
        return b"".join(read)


Presented = JsonObject | PresentedRow | PresentedRows
"""The JSON body of a 200. Rows are better left to `RowCache`, which presents each only once."""


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Call:
    """One checked request: everything in it obeys the contract.

    `path` and `query` hold cast values, `query` with defaults for what was not sent. There is
    no `principal` where the operation is open to everyone: its handler must not ask for one.
    `written` is what the handler wrote, as the audit of its operation wants it.
    """

    world: World
    principal: Principal
    path: Mapping[str, str]
    query: Mapping[str, JsonValue]
    body: JsonObject
    written: Any = None

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


Handler = Callable[[Call], Presented | Download]
"""Answers a call with the body of a 200. Synchronous, so that nothing comes between
reading and writing the world."""


class Errors(Protocol):
    """How an API says no: the status, the codes and the shapes of its errors."""

    def refused(self, error: DomainError, operation_id: str = "") -> Answer:
        """Return the answer to what the domain refused."""

    def invalid(
        self, status: int, message: str, breach: Violation | None = None, operation_id: str = ""
    ) -> Answer:
        """Return the answer to a request that breaks the contract: 400, 413 or 415.

        `breach` is the first thing that is wrong, `message` tells all of them.
        """

    def plain(
        self, status: int, message: str = "", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Return an error that is about no operation's rules: 404, 405, 417, 500, 503.

        Without a message it has that of the status.
        """

    def too_many_requests(self, seconds: float) -> Answer:
        """Return the 429 for a principal that has to wait for so many seconds."""

    def on_demand(
        self, status: int, code: str | None, message: str | None, operation_id: str = ""
    ) -> Answer:
        """Return the error that an armed fault demands, as this API would have it."""


class OperationLimit(NamedTuple):
    """How often an operation may be called for one thing that its path names.

    Attributes:
        limit: The requests in a window.
        parameter: The name of the path parameter; what it names is counted apart.
        group: What operations have in common that are counted together.
    """

    limit: RateLimit
    parameter: str
    group: str


class OtherHost(NamedTuple):
    """A host of the vendor's that has not all operations of an API.

    Attributes:
        name: The host; "" means whatever the server is called by.
        lacks: The operations that it has not, by operationId.
        answer: What it answers to them.
    """

    name: str
    lacks: frozenset[str]
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Api:
    """One API: all that the server needs to know to serve it.

    Attributes:
        name: What it is called, as `management`.
        contract: Its operations, and what messages have to keep.
        handlers: One for each operation, by operationId.
        errors: How it says no.
        other_host: Where not all of it is, for clients that call the server by that name.
        limits: How often some operations may be called, by operationId.
        open_to_pages: Whether any web page may call it, as browsers that sign do.
        query_name: Returns the name of a query parameter as the contract has it, where clients
            write it in another form, too.
        often: The paths that most calls are for: they are found first.
        headers: Makes what writes the headers of its answers.
        audits: For some operations, by operationId: yields as warnings what was done by a call
            that succeeded, and would not pass an audit.
        rows: Yields every row of a world as the API presents it: where it stands, the name
            of its schema in the contract, and its JSON.
    """

    name: str
    contract: Contract
    handlers: Mapping[str, Handler]
    errors: Errors
    other_host: OtherHost | None = None
    limits: Mapping[str, OperationLimit] = field(default_factory=dict)
    open_to_pages: bool = False
    query_name: Callable[[str], str] = str
    often: frozenset[str] = frozenset()
    headers: Callable[[], ResponseHeaders] = ResponseHeaders
    audits: Mapping[str, Callable[[Call], Iterable[Violation]]] = field(default_factory=dict)
    rows: Callable[[World], Iterator[tuple[str, str, JsonObject]]]

    def __post_init__(self) -> None:
        """Demand a handler for every operation, and no other.

        Raises:
            LookupError: An operation has no handler, or a handler no operation.
        """
        operations = self.contract.operations
        if operations.keys() != self.handlers.keys():
            odd = sorted(operations.keys() ^ self.handlers.keys())
            raise LookupError(f"operations and handlers differ: {', '.join(odd)}")


class ApiSource:
    """An API by its name and base path; the rest is loaded when it is first asked for."""

    def __init__(self, name: str, base_path: str, load: Callable[[], Api]) -> None:
        self.name = name
        self.base_path = base_path
        self._load = load

    @cached_property
    def api(self) -> Api:
        """The API itself."""
        return self._load()

    def owns(self, path: str) -> bool:
        """Tell whether a path lies under the base path."""
        return path == self.base_path or path.startswith(f"{self.base_path}/")
