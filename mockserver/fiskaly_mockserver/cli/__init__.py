"""The command `fiskaly-mockserver`.

Exit codes: 0 ok, 1 findings, 2 usage (a bad flag or data file), 3 the address cannot be
listened on. A flag beats its environment variable, which beats the default.
"""

import sys
from importlib.metadata import version

import click
from fiskaly_fixtures import TreeError

from fiskaly_mockserver.cli.operations import operations
from fiskaly_mockserver.cli.serve import serve
from fiskaly_mockserver.cli.tree import tree
from fiskaly_mockserver.server.errors import CannotListen, ServerError

EXIT_USAGE = 2
EXIT_UNREACHABLE = 3
DEFAULT_VERB = "serve"


class Verbs(click.Group):
    """The verbs of the command; without one it serves."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default verb before flags that stand alone."""
        own = {name for option in self.get_params(ctx) for name in option.opts}
        if not args or (args[0].startswith("-") and args[0] not in own):
            args = [DEFAULT_VERB, *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=Verbs,
    commands=[serve, tree, operations],
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
