"""The verdict on a test: failed, observed, or told beside another failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_fiskaly.afterwards import NOTES, OBSERVED
from pytest_fiskaly.failures import fail
from pytest_fiskaly.reports import report as told
from pytest_fiskaly.verdict import ENFORCE, OFF

if TYPE_CHECKING:
    import pytest

    from pytest_fiskaly.verdict import Watch

TITLE: Final = "fiskaly contract"
"""The heading of what is told beside a failure of another kind."""


def judge(watch: Watch, *, late: bool = False) -> None:
    """Fail the test that runs now, if anything is held against it.

    Args:
        watch: What is held against it.
        late: Whether the test has ended already, so that only what came since is new.

    Raises:
        Verdict: The client broke the contract, or the fake was wrong.
    """
    __tracebackhide__ = True
    found = watch.take(defects_only=watch.level != ENFORCE)
    text = told(found, watch)
    if late and watch.broken_off:
        some = "1 request was" if watch.broken_off == 1 else f"{watch.broken_off} requests were"
        watch.notes.append(f"{some} still under way long after the test's end, and broken off")
        watch.broken_off = 0
    if text:
        fail(text)


def annotate(report: pytest.TestReport, watch: Watch) -> None:
    """Show what is held against a test that failed for another reason, or is only observed."""
    if report.failed or watch.level not in {ENFORCE, OFF}:
        text = told(watch.take(), watch)
        if text:
            report.sections.append((TITLE if watch.level == ENFORCE else OBSERVED, text))
    if report.when == "call":
        watch.notes += [f"allowed, but it never happened: {one}" for one in watch.unused]
    if watch.notes and report.when != "setup":
        report.sections.append((f"{NOTES} ({report.when})", "\n".join(watch.notes)))
        watch.notes.clear()
