"""What goes wrong on demand in one world."""

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from fnmatch import fnmatchcase
from random import Random
from typing import NamedTuple

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.world.fault_effects import (
    Effect,
    FixedDelay,
    Kind,
    LognormalDelay,
    UniformDelay,
)
from fiskaly_mockserver.world.fault_fields import Contradiction, UnknownFault, UnknownTarget
from fiskaly_mockserver.world.fault_paths import can_match
from fiskaly_mockserver.world.fault_rules import DEFAULT_SEED, Chance, FaultRule, Phase

MOST_FAULTS = 100
"""Faults that may be armed in one world: every request looks at each."""


class Target(NamedTuple):
    """An operation that a rule may be about; `path` is a template below the base path."""

    method: str
    path: str
    secured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed:
    """A rule that waits, or has waited, for its requests.

    `seen` is how many requests it counted, `hits` how many of those it struck.
    """

    id: str
    rule: FaultRule
    seen: int
    hits: int

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as the control API shows it."""
        return {
            "id": self.id,
            "rule": self.rule.as_json(),
            "seen": self.seen,
            "hits": self.hits,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What happens to one request: a delay in real seconds, then perhaps an effect.

    `fault_ids` are those that strike, in the order they were armed.
    """

    delay: float = 0.0
    effect: Effect | None = None
    fault_ids: tuple[str, ...] = ()


class FaultPlan:
    """The armed faults of a world, in the order they were armed.

    Same rules, same requests: same faults; chance and sampled delays come from seeds.
    """

    def __init__(self, operations: Mapping[str, Target]) -> None:
        """Take the operations that rules may be about, by operationId."""
        self._operations = operations
        self._traps: list[_Trap] = []
        self._numbered = 0

    def __len__(self) -> int:
        return len(self._traps)

    def arm(self, rule: FaultRule) -> Armed:
        """Put a rule behind those that are armed.

        Raises:
            FaultError: It makes no sense, or can never strike; nothing is armed.
        """
        # Once more through JSON, since a rule that was put together by hand was never checked
        rule = FaultRule.from_json(rule.as_json())
        operations = frozenset(self._targets_of(rule))
        if len(self._traps) >= MOST_FAULTS:
            raise Contradiction(
                "faults", len(self._traps), "no more may be armed: clear some first"
            )
        self._numbered += 1
        trap = _Trap(f"fault-{self._numbered}", rule, operations)
        self._traps.append(trap)
        return trap.shown()

    def clear(self, fault_id: str | None = None) -> tuple[Armed, ...]:
        """Disarm one fault, or all of them, and return what was armed.

        Ids are not given out again before a reset.

        Raises:
            UnknownFault: No fault of that id is armed.
        """
        cleared = [trap for trap in self._traps if fault_id in (None, trap.id)]
        if fault_id is not None and not cleared:
            ids = (trap.id for trap in self._traps)
            raise UnknownFault("fault_id", fault_id, "no such fault is armed", ids)
        self._traps = [trap for trap in self._traps if trap not in cleared]
        return tuple(trap.shown() for trap in cleared)

    def armed(self) -> tuple[Armed, ...]:
        """Return the armed faults, in their order."""
        return tuple(trap.shown() for trap in self._traps)

    def decide(self, operation_id: str, path: str, phase: Phase) -> Decision:
        """Count a request, and say what happens to it.

        Delays add up; the first other effect that strikes ends the search, and the
        rules behind it do not count the request. `path` is below the base path.
        """
        delay, struck = 0.0, []
        for trap in self._traps:
            if not trap.counts(operation_id, path, phase) or not trap.strikes():
                continue
            struck.append(trap.id)
            effect = trap.rule.effect
            if not isinstance(effect, FixedDelay | UniformDelay | LognormalDelay):
                return Decision(delay=delay, effect=effect, fault_ids=tuple(struck))
            delay += effect.sample(trap.delays)
        return Decision(delay=delay, fault_ids=tuple(struck))

    def reset(self) -> None:
        """Disarm everything, and number from 1 again."""
        self._traps = []
        self._numbered = 0

    def copy(self) -> "FaultPlan":
        """Return an independent plan in the same state, chance included."""
        twin = FaultPlan(self._operations)
        twin._traps = [trap.copy() for trap in self._traps]
        twin._numbered = self._numbered
        return twin

    def _targets_of(self, rule: FaultRule) -> Iterable[str]:
        """Return the operationIds that a rule can strike; at least one."""
        left = dict(self._operations)
        if rule.operation is not None:
            if rule.operation not in left:
                raise UnknownTarget("operation", rule.operation, "there is no such operation", left)
            left = {rule.operation: left[rule.operation]}
        of = f" of {rule.operation}" if rule.operation else ""
        if rule.path is not None:
            paths = dict.fromkeys(target.path for target in left.values())
            left = {
                name: target for name, target in left.items() if can_match(rule.path, target.path)
            }
            if not left:
                raise UnknownTarget("path", rule.path, f"it matches no path{of}", paths)
        if rule.method is not None:
            methods = dict.fromkeys(target.method for target in left.values())
            left = {name: target for name, target in left.items() if target.method == rule.method}
            if not left:
                there = f" under {rule.path}" if rule.path else of
                raise UnknownTarget(
                    "method", rule.method, f"there is no such method{there}", methods
                )
        if rule.effect.kind is Kind.EXPIRED_TOKEN:
            tokenless = ", ".join(left)
            left = {name: target for name, target in left.items() if target.secured}
            if not left:
                kind = rule.effect.kind.value
                raise Contradiction("effect.kind", kind, f"{tokenless} takes no token")
        return left


class _Trap:
    """An armed rule with its counts and its chance."""

    __slots__ = ("_hits", "_operations", "_seen", "chance", "delays", "id", "rule")

    def __init__(self, fault_id: str, rule: FaultRule, operations: frozenset[str]) -> None:
        self.id = fault_id
        self.rule = rule
        self._operations = operations
        self._seen = self._hits = 0
        seed = rule.when.seed if isinstance(rule.when, Chance) else DEFAULT_SEED
        # Two streams, so that the length of a delay does not depend on earlier choices
        self.chance = Random(f"fault:when:{seed}")  # noqa: S311 - repeatable on purpose
        self.delays = Random(f"fault:delay:{seed}")  # noqa: S311

    def shown(self) -> Armed:
        return Armed(id=self.id, rule=self.rule, seen=self._seen, hits=self._hits)

    def counts(self, operation_id: str, path: str, phase: Phase) -> bool:
        """Tell whether the rule is about a request."""
        return (
            phase is self.rule.phase
            and operation_id in self._operations
            and (self.rule.path is None or fnmatchcase(path, self.rule.path))
        )

    def strikes(self) -> bool:
        """Count a request that the rule is about, and tell whether it is struck."""
        self._seen += 1
        struck = self.rule.strikes(self._seen, self.chance)
        self._hits += struck
        return struck

    def copy(self) -> "_Trap":
        twin = copy(self)
        twin.chance, twin.delays = copy(self.chance), copy(self.delays)
        return twin
