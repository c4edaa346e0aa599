"""How a verb ends that speaks to a running server, and what it says then."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import click

from fiskaly_mockserver.control.client import ControlRefused
from fiskaly_mockserver.control.http import ServerUnreachable
from fiskaly_mockserver.web.safety import TOKEN_HEADER

START_ONE = "start one with `fiskaly-mockserver`, or name it with --url or FISKALY_MOCK_URL"

GIVE_TOKEN = "give --control-token or FISKALY_MOCK_CONTROL_TOKEN"  # noqa: S105 - flags' names
PLAIN_HTTP = "it speaks plain HTTP: use an address that begins with http://"


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
        said = words_of(refused)
        raise Refused(f"{said}; {GIVE_TOKEN}" if wants_token(refused) else said) from refused
    except ServerUnreachable as error:
        hint = PLAIN_HTTP if is_plain_http(error) else START_ONE
        raise Unreachable(f"{plain(error)}; {hint}") from error


def wants_token(refused: ControlRefused) -> bool:
    """Tell whether a control call was refused for want of the right token."""
    return refused.field == TOKEN_HEADER


def is_plain_http(error: ServerUnreachable) -> bool:
    """Tell whether somebody answers whose answer is none to a TLS handshake."""
    return "https:" in str(error) and "SSL" in str(error)


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
