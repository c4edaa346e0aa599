"""`qr`: what the QR code of a receipt says, and whether it is right."""

from collections.abc import Iterator
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import click
from fiskaly_contracts.json_value import one_line

from fiskaly_mockserver.cli.output import replace_file, show_json
from fiskaly_mockserver.cli.remote_server import (
    RemoteServer,
    remote_server_options,
    without_number,
)
from fiskaly_mockserver.control.client import ControlRefused
from fiskaly_mockserver.control.shapes import ExplainedQrCode
from fiskaly_mockserver.control.transports import ServerUnreachable
from fiskaly_mockserver.world.qr_codes import explain_qr_code

FOUND = 1
"""The exit code where something is wrong with the code."""
PATIENCE = 5.0
"""Seconds within which a server is to say that it is up."""
PIXELS = 4
"""Width of one module in the picture; readers want more than a single pixel."""
_WIDTH = 22


@click.command()
@click.argument("text", metavar="TEXT")
@click.option(
    "--png",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw the code into FILE, right or wrong.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@remote_server_options
@click.pass_context
def qr(
    ctx: click.Context, server: RemoteServer, *, text: str, png: Path | None, as_json: bool
) -> None:
    """Verify and explain the QR code of a receipt, and tell what is wrong with it.

    TEXT is `qr_code_data` of a finished transaction, as V0;KASSE-01;...; `-` reads it from
    standard input. A running server is asked whether it signed it; none is needed for the
    rest. The exit code is 1 where something is wrong.
    """
    if text == "-":
        with click.open_file("-", encoding="utf-8", errors="surrogateescape") as stream:
            text = stream.read()
    explained, why_not = _explained(server, text)
    if png is not None:
        _draw(text.strip(), png)
    if as_json:
        show_json(explained)
        if why_not:
            click.echo(f"Note: no server was asked for the transaction: {why_not}", err=True)
    else:
        for line in _lines(explained, why_not):
            click.echo(line)
    if not explained["valid"]:
        ctx.exit(FOUND)


def _explained(server: RemoteServer, text: str) -> tuple[ExplainedQrCode, str]:
    """Return what a server says of a code, or what can be said without and why there is none."""
    try:
        server.health(PATIENCE)
        return server.control().explain_qr_code(text), ""
    except (ServerUnreachable, ControlRefused) as error:
        return cast("ExplainedQrCode", explain_qr_code(text)), without_number(error)


def _lines(explained: ExplainedQrCode, why_not: str) -> Iterator[str]:
    for name, value in explained["fields"].items():
        yield _line(name.replace("_", " "), value)
        if name == "process_data":
            yield from _process_data(explained["process_data"])
    if explained["tss_serial_number"]:
        yield _line("TSS serial number", explained["tss_serial_number"])
        verdict = "verifies" if explained["signature_verifies"] else "does not verify"
        yield _line("verified", f"the signature {verdict} with the public key of the code")
        yield _line("transaction", f"unknown: {why_not}" if why_not else _signed(explained))
    for finding in explained["findings"]:
        yield _line("WRONG", finding)


def _process_data(read_out: Any) -> Iterator[str]:
    if "receipt" in read_out:
        receipt = read_out["receipt"]
        yield _line("  kind", receipt["kind"])
        for row in receipt["amounts_per_vat_rate"]:
            yield _line(f"  {row['vat_rate']}", row["amount"])
        for row in receipt["amounts_per_payment_type"]:
            yield _line("  paid", f"{row['amount']} {row['currency_code']} {row['payment_type']}")
    for row in read_out.get("order", {}).get("line_items", ()):
        yield _line("  ordered", f"{row['quantity']} of {row['text']} at {row['price_per_unit']}")


def _signed(explained: ExplainedQrCode) -> str:
    found = explained["transaction"]
    if found is None:
        return "unknown to the server"
    return (
        f"{found['id']} of this server, {found['state']} in {found['env']}: client"
        f" {found['client_id']}, TSS {found['tss_id']}"
    )


def _line(name: str, value: str) -> str:
    return f"{name.ljust(_WIDTH)}{one_line(value)}"


def _draw(text: str, file: Path) -> None:
    """Draw a code.

    Raises:
        click.BadParameter: The file cannot be written, or no code holds so much text.
    """
    segno = import_module("segno")  # only who draws needs it
    picture = BytesIO()
    try:
        code = segno.make_qr(text, error="m", encoding="utf-8", boost_error=False)
        code.save(picture, kind="png", scale=PIXELS)
        replace_file(file, picture.getvalue())
    except ValueError as error:
        reason = "a QR code holds no such text" if isinstance(error, UnicodeError) else str(error)
        raise click.BadParameter(reason, param_hint="TEXT") from error
    except OSError as error:
        raise click.BadParameter(
            f"{str(file)!r} cannot be written: {error.strerror or error}", param_hint="--png"
        ) from error
