"""Which running server a verb speaks to, and the variables that tell a program where it is."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from fiskaly_mockserver.cli.server_options import Command, is_typed, option, with_options
from fiskaly_mockserver.control.client import Control, ControlRefused
from fiskaly_mockserver.control.shapes import Health, Tree, TreeOrganization
from fiskaly_mockserver.control.transports import LONGEST_WAIT, HttpTransport, ServerUnreachable
from fiskaly_mockserver.server.config import DEFAULT_HOST, DEFAULT_PORT
from fiskaly_mockserver.world.names import (
    BASE_PATH,
    CONTROL_PREFIX,
    NAME_RULE,
    SIGN_DE_PATH,
    TOKEN_HEADER,
    is_name,
)

DEFAULT_URL = f"http://{DEFAULT_HOST}:{DEFAULT_PORT}"

START_ONE = "start one with `fiskaly-mockserver`, or name it with --url or FISKALY_MOCK_URL"
GIVE_TOKEN = "give --control-token or FISKALY_MOCK_CONTROL_TOKEN"  # noqa: S105 - flags' names
PLAIN_HTTP = "it speaks plain HTTP: use an address that begins with http://"

UNTRUSTED = "trust its CA: give --ca-file or FISKALY_MOCK_CA_FILE"

_FORMS = f"give {DEFAULT_URL}, or that with {BASE_PATH} or {CONTROL_PREFIX}"
_PATH = re.compile(
    rf"(?P<mount>.*?)(?:{CONTROL_PREFIX}|(?:/s/(?P<sandbox>[^/]+))?(?:{BASE_PATH}|{SIGN_DE_PATH}))?/*",
    re.DOTALL,
)

BASE_URL = "FISKALY_BASE_URL"
API_KEY = "FISKALY_API_KEY"
API_SECRET = "FISKALY_API_SECRET"  # noqa: S105 - a variable's name
ORGANIZATION_ID = "FISKALY_ORGANIZATION_ID"
MANAGED_ORGANIZATION_ID = "FISKALY_MANAGED_ORGANIZATION_ID"
MANAGED_API_KEY = "FISKALY_MANAGED_API_KEY"
MANAGED_API_SECRET = "FISKALY_MANAGED_API_SECRET"  # noqa: S105 - a variable's name
TSS_ID = "FISKALY_TSS_ID"
TSS_ADMIN_PIN = "FISKALY_TSS_ADMIN_PIN"
TSS_ADMIN_PUK = "FISKALY_TSS_ADMIN_PUK"
CLIENT_ID = "FISKALY_CLIENT_ID"
MANAGEMENT_URLS = ("FISKALY_MANAGEMENT_BASE_URL", "FISKALY_MANAGEMENT_URL")
"""Other names under which clients read the base URL."""
SIGN_DE_URL = "FISKALY_SIGN_DE_URL"
MOCK_URL = "FISKALY_MOCK_URL"
CONTROL_URL = "FISKALY_MOCK_CONTROL_URL"
CA_FILE = "FISKALY_MOCK_CA_FILE"
SANDBOX = "FISKALY_MOCK_SANDBOX"
CONTROL_TOKEN = "FISKALY_MOCK_CONTROL_TOKEN"  # noqa: S105 - a variable's name
VARIABLES = (
    BASE_URL,
    *MANAGEMENT_URLS,
    SIGN_DE_URL,
    API_KEY,
    API_SECRET,
    ORGANIZATION_ID,
    MANAGED_ORGANIZATION_ID,
    MANAGED_API_KEY,
    MANAGED_API_SECRET,
    TSS_ID,
    TSS_ADMIN_PIN,
    TSS_ADMIN_PUK,
    CLIENT_ID,
    MOCK_URL,
    CONTROL_URL,
    CA_FILE,
    SANDBOX,
    CONTROL_TOKEN,
)
"""All that a program is told: those of another server are none of this one."""


def address_variables(
    base_url: str,
    control_url: str,
    *,
    sign_de_url: str | None,
    sandbox: str | None = None,
    token: str | None = None,
    ca_file: Path | None = None,
) -> dict[str, str]:
    """Return the variables that say where a server is."""
    origin = control_url.rpartition("/")[0]
    found = dict.fromkeys((BASE_URL, *MANAGEMENT_URLS), base_url)
    found |= {MOCK_URL: origin, CONTROL_URL: control_url}
    if sign_de_url is not None:
        found[SIGN_DE_URL] = sign_de_url
    if sandbox is not None:
        found[SANDBOX] = sandbox
    if token is not None:
        found[CONTROL_TOKEN] = token
    if ca_file is not None:
        found[CA_FILE] = str(ca_file)
    return found


def key_variables(tree: Tree) -> dict[str, str]:
    """Return the variables of the first enabled key of a tree; nothing if there is none.

    They name its organization too, the first one that this manages, and that one's first till.
    """
    for organization in tree["organizations"]:
        for key in organization["api_keys"]:
            managed = [
                {MANAGED_ORGANIZATION_ID: one["id"], **_till_variables(one)}
                for one in tree["organizations"]
                if one["managed_by_organization_id"] == organization["id"]
            ]
            return {
                API_KEY: key["key"],
                API_SECRET: key["secret"],
                ORGANIZATION_ID: organization["id"],
                **(managed[0] if managed else {}),
            }
    return {}


def _till_variables(organization: TreeOrganization) -> dict[str, str]:
    """Return the variables of the first client that can sign, and of its organization's key."""
    for tss in organization["tss"]:
        for key in organization["api_keys"]:
            if tss["state"] == "INITIALIZED" and tss["env"] == key["env"] and tss["clients"]:
                return {
                    MANAGED_API_KEY: key["key"],
                    MANAGED_API_SECRET: key["secret"],
                    TSS_ID: tss["id"],
                    TSS_ADMIN_PIN: tss["admin_pin"] or "",
                    TSS_ADMIN_PUK: tss["admin_puk"],
                    CLIENT_ID: tss["clients"][0]["id"],
                }
    return {}


