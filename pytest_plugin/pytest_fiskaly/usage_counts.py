"""What the tests made of the API: heard exchange by exchange, added up over processes."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fiskaly_contracts import Violation
    from fiskaly_contracts.coverage import ContractCoverage
    from fiskaly_mockserver.world.journal.exchange import Exchange

    from pytest_fiskaly.usage_breaches import Breaches


class Counts:
    """Counts the exchanges of a test session, in one process.

    Thread-safe: servers speak from threads of their own. In detail it also looks for the
    request fields that were sent, as long as there are new ones to be found.

    Attributes:
        used: Whether a fixture of ours was used, even if no request was made.
        unwatched: Exchanges for which the contract was switched off.
    """

    def __init__(self, *, detail: bool) -> None:
        """Start with nothing heard; the contract is loaded when something is."""
        self.used = False
        self.unwatched = 0
        self._detail = detail
        self._lock = threading.Lock()

    @cached_property
    def coverage(self) -> ContractCoverage:
        """What was exercised of the contract; loads the contract when first asked for."""
        from fiskaly_contracts import Contract
        from fiskaly_contracts.coverage import ContractCoverage

        return ContractCoverage(Contract.bundled())

    @cached_property
    def breaches(self) -> Breaches:
        """The violations that count, folded; its module is loaded when it is first needed."""
        from pytest_fiskaly.usage_breaches import Breaches

        return Breaches()

    def heard(self, exchange: Exchange, *, watched: bool = True) -> None:
        """Count a finished exchange; called in the server's thread, and never fails it."""
        name, status = exchange.operation_id, exchange.status
        with self._lock:
            self.used = True
            self.unwatched += not watched
            coverage = self.coverage
            if self._detail and coverage.wants_fields(name, status):
                names = [key for key, _ in exchange.query]
                coverage.note(name, status, names, exchange.request_body)
            else:
                coverage.note(name, status)

    def breached(self, test: str, exchange: Exchange, violations: Iterable[Violation]) -> None:
        """Count violations against a test, by its node id; called in the server's thread."""
        with self._lock:
            self.used = True
            self.breaches.add(test, exchange, violations)

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON-able data, for another process."""
        from fiskaly_contracts.coverage.report import as_json

        with self._lock:
            return {
                "unwatched": self.unwatched,
                "coverage": as_json(self.coverage),
                "violations": self.breaches.as_json(),
            }

    def absorb(self, data: Mapping[str, Any]) -> None:
        """Add what another process heard.

        Raises:
            CoverageError: Its process has another version of this package.
        """
        from fiskaly_contracts.coverage.report import from_json

        with self._lock:
            self.used = True
            self.unwatched += data["unwatched"]
            self.coverage.merge(from_json(self.coverage.contract, data["coverage"]))
            self.breaches.absorb(data["violations"])
