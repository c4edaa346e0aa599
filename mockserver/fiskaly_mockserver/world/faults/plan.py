"""The armed faults of one world, and what they do to each request."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.world.faults.fields import Contradiction, UnknownFault

if TYPE_CHECKING:
    from fiskaly_mockserver.world.faults.armed import Trap
    from fiskaly_mockserver.world.faults.effects import Effect
    from fiskaly_mockserver.world.faults.rules import FaultRule


class Phase(StrEnum):
    """When a fault strikes: before the operation, or after its change was made."""

    BEFORE = "before"
    AFTER = "after"


MOST_FAULTS = 100
"""Faults that may be armed in one world: every request looks at each."""


class Target(NamedTuple):
    """An operation that a rule may be about; `path` is a template below the base path."""

    method: str
    path: str
    secured: bool


class Armed(NamedTuple):
    """A rule that waits, or has waited, for its requests.

    `seen` is how many requests it counted, `hits` how many of those it struck.
    """

    id: str
    rule: "FaultRule"
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


class Decision(NamedTuple):
    """What happens to one request: a delay in real seconds, then perhaps an effect.

    `fault_ids` are those that strike, in the order they were armed.
    """

    delay: float = 0.0
    effect: "Effect | None" = None
    fault_ids: tuple[str, ...] = ()


class FaultPlan:
    """The armed faults of a world, in the order they were armed.

    Same rules, same requests: same faults; chance and sampled delays come from seeds.
    """

    def __init__(self, operations: Mapping[str, Target]) -> None:
        """Take the operations that rules may be about, by operationId."""
        self._operations = operations
        self._traps: list[Trap] = []
        self._numbered = 0

    def __len__(self) -> int:
        return len(self._traps)

    def arm(self, rule: "FaultRule") -> Armed:
        """Put a rule behind those that are armed.

        Raises:
            FaultError: It makes no sense, or can never strike; nothing is armed.
        """
        from fiskaly_mockserver.world.faults.armed import (  # noqa: PLC0415 - few servers arm any
            Trap,
        )

        trap = Trap.for_rule(f"fault-{self._numbered + 1}", rule, self._operations)
        if len(self._traps) >= MOST_FAULTS:
            raise Contradiction(
                "faults", len(self._traps), "no more may be armed: clear some first"
            )
        self._numbered += 1
        self._traps.append(trap)
        return _shown(trap)

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
        return tuple(_shown(trap) for trap in cleared)

    def armed(self) -> tuple[Armed, ...]:
        """Return the armed faults, in their order."""
        return tuple(_shown(trap) for trap in self._traps)

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
            effect = trap.other_effect
            if effect is not None:
                return Decision(delay=delay, effect=effect, fault_ids=tuple(struck))
            delay += trap.delay()
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


def _shown(trap: "Trap") -> Armed:
    return Armed(id=trap.id, rule=trap.rule, seen=trap.seen, hits=trap.hits)
