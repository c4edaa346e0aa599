"""What the compiled check leaves to Python: rare keywords and formats, exact rather than quick."""

from typing import Any

from fiskaly_contracts.compiled.schemas import (
    DATE,
    DATE_TIME,
    KEY_LENGTH,
    MULTIPLE,
    PATTERN,
    UNIQUE,
)
from fiskaly_contracts.strictness import format_checks, long_keys, matches


class _Keyword:
    """One keyword of one schema; jsonschema-rs makes it and asks it, and takes a raise as no."""

    def __init__(self, _: dict[str, Any], wanted: Any, __: list[str | int]) -> None:
        self._wanted = wanted


class _Pattern(_Keyword):
    def validate(self, value: object) -> None:
        if isinstance(value, str) and not matches(self._wanted, value):
            raise ValueError("pattern")


class _MultipleOf(_Keyword):
    def validate(self, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return
        if not _is_multiple(value, self._wanted):
            raise ValueError("multipleOf")


class _KeyMaxLength(_Keyword):
    def validate(self, value: object) -> None:
        if isinstance(value, dict) and long_keys(value, self._wanted):
            raise ValueError("x-key-max-length")


class _UniqueItems(_Keyword):
    def validate(self, value: object) -> None:
        if isinstance(value, list) and len({_mark(item) for item in value}) < len(value):
            raise ValueError("uniqueItems")


def _mark(value: object) -> object:
    """Return something hashable that is equal for equal JSON values alone; 1 equals 1.0.

    >>> _mark([1, True]) == _mark([1.0, True]), _mark(1) == _mark(True)
    (True, False)
    """
    if isinstance(value, dict):
        return frozenset((key, _mark(item)) for key, item in value.items())
    if isinstance(value, list):
        return tuple(_mark(item) for item in value)
    return (bool, value) if isinstance(value, bool) else value


def _is_multiple(value: float, divisor: float) -> bool:
    """Divide as doubles where the contract's divisor is one, as the authority does.

    >>> _is_multiple(0.29, 0.01)
    False
    """
    if isinstance(divisor, int):
        return value % divisor == 0
    quotient = value / divisor
    try:
        return int(quotient) == quotient
    except OverflowError:
        from fractions import Fraction  # noqa: PLC0415 - rarely if ever

        return (Fraction(value) / Fraction(divisor)).denominator == 1


KEYWORDS: dict[str, type[Any]] = {
    PATTERN: _Pattern,
    MULTIPLE: _MultipleOf,
    KEY_LENGTH: _KeyMaxLength,
    UNIQUE: _UniqueItems,
}
FORMATS = {
    DATE: format_checks()["date"],
    DATE_TIME: format_checks()["date-time"],
}
