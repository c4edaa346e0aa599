"""The hooks that bring the usage of all processes together, tell it, and judge it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_fiskaly.stash import GIVEN
from pytest_fiskaly.usage_counts import Counts
from pytest_fiskaly.usage_options import OPTION, coverage_file
from pytest_fiskaly.usage_summary import summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fiskaly_contracts import Violation
    from fiskaly_mockserver.world.journal.exchange import Exchange

KEY = "fiskaly"
"""The entry of xdist's `workeroutput`."""
FAIL_UNDER = "--fiskaly-coverage-fail-under"
_SILENT = -2


class Usage:
    """Listens to the session; one instance for each process of a test run.

    Attributes:
        counts: What was heard; in xdist's controller that of all workers, afterwards.
    """

    def __init__(self, config: pytest.Config) -> None:
        """Prepare for a session, as options and ini keys say.

        Raises:
            pytest.UsageError: The file for coverage is none or cannot be written.
        """
        given = config.stash[GIVEN]
        coverage = given.text("coverage")
        self._config = config
        self._is_worker = hasattr(config, "workerinput")
        self._asked = coverage is not None
        self._fail_under = given.number("coverage_fail_under")
        self._remote = given.text("url") is not None
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

    def heard(self, exchange: Exchange, *, watched: bool = True) -> None:
        """Count a finished exchange; called in the server's thread."""
        self.counts.heard(exchange, watched=watched)

    def breached(self, test: str, exchange: Exchange, violations: Iterable[Violation]) -> None:
        """Count violations against a test, by its node id; called in the server's thread.

        Which of them count is for the verdict to say: not those that the test allows.
        """
        self.counts.breached(test, exchange, violations)

    def begun(self) -> None:
        """Notice that a fixture of ours is used, even if no request follows."""
        self.counts.used = True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notice whether any test ran at all."""
        if report.when == "call" and (not report.skipped or hasattr(report, "wasxfail")):
            self._ran = True

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodeready(self) -> None:
        """Expect what a worker of xdist will tell."""
        self._workers += 1

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add what a worker of xdist heard; one that crashed tells nothing."""
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
        """Hand over what was heard; in the main process write it and judge it."""
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
        """Tell it, if anything of ours was used or asked for."""
        if self._verbosity > _SILENT and not self._config.getoption("no_summary", default=False):
            self._tell(terminalreporter)
        for complaint in self._complaints:
            terminalreporter.write_line(f"ERROR: fiskaly: {complaint}", red=True)

    def _tell(self, terminal: pytest.TerminalReporter) -> None:
        if self._remote:
            if self._asked or self._fail_under is not None:
                terminal.write_line("fiskaly: coverage is not measured with --fiskaly-url")
            return
        if self.counts.used or (self._asked and self._ran):
            summary(
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
                yield f"{OPTION}: {error}"

    def _judge(self, session: pytest.Session) -> Iterator[str]:
        if self._fail_under is None or session.exitstatus != pytest.ExitCode.OK:
            return
        score = self.counts.coverage.scores()["overall"]
        if score.percent < self._fail_under:
            yield f"the overall coverage {score} is under {FAIL_UNDER}={self._fail_under:g}"
