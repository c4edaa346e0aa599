"""`clock`: the time that every expiry of a running server obeys."""

import click

from fiskaly_mockserver.cli import VerbGroup
from fiskaly_mockserver.cli.output import describe_clock, duration, instant, show_json
from fiskaly_mockserver.cli.remote_server import RemoteServer, remote_server_options
from fiskaly_mockserver.control.shapes import ClockState

json_flag = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


@click.command()
@json_flag
@remote_server_options
def show(server: RemoteServer, *, as_json: bool) -> None:
    """Show the time (what `clock` alone does)."""
    _show(server.connect().clock(), as_json=as_json)


@click.command()
@click.argument("at", type=instant, required=False)
@json_flag
@remote_server_options
def freeze(server: RemoteServer, *, at: str | None, as_json: bool) -> None:
    """Stop the time, now or AT a later point such as 2027-01-31T23:59:58Z."""
    _show(server.connect().freeze_clock(at), as_json=as_json)


@click.command("set")
@click.argument("at", type=instant, metavar="AT")
@json_flag
@remote_server_options
def set_to(server: RemoteServer, *, at: str, as_json: bool) -> None:
    """Jump to a later point AT, as 2027-01-31T23:59:58Z or unix seconds."""
    _show(server.connect().set_clock(at), as_json=as_json)


@click.command()
@click.argument("by", type=duration, metavar="BY")
@json_flag
@remote_server_options
def advance(server: RemoteServer, *, by: float, as_json: bool) -> None:
    """Jump forward BY a span such as 25h, 1d2h30m, 90s or 500ms."""
    _show(server.connect().advance_clock(by), as_json=as_json)


@click.command()
@json_flag
@remote_server_options
def resume(server: RemoteServer, *, as_json: bool) -> None:
    """Let a frozen time run on; `fiskaly-mockserver reset` returns to real time."""
    _show(server.connect().resume_clock(), as_json=as_json)


@click.command()
@click.argument("factor", type=float, metavar="FACTOR")
@json_flag
@remote_server_options
def scale(server: RemoteServer, *, factor: float, as_json: bool) -> None:
    """Let the time run FACTOR times as fast: with 60 a minute is an hour."""
    _show(server.connect().scale_clock(factor), as_json=as_json)


@click.group(cls=VerbGroup, sections={"Commands": [show, freeze, set_to, advance, resume, scale]})
def clock() -> None:
    """Show or move the time of a running server.

    Tokens, invitations and rate limits obey it. It never runs backwards; a reset returns
    to real time.
    """


def _show(state: ClockState, *, as_json: bool) -> None:
    if as_json:
        show_json(state)
    else:
        click.echo(describe_clock(state))
