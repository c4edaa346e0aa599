"""The composition root: from settings and a tree to a service."""

from importlib.metadata import version

from fiskaly_contracts import Checker, Contract
from fiskaly_fixtures import OrganizationTree

from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.seeding import baseline_of
from fiskaly_mockserver.world.world import Seams, World

DISTRIBUTION = "fiskaly-mockserver"


def compose(config: ServerConfig, tree: OrganizationTree, seams: Seams | None = None) -> Service:
    """Return the service that serves `tree` under the bundled contract."""
    seams = seams or Seams(lifetimes=config.lifetimes)
    contract = Contract.bundled()
    return Service(
        contract=contract,
        checker=Checker(contract),
        world=World.on(baseline_of(tree, started_at=seams.clock.now()), seams),
        loose=config.loose,
        check_responses=config.check_responses,
        on_exchange=config.on_exchange,
        about={
            "version": version(DISTRIBUTION),
            "contract": contract.version,
            "preset": tree.preset,
            "seed": tree.seed,
        },
    )
