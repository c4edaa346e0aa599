"""The violations of a run, folded: what is the same is said once, with the tests that did it.

Nothing here is secret: the sentences are those of violations, which hold no secret, and the
paths those of the journal, which were redacted.
"""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fiskaly_contracts import Violation
    from fiskaly_mockserver.world.journal.exchange import Exchange

MOST_KINDS = 200
"""Kinds of violations that are told apart; of more only the number is kept."""
SENTENCE_SHOWN = 300
"""Characters of a sentence."""
BETWEEN = "(outside any test)"
TESTS_SHOWN = 3
"""Tests that are named for each kind."""


@dataclass(slots=True, kw_only=True)
class Breach:
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
        """What tells kinds apart."""
        return self.call, self.place, self.rule


class Breaches:
    """Counts violations by kind and by test. Not thread-safe.

    Attributes:
        requests: How many broke the contract.
        outside: How many of these no test made.
        tests: How many tests made such requests.
        untold: Violations of kinds beyond `MOST_KINDS`.
    """

    def __init__(self) -> None:
        self.requests = 0
        self.outside = 0
        self.tests = 0
        self.untold = 0
        self._kinds: dict[tuple[str, str, str], Breach] = {}
        self._last_test: str | None = None
        self._last: dict[tuple[str, str, str], str] = {}

    def add(self, test: str, exchange: Exchange, violations: Iterable[Violation]) -> None:
        """Count a request that broke the contract; `test` is "" where none was running."""
        if test and test != self._last_test:
            self.tests += 1
            self._last_test = test
        self.requests += 1
        self.outside += not test
        test = test or BETWEEN
        for violation in _leaves(violations):
            kind = self._kind(
                Breach(
                    call=exchange.operation_id or f"{exchange.method} {exchange.path}",
                    place=f"{violation.where.value} {violation.pointer}".rstrip(),
                    rule=violation.rule,
                    sentence=textwrap.shorten(violation.sentence(), SENTENCE_SHOWN),
                )
            )
            if kind is None:
                self.untold += 1
                continue
            kind.times += 1
            if self._last.get(kind.key) != test:  # tests run one after the other
                self._last[kind.key] = test
                kind.tests += 1
                kind.names = [*kind.names, test][:TESTS_SHOWN]

    def kinds(self) -> list[Breach]:
        """Return every kind that was told apart, in a stable order."""
        return sorted(self._kinds.values(), key=lambda kind: kind.key)

    def as_json(self) -> dict[str, Any]:
        """Return all of it as JSON-able data, for another process."""
        return {
            "requests": self.requests,
            "outside": self.outside,
            "tests": self.tests,
            "untold": self.untold,
            "kinds": [asdict(kind) for kind in self.kinds()],
        }

    def absorb(self, data: Mapping[str, Any]) -> None:
        """Add what another process counted; a test runs in one process only."""
        self.requests += data["requests"]
        self.outside += data["outside"]
        self.tests += data["tests"]
        self.untold += data["untold"]
        for entry in data["kinds"]:
            other = Breach(**entry)
            kind = self._kind(Breach(**{**entry, "times": 0, "tests": 0, "names": []}))
            if kind is None:
                self.untold += other.times
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
        if self.untold:
            yield f"and {self.untold} violations of further kinds"

    def _kind(self, new: Breach) -> Breach | None:
        known = self._kinds.get(new.key)
        if known is None and len(self._kinds) < MOST_KINDS:
            known = self._kinds[new.key] = new
        return known


def _leaves(violations: Iterable[Violation]) -> Iterator[Violation]:
    """Yield each violation, or those of the branch that was clearly meant in its place."""
    for violation in violations:
        if violation.branches and violation.closest:
            yield from _leaves(violation.branches[0][1])
        else:
            yield violation


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
