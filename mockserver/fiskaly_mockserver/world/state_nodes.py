"""Reading an exported world value by value, and saying what is wrong with it."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import TypeVar

from fiskaly_mockserver.world.names import listed, shown

Word = TypeVar("Word", bound=Enum)
GREATEST = 2**63 - 1
"""The greatest seed or moment; the least moment is its opposite."""


class StateError(ValueError):
    """No world that can be taken over; nothing has changed.

    The message names the place as a JSON pointer, the value, and what may stand there.
    """


class Node:
    """One value of the JSON, and where it stands.

    The methods without arguments return the value as what it should be, or raise a
    `StateError`. `secret` keeps the value out of messages.
    """

    __slots__ = ("_secret", "path", "value")

    def __init__(self, value: object, path: str = "", *, secret: bool = False) -> None:
        self.value = value
        self.path = path
        self._secret = secret

    def error(self, reason: str) -> StateError:
        """Return the error that says what is wrong here."""
        told = "a value not shown" if self._secret else shown(self.value)
        return StateError(f"{self.path or '/'} is {told}, but {reason}")

    def only(self, *known: str) -> None:
        """Demand an object without other members than these."""
        for name in self._members():
            if name not in known:
                raise StateError(f"{self.path}/{name} is not known; allowed here: {listed(known)}")

    def __contains__(self, name: str) -> bool:
        return name in self._members()

    def member(self, name: str, *, secret: bool = False) -> "Node":
        """Return a member of an object, which must be there."""
        members = self._members()
        if name not in members:
            raise StateError(f"{self.path}/{name} is missing")
        return Node(members[name], f"{self.path}/{name}", secret=secret)

    def items(self) -> Iterator["Node"]:
        """Yield the items of an array."""
        if not isinstance(self.value, list | tuple):
            raise self.error("should be an array")
        for index, value in enumerate(self.value):
            yield Node(value, f"{self.path}/{index}")

    def text(self) -> str:
        """Return a text, which UTF-8 can hold."""
        if not isinstance(self.value, str):
            raise self.error("should be a text")
        try:
            self.value.encode()
        except UnicodeEncodeError:
            raise self.error("should be a text without lone surrogates") from None
        return str(self.value)

    def filled(self) -> str:
        """Return a text of at least one character."""
        if text := self.text():
            return text
        raise self.error("should be a text that is not empty")

    def one_of(self, words: type[Word]) -> Word:
        """Return one of an enumeration's members."""
        for word in words:
            if self.value == word.value and isinstance(self.value, str):
                return word
        raise self.error(f"should be one of {listed(str(word.value) for word in words)}")

    def truth(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            raise self.error("should be true or false")
        return self.value

    def whole(self, least: int = -GREATEST) -> int:
        """Return a whole number."""
        value = self.value
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= GREATEST:
            raise self.error(f"should be a whole number from {least} to {GREATEST}")
        return value

    def number(self, least: float = -GREATEST, most: float = GREATEST) -> float:
        """Return a number between bounds, whole or not as it stands there."""
        value = self.value
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not (least <= value <= most)
        ):
            raise self.error(f"should be a number from {least} to {most}")
        return value

    def hash(self) -> bytes:
        """Return the 32 bytes that 64 hexadecimal digits stand for."""
        text, digits = self.text(), 64
        if len(text) != digits or not set(text) <= set("0123456789abcdef"):
            raise self.error(f"should be {digits} digits of 0-9 a-f")
        return bytes.fromhex(text)

    def texts(self) -> dict[str, str]:
        """Return an object of texts, in its order."""
        return {Node(name, self.path).text(): self.member(name).text() for name in self._members()}

    def _members(self) -> Mapping[str, object]:
        if not isinstance(self.value, Mapping):
            raise self.error("should be an object")
        return self.value
