"""Fault rules: which requests they count, which of those they strike, and with what.

A rule is read from JSON that obeys the schema `FaultRule` of the control contract; only
what that schema cannot say is checked here.
"""

import re
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from fnmatch import fnmatchcase
from math import exp
from random import Random
from typing import Any, ClassVar, Literal, TypeAlias, cast

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.world.faults import (
    Contradiction,
    FaultError,
    Phase,
    Target,
    UnknownTarget,
)

JsonObject = dict[str, JsonValue]

DEFAULT_SEED = 1
MAX_SECONDS = 3_600
"""The longest delay, also of a distribution without end."""


class Kind(StrEnum):
    """The kinds of effect, as a rule names them."""

    STATUS = "status"
    DELAY = "delay"
    SLOW_BODY = "slow_body"
    TRUNCATED_BODY = "truncated_body"
    MALFORMED_JSON = "malformed_json"
    BROKEN_CONTRACT = "broken_contract"
    EMPTY_REPLY = "empty_reply"
    CONNECTION_RESET = "connection_reset"
    NO_ANSWER = "no_answer"
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 - no password
    UNAUTHORIZED = "unauthorized"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerStatus:
    """Answer with a status, in the API's error shape."""

    kind: ClassVar[Kind] = Kind.STATUS
    status: int
    code: str | None = None
    message: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedDelay:
    """Wait for so many real seconds."""

    kind: ClassVar[Kind] = Kind.DELAY
    seconds: float

    def sample(self, _: Random) -> float:
        """Return the seconds to wait this time."""
        return self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class UniformDelay:
    """Wait between two numbers of real seconds, each as likely as the other."""

    kind: ClassVar[Kind] = Kind.DELAY
    distribution: str = "uniform"
    min: float
    max: float

    def sample(self, random: Random) -> float:
        """Return the seconds to wait this time."""
        return random.uniform(self.min, self.max)


