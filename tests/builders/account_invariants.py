"""What holds for both accounts after every step: R1, R3, R5, R6, R8, R10."""

from dataclasses import replace
from functools import partial

from builders.account_reach import AccountReach
from builders.accounts import (
    NOWHERE,
    TEST,
)
from builders.bearers import agree, every_page, pairs
from builders.oracle import organizations_of
from builders.snapshots import listed, snapshot, table_of
from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.api_keys import ApiKeyFilter
from fiskaly_mockserver.domain.account.errors import (
    ApiKeyNotFound,
    BillingAddressNotFound,
    OrganizationNotFound,
)
from fiskaly_mockserver.domain.account.model import (
    User,
)
from fiskaly_mockserver.domain.errors import ExpiredToken, ForeignToken
from fiskaly_mockserver.domain.store import Page, Paging
from hypothesis.stateful import invariant


class WatchedAccount(AccountReach):
    """What is demanded after every step, whoever did what."""

    @invariant()
    def r3_r6_everybody_lists_and_retrieves_just_what_is_in_sight(self) -> None:
        organizations = self.world.organizations
        for bearer in self.bearers:
            if not self.lives(bearer):
                continue
            assert bearer.opened is not None
            principal = self.world.sessions.principal(bearer.opened.session.access_token)
            assert principal.home.id == self.home(bearer)
            listing = every_page(partial(organizations.list, principal))
            seen = self.sight(bearer)
            assert [row.id for row in listing] == seen
            for target in self.ever:
                try:
                    organizations.retrieve(principal, target)
                except OrganizationNotFound:
                    assert target not in seen
                else:
                    assert target in seen

    @invariant()
    def r5_r6_keys_users_and_addresses_of_what_is_in_sight_and_no_others(self) -> None:
        bearer = self.acting
        if not self.lives(bearer):
            return
        assert bearer.opened is not None
        caller = self.world.sessions.principal(bearer.opened.session.access_token)
        now, rows, world = self.clock.now(), self.rows, self.world
        for target in self.sight(bearer):
            keys = [
                key.id
                for key in rows["api_keys"].values()
                if (key.organization_id, key.env) == (target, bearer.env)
            ]
            users = [
                row.user_id
                for row in rows["memberships"].values()
                if row.organization_id == target
                and (row.pending_until is None or now < row.pending_until)
            ]
            found = every_page(partial(world.api_keys.list, caller, target, ApiKeyFilter()))
            members = every_page(partial(self.members, caller, target))
            assert [key.id for key in found] == keys
            assert [user.id for user in members] == users
            for key_id in self.ever_keys:
                try:
                    world.api_keys.retrieve(caller, target, key_id)
                except ApiKeyNotFound:
                    assert key_id not in keys
                else:
                    assert key_id in keys
        own = [
            row.id
            for row in rows["billing_addresses"].values()
            if row.organization_id == self.home(bearer)
        ]
        addresses = every_page(partial(world.billing_addresses.list, caller))
        assert [row.id for row in addresses] == own
        for address_id in {*rows["billing_addresses"], NOWHERE}:
            try:
                world.billing_addresses.retrieve(caller, str(address_id))
            except BillingAddressNotFound:
                assert address_id not in own
            else:
                assert address_id in own

    def members(self, caller: Principal, target: str, paging: Paging) -> Page[User]:
        return self.world.users.list(caller, target, paging)[1]

    @invariant()
    def tokens_are_good_until_they_expire_or_their_organization_is_gone(self) -> None:
        for bearer in self.bearers:
            if bearer.opened is None:
                continue
            try:
                self.world.sessions.principal(bearer.opened.session.access_token)
            except ExpiredToken:
                assert self.clock.now() >= bearer.expires_at
            except ForeignToken:
                assert not self.oracle.belongs(self.rows, bearer.id)
            else:
                assert self.lives(bearer)

    @invariant()
    def r1_r8_r10_the_tree_is_whole(self) -> None:
        known = organizations_of(self.rows)
        for row in known.values():
            manager = row.managed_by_organization_id
            assert (manager is None) == row.is_main
            assert manager is None or known[manager].is_main
            assert TEST in row.envs
            assert not row.billing_address_id or (
                row.billing_address_id in self.rows["billing_addresses"]
            )
            chain_of_payers = [row.id]
            payer = row.payer_id
            while payer is not None:
                assert payer not in chain_of_payers
                assert known[payer].is_main
                chain_of_payers.append(payer)
                payer = known[payer].payer_id
        for name in ("api_keys", "memberships", "billing_addresses"):
            assert all(row.organization_id in known for row in self.rows[name].values())
        assert all(user in self.rows["users"] for _, user in pairs(self.rows["memberships"]))

    @invariant()
    def r5_names_are_taken_once_and_keys_live_where_their_environment_is_enabled(self) -> None:
        known = organizations_of(self.rows)
        keys = list(self.rows["api_keys"].values())
        places = [(key.organization_id, key.env, key.name) for key in keys]
        assert len(set(places)) == len(places)
        for key in keys:
            assert key.env in known[key.organization_id].envs
            first = self.ever_keys[key.id]
            assert replace(key, status=first.status) == first

    def teardown(self) -> None:
        for world, then in self.left_behind:
            assert listed(world) == then
            for name, rows in snapshot(world).items():
                agree(table_of(world, name), self.rows[name].values(), rows)
        self.world.reset()
        assert listed(self.world) == self.start
