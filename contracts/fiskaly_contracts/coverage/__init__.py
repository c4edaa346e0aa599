"""Which part of each API's contract a client made use of: operations, statuses, request fields.

What counts, and what the percentages are percentages of:

- **operations**: all of the contract. One is exercised by a call that got a status which counts.
- **statuses**: of each operation the documented ones that a right client can bring about; not
  400, 413 and 415, which refuse a request for its form, not those marked `x-mock-not-produced`,
  and none from 500 up.
- **fields**: of each operation what a request may carry, named as `fields` says. One is
  exercised by a request that the contract let through: of a request that was refused for its
  form (400, 413, 415) or for its token (401) nothing counts but the status.
- **overall**: the three lists as one, where each entry counts the same.

Where a list is empty, all of it is exercised. Everything else, as unknown routes and the
statuses that only armed faults bring, is counted apart and raises no percentage. Every API has
percentages of its own.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from fiskaly_contracts.coverage.fields import RequestFields
from fiskaly_contracts.document import Contract, Operation, declared_response
from fiskaly_contracts.json_value import JsonValue

REFUSED_FOR_FORM = frozenset({400, 413, 415})
"""Statuses of requests that broke the contract: no right client can bring them about."""
NOT_AUTHENTICATED = 401
_SERVER_ERRORS = 500
_STEPS = 10
"""Steps of one percent that are told apart."""


@dataclass(frozen=True, slots=True)
class Score:
    """So many of so many."""

    exercised: int
    total: int

    @property
    def percent(self) -> float:
        """The exact percentage; 100.0 where there is nothing to exercise."""
        return 100 * self.exercised / self.total if self.total else 100.0

    def __str__(self) -> str:
        """Return the percentage for people, never rounded up: `66.6 %`."""
        return f"{self.rounded} %"

    @property
    def rounded(self) -> float:
        """The percentage, cut after one decimal: only what is complete is 100.0."""
        whole = 100 * _STEPS
        return (whole * self.exercised // self.total if self.total else whole) / _STEPS

    @classmethod
    def of(cls, exercised: Collection[object], left: Collection[object]) -> Self:
        """Count what was exercised and what is left."""
        return cls(len(exercised), len(exercised) + len(left))

    def __add__(self, other: "Score") -> "Score":
        return Score(self.exercised + other.exercised, self.total + other.total)


NOTHING = Score(0, 0)
"""What sums start with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationCoverage:
    """What was made of one operation.

    Attributes:
        operation_id: Its name.
        method: Upper case.
        path: Below the base path.
        calls: All of them, whatever the answer.
        statuses: How often each status that counts was met, ascending.
        statuses_left: Those never met.
        other_statuses: How often each status that does not count was met; 0 is no answer.
        fields: The request fields that were sent, those of the query first.
        fields_left: Those never sent.
    """

    operation_id: str
    method: str
    path: str
    calls: int
    statuses: Mapping[int, int]
    statuses_left: tuple[int, ...]
    other_statuses: Mapping[int, int]
    fields: tuple[str, ...]
    fields_left: tuple[str, ...]

    @property
    def exercised(self) -> bool:
        """Whether a call got a status that counts."""
        return bool(self.statuses)


