"""What a call costs must not follow the size of the world: counted, not timed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import pytest
from builders.vendors import NEW, vendor_of, world_of
from builders.work import Work, work_of
from fiskaly_mockserver.domain.account import organizations as organizations_module
from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.api_keys import ApiKeyFilter
from fiskaly_mockserver.domain.account.model import KeyStatus, OrganizationType
from fiskaly_mockserver.domain.account.organizations import OrganizationFilter
from fiskaly_mockserver.domain.store import Paging
from fiskaly_mockserver.world.world import World

SMALL, LARGE = 200, 3_200
ALL = OrganizationFilter()
MANAGED = OrganizationFilter(type=OrganizationType.MANAGED)


@dataclass
class Case:
    world: World
    vendor: Principal
    size: int

    def __post_init__(self) -> None:
        self.middle = [row.id for row in self.world.rows.organizations][self.size // 2]

    def page(self, narrowed: OrganizationFilter = ALL, **paging: object) -> object:
        asked = Paging(limit=20, offset=self.size // 2, **paging)  # type: ignore[arg-type]
        return self.world.organizations.list(self.vendor, asked, narrowed)

    def branch(self) -> OrganizationFilter:
        return OrganizationFilter(managed_by_organization_id=self.vendor.home.id)

    def create(self) -> object:
        return self.world.organizations.create(self.vendor, NEW, managed_by=self.vendor.home.id)

    def update(self) -> object:
        return self.world.organizations.update(self.vendor, self.middle, {"name": "Other"})

    def delete(self) -> None:
        self.world.organizations.delete(self.vendor, self.middle)

    def keys(self) -> object:
        disabled = ApiKeyFilter(statuses=[KeyStatus.DISABLED])
        return self.world.api_keys.list(self.vendor, self.middle, disabled, Paging())

    def new_key(self) -> object:
        return self.world.api_keys.create(
            self.vendor, self.middle, name="n", status=KeyStatus.ENABLED
        )


ACTIONS: Mapping[str, Callable[[Case], object]] = {
    "page": Case.page,
    "page from the end": lambda case: case.page(descending=True),
    "page by parent": lambda case: case.page(case.branch()),
    "page by parent from the end": lambda case: case.page(case.branch(), descending=True),
    "page by name again": lambda case: case.page(order_by="name"),
    "page by type again": lambda case: case.page(MANAGED),
    "retrieve": lambda case: case.world.organizations.retrieve(case.vendor, case.middle),
    "create": Case.create,
    "update": Case.update,
    "delete": Case.delete,
    "list keys": Case.keys,
    "create key": Case.new_key,
    "list users": lambda case: case.world.users.list(case.vendor, case.middle, Paging()),
    "reset": lambda case: case.world.reset(),
    "fork": lambda case: case.world.fork(),
    "sibling": lambda case: case.world.sibling(),
    "snapshot": lambda case: case.world.snapshot("later"),
    "restore": lambda case: case.world.restore("begin"),
}


@pytest.fixture(scope="module")
def bases() -> Mapping[int, World]:
    return {size: world_of(size) for size in (SMALL, LARGE)}


def case_of(bases: Mapping[int, World], size: int) -> Case:
    """Return a world with a change at each end and in the middle."""
    world = bases[size].sibling()
    case = Case(world, vendor_of(world), size)
    world.snapshot("begin")
    ids = [row.id for row in world.rows.organizations]
    case.create()
    for at in (1, size // 3, size // 2 - 1):
        world.organizations.delete(case.vendor, ids[at])
    case.page(order_by="name")
    case.page(MANAGED)
    return case


def compared(small: Work, large: Work) -> None:
    """Demand the same work but for what a search in sorted numbers takes."""
    assert large.calls <= small.calls * 1.6 + 60
    assert large.held <= small.held * 1.5 + 8_000


@pytest.mark.parametrize("action", ACTIONS)
def test_sixteen_times_the_world_is_the_same_work(bases: Mapping[int, World], action: str) -> None:
    work = {}
    for size in (SMALL, LARGE):
        case = case_of(bases, size)
        work[size] = work_of(partial(ACTIONS[action], case))
    compared(work[SMALL], work[LARGE])


@pytest.mark.parametrize("action", ["fork", "snapshot", "restore", "reset"])
def test_what_was_changed_before_does_not_make_them_dearer(
    bases: Mapping[int, World], action: str
) -> None:
    work = {}
    for changes in (10, 1_000):
        case = case_of(bases, SMALL)
        for _ in range(changes):
            case.create()
        work[changes] = work_of(partial(ACTIONS[action], case))
    compared(work[10], work[1_000])


def test_a_long_run_of_deleted_ones_is_passed_in_one_leap(bases: Mapping[int, World]) -> None:
    work = {}
    for size in (SMALL, LARGE):
        case = case_of(bases, size)
        ids = [row.id for row in case.world.rows.organizations]
        for one in ids[size // 4 : -10]:
            case.world.organizations.delete(case.vendor, one)
        paging = Paging(limit=20, offset=size // 4 - 10)
        work[size] = work_of(partial(case.world.organizations.list, case.vendor, paging))
    compared(work[SMALL], work[LARGE])


def test_a_sort_key_is_asked_once_for_each_row_and_again_only_after_a_change(
    bases: Mapping[int, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case(bases[SMALL].sibling(), vendor_of(bases[SMALL]), SMALL)
    asked: list[str] = []

    def town(row: object) -> str:
        asked.append(getattr(row, "id"))  # noqa: B009 - any row
        return str(getattr(row, "town"))  # noqa: B009 - any row

    monkeypatch.setitem(organizations_module.SORT_KEYS, "town", town)
    case.page(order_by="town")
    first = len(asked)
    assert set(asked) == {row.id for row in case.world.rows.organizations}
    for _ in range(5):
        case.page(order_by="town")
    assert len(asked) == first
    case.update()
    case.page(order_by="town")
    assert len(asked) == 2 * first
    assert len(case.world.rows.organizations.results) == 1
