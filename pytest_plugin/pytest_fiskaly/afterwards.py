"""What is told at the end of a run, and what fails it: breaches that failed no test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_fiskaly.stash import STAGE, STRAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pytest

    from pytest_fiskaly.verdict import Watch

OBSERVED: Final = "fiskaly contract (observed)"
"""The heading of what is only observed."""
NOTES: Final = "fiskaly notes"
"""How the heading begins of what is worth telling, but no failure."""
SHOWN_AT_MOST: Final = 10
"""Different observations that are told in full; `-rP` shows all of them."""
NAMED_AT_MOST: Final = 3
"""Tests that are named for each."""
OUTSIDE: Final = "outside any test that uses the fake"
OK: Final = 0
FAILED: Final = 1
"""Exit statuses of pytest."""
OUTPUT: Final = "fiskaly_strays"
"""The name under which a worker of pytest-xdist tells."""


def judge_strays(session: pytest.Session) -> None:
    """Fail the run for what clients did outside any test; a worker tells its controller."""
    config = session.config
    if STAGE in config.stash:
        _keep(config, config.stash[STAGE].strays)
    fatal = any(told["error"] for told in config.stash.get(STRAYS, []))
    if fatal and session.exitstatus == OK:
        session.exitstatus = FAILED


def _keep(config: pytest.Config, strays: Watch) -> None:
    from pytest_fiskaly.reports import DEFECT, report

    text = report(strays.take(), strays)
    if not text:
        return
    fatal = strays.level not in {"observe", "off"} or DEFECT in text
    told = {"text": text, "error": text.partition("\n")[0] if fatal else ""}
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output[OUTPUT] = told
    else:
        take_over(config, {OUTPUT: told})


def take_over(config: pytest.Config, output: Mapping[str, Any]) -> None:
    """Keep what a worker told."""
    if OUTPUT in output:
        config.stash.setdefault(STRAYS, []).append(output[OUTPUT])


def summarize(reporter: pytest.TerminalReporter) -> None:
    """Print what was only observed, what is worth a note, and what belongs to no test."""
    config = reporter.config
    strays = config.stash.get(STRAYS, [])
    if config.get_verbosity() >= 0 and not config.getoption("no_summary", default=False):
        _summarize(reporter)
        for told in strays:
            reporter.section(f"fiskaly contract ({OUTSIDE})")
            reporter.write_line(told["text"])
    for told in strays:
        if told["error"]:
            reporter.write_line(f"ERROR: fiskaly: {OUTSIDE}: {told['error']}", red=True)


def _summarize(reporter: pytest.TerminalReporter) -> None:
    _summarise_observed(reporter)
    notes = list(_told(reporter, NOTES)) if reporter.config.get_verbosity() > 0 else []
    if notes:
        reporter.section(NOTES)
        for nodeid, text in notes:
            reporter.write_line(f"{nodeid}: {text}")


def _summarise_observed(reporter: pytest.TerminalReporter) -> None:
    """Print what was observed; what is the same in several tests is said once."""
    tests: dict[str, list[str]] = {}
    for nodeid, text in _told(reporter, OBSERVED):
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


def _told(reporter: pytest.TerminalReporter, heading: str) -> Iterator[tuple[str, str]]:
    """Yield test and text; failed tests have shown it already."""
    for outcome, reports in reporter.stats.items():
        if outcome in {"failed", "error"}:
            continue
        for one in reports:
            for title, text in getattr(one, "sections", ()):
                if title.startswith(heading):
                    yield one.nodeid, text
