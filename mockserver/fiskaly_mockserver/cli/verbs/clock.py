"""`clock`: the time that every expiry of a running server obeys."""

import click

from fiskaly_mockserver.cli.output import show_json
from fiskaly_mockserver.cli.remote_server import Target, target_options
from fiskaly_mockserver.cli.times import clock_words, duration, instant
from fiskaly_mockserver.cli.verb_groups import VerbGroup
from fiskaly_mockserver.control.shapes import ClockState

json_flag = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


@click.command()
@json_flag
@target_options
def show(target: Target, *, as_json: bool) -> None:
    """Tell the time (what `clock` alone does)."""
    _tell(target.connect().clock(), as_json=as_json)


@click.command()
@click.argument("at", type=instant, required=False)
@json_flag
@target_options
def freeze(target: Target, *, at: str | None, as_json: bool) -> None:
    """Stop the time, now or AT a later point such as 2027-01-31T23:59:58Z."""
    _tell(target.connect().freeze_clock(at), as_json=as_json)


@click.command("set")
@click.argument("at", type=instant, metavar="AT")
@json_flag
@target_options
def set_to(target: Target, *, at: str, as_json: bool) -> None:
    """Jump to a later point AT, as 2027-01-31T23:59:58Z or unix seconds."""
    _tell(target.connect().set_clock(at), as_json=as_json)


@click.command()
@click.argument("by", type=duration, metavar="BY")
@json_flag
@target_options
def advance(target: Target, *, by: float, as_json: bool) -> None:
    """Jump forward BY a span such as 25h, 1d2h30m, 90s or 500ms."""
    _tell(target.connect().advance_clock(by), as_json=as_json)


@click.command()
@json_flag
@target_options
def resume(target: Target, *, as_json: bool) -> None:
    """Let a frozen time run on; `fiskaly-mockserver reset` returns to real time."""
    _tell(target.connect().resume_clock(), as_json=as_json)


@click.command()
@click.argument("factor", type=float, metavar="FACTOR")
@json_flag
@target_options
def scale(target: Target, *, factor: float, as_json: bool) -> None:
    """Let the time run FACTOR times as fast: with 60 a minute is an hour."""
    _tell(target.connect().scale_clock(factor), as_json=as_json)


@click.group(cls=VerbGroup, sections={"Commands": [show, freeze, set_to, advance, resume, scale]})
def clock() -> None:
    """Tell or move the time of a running server.

    Tokens, invitations and rate limits obey it. It never runs backwards; a reset returns
    to real time.
    """


def _tell(state: ClockState, *, as_json: bool) -> None:
    if as_json:
        show_json(state)
    else:
        click.echo(clock_words(state))