class Refused(click.ClickException):
    """The server refused a control call."""

    exit_code = 2


class Unreachable(click.ClickException):
    """No fiskaly-mockserver answers."""

    exit_code = 3


@contextmanager
def errors_in_one_line() -> Iterator[None]:
    """Turn what a server refuses, or that there is none, into one line and an exit code."""
    try:
        yield
    except ControlRefused as refused:
        message = refusal_message(refused)
        hint = f"; {GIVE_TOKEN}" if refused.field == TOKEN_HEADER else ""
        raise Refused(message + hint) from refused
    except ServerUnreachable as error:
        raise Unreachable(f"{without_number(error)}; {hint_at(error)}") from error


def hint_at(error: ServerUnreachable) -> str:
    """Return what helps against a server that cannot be reached."""
    if "ca_file" in str(error):
        return "give the file that `serve --ca-file` wrote"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return UNTRUSTED
    return PLAIN_HTTP if "https:" in str(error) and "SSL" in str(error) else START_ONE


def refusal_message(refused: ControlRefused) -> str:
    """Return a refusal in one line: what is wrong, where, and what would be right."""
    message = str(refused)
    if refused.field.rpartition("/")[2] not in message:
        message += f"; field: {refused.field}"
    if any(value not in message for value in refused.allowed):
        message += f"; allowed: {', '.join(refused.allowed)}"
    return message


def without_number(error: Exception) -> str:
    """Return an error's text without the number that the system gave it."""
    return re.sub(r"\[Errno -?\d+\] ", "", str(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteServer:
    """A running server, and which of its worlds.

    `origin` is `http://host:port`, without a slash at the end.
    """

    origin: str
    sandbox: str | None = None
    token: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    @classmethod
    def at(cls, url: str, token: str | None = None, ca_file: Path | None = None) -> "RemoteServer":
        """Return the server of an address: a bare one, a base URL or a control URL.

        Raises:
            ValueError: It is no such address; the message names the allowed forms.

        >>> RemoteServer.at("localhost:8722/s/one/api/v0/").base_url
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
        origin = f"{parts.scheme}://{parts.netloc}"
        return cls(origin=origin, sandbox=path["sandbox"], token=token, ca_file=ca_file)

    @property
    def base_url(self) -> str:
        """What a client takes as the API's address, without a slash at the end."""
        return self._world + BASE_PATH

    @property
    def sign_de_url(self) -> str:
        """The same for SIGN DE, whether it is served or not."""
        return self._world + SIGN_DE_PATH

    @property
    def control_url(self) -> str:
        """The address of the control routes."""
        return self.origin + CONTROL_PREFIX

    @property
    def _world(self) -> str:
        return self.origin if self.sandbox is None else f"{self.origin}/s/{self.sandbox}"

    def control(self) -> Control:
        """Return the control of the world; whether anybody answers is not known yet."""
        transport = HttpTransport(self.control_url, self.token, ca_file=self.ca_file)
        return Control(transport, self.sandbox)

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
            health = Control(HttpTransport(self.control_url, None, timeout, self.ca_file)).health()
        except ControlRefused as refused:
            raise somebody_else from refused
        if not _is_health(health):
            raise somebody_else
        return health


def remote_server_options(command: Command) -> Command:
    """Add the flags that name a running server, and pass it to the command as `server`.

    What the server refuses, or that there is none, ends the command with one line.
    """

    @wraps(command)
    def with_server(
        *arguments: Any,
        url: str,
        control_token: str | None,
        sandbox: str | None,
        ca_file: Path | None,
        **values: Any,
    ) -> Any:
        try:
            server = RemoteServer.at(url, control_token, ca_file)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--url") from error
        if sandbox is not None:
            server = _in_sandbox(server, sandbox)
        with errors_in_one_line():
            return command(*arguments, server=server, **values)

    return with_options(
        with_server,
        option(
            "--url",
            default=DEFAULT_URL,
            metavar="URL",
            help="The running server: its address, base URL or control URL.",
        ),
        option(
            "--control-token",
            metavar="TOKEN",
            callback=_token,
            help="What the server asks for beyond loopback.",
        ),
        option("--sandbox", metavar="NAME", callback=_sandbox, help="Speak of that sandbox."),
        option(
            "--ca-file",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="The CA to trust if the server speaks TLS.",
        ),
    )


def _in_sandbox(server: RemoteServer, sandbox: str) -> RemoteServer:
    """Return the server with the sandbox of `--sandbox`, where its address names another.

    Of two different ones, the flag beats the variable.
    """
    ctx = click.get_current_context()
    typed = (is_typed(ctx, "url"), is_typed(ctx, "sandbox"))
    if server.sandbox in {None, sandbox} or typed == (False, True):
        return replace(server, sandbox=sandbox)
    if typed == (True, False):
        return server
    raise click.BadParameter(
        f"it names the sandbox {server.sandbox!r}, but --sandbox {sandbox!r}", param_hint="--url"
    )


def _sandbox(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    if name is not None and not is_name(name):
        raise click.BadParameter(f"{name!r} is no name: it has {NAME_RULE}")
    return name


def _token(_: click.Context, __: click.Parameter, token: str | None) -> str | None:
    if token is not None and not (token.isascii() and token.isprintable()):
        raise click.BadParameter("a token is printable ASCII")
    return token


def _is_health(answer: object) -> bool:
    return isinstance(answer, dict) and {"version", "contract"} <= answer.keys()
