"""One armed fault: which requests it counts, and which of those it strikes."""

import re
import string
from collections.abc import Iterable, Mapping
from copy import copy
from fnmatch import fnmatchcase
from random import Random
from typing import TYPE_CHECKING

from fiskaly_mockserver.world.faults.effects import (
    Effect,
    FixedDelay,
    Kind,
    LognormalDelay,
    UniformDelay,
)
from fiskaly_mockserver.world.faults.fields import Contradiction, UnknownTarget
from fiskaly_mockserver.world.faults.plan import Phase
from fiskaly_mockserver.world.faults.rules import DEFAULT_SEED, Chance, FaultRule

if TYPE_CHECKING:
    from fiskaly_mockserver.world.faults.plan import Target


_STAR = "*"
_TOKEN = re.compile(r"\[!?\]?[^\]]*\]|.", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{[^}]*\}|.", re.DOTALL)
_HEX = string.digits + "abcdefABCDEF"
_ID = tuple("-" if at in (8, 13, 18, 23) else _HEX for at in range(36))
"""What may stand at each place of an id in a path. Source: assumption (A-08)."""


def can_match(pattern: str, template: str) -> bool:
    """Tell whether some path of a template matches a pattern.

    >>> can_match("/organizations/*/users", "/organizations/{organization_id}/users")
    True
    >>> can_match("/organizatons/*", "/organizations/{organization_id}")
    False
    """
    tokens = _TOKEN.findall(pattern)
    places = _past_stars(tokens, {0})
    for choice in _choices(template):
        places = _past_stars(
            tokens,
            {
                place if tokens[place] == _STAR else place + 1
                for place in places
                if place < len(tokens)
                and (
                    tokens[place] == _STAR or any(fnmatchcase(one, tokens[place]) for one in choice)
                )
            },
        )
    return len(tokens) in places


def _past_stars(tokens: list[str], places: set[int]) -> set[int]:
    """Add the places that are reached because a star may stand for nothing."""
    reached = set(places)
    for place in sorted(places):
        at = place
        while at < len(tokens) and tokens[at] == _STAR:
            at += 1
            reached.add(at)
    return reached


def _choices(template: str) -> list[str]:
    """Return which characters may stand at each place of a path."""
    found: list[str] = []
    for part in _PLACEHOLDER.findall(template):
        found.extend(_ID if part.startswith("{") else (part,))
    return found


DELAYS = (FixedDelay, UniformDelay, LognormalDelay)


class Trap:
    """An armed rule with its counts and its chance.

    Attributes:
        id: Under which it is armed.
        rule: What it does, and to which requests.
        seen: How many requests it counted.
        hits: How many of those it struck.
        chance: What decides whether it strikes.
        delays: What its delays are drawn from.
    """

    __slots__ = ("_operations", "chance", "delays", "hits", "id", "rule", "seen")

    def __init__(self, fault_id: str, rule: FaultRule, operations: frozenset[str]) -> None:
        self.id = fault_id
        self.rule = rule
        self._operations = operations
        self.seen = self.hits = 0
        seed = rule.when.seed if isinstance(rule.when, Chance) else DEFAULT_SEED
        # Two streams, so that the length of a delay does not depend on earlier choices
        self.chance = Random(f"fault:when:{seed}")  # noqa: S311 - repeatable on purpose
        self.delays = Random(f"fault:delay:{seed}")  # noqa: S311

    @classmethod
    def for_rule(cls, fault_id: str, rule: FaultRule, operations: Mapping[str, "Target"]) -> "Trap":
        """Return a trap for the operations that a rule can strike.

        Raises:
            FaultError: The rule makes no sense, or can never strike.
        """
        # Once more through JSON, since a rule that was put together by hand was never checked
        rule = FaultRule.from_json(rule.as_json())
        return cls(fault_id, rule, frozenset(_targets_of(rule, operations)))

    @property
    def other_effect(self) -> Effect | None:
        """What it does to the exchange, `None` if it only delays it."""
        effect = self.rule.effect
        return None if isinstance(effect, DELAYS) else effect

    def delay(self) -> float:
        """Return the seconds of the next delay, 0 for an effect that is none."""
        effect = self.rule.effect
        return effect.sample(self.delays) if isinstance(effect, DELAYS) else 0.0

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

    def copy(self) -> "Trap":
        """Return an independent trap in the same state, chance included."""
        twin = copy(self)
        twin.chance, twin.delays = copy(self.chance), copy(self.delays)
        return twin


def _targets_of(rule: FaultRule, operations: Mapping[str, "Target"]) -> Iterable[str]:
    """Return the operationIds that a rule can strike; at least one."""
    left = dict(operations)
    if rule.operation is not None:
        if rule.operation not in left:
            raise UnknownTarget("operation", rule.operation, "there is no such operation", left)
        left = {rule.operation: left[rule.operation]}
    of = f" of {rule.operation}" if rule.operation else ""
    if rule.path is not None:
        paths = dict.fromkeys(target.path for target in left.values())
        left = {name: target for name, target in left.items() if can_match(rule.path, target.path)}
        if not left:
            raise UnknownTarget("path", rule.path, f"it matches no path{of}", paths)
    if rule.method is not None:
        methods = dict.fromkeys(target.method for target in left.values())
        left = {name: target for name, target in left.items() if target.method == rule.method}
        if not left:
            there = f" under {rule.path}" if rule.path else of
            raise UnknownTarget("method", rule.method, f"there is no such method{there}", methods)
    if rule.effect.kind is Kind.EXPIRED_TOKEN:
        tokenless = ", ".join(left)
        left = {name: target for name, target in left.items() if target.secured}
        if not left:
            kind = rule.effect.kind.value
            raise Contradiction("effect.kind", kind, f"{tokenless} takes no token")
    return left
