"""`check`: which recorded exchanges break the contract."""

from pathlib import Path

import click
from fiskaly_contracts import Contract
from fiskaly_contracts.conformance.checks import ExchangeCheck
from fiskaly_contracts.conformance.findings import Findings, Report
from fiskaly_contracts.recordings.har import HarError, read_har

from fiskaly_mockserver.cli.reporting import BadCheck, Reporting, reporting_options


@click.command()
@click.argument(
    "archives",
    nargs=-1,
    required=True,
    metavar="FILE.har…",
    type=click.Path(dir_okay=False, path_type=Path),
)
@reporting_options
def check(archives: tuple[Path, ...], *, reporting: Reporting) -> None:
    """Check recorded exchanges against the contracts, from any tool's HAR files.

    Both sides are looked at, by both validators. Calls of other services are left aside.

    Exit code 1: findings; 4: no exchange of these APIs was in the files.
    """
    checking = ExchangeCheck(Contract.bundled(), Contract.sign_de(), both_judges=True)
    findings = Findings()
    try:
        for archive in archives:
            for index, exchange in enumerate(read_har(archive)):
                findings.add(*checking.findings(exchange, f"entry {index} of {archive.name}"))
    except HarError as error:
        raise BadCheck(str(error)) from error
    report = report_of("check", " ".join(map(str, archives)), checking, findings)
    reporting.finish(report, checked=checking.exchanges)


def report_of(verb: str, target: str, checking: ExchangeCheck, findings: Findings) -> Report:
    """Return the report of exchanges that were checked."""
    called = dict.fromkeys(operation for operation, _ in checking.calls)
    broken = {one.operation for one in findings}
    return Report(
        check=verb,
        target=target,
        findings=tuple(findings),
        counted={
            "exchanges": checking.exchanges,
            "operations": len(called),
            **({"of other services": checking.ignored} if checking.ignored else {}),
        },
        passed=tuple(name for name in called if name not in broken),
        not_verified=[(f"{count} bodies", note) for note, count in checking.notes.items()],
    )
