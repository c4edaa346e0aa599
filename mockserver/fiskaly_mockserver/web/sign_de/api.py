"""SIGN DE as the server knows it."""

from collections.abc import Iterator

from fiskaly_contracts import Contract

from fiskaly_mockserver.web.api import Api, JsonObject
from fiskaly_mockserver.web.sign_de import presenters
from fiskaly_mockserver.web.sign_de.errors import SignDeErrors
from fiskaly_mockserver.web.sign_de.handlers import HANDLERS
from fiskaly_mockserver.world.world import World


def sign_de_api() -> Api:
    """Return SIGN DE, with the bundled contract."""
    return Api(
        name="sign-de",
        contract=Contract.bundled("sign-de-v2"),
        handlers=HANDLERS,
        errors=SignDeErrors(),
        rows=presented_rows,
    )


def presented_rows(world: World) -> Iterator[tuple[str, str, JsonObject]]:
    """Yield every row of a world: its place, the name of its schema, and its JSON."""
    for at, tss in enumerate(world.rows.tss):
        yield f"tss[{at}]", "Tss", presenters.tss(tss)
    for at, client in enumerate(world.rows.clients):
        yield f"clients[{at}]", "Client", presenters.client(client)
    for at, transaction in enumerate(world.rows.transactions):
        yield f"transactions[{at}]", "Transaction", presenters.transaction(transaction)
    for at, export in enumerate(world.rows.exports):
        yield f"exports[{at}]", "Export", presenters.export(export)
