"""`verify`: whether a server keeps the contracts, and which assumptions hold there."""

import os
import sys
from pathlib import Path

import click
from fiskaly_contracts.conformance.probe import HttpSender
from fiskaly_contracts.conformance.verify import (
    RefusedError,
    Settings,
    Verified,
    assumptions_json,
)
from fiskaly_contracts.conformance.verify import (
    verify as run,
)

from fiskaly_mockserver.cli.remote_server import API_KEY, API_SECRET
from fiskaly_mockserver.cli.reporting import (
    BadCheck,
    NobodyAnswers,
    NothingChecked,
    Reporting,
    reporting_options,
    write_text,
)
from fiskaly_mockserver.world.qr_codes import explain_qr_code

POLITE_RATE = 5.0
"""Requests a second to a host that is not on this machine, unless told otherwise."""


@click.command()
@click.argument("base_url", metavar="BASE_URL")
@click.option("--sign-de", metavar="URL", help="Verify SIGN DE at this address too.")
@click.option(
    "--writes",
    is_flag=True,
    help="Also make, change and delete: a customer, a key, an invitation, a billing address,"
    " a TSS with a receipt.",
)
@click.option("--allow-live", is_flag=True, help="Accept a LIVE key.")
@click.option(
    "--yes-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A host beyond this machine that may be called; may be given several times.",
)
@click.option(
    "--max-requests",
    type=click.IntRange(min=1),
    default=1_000,
    show_default=True,
    metavar="N",
    help="Send no more; cleaning up is not counted.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0),
    metavar="N",
    help=f"Requests a second at most; {POLITE_RATE:g} beyond this machine, else no limit.",
)
@click.option(
    "--assumptions",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write as JSON which assumptions were confirmed, refuted or untouched.",
)
@click.option(
    "--min-operations",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="With fewer verified operations the exit code is 4.",
)
@click.option(
    "--ca-file",
    type=click.Path(dir_okay=False, exists=True),
    metavar="FILE",
    help="Certificates to trust beside the system's.",
)
@reporting_options
def verify(
    base_url: str,
    *,
    sign_de: str | None,
    writes: bool,
    allow_live: bool,
    hosts: tuple[str, ...],
    max_requests: int,
    rate: float | None,
    assumptions: Path | None,
    min_operations: int,
    ca_file: str | None,
    reporting: Reporting,
) -> None:
    """Verify that a server keeps the contracts, by fixed steps and without fuzzing.

    It logs in with FISKALY_API_KEY and FISKALY_API_SECRET, reads everything that can be
    reached, and is refused in every way that changes nothing. With --writes it also makes
    things, and deletes them again.

    Exit code 1: findings; 3: nobody answers; 4: too little could be verified.
    """
    key, secret = (os.environ.get(name, "") for name in (API_KEY, API_SECRET))
    if not key or not secret:
        raise BadCheck(f"set {API_KEY} and {API_SECRET}: credentials come from there alone")
    try:
        settings = Settings(
            management=base_url,
            sign_de=sign_de,
            key=key,
            secret=secret,
            writes=writes,
            allow_live=allow_live,
            hosts=hosts,
            most_requests=max_requests,
        ).guarded()
    except RefusedError as error:
        raise BadCheck(str(error)) from error
    polite = 0.0 if settings.loopback else POLITE_RATE
    sender = HttpSender(ca_file)
    try:
        verified = run(
            settings.at_rate(polite if rate is None else rate),
            sender,
            signature_findings=_wrong_with,
            progress=_progress,
        )
    finally:
        sender.close()
    if assumptions is not None:
        write_text(assumptions, assumptions_json(verified, base_url))
    _finish(verified, min_operations, reporting)


def _finish(verified: Verified, min_operations: int, reporting: Reporting) -> None:
    reporting.tell(verified.report, fail=verified.operations > 0)
    if verified.unreachable:
        raise NobodyAnswers(verified.unreachable)
    if verified.operations < min_operations:
        raise NothingChecked(
            f"{verified.operations} operations could be verified, not {min_operations}"
        )


def _progress(journey: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"{journey} ...", err=True)


def _wrong_with(qr_code_data: str) -> list[str]:
    found = explain_qr_code(qr_code_data)["findings"]
    return [str(one) for one in found] if isinstance(found, list) else []
