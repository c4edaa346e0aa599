"""The composition root: from settings and a tree to a service."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from fiskaly_fixtures import OrganizationTree

from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.web.api import ApiSource
from fiskaly_mockserver.web.journal.secrets import MOST_SECRETS, KnownSecrets
from fiskaly_mockserver.web.safety import Safety, is_loopback
from fiskaly_mockserver.web.service import Service, apis, served
from fiskaly_mockserver.world.faults import Target
from fiskaly_mockserver.world.journal.journal import JournalRoom
from fiskaly_mockserver.world.seams import Seams, WorldSettings
from fiskaly_mockserver.world.seeding import Seeded, baseline_of
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
    known = apis(
        sign_de=config.sign_de, backend=config.sign_de_backend, limits=config.sign_de_limits
    )
    settings = WorldSettings(
        operations=_Targets(known),
        rate_limit=config.rate_limit,
        journal_capacity=config.journal_size,
        journal_room=JournalRoom(),
        sign_de_main_keys=config.sign_de_main_keys,
        sign_de_daily_time=config.sign_de_daily_time,
    )
    baseline = (
        tree if isinstance(tree, Baseline) else baseline_of(tree, started_at=seams.clock.now())
    )
    worlds = Worlds(World.on(baseline, seams, settings=settings), limit=config.sandboxes)
    secrets = KnownSecrets(SeededSecrets(worlds.default), SeededPuks(worlds.default))
    for secret in (config.control_token, *baseline.pinned_secrets.values()):
        secrets.add(secret)
    return Service(
        apis=served(known, secrets, judge=config.judge, loose=config.loose),
        worlds=worlds,
        safety=Safety(
            enabled=config.control,
            token=config.control_token,
            loopback=is_loopback(config.host),
            allowed_hosts=config.allow_hosts,
        ),
        on_exchange=config.on_exchange,
        dashboard=config.dashboard,
    )


class _Targets(Mapping[str, Target]):
    """What faults may be about, by operationId: the contracts are asked with the first fault."""

    def __init__(self, apis: Iterable[ApiSource]) -> None:
        self._apis = apis

    @cached_property
    def _all(self) -> Mapping[str, Target]:
        return {
            operation_id: Target(operation.method, operation.path, operation.secured)
            for one in self._apis
            for operation_id, operation in one.api.contract.operations.items()
        }

    def __getitem__(self, operation_id: str) -> Target:
        return self._all[operation_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


class SeededSecrets:
    """The API secrets and passwords of the present tree, derived when they are first asked for.

    Of a tree with very many keys or people there are none: to derive them all would take too long.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._of: tuple[Baseline | None, frozenset[str]] = (None, frozenset())

    def __call__(self) -> frozenset[str]:
        """Return them."""
        baseline = self._world.baseline
        if self._of[0] is not baseline:
            seeded, secrets = Seeded(baseline), set[str]()
            if len(baseline.api_keys.order) <= MOST_SECRETS:
                secrets.update(
                    key.secret
                    for organization in seeded.organizations()
                    for key in organization.api_keys
                )
            if len(baseline.users.order) <= MOST_SECRETS:
                secrets.update(user.password for user in seeded.users())
            self._of = (baseline, frozenset(secrets))
        return self._of[1]


class SeededPuks:
    """The PUKs of the TSS that the present tree began with."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._of: tuple[Baseline | None, frozenset[str]] = (None, frozenset())

    def __call__(self) -> frozenset[str]:
        """Return them."""
        baseline = self._world.baseline
        if self._of[0] is not baseline:
            self._of = (baseline, frozenset(tss.admin_puk for tss in baseline.tss.order))
        return self._of[1]
