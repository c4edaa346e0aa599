"""What an armed fault does to an exchange; from JSON and back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import exp
from random import Random
from typing import ClassVar, Literal, TypeAlias

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.world.faults.fields import Contradiction, FaultError, Fields, as_json

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


MAX_BYTES = 1_000_000
MAX_SIGMA = 10
DISTRIBUTIONS = ("uniform", "lognormal")
MAX_HEADERS = 20

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[ -~]{0,500}")
_FRAMING = ("connection", "content-encoding", "content-length", "transfer-encoding", "upgrade")
"""Headers that would break the connection by accident; there are effects for that."""


def effect_of(value: object) -> Effect | Delay:
    """Return the effect that a rule's JSON describes.

    Raises:
        FaultError: It describes none; the error names the field.
    """
    effect = Fields(value, "effect")
    match kind := Kind(effect.one_of("kind", Kind)):
        case Kind.STATUS:
            return _status(effect.only("kind", "status", "code", "message", "headers"))
        case Kind.DELAY:
            return _delay(effect)
        case Kind.SLOW_BODY:
            effect.only("kind", "seconds")
            return SlowBody(seconds=effect.number("seconds", 0, MAX_SECONDS))
        case Kind.TRUNCATED_BODY:
            effect.only("kind", "bytes")
            return TruncatedBody(
                bytes=effect.whole("bytes", 0, MAX_BYTES) if "bytes" in effect else None
            )
        case _:
            effect.only("kind")
            return Plain(kind)


def _status(effect: Fields) -> AnswerStatus:
    headers = _headers(effect.raw("headers")) if "headers" in effect else {}
    return AnswerStatus(
        status=effect.whole("status", 400, 599),
        code=effect.text("code"),
        message=effect.text("message", least=0),
        headers=headers,
    )


def _headers(value: object) -> Mapping[str, str]:
    at = "effect.headers"
    headers = Fields(value, at)
    names = tuple(headers)
    if len(names) > MAX_HEADERS:
        raise FaultError(at, as_json(value), f"should have at most {MAX_HEADERS} fields")
    found = {}
    for name in names:
        if not _HEADER_NAME.fullmatch(name):
            raise headers.refuse(name, "a header's name has letters, digits and hyphens")
        if name.lower() in _FRAMING:
            raise headers.refuse(
                name, "the server frames its answers; truncated_body and the like break them"
            )
        text = headers.text(name, least=0) or ""
        if not _HEADER_VALUE.fullmatch(text):
            raise headers.refuse(name, "should be at most 500 printable ASCII characters")
        found[name] = text
    return found


def _delay(effect: Fields) -> Delay:
    if "distribution" not in effect:
        effect.only("kind", "seconds", "distribution")
        return FixedDelay(seconds=effect.number("seconds", 0, MAX_SECONDS))
    if effect.one_of("distribution", DISTRIBUTIONS) == "lognormal":
        effect.only("kind", "distribution", "median", "sigma")
        return LognormalDelay(
            median=effect.number("median", 0, MAX_SECONDS),
            sigma=effect.number("sigma", 0, MAX_SIGMA),
        )
    effect.only("kind", "distribution", "min", "max")
    least = effect.number("min", 0, MAX_SECONDS)
    most = effect.number("max", 0, MAX_SECONDS)
    if least > most:
        reason = f"should not be above effect.max, which is {most:g}"
        raise Contradiction("effect.min", as_json(effect.raw("min")), reason)
    return UniformDelay(least=least, most=most)
