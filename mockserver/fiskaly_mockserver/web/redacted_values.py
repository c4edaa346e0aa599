"""What may be kept of a text, and of a JSON value at a place that the contract describes."""

import re

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.web.redaction_plans import Place
from fiskaly_mockserver.world.subsets import (
    OMITTED,
    REDACTED,
    TEXT_KEPT,
    UNDECLARED,
    shortened,
)

PAIRS_KEPT = 64
"""Headers, query parameters, properties of one object that the contract does not name."""
ITEMS_KEPT = 20
"""Elements of one array."""
NAME_KEPT = 80
"""Characters of a name or a path segment."""

_SENSITIVE = re.compile("token|secret|passw|key|auth|credential", re.IGNORECASE)
_CREDENTIAL = re.compile(
    r"eyJ[\w-]{16,}(?:\.[\w-]*){0,2}"  # a JSON Web Token, also one that was cut off
    r"|(?<![0-9A-Za-z])[0-9A-Za-z]{43}(?![0-9A-Za-z])"  # an API secret
)
_SECRET_LENGTH = 43
_ECHO = "could not parse jwt: '"
"""So begins the one message that repeats a token (recorded)."""
_PRINTABLE_INTEGER = 1 << 63


def kept_text(text: str, limit: int = TEXT_KEPT) -> str:
    """Return a text without credentials in it, shortened to `limit` characters."""
    if text.startswith(_ECHO):
        return f"{_ECHO}{REDACTED}'"
    return shortened(without_credentials(text), limit)


def without_credentials(text: str) -> str:
    """Return a text without what has the form of a token or of an API secret."""
    if len(text) < _SECRET_LENGTH and "eyJ" not in text:
        return text
    return _CREDENTIAL.sub(REDACTED, text)


def kept_value(value: JsonValue, place: Place) -> JsonValue:
    """Return a value with marks in place of what is secret, unknown or too long."""
    if place.secret:
        return REDACTED
    match value:
        case dict():
            return _object(value, place) if place.properties or place.others else UNDECLARED
        case list():
            return _array(value, place.items) if place.items else UNDECLARED
        case _:
            return _scalar(value) if place.scalar else UNDECLARED


def _scalar(value: str | float | None) -> JsonValue:
    if isinstance(value, str):
        return kept_text(value)
    if value is None or -_PRINTABLE_INTEGER < value < _PRINTABLE_INTEGER:
        return value
    return OMITTED


def _array(value: list[JsonValue], items: Place) -> JsonValue:
    kept = [kept_value(item, items) for item in value[:ITEMS_KEPT]]
    return [*kept, OMITTED] if len(value) > ITEMS_KEPT else kept


def _object(value: dict[str, JsonValue], place: Place) -> JsonValue:
    kept: dict[str, JsonValue] = {}
    left = 0
    for name, item in value.items():
        known = place.properties.get(name)
        if known is not None:
            kept[name] = kept_value(item, known)
        elif len(kept) < PAIRS_KEPT:
            kept[kept_text(name, NAME_KEPT)] = _other(name, item, place.others)
        else:
            left += 1
    if left:
        kept[OMITTED] = f"{left} more"
    return kept


def _other(name: str, value: JsonValue, place: Place | None) -> JsonValue:
    """Return what may be kept of a property that the contract does not name."""
    if place is None:
        return UNDECLARED
    return REDACTED if _SENSITIVE.search(name) else kept_value(value, place)
