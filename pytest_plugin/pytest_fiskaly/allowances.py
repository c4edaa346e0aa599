"""Breaches of the contract that a test means to make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from pytest_fiskaly.words import unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

EVERYTHING: Final = True
"""Allows every breach."""


class Allowance:
    """What may be broken: operations, rules, a rule of an operation, or everything.

    It holds from the moment it is made. As a context manager it ends with the block.

    Attributes:
        used: Whether anything that it allows has happened.
    """

    def __init__(
        self,
        what: bool | str | Iterable[str],  # noqa: FBT001 - as the marker takes it
        *,
        end: Callable[[Allowance], None] = lambda _: None,
    ) -> None:
        """Allow what is named.

        Raises:
            ValueError: It names an operation or a rule that there is not.
        """
        self._pairs = tuple(pairs_of(what))
        self._end = end
        self.used = False

    def __str__(self) -> str:
        return ", ".join(_shown(*pair) for pair in self._pairs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end(self)

    def covers(self, operation_id: str, rule: str) -> bool:
        """Tell whether a breach is allowed, and remember that it happened."""
        for operation, allowed in self._pairs:
            if operation in {None, operation_id} and allowed in {None, rule}:
                self.used = True
                return True
        return False


def pairs_of(what: object) -> Iterable[tuple[str | None, str | None]]:
    """Return operation and rule of each thing that is named; `None` for any.

    Raises:
        ValueError: It names an operation or a rule that there is not.
    """
    if isinstance(what, bool) or what is None:
        return [(None, None)] if what else []
    if isinstance(what, str):
        return [_pair(what)]
    if isinstance(what, (list, tuple, set, frozenset)) and all(
        isinstance(one, str) for one in what
    ):
        return [_pair(one) for one in what]
    raise ValueError(
        f"allow_violations takes an operation, a rule, 'operation:rule', a list of these, or"
        f" True, not {what!r}"
    )


def _pair(name: str) -> tuple[str | None, str | None]:
    from fiskaly_contracts import Contract
    from fiskaly_contracts.violations import REQUEST_RULES

    operations = Contract.bundled().operations
    operation, colon, rule = name.partition(":")
    if colon:
        _demand(operation, operations, "operation")
        _demand(rule, REQUEST_RULES, "rule")
        return operation, rule
    if name in operations:
        return name, None
    if name in REQUEST_RULES:
        return None, name
    raise ValueError(unknown("operation or rule", name, [*operations, *REQUEST_RULES]))


def _demand(value: str, allowed: Iterable[str], what: str) -> None:
    if value not in (words := list(allowed)):
        raise ValueError(unknown(what, value, words))


def _shown(operation: str | None, rule: str | None) -> str:
    return ":".join(part for part in (operation, rule) if part is not None) or "everything"