class ContractCoverage:
    """Counts what a client makes of one contract.

    It is not thread-safe; who notes from several threads holds a lock.

    >>> coverage = ContractCoverage(Contract.bundled())
    >>> coverage.note("listOrganizations", 200, ["limit"])
    >>> coverage.scores()["operations"]
    Score(exercised=1, total=20)
    """

    def __init__(self, contract: Contract) -> None:
        """Start with nothing exercised; the fields are read when first asked for."""
        self.contract = contract
        self._calls: dict[tuple[str, int], int] = {}

    @property
    def exchanges(self) -> int:
        """All that was noted, unknown routes included."""
        return sum(self._calls.values())

    def note(
        self,
        operation_id: str,
        status: int,
        query_names: Iterable[str] = (),
        body: JsonValue = None,
    ) -> None:
        """Count one exchange.

        Args:
            operation_id: "" or any unknown one is an unknown route.
            status: Of the answer; 0 is none.
            query_names: The query parameters that were sent.
            body: The parsed body that was sent. Secrets in it may be replaced by any text.
        """
        self.add(operation_id, status, 1)
        self.note_fields(operation_id, status, query_names, body)

    def note_fields(
        self,
        operation_id: str,
        status: int,
        query_names: Iterable[str] = (),
        body: JsonValue = None,
    ) -> None:
        """Note the fields of an exchange, which `add` counts; as `note`."""
        if (query_names or body is not None) and self.wants_fields(operation_id, status):
            self._fields[operation_id].collect(query_names, body)

    def wants_fields(self, operation_id: str, status: int) -> bool:
        """Tell whether the fields of such an exchange could be news.

        Who has to work for the body asks before: not for a status whose fields do not count,
        and no more once all fields of the operation were sent.
        """
        if status not in self._statuses.get(operation_id, ()):
            return False
        if status == NOT_AUTHENTICATED and self.contract.operations[operation_id].secured:
            return False  # refused before anybody looked at the rest
        fields = self._fields[operation_id]
        return len(fields.sent) < len(fields.names)

    def merge(self, other: "ContractCoverage") -> None:
        """Add what another one counted; the order of merging makes no difference.

        Raises:
            ValueError: It is of another version of the contract.
        """
        if other.contract.version != self.contract.version:
            raise ValueError(
                f"coverage of contract version {other.contract.version} cannot be added to that of"
                f" {self.contract.version}"
            )
        for operation_id, status, calls in other.tallies():
            self.add(operation_id, status, calls)
        for operation_id, fields in other.sent():
            self.add_fields(operation_id, fields)

    def add(self, operation_id: str, status: int, calls: int) -> None:
        """Count so many exchanges at once, without their fields."""
        key = operation_id, status
        self._calls[key] = self._calls.get(key, 0) + calls

    def add_fields(self, operation_id: str, fields: Iterable[str]) -> None:
        """Count fields as sent; those that the contract does not have are left out."""
        known = self._fields.get(operation_id)
        if known is not None:
            known.sent.update(set(known.names).intersection(fields))

    def tallies(self) -> Iterator[tuple[str, int, int]]:
        """Yield `(operation_id, status, calls)` as counted, in ascending order."""
        for (operation_id, status), calls in sorted(self._calls.items()):
            yield operation_id, status, calls

    def sent(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield `(operation_id, fields)` of the operations that were sent any."""
        for operation_id, fields in sorted(self._fields.items()):
            if fields.sent:
                yield operation_id, tuple(sorted(fields.sent))

    def operations(self) -> tuple[OperationCoverage, ...]:
        """Return what was made of every operation, in the order of the contract."""
        met: dict[str, dict[int, int]] = {}
        for operation_id, status, calls in self.tallies():
            met.setdefault(operation_id, {})[status] = calls
        return tuple(
            self._operation(operation, met.get(operation.operation_id, {}))
            for operation in self.contract.operations.values()
        )

    def unknown(self) -> Mapping[int, int]:
        """Return how often calls of no known operation were answered, by status."""
        counted: dict[int, int] = {}
        for operation_id, status, calls in self.tallies():
            if operation_id not in self.contract.operations:
                counted[status] = counted.get(status, 0) + calls
        return dict(sorted(counted.items()))

    def scores(self) -> dict[str, Score]:
        """Return the scores of `operations`, `statuses`, `fields` and `overall`."""
        found = self.operations()
        scores = {
            "operations": Score(sum(one.exercised for one in found), len(found)),
            "statuses": sum((Score.of(one.statuses, one.statuses_left) for one in found), NOTHING),
            "fields": sum((Score.of(one.fields, one.fields_left) for one in found), NOTHING),
        }
        return {**scores, "overall": sum(scores.values(), NOTHING)}

    @property
    def percent(self) -> float:
        """The exact overall percentage, 0 to 100."""
        return self.scores()["overall"].percent

    def _operation(self, operation: Operation, met: Mapping[int, int]) -> OperationCoverage:
        name = operation.operation_id
        statuses, fields = self._statuses[name], self._fields[name].names
        sent = self._fields[name].sent
        return OperationCoverage(
            operation_id=name,
            method=operation.method,
            path=operation.path,
            calls=sum(met.values()),
            statuses={status: met[status] for status in statuses if status in met},
            statuses_left=tuple(status for status in statuses if status not in met),
            other_statuses={status: n for status, n in met.items() if status not in statuses},
            fields=tuple(one for one in fields if one in sent),
            fields_left=tuple(one for one in fields if one not in sent),
        )

    @cached_property
    def _statuses(self) -> dict[str, tuple[int, ...]]:
        """The statuses of each operation that count."""
        return {
            name: tuple(status for status in operation.statuses if self._counts(operation, status))
            for name, operation in self.contract.operations.items()
        }

    def _counts(self, operation: Operation, status: int) -> bool:
        if status in REFUSED_FOR_FORM or status >= _SERVER_ERRORS:
            return False
        response = declared_response(self.contract.document, operation, status) or {}
        return "x-mock-not-produced" not in response

    @cached_property
    def _fields(self) -> dict[str, RequestFields]:
        return {
            name: RequestFields(self.contract.document, operation)
            for name, operation in self.contract.operations.items()
        }


class Coverage:
    """Counts what a client makes of the APIs, each by its own contract.

    >>> coverage = Coverage()
    >>> coverage.of("createTss").note("createTss", 200)
    >>> [*coverage.used()]
    ['sign-de']

    Attributes:
        apis: The coverage of each API, by its name: `management`, `sign-de`.
    """

    def __init__(self) -> None:
        """Start with nothing exercised."""
        self.apis: Mapping[str, ContractCoverage] = {
            name: ContractCoverage(contract) for name, contract in Contract.apis().items()
        }
        self._of_operation = {
            operation_id: coverage
            for coverage in self.apis.values()
            for operation_id in coverage.contract.operations
        }

    @property
    def exchanges(self) -> int:
        """All that was noted, unknown routes included."""
        return sum(one.exchanges for one in self.apis.values())

    def of(self, operation_id: str, path: str = "") -> ContractCoverage:
        """Return the coverage of the API that an operation, or else a path, belongs to.

        What lies under no base path is the first one's, as it is answered.
        """
        found = self._of_operation.get(operation_id)
        if found is not None:
            return found
        first, *_ = self.apis.values()
        under = (one for one in self.apis.values() if f"{one.contract.base_path}/" in path)
        return next(under, first)

    def used(self) -> Mapping[str, ContractCoverage]:
        """Return the coverage of the APIs that were called; of the first one if none was."""
        called = {name: one for name, one in self.apis.items() if one.exchanges}
        return called or dict([*self.apis.items()][:1])

    def under(self, percent: float) -> Mapping[str, Score]:
        """Return the overall scores of the APIs that were called and reach less."""
        scores = {name: one.scores()["overall"] for name, one in self.used().items()}
        return {name: score for name, score in scores.items() if score.percent < percent}

    def merge(self, other: "Coverage") -> None:
        """Add what another one counted.

        Raises:
            ValueError: It is of another version of a contract.
        """
        for name, coverage in self.apis.items():
            coverage.merge(other.apis[name])
