"""Trees made once and planted into worlds often."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, cast

from fiskaly_fixtures import OrganizationTree

from fiskaly_mockserver.control.handles import TreeHandle
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.server.tree_files import tree_of
from fiskaly_mockserver.world.seed.credentials import Seeded
from fiskaly_mockserver.world.seed.rows_from_tree import baseline_of
from fiskaly_mockserver.world.store.tables import Baseline

if TYPE_CHECKING:
    from fiskaly_mockserver.control.shapes import Tree


KEPT = 32
"""Trees that are kept; the one not used for longest makes room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeArguments:
    """What a tree is generated from; the same arguments give the same tree."""

    preset: str
    seed: int
    size: int
    country: str

    @classmethod
    def of(cls, config: ServerConfig) -> "TreeArguments":
        """Return the arguments that a server's settings name."""
        return cls(preset=config.preset, seed=config.seed, size=config.size, country=config.country)


@dataclass
class Planting:
    """A tree, its rows and its handle; each is made when it is first needed.

    `started_at` is in unix seconds.
    """

    tree: OrganizationTree
    started_at: float

    @cached_property
    def baseline(self) -> Baseline:
        """The rows as they are if the world starts at `started_at`."""
        return baseline_of(self.tree, started_at=self.started_at)

    @cached_property
    def handle(self) -> TreeHandle:
        """The organizations and users with their credentials."""
        told = {"preset": self.tree.preset, "seed": self.tree.seed}
        return TreeHandle(cast("Tree", {**told, **Seeded(self.baseline).as_json()}))

    def baseline_at(self, started_at: float) -> Baseline:
        """Return the rows of a world that starts at another time.

        That takes no time, but for trees with pending invitations, whose age counts back
        from the start.
        """
        if not self._invites:
            return self.baseline
        people = replace(self.tree, organizations=())
        fresh = baseline_of(people, started_at=started_at)
        return self.baseline.with_rows(memberships=fresh.memberships.order)

    @cached_property
    def _invites(self) -> bool:
        return any(
            membership.invited_seconds_ago is not None
            for user in self.tree.users
            for membership in user.memberships
        )


class Nursery:
    """Plantings by their arguments; one may serve many servers, in any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[TreeArguments, Planting] = OrderedDict()

    def get(self, config: ServerConfig, *, started_at: float) -> Planting:
        """Return the planting of the tree that a server's settings name, made if need be.

        Raises:
            TreeError: The preset, seed, size or country does not exist.
        """
        arguments = TreeArguments.of(config)
        with self._lock:
            found = self._kept.get(arguments)
            if found is None:
                found = self._kept[arguments] = Planting(tree_of(config), started_at)
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(arguments)
            return found
