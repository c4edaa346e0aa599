"""`env`: what a client has to know of a running server, in its own language."""

import click

from fiskaly_mockserver.cli.snippets import LANGUAGES, snippet
from fiskaly_mockserver.cli.target import Target, target_options
from fiskaly_mockserver.cli.variables import address_variables, key_variables


@click.command()
@click.option(
    "--lang",
    type=click.Choice(list(LANGUAGES), case_sensitive=False),
    default="shell",
    show_default=True,
    help="The language of the snippet.",
)
@target_options
def env(target: Target, *, lang: str) -> None:
    """Print code that sets base URL, key and secret of a server.

    It is the first enabled key of the seeded tree, and the code sets the variables
    that `exec` exports. Java has system properties instead. In a shell:

    \b
    eval "$(fiskaly-mockserver env)"
    """  # noqa: D301 - click keeps the lines after the escape together
    tree = target.connect().tree()
    key = key_variables(tree)
    if not key:
        click.echo(
            f"Note: the tree of preset {tree['preset']!r} has no enabled API key:"
            " sign up to get one",
            err=True,
        )
    addresses = address_variables(
        target.base_url, target.control_url, sandbox=target.sandbox, token=target.token
    )
    click.echo(snippet(lang, {**addresses, **key}))
