"""The command `fiskaly-mockserver`.

Exit codes: 0 ok, 1 findings, 2 usage (a bad flag or data file, or a refused control
call), 3 the address cannot be listened on, or no server answers. `exec` returns its
command's own. A flag beats its environment variable, which beats the default.
"""

import sys
from importlib.metadata import version

import click
from fiskaly_fixtures import TreeError

from fiskaly_mockserver.cli.clock import clock
from fiskaly_mockserver.cli.doctor import doctor
from fiskaly_mockserver.cli.env import env
from fiskaly_mockserver.cli.exec import exec_command
from fiskaly_mockserver.cli.faults import faults
from fiskaly_mockserver.cli.journal import journal
from fiskaly_mockserver.cli.operations import operations
from fiskaly_mockserver.cli.reset import reset
from fiskaly_mockserver.cli.serve import serve
from fiskaly_mockserver.cli.tree import tree
from fiskaly_mockserver.cli.verb_groups import VerbGroup
from fiskaly_mockserver.cli.wait import wait
from fiskaly_mockserver.server.errors import CannotListen, ServerError

EXIT_USAGE = 2
EXIT_UNREACHABLE = 3


@click.group(
    cls=VerbGroup,
    sections={
        "Run a server": [serve, exec_command],
        "Control a running server": [reset, clock, faults, journal],
        "Find a running server": [wait, doctor, env],
        "Look without a server": [tree, operations],
    },
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Without a verb it serves: `fiskaly-mockserver --port 0` is `serve --port 0`.",
)
@click.version_option(
    version("fiskaly-mockserver"), "-V", "--version", message="fiskaly-mockserver %(version)s"
)
def cli() -> None:
    """Run an unofficial, offline fake of the fiskaly Management API."""


def main() -> None:
    """Run the command and leave with its exit code."""
    try:
        cli.main(prog_name="fiskaly-mockserver", standalone_mode=True)
    except TreeError as error:
        _leave(str(error), EXIT_USAGE)
    except CannotListen as error:
        _leave(str(error), EXIT_UNREACHABLE)
    except ServerError as error:
        _leave(str(error), EXIT_USAGE)


def _leave(message: str, code: int) -> None:
    click.echo(f"Error: {message}", err=True)
    sys.exit(code)
