"""`journal`: what the client did, and why it was refused."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from fiskaly_mockserver.cli.journal_options import query_options
from fiskaly_mockserver.cli.output import printable, show_json
from fiskaly_mockserver.cli.remote_server import Target, target_options
from fiskaly_mockserver.cli.verb_groups import VerbGroup
from fiskaly_mockserver.control.shapes import JournalQuery

WIDTH = 10


def exchange_line(exchange: Mapping[str, Any]) -> str:
    """Return an exchange in one line, as the server logs it, with the fault that struck.

    Time, method, path, operation, status (`-` where there was no answer), milliseconds,
    request id; then what refused it and how it broke the contract.
    """
    head = (
        exchange["at"],
        exchange["method"],
        exchange["path"],
        exchange["operation"] or "-",
        exchange["response"]["status"] or "-",
        f"{exchange['ms']:.1f}ms",
        exchange["request_id"],
    )
    notes = "; ".join(_notes(exchange))
    return printable(" ".join(map(str, head)) + (f" {notes}" if notes else ""))


def explanation_words(explanation: Mapping[str, Any]) -> str:
    """Return an explanation as a sentence, and below it what it rests on."""
    lines = [
        explanation["summary"],
        *(_row("state", f"{fact['what']}: {fact['value']}") for fact in explanation["state"]),
    ]
    if explanation["accepted"]:
        lines.append(_row("accepted", explanation["accepted"]))
    return "\n".join(map(printable, lines))


def _notes(exchange: Mapping[str, Any]) -> Iterator[str]:
    if exchange["fault"]:
        yield exchange["fault"]
    if exchange["refused_by"]:
        yield exchange["refused_by"]
    for violation in exchange["violations"]:
        yield violation["message"]


def _row(name: str, said: str) -> str:
    return f"  {name.ljust(WIDTH)}{said}"


FOUND = 1
"""The exit code where the client broke the contract and that was asked for."""


@click.command("list")
@query_options
@click.option(
    "--violations",
    is_flag=True,
    help="Calls that broke the contract only; exit code 1 if there are any.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="The latest N only.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON, with all that is kept.")
@click.option(
    "--har",
    is_flag=True,
    help="Print the whole journal as an HTTP archive, which browsers open.",
)
@target_options
@click.pass_context
def list_exchanges(
    ctx: click.Context,
    target: Target,
    *,
    query: JournalQuery,
    violations: bool,
    limit: int | None,
    as_json: bool,
    har: bool,
) -> None:
    """List the exchanges, oldest first, one line each (what `journal` alone does)."""
    if har:
        if query or violations or limit or as_json:
            raise click.UsageError("--har exports the whole journal: it goes with no other flag")
        show_json(target.connect().har())
        return
    found = target.connect().journal(query)
    exchanges = found["exchanges"]
    if violations:
        exchanges = [exchange for exchange in exchanges if exchange["violations"]]
    if limit is not None:
        exchanges = exchanges[-limit:]
    if as_json:
        show_json({"exchanges": exchanges, "dropped": found["dropped"]})
    else:
        for exchange in exchanges:
            click.echo(exchange_line(exchange))
        if not exchanges:
            click.echo("No such exchange.", err=True)
        if found["dropped"]:
            click.echo(
                f"Note: the journal overflowed, {found['dropped']} older exchanges were dropped;"
                " `serve --journal-size` makes it larger",
                err=True,
            )
    if violations and exchanges:
        ctx.exit(FOUND)


@click.command()
@click.argument("request_id", metavar="REQUEST_ID")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@target_options
def explain(target: Target, *, request_id: str, as_json: bool) -> None:
    """Say why a request was refused, on what state, and what would have passed.

    REQUEST_ID is the X-Request-Id of the answer, which `journal` shows too.
    """
    explanation = target.connect().explain(request_id)
    if as_json:
        show_json(explanation)
    else:
        click.echo(explanation_words(explanation))


@click.command()
@query_options
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@target_options
def count(target: Target, *, query: JournalQuery, as_json: bool) -> None:
    """Count exchanges; refused if the journal overflowed and the number would be wrong."""
    number = target.connect().count(query)
    if as_json:
        show_json({"count": number})
    else:
        click.echo(number)


@click.command()
@target_options
def clear(target: Target) -> None:
    """Forget every exchange."""
    target.connect().clear_journal()
    click.echo("Cleared the journal.")


@click.group(cls=VerbGroup, sections={"Commands": [list_exchanges, explain, count, clear]})
def journal() -> None:
    """List, explain or count what a client asked of a running server. No secret is shown."""
