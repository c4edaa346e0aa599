"""The markers: what they may say, what they say together, and when they are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_fiskaly.options import (
    AUDIT_LEVELS,
    CONTRACT_LEVELS,
    MARKER_ARGUMENTS,
    TREE_ARGUMENTS,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MARKER: Final = "fiskaly"
REAL: Final = "fiskaly_real"
HARMLESS: Final = ("contract", "allow_violations", "audit")
"""What also makes sense where the server is not ours."""
OWN_SERVERS: Final = ("fiskaly_mock_server", "fiskaly_mock_factory", "fiskaly_intercept")
"""The fixtures that only make sense with servers of our own."""
PROCESS: Final = "process"
"""The clock of this process, as its tests have frozen or moved it."""
MISUSED: Final = "fiskaly_misused"
"""The name under which a worker of pytest-xdist tells of wrong markers."""
SHOWN_AT_MOST: Final = 10

DESCRIPTIONS: Final = (
    (
        f"{MARKER}({', '.join(f'{name}=' for name in MARKER_ARGUMENTS)}):"
        " what the fake fiskaly Management API is to be like for a test"
    ),
    f"{REAL}: the test is also true of the real service, and controls nothing of the fake",
)


def arguments_of(item: pytest.Item) -> dict[str, Any]:
    """Return what a test's markers say together; of each argument the closest one counts."""
    found: dict[str, Any] = {}
    for mark in item.iter_markers(MARKER):
        found = {**mark.kwargs, **found}
    return found


def is_real(item: pytest.Item) -> bool:
    """Tell whether a test claims to be true of the real service."""
    return item.get_closest_marker(REAL) is not None


def is_own(item: pytest.Item, argument: str) -> bool:
    """Tell whether a test itself is marked with an argument, not its class or module."""
    return any(mark.name == MARKER and argument in mark.kwargs for mark in item.own_markers)


def check(items: Iterable[pytest.Item]) -> None:
    """Look at every marker of a run, once.

    Raises:
        pytest.UsageError: Some are wrong; the message names tests, values and what is
            allowed.
    """
    seen: dict[int, pytest.Mark] = {}
    wrong: list[str] = []
    for item in items:
        for mark in item.iter_markers():
            if mark.name in {MARKER, REAL} and id(mark) not in seen:
                seen[id(mark)] = mark
                wrong += [f"{item.nodeid}: {reason}" for reason in _complaints(mark)]
        if is_real(item):
            wrong += [f"{item.nodeid}: {reason}" for reason in _dishonest(item)]
    if wrong:
        more = len(wrong) - SHOWN_AT_MOST
        shown = wrong[:SHOWN_AT_MOST] + ([f"and {more} more"] if more > 0 else [])
        raise pytest.UsageError("\n".join(shown))


def demand(name: str, value: object) -> None:
    """Look at one argument.

    Raises:
        ValueError: It is wrong; the message names what is allowed.
    """
    __tracebackhide__ = True
    try:
        _CHECKS[name](value)
    except ValueError as error:
        # What went on inside is of no use to whoever wrote the value.
        raise error.with_traceback(None) from None


def instant_of(value: object) -> float:
    """Return an instant in unix seconds.

    Raises:
        ValueError: It is none; the message names the allowed forms.
    """
    from datetime import datetime

    from fiskaly_mockserver.world.clock import parse_instant

    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"the datetime {value.isoformat()} has no zone: add tzinfo")
        value = value.isoformat()
    if not isinstance(value, (str, int, float)):
        value = str(value)
    return parse_instant(value)


def rules_of(value: object) -> list[Mapping[str, Any]]:
    """Return one fault rule or a list of them as a list; a name stands for an outage's rules.

    Raises:
        ValueError: There is no outage of that name.
    """
    given: list[Any] = list(value) if isinstance(value, (list, tuple)) else [value]
    return [rule for one in given for rule in (_outage(one) if isinstance(one, str) else [one])]


