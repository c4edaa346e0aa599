"""Lists of a world that changes at random against lists made from all of its rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

import pytest
from builders.vendors import NEW, caller_with, person_in, vendor_of, world_of
from fiskaly_mockserver.domain.account import api_keys, organizations, users
from fiskaly_mockserver.domain.account.access import Principal, sees
from fiskaly_mockserver.domain.account.api_keys import ApiKeyFilter
from fiskaly_mockserver.domain.account.model import (
    Environment,
    KeyStatus,
    Organization,
    OrganizationType,
)
from fiskaly_mockserver.domain.account.organizations import OrganizationFilter, Profile
from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.domain.store import Page, Paging, SortKey
from fiskaly_mockserver.world.store import table
from fiskaly_mockserver.world.world import World

NAMES = ("Zeta", "Älpler", "alpha", "Beta", "Beta", "")
FIELDS = (None, "name", "display_name", "id")


@pytest.fixture(autouse=True)
def _everything_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "FEW", 0)


def in_order(rows: Sequence[Any], paging: Paging, keys: Mapping[str, SortKey[Any]]) -> Page[Any]:
    """Cut a page in the plainest way."""
    if paging.order_by is None:
        ordered = [*reversed(rows)] if paging.descending else [*rows]
    else:
        value = keys[paging.order_by]
        present = [row for row in rows if value(row) != ""]
        ordered = sorted(present, key=value, reverse=paging.descending)
        ordered += [row for row in rows if value(row) == ""]
    return Page(ordered[paging.offset : paging.offset + paging.limit], len(rows))


@dataclass
class Walk:
    """A world, who calls there, and chance."""

    world: World
    chance: Random

    def callers(self) -> Iterator[Principal]:
        """Yield the vendor, other keys, and people of several organizations."""
        keys = [*self.world.rows.api_keys]
        yield vendor_of(self.world)
        yield from (caller_with(self.world, key) for key in self.chance.sample(keys, 3))
        ids = [row.id for row in self.world.rows.organizations]
        user = next(iter(self.world.rows.users))
        for env in Environment:
            chosen = self.chance.sample(ids, 3)
            yield person_in(self.world, user, env, keys[0].organization_id, *chosen)
            yield person_in(self.world, user, env, *chosen)

    def paging(self) -> Iterator[Paging]:
        """Yield every order, each with a page somewhere."""
        for order_by, descending in product(FIELDS, (False, True)):
            yield Paging(
                order_by=order_by,
                descending=descending,
                limit=self.chance.choice((1, 3, 100)),
                offset=self.chance.choice((0, 0, 2, 9)),
            )

    def step(self) -> None:
        """Do something; what is refused changes nothing."""
        caller = vendor_of(self.world)
        rows = [*self.world.rows.organizations]
        row = self.chance.choice(rows)
        profile: Profile = {**NEW, "name": self.chance.choice(NAMES)}
        update: Profile = {"display_name": self.chance.choice(NAMES)}
        mains = [one.id for one in rows if one.is_main]
        parent = self.chance.choice(mains)
        at = self.world.organizations
        actions: Sequence[Callable[[], object]] = (
            lambda: at.create(caller, profile, managed_by=parent),
            lambda: at.create(caller, profile, managed_by=parent),
            lambda: at.create(caller, profile),
            lambda: at.update(caller, row.id, update),
            lambda: at.delete(caller, row.id),
            lambda: at.delete(caller, row.id),
            lambda: self.world.environments.enable(caller, row.id, Environment.LIVE),
            lambda: self.world.api_keys.create(
                caller, row.id, name=f"k{self.chance.random()}", status=KeyStatus.DISABLED
            ),
            lambda: self.world.users.invite(
                caller, row.id, email=f"{self.chance.randrange(9)}@x.example"
            ),
            lambda: self.world.clock.advance(20 * 3600),
            lambda: self.world.snapshot(self.chance.choice("ab")),
            lambda: self.world.restore(self.chance.choice(self.world.snapshots())),
            self.fork,
            self.world.reset,
        )
        with suppress(DomainError):
            self.chance.choices(actions, [3] * 10 + [1, 1, 1, 0.3])[0]()

    def fork(self) -> None:
        """Go on in a fork, and let the world that is left behind change once more."""
        left = self.world
        self.world = left.fork()
        self.world.snapshot("a")
        left.organizations.create(vendor_of(left), NEW)

    def compare(self) -> None:
        """Look at every list, twice: it is worked out, then it is kept."""
        for caller, paging, _ in product(self.callers(), self.paging(), range(2)):
            self._compare_organizations(caller, paging)
        caller = vendor_of(self.world)
        for row in self.chance.sample([*self.world.rows.organizations], 4):
            if sees(caller, row):
                self._compare_keys_and_users(caller, row)

    def _compare_organizations(self, caller: Principal, paging: Paging) -> None:
        rows = [row for row in self.world.rows.organizations if sees(caller, row)]
        narrowed = OrganizationFilter(
            env=self.chance.choice((None, *Environment)),
            type=self.chance.choice((None, None, *OrganizationType)),
            managed_by_organization_id=self.chance.choice(
                (None, None, caller.home.id, self.chance.choice(rows).id if rows else "none")
            ),
        )
        parent = narrowed.managed_by_organization_id
        wanted = [
            row
            for row in rows
            if (narrowed.env is None or narrowed.env in row.envs)
            and (narrowed.type is None or narrowed.type is row.type)
            and parent in (None, row.managed_by_organization_id)
        ]
        page = self.world.organizations.list(caller, paging, narrowed)
        expected = in_order(wanted, paging, organizations.SORT_KEYS)
        assert (list(page.rows), page.count) == (expected.rows, expected.count)

    def _compare_keys_and_users(self, caller: Principal, row: Organization) -> None:
        rows = self.world.rows
        keys = [key for key in rows.api_keys if key.organization_id == row.id]
        keys = [key for key in keys if key.env is caller.env]
        now = self.world.clock.now()
        found = [one for one in rows.memberships if one.organization_id == row.id]
        people = [
            next(user for user in rows.users if user.id == one.user_id)
            for one in found
            if one.pending_until is None or now < one.pending_until
        ]
        for order_by, descending in product((None, "name"), (False, True)):
            paging = Paging(order_by=order_by, descending=descending)
            status = self.chance.choice((None, *KeyStatus))
            narrowed = ApiKeyFilter(statuses=[status] if status else [])
            listed = self.world.api_keys.list(caller, row.id, narrowed, paging)
            wanted = [key for key in keys if status in (None, key.status)]
            assert list(listed.rows) == in_order(wanted, paging, api_keys.SORT_KEYS).rows
        for order_by, descending in product((None, "email"), (False, True)):
            paging = Paging(order_by=order_by, descending=descending)
            _, page = self.world.users.list(caller, row.id, paging)
            assert list(page.rows) == in_order(people, paging, users.SORT_KEYS).rows
            assert page.count == len(people)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("preset", ["individual-customers", "kitchen-sink"])
def test_lists_of_a_world_that_changes_are_those_made_from_all_rows(preset: str, seed: int) -> None:
    walk = Walk(world_of(8, preset), Random(f"{preset}/{seed}"))
    walk.world.snapshot("a")
    for number in range(60):
        walk.step()
        if number % 4 == 0:
            walk.compare()


def emails_by_name(world: World) -> list[str]:
    """Return the e-mails of the vendor's people, by their first names."""
    vendor = vendor_of(world)
    _, page = world.users.list(vendor, vendor.home.id, Paging(order_by="first_name"))
    assert page.count == len(page.rows)
    return [row.email for row in page.rows if row.email.endswith("@x.example")]


def test_a_kept_list_of_users_follows_their_names_and_the_clock() -> None:
    world = world_of(2)
    vendor = vendor_of(world)
    branch = world.organizations.create(vendor, NEW, managed_by=vendor.home.id)
    for name in "ab":
        email = f"{name}@x.example"
        world.users.invite(vendor, vendor.home.id, email=email, first_name=name)
        world.clock.advance(3600)
    assert emails_by_name(world) == ["a@x.example", "b@x.example"]
    world.users.invite(vendor, branch.id, email="a@x.example", first_name="c")
    assert emails_by_name(world) == ["b@x.example", "a@x.example"]
    world.clock.advance(users.INVITATION_LIFETIME - 5400)
    assert emails_by_name(world) == ["b@x.example"]
