"""Which running server a verb speaks to."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

import click

from fiskaly_mockserver.cli.server_options import option
from fiskaly_mockserver.control.client import Control, ControlRefused
from fiskaly_mockserver.control.http import LONGEST_WAIT, HttpTransport, ServerUnreachable
from fiskaly_mockserver.control.shapes import Health
from fiskaly_mockserver.server.config import DEFAULT_HOST, DEFAULT_PORT
from fiskaly_mockserver.web.control.routes import CONTROL_PREFIX
from fiskaly_mockserver.web.safety import TOKEN_HEADER
from fiskaly_mockserver.world.names import NAME_RULE, is_name

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


BASE_PATH = "/api/v0"
"""As the contract has it, which takes too long to read for a line of output."""
DEFAULT_URL = f"http://{DEFAULT_HOST}:{DEFAULT_PORT}"

_FORMS = f"give {DEFAULT_URL}, or that with {BASE_PATH} or {CONTROL_PREFIX}"
_PATH = re.compile(
    rf"(?P<mount>.*?)(?:{CONTROL_PREFIX}|(?:/s/(?P<sandbox>[^/]+))?{BASE_PATH})?/*", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A running server, and which of its worlds.

    `origin` is `http://host:port`, without a slash at the end.
    """

    origin: str
    sandbox: str | None = None
    token: str | None = field(default=None, repr=False)

    @property
    def base_url(self) -> str:
        """What a client takes as the API's address, without a slash at the end."""
        world = "" if self.sandbox is None else f"/s/{self.sandbox}"
        return self.origin + world + BASE_PATH

    @property
    def control_url(self) -> str:
        """The address of the control routes."""
        return self.origin + CONTROL_PREFIX

    def control(self, timeout: float = LONGEST_WAIT) -> Control:
        """Return the control of the world; whether anybody answers is not known yet."""
        return Control(HttpTransport(self.control_url, self.token, timeout), self.sandbox)

    def connect(self) -> Control:
        """Return the control of the world, of a server that is up.

        Raises:
            ServerUnreachable: Nobody answers, or somebody else.
        """
        self.health()
        return self.control()

    def health(self, timeout: float = LONGEST_WAIT) -> Health:
        """Return what the server tells of itself.

        Raises:
            ServerUnreachable: Nobody answers within so many seconds, or somebody else.
        """
        somebody_else = ServerUnreachable(
            f"what answers at {self.control_url} is no fiskaly-mockserver"
        )
        try:
            health = Control(HttpTransport(self.control_url, None, timeout)).health()
        except ControlRefused as refused:
            raise somebody_else from refused
        if not _is_health(health):
            raise somebody_else
        return health


def target_of(url: str, sandbox: str | None = None, token: str | None = None) -> Target:
    """Return the server that an address speaks of: a bare one, a base URL or a control URL.

    Raises:
        ValueError: It is no such address; the message names the allowed forms.

    >>> target_of("localhost:8722/s/one/api/v0/").base_url
    'http://localhost:8722/s/one/api/v0'
    """
    full = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(full)
        bad = not parts.hostname or parts.port == 0 or "@" in parts.netloc
    except ValueError:
        raise ValueError(f"{url!r} is no address: {_FORMS}") from None
    if bad or parts.scheme not in {"http", "https"} or parts.query or parts.fragment:
        raise ValueError(f"this is no address of a fiskaly-mockserver: {_FORMS}")
    path = _PATH.fullmatch(parts.path)
    if path is None or path["mount"]:
        raise ValueError(f"{parts.path!r} is no path of a fiskaly-mockserver: {_FORMS}")
    if path["sandbox"] and sandbox and path["sandbox"] != sandbox:
        raise ValueError(f"it names the sandbox {path['sandbox']!r}, but --sandbox {sandbox!r}")
    return Target(
        origin=f"{parts.scheme}://{parts.netloc}", sandbox=path["sandbox"] or sandbox, token=token
    )


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags that name a running server, and pass it to the command as `target`.

    What the server refuses, or that there is none, ends the command with one line.
    """

    @wraps(command)
    def with_target(
        *arguments: Any, url: str, control_token: str | None, sandbox: str | None, **values: Any
    ) -> Any:
        try:
            target = target_of(url, sandbox, control_token)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--url") from error
        with reported():
            return command(*arguments, target=target, **values)

    for add in (
        option("--sandbox", metavar="NAME", callback=_sandbox, help="Speak of that sandbox."),
        option(
            "--control-token",
            metavar="TOKEN",
            callback=_token,
            help="What the server asks for beyond loopback.",
        ),
        option(
            "--url",
            default=DEFAULT_URL,
            metavar="URL",
            help="The running server: its address, base URL or control URL.",
        ),
    ):
        with_target = add(with_target)
    return with_target


def _sandbox(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    if name is not None and not is_name(name):
        raise click.BadParameter(f"{name!r} is no name: it has {NAME_RULE}")
    return name


def _token(_: click.Context, __: click.Parameter, token: str | None) -> str | None:
    if token is not None and not (token.isascii() and token.isprintable()):
        raise click.BadParameter("a token is printable ASCII")
    return token


def _is_health(told: object) -> bool:
    return isinstance(told, dict) and {"version", "contract"} <= told.keys()
