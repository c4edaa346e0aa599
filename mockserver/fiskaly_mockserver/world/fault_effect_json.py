"""From a rule's JSON to its effect."""

import re
from collections.abc import Mapping

from fiskaly_mockserver.world.fault_effects import (
    MAX_SECONDS,
    AnswerStatus,
    Delay,
    Effect,
    FixedDelay,
    Kind,
    LognormalDelay,
    Plain,
    SlowBody,
    TruncatedBody,
    UniformDelay,
)
from fiskaly_mockserver.world.fault_fields import Contradiction, FaultError, Fields, as_json

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
