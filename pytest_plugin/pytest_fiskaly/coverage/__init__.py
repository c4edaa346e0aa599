"""What a run used of the API, and which violations it met, added up over processes.

Nothing here is secret: the sentences are those of violations, which hold no secret, and the
paths those of the journal, which were redacted.
"""

from __future__ import annotations

import textwrap
import threading
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fiskaly_contracts import Violation
    from fiskaly_contracts.coverage import Coverage
    from fiskaly_mockserver.world.journal.exchange import Exchange

MOST_KINDS = 200
"""Kinds of violations that are counted apart; of more only the number is kept."""
SENTENCE_SHOWN = 300
"""Characters of a sentence."""
BETWEEN = "(outside any test)"
TESTS_SHOWN = 3
"""Tests that are named for each kind."""


class Counts:
    """Counts the exchanges of a test session, in one process.

    Thread-safe: servers speak from threads of their own. In detail it also looks for the
    request fields that were sent, as long as there are new ones to be found.

    Attributes:
        used: Whether a fixture of the plugin was used, even if no request was made.
        unwatched: Exchanges for which the contract was switched off.
    """

    def __init__(self, *, detail: bool) -> None:
        """Start with nothing; the contract is loaded with the first exchange."""
        self.used = False
        self.unwatched = 0
        self._detail = detail
        self._lock = threading.Lock()

    @cached_property
    def coverage(self) -> Coverage:
        """What was exercised of each contract; loads the contracts when first asked for."""
        from fiskaly_contracts.coverage import Coverage

        return Coverage()

    @cached_property
    def violations(self) -> ViolationCounts:
        """The violations that count, folded by kind."""
        return ViolationCounts()

    @cached_property
    def warnings(self) -> ViolationCounts:
        """What the contract only warns of, folded by kind; it fails nothing."""
        return ViolationCounts()

    def add(self, exchange: Exchange, *, watched: bool = True) -> None:
        """Count a finished exchange; called in the server's thread, and never fails it."""
        name, status = exchange.operation_id, exchange.status
        with self._lock:
            self.used = True
            self.unwatched += not watched
            coverage = self.coverage.of(name, "" if name else exchange.path)
            if self._detail and coverage.wants_fields(name, status):
                names = [key for key, _ in exchange.query]
                coverage.note(name, status, names, exchange.request_body)
            else:
                coverage.note(name, status)

    def add_violations(
        self, test: str, exchange: Exchange, violations: Iterable[Violation]
    ) -> None:
        """Count violations against a test, by its node id; called in the server's thread."""
        with self._lock:
            self.used = True
            self.violations.add(test, exchange, violations)

    def add_warnings(self, test: str, exchange: Exchange, warnings: Iterable[Violation]) -> None:
        """Count warnings of a test, by its node id; called in the server's thread."""
        with self._lock:
            self.warnings.add(test, exchange, warnings)

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON-able data, for another process."""
        from fiskaly_contracts.coverage.report import as_json

        with self._lock:
            return {
                "unwatched": self.unwatched,
                "coverage": as_json(self.coverage),
                "violations": self.violations.as_json(),
                "warnings": self.warnings.as_json(),
            }

    def absorb(self, data: Mapping[str, Any]) -> None:
        """Add what another process counted.

        Raises:
            CoverageError: Its process has another version of this package.
        """
        from fiskaly_contracts.coverage.report import from_json

        with self._lock:
            self.used = True
            self.unwatched += data["unwatched"]
            self.coverage.merge(from_json(data["coverage"]))
            self.violations.absorb(data["violations"])
            self.warnings.absorb(data["warnings"])


@dataclass(slots=True, kw_only=True)
class ViolationKind:
    """One kind of violation: the same rule at the same place of the same operation.

    Attributes:
        call: The operation, or method and path where there is none.
        place: Where in the request, as `body /country_code`.
        rule: The broken rule.
        sentence: One of its violations in words.
        times: How often it was met.
        tests: In how many tests.
        names: Some of them.
    """

    call: str
    place: str
    rule: str
    sentence: str
    times: int = 0
    tests: int = 0
    names: list[str] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str, str]:
        """What distinguishes kinds."""
        return self.call, self.place, self.rule


class ViolationCounts:
    """Counts violations by kind and by test. Not thread-safe.

    Attributes:
        requests: How many broke the contract.
        outside: How many of these no test made.
        tests: How many tests made such requests.
        uncounted: Violations of kinds beyond `MOST_KINDS`.
    """

    def __init__(self) -> None:
        self.requests = 0
        self.outside = 0
        self.tests = 0
        self.uncounted = 0
        self._kinds: dict[tuple[str, str, str], ViolationKind] = {}
        self._last_test: str | None = None
        self._last: dict[tuple[str, str, str], str] = {}

    def add(self, test: str, exchange: Exchange, violations: Iterable[Violation]) -> None:
        """Count a request that broke the contract; `test` is "" where none was running."""
        from fiskaly_contracts import meant

        if test and test != self._last_test:
            self.tests += 1
            self._last_test = test
        self.requests += 1
        self.outside += not test
        test = test or BETWEEN
        for violation in meant(violations):
            kind = self._kind(
                ViolationKind(
                    call=exchange.operation_id or f"{exchange.method} {exchange.path}",
                    place=f"{violation.where.value} {violation.pointer}".rstrip(),
                    rule=violation.rule,
                    sentence=textwrap.shorten(violation.sentence(), SENTENCE_SHOWN),
                )
            )
            if kind is None:
                self.uncounted += 1
                continue
            kind.times += 1
            if self._last.get(kind.key) != test:  # tests run one after the other
                self._last[kind.key] = test
                kind.tests += 1
                kind.names = [*kind.names, test][:TESTS_SHOWN]

    def kinds(self) -> list[ViolationKind]:
        """Return every kind that is counted apart, in a stable order."""
        return sorted(self._kinds.values(), key=lambda kind: kind.key)

    def as_json(self) -> dict[str, Any]:
        """Return all of it as JSON-able data, for another process."""
        return {
            "requests": self.requests,
            "outside": self.outside,
            "tests": self.tests,
            "uncounted": self.uncounted,
            "kinds": [asdict(kind) for kind in self.kinds()],
        }

    def absorb(self, data: Mapping[str, Any]) -> None:
        """Add what another process counted; a test runs in one process only."""
        self.requests += data["requests"]
        self.outside += data["outside"]
        self.tests += data["tests"]
        self.uncounted += data["uncounted"]
        for entry in data["kinds"]:
            other = ViolationKind(**entry)
            kind = self._kind(ViolationKind(**{**entry, "times": 0, "tests": 0, "names": []}))
            if kind is None:
                self.uncounted += other.times
                continue
            kind.sentence = min(kind.sentence, other.sentence)
            kind.times += other.times
            kind.tests += other.tests
            kind.names = sorted([*kind.names, *other.names])[:TESTS_SHOWN]

    def lines(self) -> Iterator[str]:
        """Yield two lines for each kind: what, and in which tests."""
        for kind in self.kinds():
            yield f"{kind.call}: {kind.sentence} [{kind.rule}]"
            more = kind.tests - len(kind.names)
            names = ", ".join(kind.names) + (f" and {more} more" if more else "")
            yield f"    {_times(kind.times)} in {names}"
        if self.uncounted:
            yield f"and {self.uncounted} violations of further kinds"

    def _kind(self, new: ViolationKind) -> ViolationKind | None:
        known = self._kinds.get(new.key)
        if known is None and len(self._kinds) < MOST_KINDS:
            known = self._kinds[new.key] = new
        return known


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
