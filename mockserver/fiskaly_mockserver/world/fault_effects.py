"""What an armed fault does to an exchange."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import exp
from random import Random
from typing import ClassVar, Literal, TypeAlias

from fiskaly_contracts import JsonValue

JsonObject = dict[str, JsonValue]

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

    def as_json(self) -> JsonObject:
        """Return it as a rule has it."""
        return {
            "kind": self.kind.value,
            "status": self.status,
            **({} if self.code is None else {"code": self.code}),
            **({} if self.message is None else {"message": self.message}),
            **({"headers": {**self.headers}} if self.headers else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedDelay:
    """Wait for so many real seconds."""

    kind: ClassVar[Kind] = Kind.DELAY
    seconds: float

    def sample(self, _: Random) -> float:
        """Return the seconds to wait this time."""
        return self.seconds

    def as_json(self) -> JsonObject:
        """Return it as a rule has it."""
        return {"kind": self.kind.value, "seconds": self.seconds}


@dataclass(frozen=True, slots=True, kw_only=True)
class UniformDelay:
    """Wait between two numbers of real seconds, each as likely as the other."""

    kind: ClassVar[Kind] = Kind.DELAY
    least: float
    most: float

    def sample(self, random: Random) -> float:
        """Return the seconds to wait this time."""
        return random.uniform(self.least, self.most)

    def as_json(self) -> JsonObject:
        """Return it as a rule has it."""
        return {
            "kind": self.kind.value,
            "distribution": "uniform",
            "min": self.least,
            "max": self.most,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LognormalDelay:
    """Wait about `median` real seconds, now and then much longer, as networks do.

    `sigma` is the standard deviation of the logarithm; no wait exceeds `MAX_SECONDS`.
    """

    kind: ClassVar[Kind] = Kind.DELAY
    median: float
    sigma: float

    def sample(self, random: Random) -> float:
        """Return the seconds to wait this time."""
        return min(self.median * exp(self.sigma * random.gauss(0.0, 1.0)), MAX_SECONDS)

    def as_json(self) -> JsonObject:
        """Return it as a rule has it."""
        return {
            "kind": self.kind.value,
            "distribution": "lognormal",
            "median": self.median,
            "sigma": self.sigma,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowBody:
    """Send the body in pieces over so many real seconds."""

    kind: ClassVar[Kind] = Kind.SLOW_BODY
    seconds: float

    def as_json(self) -> JsonObject:
        """Return it as a rule has it."""
        return {"kind": self.kind.value, "seconds": self.seconds}


@dataclass(frozen=True, slots=True, kw_only=True)
class TruncatedBody:
    """Announce the whole body, send that many bytes of it (half if `None`), hang up."""

    kind: ClassVar[Kind] = Kind.TRUNCATED_BODY
    bytes: int | None = None

    def as_json(self) -> JsonObject:
        """Return it as a rule has it."""
        return {
            "kind": self.kind.value,
            **({} if self.bytes is None else {"bytes": self.bytes}),
        }


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

    def as_json(self) -> JsonObject:
        """Return it as a rule has it."""
        return {"kind": self.kind.value}


Delay: TypeAlias = FixedDelay | UniformDelay | LognormalDelay
Effect: TypeAlias = AnswerStatus | SlowBody | TruncatedBody | Plain
"""What ends or damages an exchange; a delay only holds it up."""
