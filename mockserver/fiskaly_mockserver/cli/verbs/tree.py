"""`tree`: show or save an organization tree without serving it."""

import sys
from pathlib import Path

import click
from fiskaly_fixtures import TreeArguments, dump_tree, generate_from

from fiskaly_mockserver.cli.output import replace_file
from fiskaly_mockserver.cli.server_options import tree_options

FORMATS = {".yaml": "yaml", ".yml": "yaml", ".json": "json"}


@click.command()
@tree_options
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Save to FILE, in the format of its suffix (.yaml, .yml, .json), instead of printing.",
)
def tree(*, tree: TreeArguments, output: Path | None) -> None:
    """Print an organization tree as YAML, or save it for `serve --data`.

    No secret stands in it: secrets are derived from the seed when it is loaded.
    """
    made = generate_from(tree)
    if output is None:
        text = dump_tree(made)
        # For a program or a file it is UTF-8, which is what `serve --data` reads
        click.echo(text if sys.stdout.isatty() else text.encode(), nl=False)
        return
    form = FORMATS.get(output.suffix.lower())
    if form is None:
        raise click.BadParameter(
            f"{str(output)!r} has none of the suffixes {', '.join(FORMATS)}", param_hint="--output"
        )
    try:
        replace_file(output, dump_tree(made, form).encode())
    except OSError as error:
        raise click.BadParameter(
            f"{str(output)!r} cannot be written: {error.strerror or error}", param_hint="--output"
        ) from error
