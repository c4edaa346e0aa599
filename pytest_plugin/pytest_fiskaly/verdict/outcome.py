"""What becomes of a verdict: the test fails, or it is shown beside the test or at the run's end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import pytest

from pytest_fiskaly.options import OFF
from pytest_fiskaly.verdict.watch import ENFORCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pytest_fiskaly.verdict.watch import ContractVerdict, Finding

T = TypeVar("T")
_Failed = pytest.fail.Exception
OBSERVED: Final = "fiskaly contract (observed)"
"""The heading of what is only observed."""
GUARD: Final = "fiskaly guard"
"""The heading of what is said of a connection to a real host."""
NOTES: Final = "fiskaly notes"
"""How the heading begins of what is worth saying, but no failure."""
SHOWN_AT_MOST: Final = 10
"""Different observations that are shown in full; `-rP` shows all of them."""
NAMED_AT_MOST: Final = 3
"""Tests that are named for each."""
OUTSIDE: Final = "outside any test that uses the fake"
OK: Final = 0
FAILED: Final = 1
"""Exit statuses of pytest."""
OUTPUT: Final = "fiskaly_outside"
"""The name under which a worker of pytest-xdist tells."""
TITLE: Final = "fiskaly contract"
"""The heading of what is shown beside a failure of another kind."""
OUTSIDE_TESTS: Final[pytest.StashKey[list[dict[str, str]]]] = pytest.StashKey()
"""What clients did wrong outside any test, in words; on the config."""
SHOWN: Final[pytest.StashKey[dict[object, str]]] = pytest.StashKey()
"""The test that showed each violation in full; on the config."""


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


def judge(item: pytest.Item, verdict: ContractVerdict, *, late: bool = False) -> None:
    """Fail the test that runs now, if anything is held against it.

    Args:
        item: The test.
        verdict: What is held against it.
        late: Whether the test has ended already, so that only what came since is new.

    Raises:
        PlainFailure: The client broke the contract, or the fake was wrong.
    """
    __tracebackhide__ = True
    found = verdict.take(defects_only=verdict.level != ENFORCE)
    text = _report(found, verdict, item.config.stash.setdefault(SHOWN, {}))
    if late and verdict.broken_off:
        some = "1 request was" if verdict.broken_off == 1 else f"{verdict.broken_off} requests were"
        verdict.notes.append(f"{some} still under way long after the test's end, and broken off")
        verdict.broken_off = 0
    if not late:
        verdict.notes += [f"allowed, but it never happened: {one}" for one in verdict.unused]
    verdict.told = "\n".join(filter(None, [verdict.unseen, *verdict.take_strayed(), text]))
    verdict.unseen = ""
    if verdict.told:
        fail(verdict.told)


def annotate(
    item: pytest.Item,
    report: pytest.TestReport,
    verdict: ContractVerdict,
    error: BaseException | None,
) -> None:
    """Show what is held against a test that failed for another reason, or is only observed.

    unittest puts the outcome of its own in place of the error that the test was failed with.
    """
    unsuccessful = report.failed or (report.skipped and hasattr(report, "wasxfail"))
    if not isinstance(error, PlainFailure):
        verdict.unseen = verdict.unseen or verdict.told
    verdict.told = ""
    if unsuccessful:
        report.sections += [(GUARD, text) for text in verdict.take_strayed()]
    if unsuccessful or verdict.level not in {ENFORCE, OFF}:
        enforced = verdict.level == ENFORCE
        shown = item.config.stash.setdefault(SHOWN, {}) if enforced else None
        try:
            text = _report(verdict.take(), verdict, shown)
        except PlainFailure as gone:  # a fake of another process, which knows what there is
            text = str(gone.msg)
        if unsuccessful:
            text = "\n".join(filter(None, [verdict.unseen, text]))
            verdict.unseen = ""
        add_to_failure = getattr(report.longrepr, "addsection", None)
        if text and enforced and add_to_failure is not None:
            add_to_failure(TITLE, text)  # so that JUnit's file has it too
        elif text:
            report.sections.append((TITLE if enforced else OBSERVED, text))
    if report.when != "teardown" and not report.failed:
        _forget_shown(item)
    if verdict.notes and report.when != "setup":
        report.sections.append((f"{NOTES} ({report.when})", "\n".join(verdict.notes)))
        verdict.notes.clear()


def _forget_shown(item: pytest.Item) -> None:
    """Let another test show what this one did, which is run again or was expected to fail."""
    shown = item.config.stash.get(SHOWN, {})
    for kind in [kind for kind, nodeid in shown.items() if nodeid == item.nodeid]:
        del shown[kind]


def judge_outside(session: pytest.Session, outside: ContractVerdict | None) -> None:
    """Fail the run for what clients did outside any test; a worker passes it to its controller."""
    config = session.config
    if outside is not None:
        _keep(config, outside)
    fatal = any(found["error"] for found in config.stash.get(OUTSIDE_TESTS, []))
    if fatal and session.exitstatus == OK:
        session.exitstatus = FAILED


def _keep(config: pytest.Config, outside: ContractVerdict) -> None:
    found = outside.take()
    if not found:
        return
    text = _report(found, outside)
    fatal = outside.level == ENFORCE or any(one.is_defect for one in found)
    kept = {"text": text, "error": text.partition("\n")[0] if fatal else ""}
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output[OUTPUT] = kept
    else:
        take_over(config, {OUTPUT: kept})


def _report(
    findings: Iterable[Finding], verdict: ContractVerdict, shown: dict[object, str] | None = None
) -> str:
    found = list(findings)
    if not found:
        return ""
    from pytest_fiskaly.verdict.report import report

    return report(found, verdict, shown)


def take_over(config: pytest.Config, output: Mapping[str, Any]) -> None:
    """Keep what a worker found."""
    if OUTPUT in output:
        config.stash.setdefault(OUTSIDE_TESTS, []).append(output[OUTPUT])


def summarize(reporter: pytest.TerminalReporter) -> None:
    """Print what was only observed, what is worth a note, and what belongs to no test."""
    config = reporter.config
    outside = config.stash.get(OUTSIDE_TESTS, [])
    if config.get_verbosity() >= 0 and not config.getoption("no_summary", default=False):
        _summarize(reporter)
        for found in outside:
            reporter.section(f"fiskaly contract ({OUTSIDE})")
            reporter.write_line(found["text"])
    for found in outside:
        if found["error"]:
            reporter.write_line(f"ERROR: fiskaly: {OUTSIDE}: {found['error']}", red=True)


def _summarize(reporter: pytest.TerminalReporter) -> None:
    _summarize_observed(reporter)
    notes = list(_sections(reporter, NOTES)) if reporter.config.get_verbosity() > 0 else []
    if notes:
        reporter.section(NOTES)
        for nodeid, text in notes:
            reporter.write_line(f"{nodeid}: {text}")


def _summarize_observed(reporter: pytest.TerminalReporter) -> None:
    """Print what was observed; what is the same in several tests is said once."""
    tests: dict[str, list[str]] = {}
    for nodeid, text in _sections(reporter, OBSERVED):
        tests.setdefault(text, []).append(nodeid)
    if not tests:
        return
    reporter.section(OBSERVED)
    for text, nodeids in list(tests.items())[:SHOWN_AT_MOST]:
        more = len(nodeids) - NAMED_AT_MOST
        reporter.write_line("")
        for nodeid in nodeids[:NAMED_AT_MOST]:
            reporter.write_line(nodeid, bold=True)
        if more > 0:
            reporter.write_line(f"and {more} more", bold=True)
        reporter.write_line(text)
    count = len({nodeid for nodeids in tests.values() for nodeid in nodeids})
    cut = f" (-rP shows those beyond {SHOWN_AT_MOST})" if len(tests) > SHOWN_AT_MOST else ""
    reporter.write_line("")
    reporter.write_line(
        f"{count} test{'s' if count > 1 else ''} would fail with --fiskaly-contract=enforce{cut}"
    )


def _sections(reporter: pytest.TerminalReporter, heading: str) -> Iterator[tuple[str, str]]:
    """Yield test and text; failed tests have shown it already."""
    for outcome, reports in reporter.stats.items():
        if outcome in {"failed", "error"}:
            continue
        for one in reports:
            for title, text in getattr(one, "sections", ()):
                if title.startswith(heading):
                    yield one.nodeid, text
