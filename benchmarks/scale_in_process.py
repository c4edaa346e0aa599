"""A vendor's calls on a world of a given size, without a server."""

from collections.abc import Callable, Mapping
from itertools import count

from fiskaly_fixtures import OrganizationTree
from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.api_keys import ApiKeyFilter
from fiskaly_mockserver.domain.account.model import OrganizationId, OrganizationType, PrincipalKind
from fiskaly_mockserver.domain.account.organizations import OrganizationFilter
from fiskaly_mockserver.domain.store import Paging
from fiskaly_mockserver.world.seeding import baseline_of
from fiskaly_mockserver.world.world import Seams, World
from fiskaly_mockserver.world.worlds import Worlds

from benchmarks.setting import NEW
from benchmarks.timing import Task

PAGE = 20


class InProcess:
    """Services of the world, called by its first key."""

    name = "in process"

    def __init__(self, tree: OrganizationTree) -> None:
        seams = Seams()
        self._world = World.on(baseline_of(tree, started_at=seams.clock.now()), seams)
        self._worlds, self._names = Worlds(self._world), (f"s{number}" for number in count())
        self._size = tree.size
        self._parent = OrganizationId(tree.organizations[0].id)
        self._middle = tree.organizations[tree.size // 2].id
        self._caller = self._first_caller(tree.organizations[0].api_keys[0].principal_id)
        self._made = self._middle
        self._world.snapshot("kept")

    def tasks(self) -> Mapping[str, Task]:
        """Return the calls that should take the same time in a world of any size."""
        branch = OrganizationFilter(managed_by_organization_id=self._parent)
        managed = OrganizationFilter(type=OrganizationType.MANAGED)
        world, users, keys = self._world, self._world.users, self._world.api_keys
        return {
            "list from the start": self._list(Paging(limit=PAGE)),
            "list from the middle": self._list(self._from_the_middle()),
            "… latest first": self._list(self._from_the_middle(descending=True)),
            "… by parent": self._list(self._from_the_middle(), branch),
            "… by name, again": self._list(self._from_the_middle(order_by="name")),
            "… by type, again": self._list(self._from_the_middle(), managed),
            "retrieve": _plain(lambda: world.organizations.retrieve(self._caller, self._middle)),
            "create": _plain(self._create),
            "update": _plain(
                lambda: world.organizations.update(self._caller, self._middle, {"name": "Bakery"})
            ),
            "delete one from the middle": Task(
                prepare=world.reset,
                run=lambda: world.organizations.delete(self._caller, self._middle),
            ),
            "list keys": _plain(
                lambda: keys.list(self._caller, self._parent, ApiKeyFilter(), Paging())
            ),
            "list users": _plain(lambda: users.list(self._caller, self._parent, Paging())),
            "reset": Task(prepare=self._create, run=world.reset),
            "fork": Task(prepare=self._create, run=world.fork),
            "snapshot": Task(prepare=self._create, run=lambda: world.snapshot("new")),
            "restore": Task(prepare=self._create, run=lambda: world.restore("kept")),
            "new sandbox": Task(
                prepare=self._create, run=lambda: self._worlds.get(next(self._names))
            ),
        }

    def first_tasks(self) -> Mapping[str, Task]:
        """Return what is worked out from all rows, once after a change."""
        managed = OrganizationFilter(type=OrganizationType.MANAGED)
        pages = {
            "by name, first": self._list(self._from_the_middle(order_by="name")),
            "by type, first": self._list(self._from_the_middle(), managed),
        }
        return {name: Task(prepare=self._create, run=page.run) for name, page in pages.items()}

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""

    def _from_the_middle(self, *, order_by: str | None = None, descending: bool = False) -> Paging:
        return Paging(order_by=order_by, descending=descending, limit=PAGE, offset=self._size // 2)

    def _list(self, paging: Paging, narrowed: OrganizationFilter | None = None) -> Task:
        asked = narrowed or OrganizationFilter()
        return _plain(lambda: self._world.organizations.list(self._caller, paging, asked))

    def _create(self) -> object:
        return self._world.organizations.create(self._caller, NEW, managed_by=self._parent)

    def _first_caller(self, principal_id: str) -> Principal:
        key = next(iter(self._world.rows.api_keys))
        home = self._world.rows.organizations.get(self._parent)
        if home is None or key.principal_id != principal_id:
            raise RuntimeError("the first key is not the vendor's")
        return Principal(
            id=key.principal_id,
            kind=PrincipalKind.API_KEY,
            env=key.env,
            home=home,
            memberships=(home,),
        )


def _plain(run: Callable[[], object]) -> Task:
    return Task(prepare=lambda: None, run=run)
