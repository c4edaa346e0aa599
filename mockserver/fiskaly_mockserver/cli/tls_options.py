"""The flags of TLS, for the verbs that start a server."""

from functools import wraps
from pathlib import Path
from typing import Any

import click

from fiskaly_mockserver.cli.server_options import (
    AddOption,
    Command,
    is_typed,
    option,
    with_options,
)

FILE = click.Path(dir_okay=False, path_type=Path)


def tls_options(command: Command) -> Command:
    """Add the flags, and pass what they ask for on as one `tls`: fields of `ServerConfig`."""

    @wraps(command)
    @click.pass_context
    def with_tls(ctx: click.Context, *arguments: Any, **values: Any) -> Any:
        names = ("tls", "cert", "key", "ca_file")
        return command(
            *arguments, tls=_fields(ctx, {one: values.pop(one) for one in names}), **values
        )

    return with_options(with_tls, *_TLS)


def _fields(ctx: click.Context, flags: dict[str, Any]) -> dict[str, Any]:
    if (flags["cert"] is None) != (flags["key"] is None):
        raise click.UsageError("--cert and --key go together: give both or neither")
    if flags["cert"] is not None and flags["ca_file"] is not None:
        if is_typed(ctx, "ca_file"):
            raise click.UsageError(
                "--ca-file is the certificate of a CA made here: it does not go with --cert"
            )
        flags["ca_file"] = None
    if not flags["tls"]:
        for name in ("cert", "key", "ca_file"):
            if is_typed(ctx, name):
                raise click.UsageError(f"--{name.replace('_', '-')} needs --tls")
            flags[name] = None  # a variable may be meant for other verbs
    return flags


_TLS: tuple[AddOption, ...] = (
    option("--tls", is_flag=True, help="Speak HTTPS instead of HTTP, by a CA made at the start."),
    option("--cert", type=FILE, metavar="FILE", help="Certificate to use instead, as PEM."),
    option("--key", type=FILE, metavar="FILE", help="Its key, as PEM and not encrypted."),
    option(
        "--ca-file",
        type=FILE,
        metavar="FILE",
        help="Write the CA that clients have to trust to FILE, as PEM; it never holds a key.",
    ),
)
