"""How verbs that check something report it, and with which exit code they end.

0: nothing that counts was found. 1: findings. 2: wrong usage. 3: nobody answers. 4: nothing
could be checked. A pipeline may try again after 3; after 1 it must not.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from fiskaly_contracts import Contract, Severity, Violation, meant
from fiskaly_contracts.conformance.checks import ExchangeCheck, finding_of
from fiskaly_contracts.conformance.findings import (
    BaselineError,
    Finding,
    Findings,
    Known,
    Report,
    Side,
    baseline_of,
    read_baseline,
)
from fiskaly_contracts.conformance.reports import (
    FORMATS,
    ReportError,
    annotations,
    as_json,
    as_text,
    step_summary,
    write_report,
)

from fiskaly_mockserver.control.shapes import AllViolations, ViolationKind
from fiskaly_mockserver.web.journal.lifetime import CRASH
from fiskaly_mockserver.world.journal.har import http_exchange

FOUND: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
NOTHING_CHECKED: Final = 4
CRASHED: Final = "fiskaly-mockserver itself crashed: please report it"

Verb = TypeVar("Verb", bound=Callable[..., None])


class BadCheck(click.ClickException):
    """A check cannot begin, or its report cannot be written."""

    exit_code = USAGE


class NothingChecked(click.ClickException):
    """There was nothing that a contract says anything of."""

    exit_code = NOTHING_CHECKED


class NobodyAnswers(click.ClickException):
    """The server is not there, or was lost on the way."""

    exit_code = UNREACHABLE


class Found(click.exceptions.Exit):
    """There are findings, which were told already."""

    def __init__(self) -> None:
        super().__init__(FOUND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """What the flags say of the report; all files are looked at before anything is checked."""

    files: tuple[Path, ...] = ()
    baseline: tuple[Known, ...] = ()
    new_baseline: Path | None = None
    threshold: Severity = Severity.ERROR
    as_json: bool = False

    def finish(self, report: Report, *, checked: int) -> None:
        """Show and write a report; `checked` says how much was looked at.

        Raises:
            Found: There are findings that count.
            NothingChecked: Nothing was looked at.
            BadCheck: A file cannot be written.
        """
        self.tell(report)
        self.demand(checked)

    def demand(self, checked: int) -> None:
        """Demand that something was looked at.

        Raises:
            NothingChecked: Nothing was.
        """
        if not checked:
            raise NothingChecked("nothing could be checked")

    def tell(self, report: Report, *, fail: bool = True) -> None:
        """Show and write a report.

        Raises:
            Found: There are findings that count, and they are to fail.
            BadCheck: A file cannot be written.
        """
        report = report.against(self.baseline, datetime.now(UTC).date())
        unwritten = [*self._unwritten(report)]  # before the output, whose reader may go away
        click.echo(as_json(report) if self.as_json else as_text(report), nl=False)
        unwritten += _tell_github(report, os.environ, quiet=self.as_json)
        if unwritten:
            raise BadCheck("; ".join(unwritten))
        if fail and report.failing(self.threshold):
            raise Found

    def _unwritten(self, report: Report) -> Iterator[str]:
        """Write all files; yield why one cannot be written."""
        for file in self.files:
            try:
                write_report(report, file)
            except ReportError as error:
                yield str(error)
        if self.new_baseline is not None:
            entries = baseline_of(
                (*(one for one, _ in report.known), *report.findings), "found when this was written"
            )
            try:
                write_text(self.new_baseline, json.dumps(entries, indent=2) + "\n")
            except BadCheck as error:
                yield str(error)


def reporting_options(verb: Verb) -> Verb:
    """Give a verb the flags of a report; it gets `reporting`."""

    @click.option(
        "--report",
        "files",
        multiple=True,
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help=f"Write a report; its name ends in one of {' '.join(FORMATS)} (.xml is JUnit).",
    )
    @click.option(
        "--baseline",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Findings that are known: they are told, and fail nothing.",
    )
    @click.option(
        "--write-baseline",
        "new_baseline",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Write what was found as a baseline.",
    )
    @click.option(
        "--fail-on",
        "threshold",
        type=click.Choice([one.value for one in Severity]),
        default=Severity.ERROR.value,
        show_default=True,
        help="From which severity on findings fail.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
    @wraps(verb)
    def with_reporting(
        *words: Any,
        files: tuple[Path, ...],
        baseline: Path | None,
        new_baseline: Path | None,
        threshold: str,
        as_json: bool,
        **flags: Any,
    ) -> None:
        for file in files:
            if file.suffix.lower() not in FORMATS:
                raise BadCheck(f"--report {file} should end in one of {' '.join(FORMATS)}")
        for one in (*files, new_baseline):
            demand_folder(one)
        try:
            known = read_baseline(baseline) if baseline else ()
        except BaselineError as error:
            raise BadCheck(str(error)) from error
        reporting = Reporting(
            files=files,
            baseline=known,
            new_baseline=new_baseline,
            threshold=Severity(threshold),
            as_json=as_json,
        )
        verb(*words, reporting=reporting, **flags)

    return with_reporting  # type: ignore[return-value]


def _tell_github(report: Report, environment: Mapping[str, str], *, quiet: bool) -> Iterator[str]:
    """Inside GitHub Actions: annotations, and the step's summary; yield why it is not written."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return
    for line in annotations(report):
        click.echo(line, err=quiet)
    summary = environment.get("GITHUB_STEP_SUMMARY")
    if summary:
        try:
            with Path(summary).open("a", encoding="utf-8") as stream:
                stream.write(step_summary(report))
        except OSError as error:
            yield f"cannot write {summary}: {error.strerror or error}"


