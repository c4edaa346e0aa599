"""What is held against a test: the requests of its client that broke the contract.

Exchanges are judged as a server finishes them, in its thread, so that nothing is lost when a
journal overflows or is cleared. Each is charged to the test in which it began.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Self

import pytest

from pytest_fiskaly.options import OFF, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from fiskaly_contracts import Violation
    from fiskaly_mockserver.server.listening import InFlight
    from fiskaly_mockserver.world.journal.exchange import Exchange

    from pytest_fiskaly.coverage import Counts

ENFORCE: Final = "enforce"
STILL_ACTIVE: Final = "audit-still-active"
SIGNS: Final = "upsertTransaction"
ACTIVE: Final = "ACTIVE"
OK: Final = 200
AUDIT: Final = "audit-"
"""So begin the rules of what is signed, and would not pass an audit."""
DROPPED: Final = "additionalProperties"
"""The rule that a loose server was told not to insist on."""


class ServerLabel(NamedTuple):
    """Which server a request came to.

    Attributes:
        flags: Those of `fiskaly-mockserver serve` that make the same organizations.
        name: What tells it from the session's server, which has none.
    """

    flags: str = ""
    name: str = ""


class Finding(NamedTuple):
    """An exchange with what is held against it.

    Attributes:
        exchange: The request and its answer, without secrets.
        violations: What the client did wrong and was not allowed to.
        server: The server that it came to.
    """

    exchange: Exchange
    violations: tuple[Violation, ...]
    server: ServerLabel = ServerLabel()

    @property
    def is_defect(self) -> bool:
        """Whether the fake itself crashed or broke the contract."""
        return self.exchange.is_our_fault


class Allowance:
    """What may be broken: operations, rules, a rule of an operation, or everything.

    It holds from the moment it is made. As a context manager it ends with the block.

    Attributes:
        used: Whether anything that it allows has happened.
    """

    def __init__(
        self,
        what: bool | str | Iterable[str],  # noqa: FBT001 - as the marker takes it
        *,
        end: Callable[[Allowance], None] = lambda _: None,
    ) -> None:
        """Allow what is named.

        Raises:
            ValueError: It names an operation or a rule that there is not.
        """
        self._pairs = tuple(allowed_pairs(what))
        self._end = end
        self.used = False

    def __str__(self) -> str:
        return ", ".join(_pair_text(*pair) for pair in self._pairs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end(self)

    def covers(self, operation_id: str, rule: str) -> bool:
        """Tell whether a violation is allowed, and remember that it happened."""
        for operation, allowed in self._pairs:
            if operation in {None, operation_id} and allowed in {None, rule}:
                self.used = True
                return True
        return False


class ContractVerdict:
    """The requests of one test, and what of them is held against it.

    Attributes:
        level: What a violation does: enforce, observe or off.
        audited: Whether what an auditor would reject counts as a violation (S8).
        findings: What is held against the test and was not reported yet.
        violations: Every violation of the client so far, the allowed ones too.
        notes: What is worth saying, but no failure.
        requests: How many were answered so far.
        broken_off: Requests that were under way long after the test had ended.
        strayed: Connections to the real service that the test was kept from, in words; and
            what else fails a test without a request to show.
        told: What the test was failed with, in words, until its report is made.
        unseen: The same, where that report does not show it.
        over: Whether nobody will ask any more what is held against the test.
        signed: The steps of transactions that were signed, and not looked at yet.
    """

    def __init__(self, nodeid: str, level: str) -> None:
        self.nodeid = nodeid
        self.level = level
        self.audited = False
        self.over = False
        self.signed: list[Exchange] = []
        self.findings: list[Finding] = []
        self.violations: list[Violation] = []
        self.broken_off = 0
        self.strayed: list[str] = []
        self.told = self.unseen = ""
        self.notes: list[str] = []
        self.requests = 0
        self._allowances: list[Allowance] = []
        self._every: list[tuple[Allowance, bool]] = []
        self._marked: object = None

    def allow(self, what: object, *, own: bool = True) -> Allowance:
        """Allow violations from now on; `own` ones are worth a note if none happens.

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

    def judge(
        self, exchange: Exchange, *, loose: bool, server: ServerLabel | None = None
    ) -> tuple[Violation, ...]:
        """Judge an exchange, and return what counts; called in the server's thread."""
        from fiskaly_contracts import meant

        held = [one for one in exchange.breaches if not (loose and one.rule == DROPPED)]
        if self.audited:
            held += [one for one in exchange.warnings if one.rule.startswith(AUDIT)]
        allowed = tuple(self._allowances)
        left: list[Violation] = []
        for violation in held:
            # Whoever allows `oneOf` allows all that it comes down to.
            whole = _covered(allowed, exchange.operation_id, violation.rule)
            for cause in meant([violation]):
                self.violations.append(cause)
                covered = _covered(allowed, exchange.operation_id, cause.rule)
                if not whole and not covered:
                    left.append(cause)
        if left or exchange.is_our_fault:
            self.findings.append(Finding(exchange, tuple(left), server or ServerLabel()))
        return () if self.level == OFF else tuple(left)

    def left_active(self) -> list[tuple[Exchange, Violation]]:
        """Return the transactions that the test started and left ACTIVE, once: the step, and why.

        With audits enforced, they are held against the test unless that is allowed (S8).
        """
        latest = {exchange.path: exchange for exchange in self.signed}
        self.signed = []
        found = [
            (exchange, _still_active(exchange))
            for exchange in latest.values()
            if isinstance(exchange.response_body, dict)
            and exchange.response_body.get("state") == ACTIVE
        ]
        for exchange, warning in found:
            if self.audited and not _covered(
                tuple(self._allowances), warning.operation_id, warning.rule
            ):
                self.findings.append(Finding(exchange, (warning,)))
        return [] if self.level == OFF else found

    def take(self, *, defects_only: bool = False) -> list[Finding]:
        """Return what is held against the test, once.

        With the contract switched off, only defects of the fake are left.
        """
        defects_only = defects_only or self.level == OFF
        held, self.findings = self.findings, []
        if not defects_only:
            return held
        self.findings[:0] = [one for one in held if not one.is_defect]
        return [one for one in held if one.is_defect]

    def take_strayed(self) -> list[str]:
        """Return what was said of connections to the real service, once and each once."""
        strayed = list(dict.fromkeys(self.strayed))
        self.strayed.clear()
        return strayed

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


