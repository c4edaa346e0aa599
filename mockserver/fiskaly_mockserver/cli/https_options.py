"""The flags of HTTPS, for the verbs that start a server."""

from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import click

from fiskaly_mockserver.cli.server_options import (
    AddOption,
    Command,
    host_names,
    is_typed,
    option,
    with_options,
)
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.web.safety import VENDOR_HOSTS

FLAG = "--intercept"
ALL = "all"


class WithOptionalHosts(click.Command):
    """A command whose flag `--intercept` may stand alone; hosts are given after `=` only.

    click would take the command of `exec --intercept npm test` for a host.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Complete the flag where it stands alone, before the first argument."""
        options = [one for one in self.params if isinstance(one, click.Option) and not one.is_flag]
        takes_value = {name for one in options for name in one.opts}
        at = 0
        while at < len(args) and args[at].startswith("-") and args[at] != "--":
            if args[at] == FLAG:
                args = [*args[:at], f"{FLAG}={ALL}", *args[at + 1 :]]
            at += 2 if args[at] in takes_value else 1
        return super().parse_args(ctx, args)


class Https(NamedTuple):
    """What the flags ask for.

    Attributes:
        fields: Those of `ServerConfig`, but for the hosts.
        hosts: The hosts that are intercepted, if any.
        offline: Whether intercepted clients reach no other host.
    """

    fields: dict[str, Any]
    hosts: tuple[str, ...]
    offline: bool

    def config(self, config: ServerConfig) -> ServerConfig:
        """Return a server's settings with these."""
        allowed = (*config.allow_hosts, *self.hosts)
        return replace(config, **self.fields, intercept=self.hosts, allow_hosts=allowed)


def https_options(command: Command) -> Command:
    """Add the flags, and pass what they ask for on as one `https`."""

    @wraps(command)
    @click.pass_context
    def with_https(ctx: click.Context, *arguments: Any, **values: Any) -> Any:
        fields = {name: values.pop(name) for name in ("tls", "cert", "key", "ca_file")}
        https = Https(fields, values.pop("intercept"), values.pop("offline"))
        _demand_sense(ctx, https)
        return command(*arguments, https=https, **values)

    return with_options(with_https, *_HTTPS)


def _demand_sense(ctx: click.Context, https: Https) -> None:
    """Refuse flags that do not go together, and drop variables that do not."""
    fields = https.fields
    if (fields["cert"] is None) != (fields["key"] is None):
        raise click.UsageError("--cert and --key go together: give both or neither")
    if https.hosts and is_typed(ctx, "cert"):
        raise click.UsageError(f"{FLAG} makes a certificate for its hosts: leave out --cert")
    if https.offline and not https.hosts:
        raise click.UsageError(f"--offline is of no use without {FLAG}")
    if fields["cert"] is not None and fields["ca_file"] is not None:
        if is_typed(ctx, "ca_file"):
            raise click.UsageError(
                "--ca-file is the certificate of a CA made here: it does not go with --cert"
            )
        fields["ca_file"] = None
    if https.hosts:
        fields["cert"] = fields["key"] = None
    elif not fields["tls"]:
        for name in ("cert", "key", "ca_file"):
            if is_typed(ctx, name):
                raise click.UsageError(f"--{name.replace('_', '-')} needs --tls")
            fields[name] = None  # a variable may be meant for other verbs


def _hosts(ctx: click.Context, parameter: click.Parameter, text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    hosts = tuple(sorted(VENDOR_HOSTS))
    return hosts if text == ALL else tuple(dict.fromkeys(host_names(ctx, parameter, (text,))))


FILE = click.Path(dir_okay=False, path_type=Path)
_HTTPS: tuple[AddOption, ...] = (
    option("--tls", is_flag=True, help="Speak HTTPS instead of HTTP, by a CA made at the start."),
    option("--cert", type=FILE, metavar="FILE", help="Certificate to use instead, as PEM."),
    option("--key", type=FILE, metavar="FILE", help="Its key, as PEM and not encrypted."),
    option(
        "--ca-file",
        type=FILE,
        metavar="FILE",
        help="Write the CA that clients have to trust to FILE, as PEM; it never holds a key.",
    ),
    option(
        FLAG,
        callback=_hosts,
        metavar="[=HOST,…]",
        help="Answer in place of https hosts that are hard-coded in clients: the real APIs',"
        " unless others are given.",
    ),
    option("--offline", is_flag=True, help="Let intercepted clients reach no other host."),
)
