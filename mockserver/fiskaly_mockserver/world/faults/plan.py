"""The armed faults of one world, and what they do to each request."""

from collections.abc import Iterable, Mapping
from copy import copy
from fnmatch import fnmatchcase
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.world.faults import (
    Contradiction,
    FaultError,
    Phase,
    Target,
    UnknownFault,
)

if TYPE_CHECKING:
    from fiskaly_mockserver.world.faults.rules import Effect, FaultRule

MOST_FAULTS = 100
"""Faults that may be armed in one world: every request looks at each."""


class Decision(NamedTuple):
    """What happens to one request: a delay in real seconds, then perhaps an effect.

    `fault_ids` are those that strike, in the order they were armed.
    """

    delay: float = 0.0
    effect: "Effect | None" = None
    fault_ids: tuple[str, ...] = ()


class ArmedFault:
    """A rule that is armed in a world, with its counts and its random numbers.

    Attributes:
        id: Its name in this world.
        rule: What it does, and to which requests.
        seen: How many requests it counted.
        hits: How many of those it struck.
        chance: What decides whether it strikes.
        delays: What its delays are drawn from.
    """

    __slots__ = ("_operations", "chance", "delays", "hits", "id", "rule", "seen")

    def __init__(self, fault_id: str, rule: "FaultRule", operations: frozenset[str]) -> None:
        self.id = fault_id
        self.rule = rule
        self.seen = self.hits = 0
        self._operations = operations
        # Two streams, so that the length of a delay does not depend on earlier choices
        self.chance = Random(f"fault:when:{rule.seed}")  # noqa: S311 - repeatable on purpose
        self.delays = Random(f"fault:delay:{rule.seed}")  # noqa: S311

    def counts(self, operation_id: str, path: str, phase: Phase) -> bool:
        """Tell whether the rule is about a request."""
        return (
            phase is self.rule.phase
            and operation_id in self._operations
            and (self.rule.path is None or fnmatchcase(path, self.rule.path))
        )

    def strikes(self) -> bool:
        """Count a request that the rule is about, and tell whether it is struck."""
        self.seen += 1
        struck = self.rule.strikes(self.seen, self.chance)
        self.hits += struck
        return struck

    def delay(self) -> float:
        """Return the real seconds of the next delay, 0 for a rule that does not delay."""
        delay = self.rule.delay
        return delay.sample(self.delays) if delay else 0.0

    def copy(self) -> "ArmedFault":
        """Return an independent one in the same state, random numbers included."""
        twin = copy(self)
        twin.chance, twin.delays = copy(self.chance), copy(self.delays)
        return twin

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as the control API shows it."""
        return {"id": self.id, "rule": self.rule.as_json(), "seen": self.seen, "hits": self.hits}


class FaultPlan:
    """The armed faults of a world, in the order they were armed.

    Same rules, same requests: same faults; chance and sampled delays come from seeds.
    """

    def __init__(self, operations: Mapping[str, Target]) -> None:
        """Take the operations that rules may be about, by operationId."""
        self._operations = operations
        self.waiting: list[ArmedFault] = []
        self._numbered = 0

    def arm(self, rule: "FaultRule") -> ArmedFault:
        """Put a rule behind those that are armed.

        Raises:
            FaultError: It can never strike, or there is no room; nothing is armed.
        """
        operations = frozenset(rule.targets(self._operations))
        if len(self.waiting) >= MOST_FAULTS:
            raise Contradiction(
                "faults", len(self.waiting), "no more may be armed: clear some first"
            )
        self._numbered += 1
        fault = ArmedFault(f"fault-{self._numbered}", rule, operations)
        self.waiting.append(fault)
        return fault

    def arm_all(self, rules: Iterable["FaultRule"]) -> tuple[ArmedFault, ...]:
        """Put rules behind those that are armed, all or none.

        Raises:
            FaultError: One can never strike, or there is no room; nothing is armed.
        """
        waiting, numbered = [*self.waiting], self._numbered
        try:
            return tuple([self.arm(rule) for rule in rules])
        except FaultError:
            self.waiting, self._numbered = waiting, numbered
            raise

    def clear(self, fault_id: str | None = None) -> tuple[ArmedFault, ...]:
        """Disarm one fault, or all of them, and return what was armed.

        Ids are not given out again before a reset.

        Raises:
            UnknownFault: No fault of that id is armed.
        """
        cleared = tuple(fault for fault in self.waiting if fault_id in (None, fault.id))
        if fault_id is not None and not cleared:
            ids = (fault.id for fault in self.waiting)
            raise UnknownFault("fault_id", fault_id, "no such fault is armed", ids)
        self.waiting = [fault for fault in self.waiting if fault not in cleared]
        return cleared

    def armed(self) -> tuple[ArmedFault, ...]:
        """Return the armed faults, in their order."""
        return tuple(self.waiting)

    def decide(self, operation_id: str, path: str, phase: Phase) -> Decision:
        """Count a request, and say what happens to it.

        Delays add up; the first other effect that strikes ends the search, and the
        rules behind it do not count the request. `path` is below the base path.
        """
        delay, struck = 0.0, []
        for fault in self.waiting:
            if not fault.counts(operation_id, path, phase) or not fault.strikes():
                continue
            struck.append(fault.id)
            if fault.rule.ending is not None:
                return Decision(delay, fault.rule.ending, tuple(struck))
            delay += fault.delay()
        return Decision(delay, None, tuple(struck))

    def reset(self) -> None:
        """Disarm everything, and number from 1 again."""
        self.waiting = []
        self._numbered = 0

    def copy(self) -> "FaultPlan":
        """Return an independent plan in the same state, random numbers included."""
        twin = FaultPlan(self._operations)
        twin.waiting = [fault.copy() for fault in self.waiting]
        twin._numbered = self._numbered
        return twin
