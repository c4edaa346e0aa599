"""Reading a fault rule's JSON field by field, and saying what is wrong with it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.world.names import did_you_mean, listed, shown

MISSING: Final = "(missing)"
"""The `value` of a `FaultError` where there is none."""


class FaultError(ValueError):
    """A fault rule that makes no sense; nothing has changed.

    Attributes:
        field: Where in the rule, as `effect.status`.
        value: What stands there, `MISSING` for nothing.
        reason: What is wrong with it, in words that follow "but".
        allowed: What may stand there, where that can be listed.
    """

    def __init__(
        self, field: str, value: JsonValue, reason: str, allowed: Iterable[str] = ()
    ) -> None:
        self.field = field
        self.value = value
        self.reason = reason
        self.allowed = tuple(allowed)
        told = "missing" if value == MISSING else shown(value)
        hint = f"; allowed: {listed(self.allowed)}" if self.allowed else ""
        near = "" if value == MISSING else did_you_mean(value, self.allowed)
        super().__init__(f"{field} is {told}, but {reason}{near}{hint}")


class UnknownFault(FaultError):
    """No fault of that id is armed."""


class UnknownTarget(FaultError):
    """A rule names an operation, path or method that there is not."""


class Contradiction(FaultError):
    """Each field of a rule may be as it is, but not together with another one."""


class Fields:
    """One JSON object of a rule.

    Every method returns a field's value, or raises a `FaultError` that names it.
    """

    def __init__(self, value: object, at: str = "") -> None:
        """Take the object.

        Args:
            value: What should be the object.
            at: Where it stands in the rule, empty for the rule itself.

        Raises:
            FaultError: It is no object.
        """
        if not isinstance(value, Mapping):
            raise FaultError(at or "rule", as_json(value), "should be an object")
        self._at = at
        self._values: Mapping[str, object] = {str(name): one for name, one in value.items()}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def place(self, name: str) -> str:
        """Return where a field stands in the rule, as `effect.status`."""
        return f"{self._at}.{name}" if self._at else name

    def raw(self, name: str) -> object:
        """Return whatever stands there, `MISSING` for nothing."""
        return self._values.get(name, MISSING)

    def refuse(self, name: str, reason: str, allowed: Iterable[str] = ()) -> FaultError:
        """Return the error that says what is wrong with a field."""
        return FaultError(self.place(name), as_json(self.raw(name)), reason, allowed)

    def only(self, *known: str) -> "Fields":
        """Return itself if it has no other fields than these."""
        for name in self._values:
            if name not in known:
                raise FaultError(
                    self.place(name), as_json(self.raw(name)), "there is no such field here", known
                )
        return self

    def text(self, name: str, least: int = 1) -> str | None:
        """Return a text of at least so many characters, `None` where the field is missing."""
        if name not in self:
            return None
        value = self.raw(name)
        if not isinstance(value, str) or len(value) < least:
            raise self.refuse(name, "should be a text" + (" that is not empty" if least else ""))
        return value

    def one_of(self, name: str, allowed: Iterable[str]) -> str:
        """Return a required word of a list."""
        words = tuple(allowed)
        value = self.raw(name)
        if not isinstance(value, str) or value not in words:
            raise self.refuse(name, "should be one of the allowed words", words)
        return value

    def whole(self, name: str, least: int, most: int, default: int | None = None) -> int:
        """Return a whole number between bounds, required unless it has a default."""
        if name not in self and default is not None:
            return default
        value = self.raw(name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.refuse(name, f"should be a whole number from {least} to {most}")
        return value

    def number(self, name: str, least: float, most: float) -> float:
        """Return a required number between bounds."""
        value = self.raw(name)
        if (
            not isinstance(value, int | float)
            or isinstance(value, bool)
            or not least <= value <= most
        ):
            raise self.refuse(name, f"should be a number from {least:g} to {most:g}")
        return float(value)


def as_json(value: object) -> JsonValue:
    """Return a value of unknown origin as JSON: a text where it is none."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): as_json(inner) for name, inner in value.items()}
    return [as_json(inner) for inner in value] if isinstance(value, list) else str(value)
