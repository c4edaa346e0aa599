"""What is held against a test: the requests of its client that broke the contract.

Exchanges are judged as the server finishes them, in its thread, so that nothing is lost
when a journal overflows or is cleared. Each is charged to the test in which it began.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_fiskaly.allowances import Allowance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fiskaly_contracts import Violation
    from fiskaly_mockserver.world.journal.exchange import Exchange

ENFORCE: Final = "enforce"
OFF: Final = "off"
DROPPED: Final = "additionalProperties"
"""The rule that a loose server was told not to insist on."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The server that a request came to.

    Attributes:
        flags: Those of `fiskaly-mockserver serve` that make the same organizations.
        name: What tells it from the session's server, which has none.
    """

    flags: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """An exchange with what is held against it.

    Attributes:
        exchange: The request and its answer, without secrets.
        violations: What the client did wrong and was not allowed to.
        origin: The server that it came to.
    """

    exchange: Exchange
    violations: tuple[Violation, ...]
    origin: Origin = Origin()

    @property
    def is_defect(self) -> bool:
        """Whether the fake itself crashed or broke the contract."""
        return self.exchange.is_our_fault


class Watch:
    """Watches the requests of one test.

    Attributes:
        level: What a breach does: enforce, observe or off.
        findings: What is held against the test and was not told yet.
        violations: Every breach of the client so far, the allowed ones too.
        notes: What is worth telling, but no failure.
        requests: How many were answered so far.
        broken_off: Requests that were under way long after the test had ended.
        over: Whether nobody will ask any more what is held against the test.
    """

    def __init__(self, nodeid: str, level: str) -> None:
        self.nodeid = nodeid
        self.level = level
        self.over = False
        self.findings: list[Finding] = []
        self.violations: list[Violation] = []
        self.broken_off = 0
        self.notes: list[str] = []
        self.requests = 0
        self._allowances: list[Allowance] = []
        self._every: list[tuple[Allowance, bool]] = []
        self._marked: object = None

    def allow(self, what: object, *, own: bool = True) -> Allowance:
        """Allow breaches from now on; `own` ones are worth a note if none happens.

        Raises:
            ValueError: It names an operation or a rule that there is not.
        """
        allowance = Allowance(what, end=self._end)  # type: ignore[arg-type]
        self._allowances.append(allowance)
        self._every.append((allowance, own))
        return allowance

    def mark(self, level: str, allowed: object, *, own: bool) -> None:
        """Heed what the test's markers say now; fixtures may add some until the test begins.

        Raises:
            ValueError: They name an operation or a rule that there is not.
        """
        self.level = level
        if allowed != self._marked:
            self._marked = allowed
            self.allow(allowed, own=own)

    def heard(
        self, exchange: Exchange, *, loose: bool, origin: Origin | None = None
    ) -> tuple[Violation, ...]:
        """Judge an exchange, and return what counts; called in the server's thread."""
        held = [one for one in exchange.breaches if not (loose and one.rule == DROPPED)]
        allowed = tuple(self._allowances)
        left: list[Violation] = []
        for violation in held:
            # Whoever allows `oneOf` allows all that it comes down to.
            whole = _covered(allowed, exchange.operation_id, violation.rule)
            for cause in causes(violation):
                self.violations.append(cause)
                covered = _covered(allowed, exchange.operation_id, cause.rule)
                if not whole and not covered:
                    left.append(cause)
        if left or exchange.is_our_fault:
            self.findings.append(Finding(exchange, tuple(left), origin or Origin()))
        return () if self.level == OFF else tuple(left)

    def take(self, *, defects_only: bool = False) -> list[Finding]:
        """Return what is held against the test, once.

        With the contract switched off, only defects of the fake are left.
        """
        found = [one for one in self.findings if one.is_defect or self.level != OFF]
        if defects_only:
            found = [one for one in found if one.is_defect]
        self.findings = [one for one in self.findings if one not in found]
        return found

    @property
    def allowed(self) -> list[str]:
        """What the test's markers allow already, one by one."""
        marked = self._marked
        if isinstance(marked, str):
            return [marked]
        return [*map(str, marked)] if isinstance(marked, (list, tuple, set, frozenset)) else []

    @property
    def unused(self) -> list[str]:
        """The allowances of the test's own that nothing made use of."""
        return [str(one) for one, own in self._every if own and not one.used and str(one)]

    def _end(self, allowance: Allowance) -> None:
        if allowance in self._allowances:
            self._allowances.remove(allowance)


def causes(violation: Violation) -> Iterator[Violation]:
    """Yield what a violation comes down to.

    Where a body fits no schema of several, that is what is wrong with it by the one that
    was clearly meant, or by each of them alike; else it is the violation itself.
    """
    branches = [why for _, why in violation.branches]
    if branches and (violation.closest or all(why == branches[0] for why in branches)):
        for one in branches[0]:
            yield from causes(one)
    else:
        yield violation


def _covered(allowances: tuple[Allowance, ...], operation_id: str, rule: str) -> bool:
    """Tell whether a breach is allowed; every allowance that fits counts as used."""
    found = [one.covers(operation_id, rule) for one in allowances]
    return any(found)
