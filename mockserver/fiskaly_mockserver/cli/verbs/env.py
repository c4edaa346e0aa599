"""`env`: what a client has to know of a running server, in its own language."""

import json
import os
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from fiskaly_mockserver.cli.remote_server import (
    RemoteServer,
    address_variables,
    key_variables,
    remote_server_options,
)
from fiskaly_mockserver.cli.server_options import option
from fiskaly_mockserver.proxy.environment import interception_variables

Line = Callable[[str, str], str]


def snippet(language: str, variables: Mapping[str, str]) -> str:
    r"""Return statements that set the variables for the program they stand in.

    Whatever is in a value comes through as it is. Java cannot change its environment:
    it gets system properties of the same names.

    >>> print(snippet("ruby", {"FISKALY_API_KEY": "it's"}))
    ENV['FISKALY_API_KEY'] = 'it\'s'
    """
    head, line = LANGUAGES[language]
    return "\n".join([*head, *(line(name, value) for name, value in variables.items())])


def _shell(name: str, value: str) -> str:
    quoted = value.replace("'", "'\"'\"'")
    return f"export {name}='{quoted}'"


def _php(name: str, value: str) -> str:
    return f"putenv({_single(f'{name}={value}')}); $_ENV['{name}'] = {_single(value)};"


def _csharp(name: str, value: str) -> str:
    return f'System.Environment.SetEnvironmentVariable("{name}", {_escaped(value)});'


def _java(name: str, value: str) -> str:
    return f'System.setProperty("{name}", {_escaped(value)});'


def _node(name: str, value: str) -> str:
    return f"process.env.{name} = {_escaped(value)};"


def _go(name: str, value: str) -> str:
    # Go has no halves of surrogate pairs
    return f'os.Setenv("{name}", {json.dumps(value, ensure_ascii=False)})'


def _ruby(name: str, value: str) -> str:
    return f"ENV['{name}'] = {_single(value)}"


def _python(name: str, value: str) -> str:
    return f'os.environ["{name}"] = {_escaped_python(value)}'


def _single(value: str) -> str:
    """Quote for PHP and Ruby, where a backslash and the quote itself need a backslash."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _escaped(value: str) -> str:
    """Quote for C#, Java and JavaScript, which share JSON's escapes."""
    return json.dumps(value)


def _escaped_python(value: str) -> str:
    return repr(value) if '"' in value or "\\" in value or not value.isprintable() else f'"{value}"'


LANGUAGES: Mapping[str, tuple[tuple[str, ...], Line]] = {
    "shell": ((), _shell),
    "php": ((), _php),
    "csharp": ((), _csharp),
    "java": ((), _java),
    "node": ((), _node),
    "go": ((), _go),
    "ruby": ((), _ruby),
    "python": (("import os", ""), _python),
}
"""The lines before the first variable, and the line of each."""


@click.command()
@click.option(
    "--lang",
    type=click.Choice(list(LANGUAGES), case_sensitive=False),
    default="shell",
    show_default=True,
    help="The language of the snippet.",
)
@option(
    "--intercept",
    is_flag=True,
    envvar=None,
    show_envvar=False,
    help="Lead clients whose host is hard-coded to a server that runs with `serve --intercept`.",
)
@remote_server_options
def env(server: RemoteServer, *, lang: str, intercept: bool) -> None:
    """Print code that sets base URL, key and secret of a server.

    It is the first enabled key of the seeded tree, and the code sets the variables
    that `exec` exports. Java has system properties instead. In a shell:

    \b
    eval "$(fiskaly-mockserver env)"
    """  # noqa: D301 - click keeps the lines after the escape together
    served = server.health().get("sign_de") is not None
    tree = server.control().tree()
    key = key_variables(tree)
    if not key:
        click.echo(
            f"Note: the tree of preset {tree['preset']!r} has no enabled API key:"
            " sign up to get one",
            err=True,
        )
    addresses = address_variables(
        server.base_url,
        server.control_url,
        sign_de_url=server.sign_de_url if served else None,
        sandbox=server.sandbox,
        token=server.token,
        ca_file=server.ca_file,
    )
    led = _interception_variables(server, lang) if intercept else {}
    click.echo(snippet(lang, {**addresses, **key, **led}))


def _interception_variables(server: RemoteServer, lang: str) -> dict[str, str]:
    """Return what leads programs of this environment to a server on this machine.

    To a running JVM that is not its variable, but the properties that stand in it.
    """
    led = server.control().health()["interception"]
    if led is None:
        raise click.UsageError(f"{server.origin} does not intercept: start it with --intercept")
    folder = Path(led["folder"])
    if not folder.is_dir():
        raise click.UsageError(f"{server.origin} runs on another machine: its files are there")
    port, hosts = led["proxy_port"], led["hosts"]
    found = interception_variables(folder, os.environ, port=port, hosts=hosts)
    if lang == "java":
        options = [one for one in shlex.split(found["JAVA_TOOL_OPTIONS"]) if one.startswith("-D")]
        return dict(one.removeprefix("-D").split("=", 1) for one in options if "=" in one)
    if lang != "shell":
        click.echo(
            "Note: some of it is read when a runtime starts: use --lang shell in the shell that"
            " starts it",
            err=True,
        )
    return found
