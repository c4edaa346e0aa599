"""Failures in words of our own: what is wrong, at the test, without anything of pytest's inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
_Failed = pytest.fail.Exception


class PlainFailure(_Failed):  # type: ignore[misc, valid-type]
    """A test failed by the plugin: its text says all, and a traceback would say nothing."""


def fail(text: str) -> NoReturn:
    """Fail the test that runs now.

    Raises:
        PlainFailure: Always.
    """
    __tracebackhide__ = True
    raise PlainFailure(text, pytrace=False)


def or_fail(read: Callable[[], T], fixture: str) -> T:
    """Return what a fixture is to return, or fail its test where the tree has none.

    Raises:
        PlainFailure: The tree has none.
    """
    __tracebackhide__ = True
    try:
        return read()
    except LookupError as error:
        why = str(error)
    fail(f"{fixture}: {why}")


def point_at_test(report: pytest.TestReport, item: pytest.Item, error: BaseException) -> None:
    """Let the report of such a failure point at the test, and say one line in a summary.

    pytest would point at the line of its own that raised, repeat the whole text in the short
    summary on CI, and add that all entries of the traceback are hidden.
    """
    if not isinstance(error, PlainFailure) or not report.failed:
        return
    for crash, trace in _parts(report.longrepr):
        if crash is not None:
            crash.path = str(item.path)
            crash.lineno = (item.location[1] or 0) + 1
            crash.message = f"Failed: {str(error.msg).partition(chr(10))[0]}"
        trace.extraline = None


def _parts(longrepr: Any) -> Iterator[tuple[Any, Any]]:
    """Yield place and traceback of what pytest made of the failure, and its causes."""
    if hasattr(longrepr, "chain"):
        for trace, crash, _ in longrepr.chain:
            yield crash, trace
    elif hasattr(longrepr, "reprtraceback"):
        yield longrepr.reprcrash, longrepr.reprtraceback
