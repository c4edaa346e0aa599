"""Armed faults of a world: what the rules and the plan have in common.

A start that arms no fault imports this and `plan`, but not `rules`.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from fiskaly_contracts import JsonValue
from fiskaly_contracts.wording import did_you_mean

from fiskaly_mockserver.world.names import listed, shown


class Phase(StrEnum):
    """When a fault strikes: before the operation, or after its change was made."""

    BEFORE = "before"
    AFTER = "after"


class Target(NamedTuple):
    """An operation that a rule may be about; `path` is a template below the base path."""

    method: str
    path: str
    secured: bool


class FaultError(ValueError):
    """A fault rule that makes no sense; nothing has changed.

    Attributes:
        field: Where in the rule, as `effect.status`.
        value: What was sent there.
        reason: What is wrong with it, in words that follow "but".
        allowed: What could be there, where that can be listed.
    """

    def __init__(
        self, field: str, value: JsonValue, reason: str, allowed: Iterable[str] = ()
    ) -> None:
        self.field = field
        self.value = value
        self.reason = reason
        self.allowed = tuple(allowed)
        hint = f"; allowed: {listed(self.allowed)}" if self.allowed else ""
        near = did_you_mean(value, self.allowed)
        super().__init__(f"{field} is {shown(value)}, but {reason}{near}{hint}")


class UnknownFault(FaultError):
    """No fault of that id is armed."""


class UnknownTarget(FaultError):
    """A rule names an operation, path or method that there is not."""


class Contradiction(FaultError):
    """Each field of a rule may be as it is, but not together with another one."""
