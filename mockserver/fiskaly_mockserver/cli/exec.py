"""`exec`: a server for the life of one command."""

import os
from typing import Any

import click

from fiskaly_mockserver.cli.child import CannotRun, run_child
from fiskaly_mockserver.cli.server_flags import HIGHEST_PORT, server_options
from fiskaly_mockserver.cli.server_setup import set_up
from fiskaly_mockserver.cli.variables import NAMES, address_variables, key_variables
from fiskaly_mockserver.server.mock_server import MockServer


@click.command("exec", context_settings={"allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--port",
    default=0,
    type=click.IntRange(0, HIGHEST_PORT),
    metavar="N",
    help="Port to listen on; a free one unless told.",
)
@server_options(log_level="off")
@click.pass_context
def exec_command(ctx: click.Context, /, *, command: tuple[str, ...], **flags: Any) -> None:
    """Run COMMAND with a server of its own, and return its exit code.

    COMMAND finds FISKALY_BASE_URL, FISKALY_API_KEY, FISKALY_API_SECRET and
    FISKALY_ORGANIZATION_ID in its environment, and FISKALY_MOCK_URL, which the other
    verbs obey. 127 says that there is no such command.

    \b
    fiskaly-mockserver exec -- vendor/bin/phpunit
    fiskaly-mockserver exec --preset enterprise --seed 42 -- npm test
    """  # noqa: D301 - click keeps the lines after the escape together
    setup = set_up(ctx, **flags)
    with setup.log.take_over(), MockServer(setup.config, tree=setup.tree) as server:
        others = {name: value for name, value in os.environ.items() if name not in NAMES}
        addresses = address_variables(
            server.base_url, server.control_url, token=setup.config.control_token
        )
        try:
            code = run_child(
                command, {**others, **addresses, **key_variables(server.control.tree())}
            )
        except CannotRun as error:
            click.echo(f"Error: {error}", err=True)
            code = error.code
    ctx.exit(code)
