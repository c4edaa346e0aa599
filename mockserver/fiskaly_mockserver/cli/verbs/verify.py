"""`verify`: whether a server keeps the contracts, and which assumptions hold there."""

import sys
import time
from pathlib import Path
from typing import Any

import click
from fiskaly_contracts.conformance.verify import (
    Verified,
    assumptions_json,
)
from fiskaly_contracts.conformance.verify import (
    verify as run,
)

from fiskaly_mockserver.cli.output import FiniteRange
from fiskaly_mockserver.cli.reporting import (
    NobodyAnswers,
    NothingChecked,
    Reporting,
    demand_folder,
    reporting_options,
    write_text,
)
from fiskaly_mockserver.cli.targets import Target, target_options
from fiskaly_mockserver.world.qr_codes import explain_qr_code

POLITE_RATE = 5.0
"""Requests a second to a host that is not on this machine, unless told otherwise."""
QUICK = 1.0
"""Seconds that pass before anything is shown of what is under way."""


@click.command()
@click.argument("base_url", metavar="BASE_URL")
@click.option("--sign-de", metavar="URL", help="Verify SIGN DE at this address too.")
@click.option(
    "--writes",
    is_flag=True,
    help="Also make, change and delete: a customer, a key, an invitation, a billing address,"
    " a TSS with a receipt.",
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
    type=FiniteRange(min=0),
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
@target_options
@reporting_options
def verify(
    base_url: str,
    *,
    sign_de: str | None,
    writes: bool,
    max_requests: int,
    rate: float | None,
    assumptions: Path | None,
    min_operations: int,
    target: Target,
    reporting: Reporting,
) -> None:
    """Verify that a server keeps the contracts, by fixed steps and without fuzzing.

    It logs in with FISKALY_API_KEY and FISKALY_API_SECRET, reads everything that can be
    reached, and is refused in every way that changes nothing. With --writes it also makes
    things, and deletes them again.

    Exit code 1: findings; 3: nobody answers; 4: too little could be verified.
    """
    demand_folder(assumptions)
    settings = target.settings(base_url, sign_de, writes=writes, most_requests=max_requests)
    polite = 0.0 if settings.loopback else POLITE_RATE
    sender, progress = target.sender(), _Progress()
    target.ending.waits = True
    try:
        verified = run(
            settings.at_rate(polite if rate is None else rate),
            sender,
            signature_findings=_wrong_with,
            progress=progress.show,
            before_each=target.ending.now,
        )
        target.ending.now()
    finally:
        progress.end()
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


class _Progress:
    """Shows people at a terminal which journey is under way, once that takes a while."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._status: Any = None

    def show(self, journey: str) -> None:
        """Tell of the next journey."""
        if not sys.stderr.isatty() or time.monotonic() - self._start < QUICK:
            return
        if self._status is None:
            from rich.console import Console  # noqa: PLC0415 - few runs take so long

            self._status = Console(stderr=True).status("")
            self._status.start()
        self._status.update(f"{journey} …")

    def end(self) -> None:
        """Leave the terminal as it was."""
        if self._status is not None:
            self._status.stop()


def _wrong_with(qr_code_data: str) -> list[str]:
    found = explain_qr_code(qr_code_data)["findings"]
    return [str(one) for one in found] if isinstance(found, list) else []
