"""The composition root: from settings and a tree to a service."""

from fiskaly_fixtures import OrganizationTree

from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.version import VERSION
from fiskaly_mockserver.web.apis import apis
from fiskaly_mockserver.web.safety import Safety, is_loopback
from fiskaly_mockserver.web.service import Service, served
from fiskaly_mockserver.world.faults import Target
from fiskaly_mockserver.world.journal.journal import JournalRoom
from fiskaly_mockserver.world.seams import Seams, WorldSettings
from fiskaly_mockserver.world.seeding import baseline_of
from fiskaly_mockserver.world.store.tables import Baseline
from fiskaly_mockserver.world.world import World
from fiskaly_mockserver.world.worlds import Worlds


def compose(
    config: ServerConfig,
    tree: OrganizationTree | Baseline,
    seams: Seams | None = None,
) -> Service:
    """Return the service that serves a tree, or the rows of one, under the bundled contracts."""
    seams = seams or Seams(lifetimes=config.lifetimes)
    known = apis(sign_de=config.sign_de)
    settings = WorldSettings(
        operations={
            operation_id: Target(operation.method, operation.path, operation.secured)
            for api in known
            for operation_id, operation in api.contract.operations.items()
        },
        rate_limit=config.rate_limit,
        journal_capacity=config.journal_size,
        journal_room=JournalRoom(),
        sign_de_main_keys=config.sign_de_main_keys,
    )
    baseline = (
        tree if isinstance(tree, Baseline) else baseline_of(tree, started_at=seams.clock.now())
    )
    return Service(
        apis=served(known, judge=config.judge, loose=config.loose),
        worlds=Worlds(World.on(baseline, seams, settings=settings), limit=config.sandboxes),
        safety=Safety(
            enabled=config.control,
            token=config.control_token,
            loopback=is_loopback(config.host),
            allowed_hosts=config.allow_hosts,
        ),
        on_exchange=config.on_exchange,
        about={"version": VERSION, "contract": known[0].contract.version},
    )
