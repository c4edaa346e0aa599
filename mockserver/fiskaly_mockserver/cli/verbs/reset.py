"""`reset`: begin again."""

import click

from fiskaly_mockserver.cli.remote_server import Target, target_options


@click.command()
@target_options
def reset(target: Target) -> None:
    """Return a running server to its seeded tree and real time.

    Changes, sessions, faults and the journal are forgotten; snapshots and the other
    sandboxes are left alone.
    """
    target.connect().reset()
    world = "the default world" if target.sandbox is None else f"the sandbox {target.sandbox}"
    click.echo(f"Reset {world} at {target.origin}.")