VERDICT: Final[pytest.StashKey[ContractVerdict]] = pytest.StashKey()
"""On the item, only if the test uses the fake."""


class CurrentTest(NamedTuple):
    """Whom a server's requests are charged to, and which server they came to."""

    verdict: ContractVerdict
    server: Callable[[], ServerLabel]


class ExchangeListener:
    """Is told of every exchange of one server, and passes it on.

    Args:
        counts: What counts every exchange.
        outside: Whose the requests are that began outside any test.
        own: The listener of the server's user.
        loose: Whether the server drops unknown properties.
    """

    def __init__(
        self,
        counts: Counts,
        outside: CurrentTest,
        own: Callable[[Exchange], None],
        *,
        loose: bool,
    ) -> None:
        self._counts = counts
        self._outside = outside
        self._own = own
        self._loose = loose
        self._in_flight: InFlight | None = None

    def attach(self, in_flight: InFlight) -> None:
        """Learn of what knows during which test a request began."""
        self._in_flight = in_flight

    def __call__(self, exchange: Exchange) -> None:
        """Take note of an exchange; called in the server's thread."""
        period = None if self._in_flight is None else self._in_flight.present_period
        current = period if isinstance(period, CurrentTest) else self._outside
        verdict = current.verdict
        if verdict.over:  # too late to fail its test
            verdict = self._outside.verdict
        verdict.requests += 1
        if exchange.operation_id == SIGNS and exchange.status == OK:
            verdict.signed.append(exchange)
        if exchange.violations or exchange.is_our_fault:
            counting = verdict.judge(exchange, loose=self._loose, server=current.server())
            if counting:
                self._counts.add_violations(verdict.nodeid, exchange, counting)
            if verdict.level != OFF and (warnings := exchange.warnings):
                self._counts.add_warnings(verdict.nodeid, exchange, warnings)
        self._counts.add(exchange, watched=verdict.level != OFF)
        self._own(exchange)


def allowed_pairs(what: object) -> Iterable[tuple[str | None, str | None]]:
    """Return operation and rule of each thing that is named; `None` for any.

    Raises:
        ValueError: It names an operation or a rule that there is not.
    """
    if isinstance(what, bool) or what is None:
        return [(None, None)] if what else []
    if isinstance(what, str):
        return [_pair(what)]
    if isinstance(what, (list, tuple, set, frozenset)) and all(
        isinstance(one, str) for one in what
    ):
        return [_pair(one) for one in what]
    raise ValueError(
        f"allow_violations takes an operation, a rule, 'operation:rule', a list of these, or"
        f" True, not {what!r}"
    )


def _still_active(exchange: Exchange) -> Violation:
    from fiskaly_contracts import Severity, Violation, Where

    body = exchange.response_body
    number = body.get("number") if isinstance(body, dict) else ""
    demand = f"transaction {number} should be FINISHED or CANCELLED at the end of the test"
    return Violation(
        where=Where.BODY,
        pointer="/state",
        rule=STILL_ACTIVE,
        expected=demand,
        operation_id=SIGNS,
        severity=Severity.WARNING,
        demand=f"would not pass an audit: {demand}, not ACTIVE",
    )


def _covered(allowances: tuple[Allowance, ...], operation_id: str, rule: str) -> bool:
    """Tell whether a violation is allowed; every allowance that fits counts as used."""
    found = [one.covers(operation_id, rule) for one in allowances]
    return any(found)


def _pair(name: str) -> tuple[str | None, str | None]:
    from fiskaly_contracts import Contract
    from fiskaly_contracts.violations import REQUEST_RULES
    from fiskaly_mockserver.domain.signing.audit import AuditRule

    operations = [name for one in Contract.apis().values() for name in one.operations]
    rules = [*REQUEST_RULES, *(AUDIT + rule for rule in AuditRule)]
    operation, colon, rule = name.partition(":")
    if colon:
        _demand(operation, operations, "operation")
        _demand(rule, rules, "rule")
        return operation, rule
    if name in operations:
        return name, None
    if name in rules:
        return None, name
    raise ValueError(unknown("operation or rule", name, [*operations, *rules]))


def _demand(value: str, allowed: Iterable[str], what: str) -> None:
    if value not in (words := list(allowed)):
        raise ValueError(unknown(what, value, words))


def _pair_text(operation: str | None, rule: str | None) -> str:
    return ":".join(part for part in (operation, rule) if part is not None) or "everything"