def _outage(name: str) -> list[Mapping[str, Any]]:
    from fiskaly_mockserver.world.faults.recipes import RECIPES

    if name not in RECIPES:
        raise ValueError(unknown("faults", name, tuple(RECIPES)))
    return [rule.as_json() for rule in RECIPES[name].rules]


def _complaints(mark: pytest.Mark) -> Iterable[str]:
    if mark.name == REAL:
        if mark.args or mark.kwargs:
            yield f"the marker {REAL} takes no arguments"
        return
    if mark.args:
        allowed = ", ".join(f"{name}=" for name in MARKER_ARGUMENTS)
        yield f"the marker {MARKER} takes keyword arguments only: {allowed}"
    for name, value in mark.kwargs.items():
        if name not in _CHECKS:
            yield unknown(f"the marker {MARKER} has no such argument:", name, MARKER_ARGUMENTS)
            continue
        try:
            demand(name, value)
        except ValueError as error:
            yield f"{MARKER}({name}=...): {error}"


def _dishonest(item: pytest.Item) -> Iterable[str]:
    for name in arguments_of(item):
        if name not in HARMLESS and name in _CHECKS:
            yield (
                f"a test marked {REAL} claims to be true of the real service too, which no"
                f" {MARKER}({name}=...) changes: drop the one or the other"
            )
    for fixture in OWN_SERVERS:
        if fixture in getattr(item, "fixturenames", ()):
            yield (
                f"a test marked {REAL} claims to be true of the real service too, where there is"
                f" no {fixture}: use fiskaly_mock, or drop the marker"
            )


def _tree_argument(name: str) -> Callable[[object], None]:
    def check(value: Any) -> None:
        from fiskaly_fixtures import TreeArguments

        around = TreeArguments(tills=1) if name == "receipts" else TreeArguments()
        around.changed(**{name: value})

    return check


def _contract(value: object) -> None:
    if value not in CONTRACT_LEVELS:
        raise ValueError(unknown("contract", value, CONTRACT_LEVELS))


def _clock(value: object) -> None:
    if value != PROCESS:
        instant_of(value)


def _faults(value: object) -> None:
    from fiskaly_contracts import Contract
    from fiskaly_mockserver.web.control.dispatch import checked_body
    from fiskaly_mockserver.world.faults import Target
    from fiskaly_mockserver.world.faults.plan import FaultPlan
    from fiskaly_mockserver.world.faults.rules import FaultRule

    plan = FaultPlan(
        {
            name: Target(one.method, one.path, one.secured)
            for contract in Contract.apis().values()
            for name, one in contract.operations.items()
        }
    )
    for rule in rules_of(value):
        if not isinstance(rule, dict):
            msg = f"rule is {rule!r}, but should be an object"
            raise ValueError(msg)  # noqa: TRY004 - one kind of error for all arguments
        try:
            plan.arm(FaultRule.from_json(checked_body("armFault", rule)))
        except ValueError as error:
            raise ValueError(f"{error}, in the rule {rule}") from error


def _intercept(value: object) -> None:
    if not isinstance(value, bool):
        raise ValueError(f"intercept is {value!r}, but should be True or False")  # noqa: TRY004 - see `_faults`


def _allow_violations(value: object) -> None:
    from pytest_fiskaly.verdict.watch import allowed_pairs

    allowed_pairs(value)


def _audit(value: object) -> None:
    if value not in AUDIT_LEVELS:
        raise ValueError(unknown("audit", value, AUDIT_LEVELS))


_CHECKS: Final[Mapping[str, Callable[[object], None]]] = {
    **{name: _tree_argument(name) for name in TREE_ARGUMENTS},
    "clock": _clock,
    "contract": _contract,
    "faults": _faults,
    "allow_violations": _allow_violations,
    "audit": _audit,
    "intercept": _intercept,
}
