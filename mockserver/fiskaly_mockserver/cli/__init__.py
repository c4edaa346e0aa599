"""The command `fiskaly-mockserver`.

Exit codes: 0 ok, 1 findings, 2 usage (a bad flag or data file, or a refused control
call), 3 the address cannot be listened on, or no server answers. `exec` returns its
command's own. A flag beats its environment variable, which beats the default.
"""

import sys
from io import TextIOWrapper
from typing import Any

import click
from fiskaly_fixtures.errors import TreeError

from fiskaly_mockserver.cli.verb_groups import LazyVerb, VerbGroup
from fiskaly_mockserver.server.errors import CannotListen, ServerError
from fiskaly_mockserver.version import VERSION


class BadInput(click.ClickException):
    """A flag or a data file is wrong."""

    exit_code = 2


class CannotServe(click.ClickException):
    """The address cannot be listened on."""

    exit_code = 3


class Cli(VerbGroup):
    """All verbs; what the server or a tree refuses is one line and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb that the command line names."""
        try:
            return super().invoke(ctx)
        except CannotListen as error:
            raise CannotServe(str(error)) from error
        except (ServerError, TreeError) as error:
            raise BadInput(str(error)) from error


def _verb(name: str, attribute: str = "") -> LazyVerb:
    """Name a verb of the module of its name: `serve` shall not wait for all the others."""
    return LazyVerb(name, f"{__name__}.verbs.{name}", attribute)


@click.group(
    cls=Cli,
    sections={
        "Run a server": [_verb("serve"), _verb("exec", "exec_command")],
        "Control a running server": [
            _verb("reset"),
            _verb("clock"),
            _verb("faults"),
            _verb("journal"),
        ],
        "Find a running server": [_verb("wait"), _verb("doctor"), _verb("env")],
        "Look without a server": [_verb("tree"), _verb("operations")],
    },
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Without a verb it serves: `fiskaly-mockserver --port 0` is `serve --port 0`.",
)
@click.version_option(VERSION, "-V", "--version", message="fiskaly-mockserver %(version)s")
def cli() -> None:
    """Run an unofficial, offline fake of the fiskaly Management API."""


def main() -> None:
    """Run the command and leave with its exit code.

    What the console's code page lacks is escaped: a name in another script is no reason to
    fail.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    cli.main(prog_name="fiskaly-mockserver")