@dataclass(frozen=True, slots=True, kw_only=True)
class LognormalDelay:
    """Wait about `median` real seconds, now and then much longer, as networks do.

    `sigma` is the standard deviation of the logarithm; no wait exceeds `MAX_SECONDS`.
    """

    kind: ClassVar[Kind] = Kind.DELAY
    distribution: str = "lognormal"
    median: float
    sigma: float

    def sample(self, random: Random) -> float:
        """Return the seconds to wait this time."""
        return min(self.median * exp(self.sigma * random.gauss(0.0, 1.0)), MAX_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowBody:
    """Send the body in pieces over so many real seconds."""

    kind: ClassVar[Kind] = Kind.SLOW_BODY
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TruncatedBody:
    """Announce the whole body, send that many bytes of it (half if `None`), hang up."""

    kind: ClassVar[Kind] = Kind.TRUNCATED_BODY
    bytes: int | None = None


PlainKind: TypeAlias = Literal[
    Kind.MALFORMED_JSON,
    Kind.BROKEN_CONTRACT,
    Kind.EMPTY_REPLY,
    Kind.CONNECTION_RESET,
    Kind.NO_ANSWER,
    Kind.EXPIRED_TOKEN,
    Kind.UNAUTHORIZED,
]


@dataclass(frozen=True, slots=True)
class Plain:
    """An effect that its kind says all about."""

    kind: PlainKind


Delay: TypeAlias = FixedDelay | UniformDelay | LognormalDelay
Effect: TypeAlias = AnswerStatus | SlowBody | TruncatedBody | Plain
"""What ends or damages an exchange; a delay only holds it up."""

_OF_KIND: Mapping[Kind, type[AnswerStatus | SlowBody | TruncatedBody]] = {
    one.kind: one for one in (AnswerStatus, SlowBody, TruncatedBody)
}
_DELAYS: Mapping[str | None, type[Delay]] = {
    None: FixedDelay,
    "uniform": UniformDelay,
    "lognormal": LognormalDelay,
}
_BOTH = (Phase.BEFORE, Phase.AFTER)
_AFTER = (Phase.AFTER,)
PHASES: Mapping[Kind, tuple[Phase, ...]] = {
    Kind.STATUS: _BOTH,
    Kind.DELAY: _BOTH,
    Kind.SLOW_BODY: _AFTER,
    Kind.TRUNCATED_BODY: _AFTER,
    Kind.MALFORMED_JSON: _AFTER,
    Kind.BROKEN_CONTRACT: _AFTER,
    Kind.EMPTY_REPLY: _BOTH,
    Kind.CONNECTION_RESET: _BOTH,
    Kind.NO_ANSWER: _BOTH,
    Kind.EXPIRED_TOKEN: (Phase.BEFORE,),
    Kind.UNAUTHORIZED: (Phase.BEFORE,),
}
"""The phases that a kind may have, its default first."""

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_FRAMING = ("connection", "content-encoding", "content-length", "transfer-encoding", "upgrade")
"""Headers that would break the connection by accident; there are effects for that."""


@dataclass(frozen=True, slots=True)
class When:
    """Which of the matching requests are struck: all, unless one of the fields is set.

    Attributes:
        first: The first so many.
        every: Each so-manyth: with 3 the third, the sixth and so on.
        probability: Each with a probability above 0 and up to 1.
        seed: What probability and sampled delays are drawn from: same seed, same choices.
    """

    first: int | None = None
    every: int | None = None
    probability: float | None = None
    seed: int = DEFAULT_SEED

    def as_json(self) -> JsonObject:
        """Return it as a rule has it."""
        if self.probability is not None:
            return {"probability": self.probability, "seed": self.seed}
        given: JsonObject = {"first": self.first, "every": self.every}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """What goes wrong, and for which requests.

    Attributes:
        operation: The operationId that it is about; `None` for every one.
        path: A pattern of the path below the base path, with `*`, `?` and `[…]` as in
            file names (`*` spans slashes too); `None` for every one.
        method: `None` for every one.
    """

    effect: Effect | Delay
    phase: Phase
    when: When = When()
    operation: str | None = None
    path: str | None = None
    method: str | None = None

    @classmethod
    def from_json(cls, rule: Mapping[str, Any]) -> "FaultRule":
        """Return the rule that a JSON object describes, defaults filled in.

        Args:
            rule: What obeys the schema `FaultRule` of the control contract.

        Raises:
            FaultError: It has what that schema cannot refuse; the error names the field.
                Whether it can ever strike is for `FaultPlan.arm` to say.
        """
        effect = _effect(rule["effect"])
        phases = PHASES[effect.kind]
        phase = Phase(rule.get("phase", phases[0]))
        if phase not in phases:
            reason = f"{effect.kind} has no such phase"
            raise Contradiction("phase", phase.value, reason, phases)
        method = rule.get("method")
        return cls(
            effect=effect,
            phase=phase,
            when=When(**rule.get("when", {"first": 1} if effect.kind in _ONCE else {})),
            operation=rule.get("operation"),
            path=rule.get("path"),
            method=method.upper() if method else None,
        )

    def as_json(self) -> JsonObject:
        """Return it as `from_json` takes it, with the phase but without empty fields."""
        named = {"operation": self.operation, "path": self.path, "method": self.method}
        when = self.when.as_json()
        return {
            **{name: value for name, value in named.items() if value is not None},
            **({"when": when} if when else {}),
            "phase": self.phase.value,
            "effect": _effect_as_json(self.effect),
        }

    @property
    def seed(self) -> int:
        """What its chance and its delays are drawn from."""
        return self.when.seed

    @property
    def delay(self) -> Delay | None:
        """How it holds an exchange up, `None` if it does something else."""
        return self.effect if isinstance(self.effect, Delay) else None

    @property
    def ending(self) -> Effect | None:
        """How it ends or damages an exchange, `None` if it only delays it."""
        return None if isinstance(self.effect, Delay) else self.effect

    def strikes(self, seen: int, random: Random) -> bool:
        """Tell whether the `seen`th matching request (from 1) is struck."""
        when = self.when
        if when.first is not None:
            return seen <= when.first
        if when.every is not None:
            return seen % when.every == 0
        return when.probability is None or random.random() < when.probability

    def targets(self, operations: Mapping[str, Target]) -> Iterable[str]:
        """Return the operationIds that it can strike, at least one.

        Raises:
            FaultError: It can never strike; the error names the field.
        """
        left = dict(operations)
        if self.operation is not None:
            if self.operation not in left:
                raise UnknownTarget("operation", self.operation, "there is no such operation", left)
            left = {self.operation: left[self.operation]}
        of = f" of {self.operation}" if self.operation else ""
        if self.path is not None:
            paths = dict.fromkeys(one.path for one in left.values())
            left = {name: one for name, one in left.items() if can_match(self.path, one.path)}
            if not left:
                raise UnknownTarget("path", self.path, f"it matches no path{of}", paths)
        if self.method is not None:
            methods = dict.fromkeys(one.method for one in left.values())
            left = {name: one for name, one in left.items() if one.method == self.method}
            if not left:
                there = f" under {self.path}" if self.path else of
                reason = f"there is no such method{there}"
                raise UnknownTarget("method", self.method, reason, methods)
        if self.effect.kind is Kind.EXPIRED_TOKEN:
            tokenless = ", ".join(left)
            left = {name: one for name, one in left.items() if one.secured}
            if not left:
                kind = self.effect.kind.value
                raise Contradiction("effect.kind", kind, f"{tokenless} takes no token")
        return left


_ONCE = (Kind.UNAUTHORIZED,)
"""Kinds that strike one request unless the rule says otherwise."""


def _effect(described: Mapping[str, Any]) -> Effect | Delay:
    values = {name: value for name, value in described.items() if name != "kind"}
    kind = Kind(described["kind"])
    if kind is Kind.DELAY:
        least, most = values.get("min"), values.get("max")
        if least is not None and most is not None and least > most:
            reason = f"should not be above effect.max, which is {most:g}"
            raise Contradiction("effect.min", least, reason)
        seconds: dict[str, Any] = {
            name: float(value) if isinstance(value, int) else value
            for name, value in values.items()
        }
        return _DELAYS[values.get("distribution")](**seconds)
    for name in values.get("headers", ()):
        _demand_header(name, values["headers"][name])
    return _OF_KIND[kind](**values) if kind in _OF_KIND else Plain(cast("PlainKind", kind))


def _demand_header(name: str, value: str) -> None:
    reason = ""
    if not _HEADER_NAME.fullmatch(name):
        reason = "a header's name has letters, digits and hyphens"
    elif name.lower() in _FRAMING:
        reason = "the server frames its answers; truncated_body and the like break them"
    if reason:
        raise FaultError(f"effect.headers.{name}", value, reason)


def _effect_as_json(effect: Effect | Delay) -> JsonObject:
    values = {one.name: getattr(effect, one.name) for one in fields(effect)}
    given = {name: value for name, value in values.items() if value is not None and value != {}}
    return {**given, "kind": effect.kind.value}


_STAR = "*"
_TOKEN = re.compile(r"\[!?\]?[^\]]*\]|.", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{[^}]*\}|.", re.DOTALL)
_HEX = string.digits + "abcdefABCDEF"
_ID = tuple("-" if at in (8, 13, 18, 23) else _HEX for at in range(36))
"""The characters that each place of an id may have, in a path. Source: assumption (A-08)."""


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
    """Add the places that are reached because a star may match nothing."""
    reached = set(places)
    for place in sorted(places):
        at = place
        while at < len(tokens) and tokens[at] == _STAR:
            at += 1
            reached.add(at)
    return reached


def _choices(template: str) -> list[str]:
    """Return the characters that each place of a path may have."""
    found: list[str] = []
    for part in _PLACEHOLDER.findall(template):
        found.extend(_ID if part.startswith("{") else (part,))
    return found
