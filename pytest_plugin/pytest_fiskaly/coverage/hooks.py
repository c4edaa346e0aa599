"""The hooks that bring the coverage of all processes together, print it, and judge it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from pytest_fiskaly.coverage import Counts
from pytest_fiskaly.options import COVERAGE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_fiskaly.options import RunSettings

KEY = "fiskaly"
"""The entry of xdist's `workeroutput`."""
FAIL_UNDER = "--fiskaly-coverage-fail-under"
_SILENT = -2


def coverage_file(value: str, folder: Path) -> Path:
    """Return the file to write, relative names below `folder`.

    Raises:
        pytest.UsageError: It cannot be written.
    """
    path = folder / value
    problem = ""
    if path.is_dir():
        problem = "this is a folder, not a file"
    elif not path.parent.is_dir():
        problem = f"there is no folder {str(path.parent)!r}: make it first"
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        problem = "this file may not be written"
    if problem:
        raise pytest.UsageError(f"{COVERAGE}={value}: {problem}")
    return path


class Usage:
    """Listens to the session; one instance for each process of a test run.

    Attributes:
        counts: What the run used; in xdist's controller that of all workers, afterwards.
    """

    def __init__(self, config: pytest.Config, settings: RunSettings) -> None:
        """Prepare for a session, as its settings say.

        Raises:
            pytest.UsageError: The file for coverage is none or cannot be written.
        """
        coverage = settings.text("coverage")
        self._config = config
        self._is_worker = hasattr(config, "workerinput")
        self._asked = coverage is not None
        self._fail_under = settings.number("coverage_fail_under")
        self._remote = settings.text("url") is not None
        self._verbosity = config.get_verbosity()
        self._file = (
            coverage_file(coverage, config.invocation_params.dir)
            if coverage and not self._is_worker
            else None
        )
        self._table = self._asked and self._verbosity >= 0
        detail = bool(coverage) or self._table or self._fail_under is not None
        self.counts = Counts(detail=detail)
        self._ran = False
        self._workers = self._reported = 0
        self._complaints: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notice whether any test ran at all."""
        if report.when == "call" and (not report.skipped or hasattr(report, "wasxfail")):
            self._ran = True

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodeready(self) -> None:
        """Expect what a worker of xdist will hand over."""
        self._workers += 1

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add what a worker of xdist counted; one that crashed hands over nothing."""
        output = getattr(node, "workeroutput", None) or {}
        if KEY in output:
            data = json.loads(output[KEY])
            try:
                if data is not None:
                    self.counts.absorb(data)
            except ValueError:  # the worker's machine has another version of this package
                return
            self._reported += 1

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand over what was counted; in the main process write it and judge it."""
        if self._is_worker:
            data = self.counts.as_json() if self.counts.used else None
            # Text, since execnet does not carry all that JSON does.
            self._config.workeroutput[KEY] = json.dumps(data)  # type: ignore[attr-defined]
            return
        if not self._ran or self._remote:
            return
        self._complaints = [*self._write(), *self._judge(session)]
        if self._complaints and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print it, if anything of the plugin was used or asked for."""
        if self._verbosity > _SILENT and not self._config.getoption("no_summary", default=False):
            self._print(terminalreporter)
        for complaint in self._complaints:
            terminalreporter.write_line(f"ERROR: fiskaly: {complaint}", red=True)

    def _print(self, terminal: pytest.TerminalReporter) -> None:
        if self._remote:
            if self._asked or self._fail_under is not None:
                terminal.write_line("fiskaly: coverage is not measured with --fiskaly-url")
            return
        if self.counts.used or (self._asked and self._ran):
            _summarize(
                terminal,
                self.counts,
                quiet=self._verbosity < 0,
                table=self._table,
                asked=self._asked,
                lost=(self._workers - self._reported, self._workers),
            )

    def _write(self) -> Iterator[str]:
        if self._file is not None:
            from fiskaly_contracts.coverage.report import CoverageError, dump

            try:
                dump(self.counts.coverage, self._file)
            except CoverageError as error:
                yield f"{COVERAGE}: {error}"

    def _judge(self, session: pytest.Session) -> Iterator[str]:
        if self._fail_under is None or session.exitstatus != pytest.ExitCode.OK:
            return
        for name, score in self.counts.coverage.under(self._fail_under).items():
            yield f"the coverage of {name}, {score}, is under {FAIL_UNDER}={self._fail_under:g}"


def _summarize(
    terminal: pytest.TerminalReporter,
    counts: Counts,
    *,
    quiet: bool,
    table: bool,
    asked: bool,
    lost: tuple[int, int],
) -> None:
    """Write one line; more of it where there were violations or coverage was asked for.

    Args:
        terminal: Where to write.
        counts: Those of all processes.
        quiet: Only one line, and that only if there is something to say.
        table: Write the whole table, if anything was used.
        asked: Whether coverage was asked for.
        lost: How many workers of how many handed over nothing.
    """
    if counts.violations.requests and not quiet:
        terminal.write_sep("=", "fiskaly: violations of the contract")
        for line in counts.violations.lines():
            terminal.write_line(line)
    if counts.warnings.requests and not quiet:
        terminal.write_sep("=", "fiskaly: warnings of the contract")
        for line in counts.warnings.lines():
            terminal.write_line(line)
    if table and counts.used:
        _table(terminal, counts)
    if asked or counts.violations.requests or not quiet:
        terminal.write_line(_line(counts), yellow=bool(counts.violations.requests))
    missing, workers = lost
    if missing > 0:
        terminal.write_line(
            f"fiskaly: {missing} of {workers} workers were stopped or crashed: what they did is"
            " not counted",
            yellow=True,
        )


def _table(terminal: pytest.TerminalReporter, counts: Counts) -> None:
    from fiskaly_contracts.coverage.report import table

    terminal.write_sep("=", "fiskaly: coverage of the contracts")
    for line in table(counts.coverage, terminal.config.get_terminal_writer().fullwidth):
        terminal.write_line(line)


def _line(counts: Counts) -> str:
    exchanges = counts.coverage.exchanges
    scores = {name: one.scores()["operations"] for name, one in counts.coverage.used().items()}
    exercised = ", ".join(
        f"{score.exercised} of {score.total} operations of {name}" for name, score in scores.items()
    )
    warned = counts.warnings.requests
    warnings = f", {_number(warned, 'request')} with warnings" if warned else ""
    exchanged = _number(exchanges, "exchange")
    return f"fiskaly: {exercised} exercised, {exchanged}, {_violations(counts)}{warnings}"


def _violations(counts: Counts) -> str:
    found = counts.violations
    if not found.requests:
        if not counts.unwatched:
            return "no violations"
        if counts.unwatched == counts.coverage.exchanges:
            return "the contract was not watched"
        return f"no violations, but {_number(counts.unwatched, 'exchange')} not watched"
    parts = []
    if within := found.requests - found.outside:
        parts.append(f"{_number(within, 'request')} of {_number(found.tests, 'test')}")
    if found.outside:
        parts.append(f"{_number(found.outside, 'request')} outside any test")
    return f"{' and '.join(parts)} broke the contract"


def _number(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")
