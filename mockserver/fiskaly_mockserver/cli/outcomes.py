"""How a verb ends that speaks to a running server, and what it says then."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import click

from fiskaly_mockserver.control.client import ControlRefused
from fiskaly_mockserver.control.http import ServerUnreachable

START_ONE = "start one with `fiskaly-mockserver`, or name it with --url or FISKALY_MOCK_URL"


class NotReached(click.ClickException):
    """What was asked for did not come about."""

    exit_code = 1


class Refused(click.ClickException):
    """The server refused a control call."""

    exit_code = 2


class Unreachable(click.ClickException):
    """No fiskaly-mockserver answers."""

    exit_code = 3


@contextmanager
def reported() -> Iterator[None]:
    """Turn what a server refuses, or that there is none, into one line and an exit code."""
    try:
        yield
    except ControlRefused as refused:
        raise Refused(words_of(refused)) from refused
    except ServerUnreachable as error:
        raise Unreachable(f"{plain(error)}; {START_ONE}") from error


def words_of(refused: ControlRefused) -> str:
    """Return a refusal in one line: what is wrong, where, and what would be right."""
    said = str(refused)
    if refused.field.rpartition("/")[2] not in said:
        said += f"; field: {refused.field}"
    if any(value not in said for value in refused.allowed):
        said += f"; allowed: {', '.join(refused.allowed)}"
    return said


def plain(error: Exception) -> str:
    """Return an error's words without the number that the system gave it."""
    return re.sub(r"\[Errno -?\d+\] ", "", str(error))
