"""`journal`: what the client did, and why it was refused."""

from collections.abc import Iterator, Mapping, Sequence
from functools import wraps
from typing import Any, cast

import click
from fiskaly_contracts.json_value import JsonValue, one_line

from fiskaly_mockserver.cli import VerbGroup
from fiskaly_mockserver.cli.output import json_text, show_json
from fiskaly_mockserver.cli.remote_server import RemoteServer, remote_server_options
from fiskaly_mockserver.cli.server_options import Command, with_options
from fiskaly_mockserver.control.shapes import AllViolations, JournalQuery

WIDTH = 10
QUERY = (
    click.option("--operation", metavar="NAME", help="Calls of that operation."),
    click.option("--status", type=int, metavar="CODE", help="Calls answered with it."),
    click.option("--method", metavar="VERB", help="Calls of that method."),
    click.option("--path", metavar="GLOB", help="Calls of such paths, as '/organizations/*'."),
    click.option(
        "--body",
        type=json_text,
        metavar="JSON",
        help='Calls with that in their body, as \'{"country_code": "DEU"}\'.',
    ),
)
FIELDS = ("operation", "status", "method", "path", "body")


def query_options(command: Command) -> Command:
    """Add a flag for every field of a journal query, passed on as one `query`."""

    @wraps(command)
    def with_query(*arguments: Any, **values: Any) -> Any:
        fields = {name: values.pop(name) for name in FIELDS}
        query = {name: value for name, value in fields.items() if value is not None}
        return command(*arguments, query=cast("JournalQuery", query), **values)

    return with_options(with_query, *QUERY)


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
    return one_line(" ".join(map(str, head)) + (f" {notes}" if notes else ""))


def describe_violations(found: AllViolations) -> Iterator[str]:
    """Yield what clients, or the fake itself, did wrong: how often, and the first of each kind."""
    if found["broken_requests"]:
        number = found["broken_requests"]
        requests = "1 request" if number == 1 else f"{number} requests"
        yield f"{requests} broke the contract; the first of each kind:"
        yield from _firsts(found, "violation")
    if found["defects"]:
        yield "fiskaly-mockserver itself was wrong; please report it:"
        yield from _firsts(found, "defect")


def _firsts(found: AllViolations, what: str) -> Iterator[str]:
    yield from dict.fromkeys(
        exchange_line(kind["first"]) for kind in found["kinds"] if kind["what"] == what
    )


def describe_explanation(explanation: Mapping[str, Any]) -> str:
    """Return an explanation as a sentence, and below it what it rests on."""
    lines = [
        explanation["summary"],
        *(_row("state", f"{fact['what']}: {fact['value']}") for fact in explanation["state"]),
    ]
    if explanation["accepted"]:
        lines.append(_row("accepted", explanation["accepted"]))
    if explanation.get("page"):
        lines.append(_row("page", explanation["page"]))
    return "\n".join(map(one_line, lines))


def _notes(exchange: Mapping[str, Any]) -> Iterator[str]:
    if exchange["fault"]:
        yield exchange["fault"]
    if exchange["refused_by"]:
        yield exchange["refused_by"]
    for violation in (*exchange["violations"], *exchange.get("response_violations", ())):
        yield violation["message"]


def _row(name: str, text: str) -> str:
    return f"  {name.ljust(WIDTH)}{text}"


FOUND = 1
"""The exit code where the client broke the contract and that was asked for."""


@click.command("list")
@query_options
@click.option(
    "--violations",
    is_flag=True,
    help="Calls that broke the contract only; exit code 1 if there are any.",
)
@click.option(
    "--all",
    "since_start",
    is_flag=True,
    help="With --violations: those of the server's whole life and of every sandbox, also if the"
    " journal was reset or overflowed.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="The latest N only.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON, with all that is kept.")
@click.option(
    "--har",
    is_flag=True,
    help="Print the whole journal as an HTTP archive, which browsers open.",
)
@remote_server_options
@click.pass_context
def list_exchanges(
    ctx: click.Context,
    server: RemoteServer,
    *,
    query: JournalQuery,
    violations: bool,
    since_start: bool,
    limit: int | None,
    as_json: bool,
    har: bool,
) -> None:
    """List the exchanges, oldest first, one line each (what `journal` alone does)."""
    if har:
        if query or violations or since_start or limit or as_json:
            raise click.UsageError("--har exports the whole journal: it goes with no other flag")
        show_json(server.connect().har())
        return
    if since_start:
        if query or not violations or limit:
            raise click.UsageError("--all goes with --violations and --json, and with nothing else")
        _list_all_violations(ctx, server, as_json=as_json)
        return
    found = server.connect().journal(query)
    exchanges = found["exchanges"]
    if violations:
        exchanges = [exchange for exchange in exchanges if exchange["violations"]]
    if limit is not None:
        exchanges = exchanges[-limit:]
    _show(exchanges, found["dropped"], as_json=as_json)
    if violations and exchanges:
        ctx.exit(FOUND)


def _show(exchanges: Sequence[dict[str, JsonValue]], dropped: int, *, as_json: bool) -> None:
    if as_json:
        show_json({"exchanges": exchanges, "dropped": dropped})
        return
    for exchange in exchanges:
        click.echo(exchange_line(exchange))
    if not exchanges:
        click.echo("No such exchange.", err=True)
    if dropped:
        click.echo(
            f"Note: the journal overflowed, {dropped} older exchanges were dropped;"
            " `serve --journal-size` makes it larger",
            err=True,
        )


def _list_all_violations(ctx: click.Context, server: RemoteServer, *, as_json: bool) -> None:
    found = server.connect().all_violations()
    if as_json:
        show_json(found)
    else:
        for line in describe_violations(found):
            click.echo(line)
        if not (found["broken_requests"] or found["defects"]):
            click.echo("No request broke the contract.", err=True)
    if found["broken_requests"] or found["defects"]:
        ctx.exit(FOUND)


@click.command()
@click.argument("request_id", metavar="REQUEST_ID")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@remote_server_options
def explain(server: RemoteServer, *, request_id: str, as_json: bool) -> None:
    """Say why a request was refused, on what state, and what would have passed.

    REQUEST_ID is the X-Request-Id of the answer, which `journal` shows too.
    """
    explanation = server.connect().explain(request_id)
    if as_json:
        show_json(explanation)
    else:
        click.echo(describe_explanation(explanation))


@click.command()
@query_options
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@remote_server_options
def count(server: RemoteServer, *, query: JournalQuery, as_json: bool) -> None:
    """Count exchanges; refused if the journal overflowed and the number would be wrong."""
    number = server.connect().count(query)
    if as_json:
        show_json({"count": number})
    else:
        click.echo(number)


@click.command()
@remote_server_options
def clear(server: RemoteServer) -> None:
    """Forget every exchange."""
    server.connect().clear_journal()
    click.echo("Cleared the journal.")


@click.group(cls=VerbGroup, sections={"Commands": [list_exchanges, explain, count, clear]})
def journal() -> None:
    """List, explain or count what a client asked of a running server. No secret is shown."""
