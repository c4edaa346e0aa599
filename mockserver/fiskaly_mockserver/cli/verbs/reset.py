"""`reset`: return to the seeded tree."""

import click

from fiskaly_mockserver.cli.remote_server import RemoteServer, remote_server_options


@click.command()
@remote_server_options
def reset(server: RemoteServer) -> None:
    """Return a running server to its seeded tree and real time.

    Changes, sessions, faults and the journal are forgotten; snapshots and the other
    sandboxes are left alone.
    """
    server.connect().reset()
    world = "the default world" if server.sandbox is None else f"the sandbox {server.sandbox}"
    click.echo(f"Reset {world} at {server.origin}.")
