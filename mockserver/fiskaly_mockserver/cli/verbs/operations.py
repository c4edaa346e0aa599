"""`operations`: what is served, on what evidence."""

import click
from fiskaly_contracts import Contract
from fiskaly_contracts.document import assumption_titles


@click.command()
def operations() -> None:
    """List every operation with its confidence and the assumptions it relies on.

    recorded: seen in a real answer; documented: the vendor says so; client: a public
    client relies on it; assumed: our own decision. Below stand the assumptions by number.
    Nothing else is served: no sibling API, and no operation without a public trace.
    """
    contract = Contract.bundled()
    rows = [
        (
            operation.method,
            contract.base_path + operation.path,
            operation.operation_id,
            operation.confidence,
            " ".join(operation.assumptions),
        )
        for operation in contract.operations.values()
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        click.echo("  ".join([*cells, row[-1]]).rstrip())
    click.echo()
    for number, title in assumption_titles().items():
        click.echo(f"{number}  {title}")
