"""`redact`: a recording without its secrets."""

from pathlib import Path

import click
from fiskaly_contracts import Contract
from fiskaly_contracts.recordings.har import HarError
from fiskaly_contracts.recordings.redaction import redact_har

from fiskaly_mockserver.cli.reporting import BadCheck

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("source", type=_FILE, metavar="IN.har")
@click.argument("target", type=_FILE, metavar="OUT.har")
def redact(source: Path, target: Path) -> None:
    """Write a copy of a recording without secrets, and without what no contract declares.

    The same secret becomes the same placeholder wherever it stands, so the copy can still be
    checked and replayed. Before it is written it is searched for every secret that was seen.
    """
    try:
        exchanges, secrets = redact_har(source, target, (Contract.bundled(), Contract.sign_de()))
    except HarError as error:
        raise BadCheck(str(error)) from error
    click.echo(f"{target}: {exchanges} exchanges, {secrets} secrets replaced")