def demand_folder(file: Path | None) -> None:
    """Demand that a file may be written at the end, before anything is done for it.

    Raises:
        BadCheck: There is no such folder.
    """
    if file is not None and not file.parent.is_dir():
        raise BadCheck(f"there is no folder {str(file.parent)!r}: make it first")


def write_text(path: Path, text: str) -> None:
    """Write a file.

    Raises:
        BadCheck: It cannot be written; the text names it.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadCheck(f"cannot write {path}: {error.strerror or error}") from error


def violations_report(found: AllViolations, origin: str, requests: int) -> Report:
    """Return a report of what was broken over a server's whole life.

    Args:
        found: What the server counted, and the first exchange of each kind.
        origin: Where it was reached, for the lines that repeat a call.
        requests: How many it answered.
    """
    findings = Findings()
    findings.add(*_findings(found, origin))
    uncounted = found["uncounted"]
    return Report(
        check="exec",
        target=origin,
        findings=tuple(findings),
        counted={"requests": requests},
        notes=[f"{uncounted} more kinds had no room"] if uncounted else [],
    )


def _findings(found: AllViolations, origin: str) -> Iterator[Finding]:
    writer = ExchangeCheck(Contract.bundled(), Contract.sign_de())
    for kind in found["kinds"]:
        first: Any = kind["first"]
        for one in _of_kind(kind, first)[:1]:
            yield replace(
                one,
                count=kind["count"],
                curl=writer.curl(http_exchange(first, origin)),
                seen=f"request {first['request_id']}",
            )


def _of_kind(kind: ViolationKind, first: Mapping[str, Any]) -> list[Finding]:
    """Return what of a kind was wrong with its first exchange, its very place before all else."""
    operation = kind["operation"] or f"{first['method']} {first['path']}"
    defect, status = kind["what"] == "defect", first["response"]["status"]
    side = Side.RESPONSE if defect else Side.REQUEST
    if defect and kind["rule"] == CRASH:
        return [Finding(operation=operation, rule=CRASH, side=side, status=status, message=CRASHED)]
    told = [*map(Violation.from_json, first["response_violations" if defect else "violations"])]
    same = [
        one
        for one in (told if defect else meant(told))
        if (one.where.value, one.rule) == (kind["where"], kind["rule"])
    ]
    there = [one for one in same if one.pointer == kind["pointer"]]
    return [finding_of(one, operation, side, status) for one in there or same]
