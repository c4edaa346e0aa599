"""The command `fiskaly-mockserver`.

Exit codes: 0 ok, 1 findings, 2 usage (a bad flag or data file, or a refused control
call), 3 the address cannot be listened on, or no server answers. `exec` returns its
command's own. A flag beats its environment variable, which beats the default.
"""

import sys

import click
from fiskaly_fixtures.errors import TreeError

from fiskaly_mockserver.cli.verb_groups import LazyVerb, VerbGroup
from fiskaly_mockserver.server.errors import CannotListen, ServerError
from fiskaly_mockserver.version import VERSION

EXIT_USAGE = 2
EXIT_UNREACHABLE = 3


def _verb(name: str, attribute: str = "") -> LazyVerb:
    """Name a verb of the module of its name: `serve` shall not wait for all the others."""
    return LazyVerb(name, f"{__name__}.verbs.{name}", attribute)


@click.group(
    cls=VerbGroup,
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
