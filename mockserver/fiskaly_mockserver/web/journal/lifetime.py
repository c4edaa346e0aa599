"""What came in a server's whole life, over all worlds: what broke a contract, and what was used."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from fiskaly_contracts import Contract, JsonValue, Severity, Violation, meant

from fiskaly_mockserver.world.journal.exchange import Exchange

if TYPE_CHECKING:
    from fiskaly_contracts.coverage import ContractCoverage

    from fiskaly_mockserver.web.journal.recorder import Recorded

MOST_KINDS = 500
"""Kinds that are told apart: a client can invent names of properties without end."""
MOST_WAITING = 100
"""Exchanges that wait to be counted."""
CRASH = "crash"
"""The rule that the fake breaks where it fails itself."""
_KIND = attrgetter("operation_id", "status", "raw_query")
_INDEX = re.compile(r"/\d+(?=/|$)")


class _Kind(NamedTuple):
    """What of an exchange is the same thing again; the places in an array are one."""

    what: str
    operation_id: str
    where: str
    rule: str
    pointer: str


@dataclass(slots=True, eq=False, repr=False)
class _Count:
    first: Exchange
    count: int = 0


class LifetimeViolations:
    """Counts exchanges in which a client, or the fake itself, broke a contract.

    No reset, overflow or dropped sandbox takes anything from it. The first exchange of each
    kind is kept in full.
    """

    def __init__(self) -> None:
        self._broken = self._warned = self._defects = self._uncounted = 0
        self._kinds: dict[_Kind, _Count] = {}
        self._waiting: list[Exchange] = []

    def add(self, exchange: Exchange) -> None:
        """Count a finished exchange; what takes time waits until somebody asks."""
        self._waiting.append(exchange)
        if len(self._waiting) >= MOST_WAITING:
            self._count_waiting()

    def _count_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for exchange in waiting:
            self._count(exchange)

    def _count(self, exchange: Exchange) -> None:
        if exchange.breaches:
            self._broken += 1
        elif exchange.violations:
            self._warned += 1
        if exchange.is_our_fault:
            self._defects += 1
        for kind in dict.fromkeys(_kinds(exchange)):
            counted = self._kinds.get(kind)
            if counted is None:
                if len(self._kinds) >= MOST_KINDS:
                    self._uncounted += 1
                    continue
                counted = self._kinds[kind] = _Count(exchange)
            counted.count += 1

    def as_json(self) -> dict[str, JsonValue]:
        """Return all that was counted, for the control API."""
        self._count_waiting()
        return {
            "broken_requests": self._broken,
            "warned_requests": self._warned,
            "defects": self._defects,
            "kinds": [
                {
                    "what": kind.what,
                    "operation": kind.operation_id,
                    "where": kind.where,
                    "rule": kind.rule,
                    "pointer": kind.pointer,
                    "count": counted.count,
                    "first": counted.first.as_json(),
                }
                for kind, counted in self._kinds.items()
            ],
            "uncounted": self._uncounted,
        }


def _kinds(exchange: Exchange) -> list[_Kind]:
    found: list[_Kind] = []
    for one in meant(exchange.violations):
        what = "violation" if one.severity is Severity.ERROR else "warning"
        found.append(_kind(what, exchange, one))
    found += [_kind("defect", exchange, one) for one in exchange.response_violations]
    if exchange.crash:
        found.append(_Kind("defect", exchange.operation_id, "", CRASH, ""))
    return found


def _kind(what: str, exchange: Exchange, violation: Violation) -> _Kind:
    pointer = _INDEX.sub("/[]", violation.pointer)
    return _Kind(what, exchange.operation_id, violation.where.value, violation.rule, pointer)


class LifetimeCoverage:
    """Counts what clients made of one API, which no reset, overflow or sandbox takes away.

    Attributes:
        waiting: Finished exchanges that are not counted yet; who adds one beyond
            `MOST_WAITING` has to call `count`.
    """

    def __init__(self, contract: Contract) -> None:
        self.waiting: list[Recorded] = []
        self._contract = contract

    @cached_property
    def _coverage(self) -> "ContractCoverage":
        # Most of a server's life nobody asks, and its start shall not wait for it
        from fiskaly_contracts.coverage import ContractCoverage  # noqa: PLC0415

        return ContractCoverage(self._contract)

    def count(self) -> "ContractCoverage":
        """Count what waits, and return the coverage so far."""
        coverage = self._coverage
        waiting = self.waiting
        kinds = [*map(_KIND, waiting)]
        examples = dict(zip(kinds, waiting, strict=True))
        for kind, number in Counter(kinds).items():
            operation_id, status, raw_query = kind
            coverage.add(operation_id, status, number)
            if raw_query:
                coverage.note_fields(operation_id, status, examples[kind].query_names)
        for exchange in waiting:
            if exchange.sent_value is not None:
                coverage.note_fields(
                    exchange.operation_id, exchange.status, (), exchange.sent_value
                )
                exchange.sent_value = None
        waiting.clear()
        return coverage
