"""Both accounts under random calls of everybody, watched by an independent oracle."""

from collections import Counter
from dataclasses import fields
from random import Random
from typing import TYPE_CHECKING, ClassVar

import pytest
from builders.account_invariants import WatchedAccount
from builders.accounts import (
    ADMIN,
    BOSS,
    CLERK,
    GUEST,
    LIVE,
    NOWHERE,
    TEST,
    USER_IDS,
    profile,
)
from builders.bearers import Bearer, pairs
from builders.snapshots import listed
from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.errors import InvalidCredentials
from fiskaly_mockserver.domain.account.model import (
    ApiKey,
    BillingOptions,
    Environment,
    KeyStatus,
    Organization,
    OrganizationId,
    hash_secret,
)
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

if TYPE_CHECKING:
    from fiskaly_mockserver.domain.account.organizations import Profile


SEED = st.integers(0, 2**32)
EMAILS = [*(f"{name}@example.com" for name in USER_IDS), "new@example.com", "later@example.com"]


class Accounts(WatchedAccount):
    """The calls; `seed` decides who calls, and for what."""

    @rule(seed=SEED)
    def create_organization(self, seed: int) -> None:
        die = self.roll(seed)
        bearer = self.caller(die)
        parent = self.target(bearer, die, main=True) if die.randrange(2) else None
        given = profile()
        if die.randrange(2):
            given["billing_options"] = self.billed_to(self.target(bearer, die, main=True))
        if not die.randrange(4):
            given["contact_person_id"] = die.choice([ADMIN, CLERK, GUEST, BOSS])

        def create(caller: Principal) -> Organization:
            return self.world.organizations.create(caller, given, managed_by=parent)

        self.attempt(bearer, create)

    def billed_to(self, payer: str) -> BillingOptions:
        return BillingOptions(bill_to_organization=OrganizationId(payer))

    @rule(seed=SEED)
    def update_organization(self, seed: int) -> None:
        die = self.roll(seed)
        bearer = self.caller(die)
        target = self.target(bearer, die, own=True)
        changes: list[Profile] = [
            {"name": f"Renamed {die.randrange(9)}"},
            {"billing_options": self.billed_to(self.target(bearer, die, main=True))},
            {"billing_options": None},
            {"billing_address_id": self.some_address(die)},
            {"billing_address_id": ""},
            {"contact_person_id": die.choice([ADMIN, CLERK, BOSS, ""])},
        ]
        change = die.choice(changes)
        managed_by = None if die.randrange(5) else self.target(bearer, die)

        def update(caller: Principal) -> Organization:
            return self.world.organizations.update(caller, target, change, managed_by=managed_by)

        self.attempt(bearer, update, target)

    @rule(seed=SEED)
    def delete_organization(self, seed: int) -> None:
        die = self.roll(seed)
        bearer = self.caller(die)
        target = self.target(bearer, die, own=True)
        if die.randrange(2):
            bearer, target = self.unneeded(die) or (bearer, target)

        def delete(caller: Principal) -> None:
            self.world.organizations.delete(caller, target)

        self.attempt(bearer, delete, target)

    @rule(seed=SEED, env=st.sampled_from([LIVE, LIVE, TEST]))
    def enable_environment(self, seed: int, env: Environment) -> None:
        die = self.roll(seed)
        bearer = self.caller(die)
        target = self.target(bearer, die)

        def enable(caller: Principal) -> Organization:
            return self.world.environments.enable(caller, target, env)

        self.attempt(bearer, enable, target)

    @rule(seed=SEED, name=st.sampled_from(["till-1", "till-2"]))
    def create_key(self, seed: int, name: str) -> None:
        die = self.roll(seed)
        bearer = self.caller(die)
        target = self.target(bearer, die)
        managed_by = None if die.randrange(4) else self.target(bearer, die)

        def create(caller: Principal) -> tuple[ApiKey, str]:
            return self.world.api_keys.create(
                caller, target, name=name, status=KeyStatus.ENABLED, managed_by=managed_by
            )

        made = self.attempt(bearer, create, target)
        if made is not None:
            key, secret = made
            assert (key.env, key.organization_id) == (bearer.env, target)
            assert key.created_by_user == bearer.id
            assert key.secret_hash == hash_secret(secret)
            assert secret not in [getattr(key, field.name) for field in fields(key)]
            assert secret not in repr(self.rows)
            newcomer = Bearer(key.principal_id, key.env, key.key, secret)
            self.bearers.append(newcomer)
            self.log_in(newcomer)

    def some_key(self, bearer: Bearer, target: str, die: Random) -> str:
        """Choose a key: mostly one that stands where the caller may find it."""
        place = (target, bearer.env)
        keys = self.rows["api_keys"].values()
        pool: list[str] = [key.id for key in keys if (key.organization_id, key.env) == place]
        return die.choice(pool if die.randrange(4) and pool else list(self.ever_keys))

    @rule(seed=SEED, status=st.sampled_from(KeyStatus))
    def update_key(self, seed: int, status: KeyStatus) -> None:
        die = self.roll(seed)
        bearer = self.caller(die)
        target = self.target(bearer, die)
        key_id = self.some_key(bearer, target, die)

        def update(caller: Principal) -> ApiKey:
            return self.world.api_keys.update(caller, target, key_id, status=status)

        self.attempt(bearer, update, target)

    @rule(seed=SEED)
    def delete_key(self, seed: int) -> None:
        die = self.roll(seed)
        bearer = self.caller(die)
        target = self.target(bearer, die)
        key_id = self.some_key(bearer, target, die)

        def delete(caller: Principal) -> None:
            self.world.api_keys.delete(caller, target, key_id)

        self.attempt(bearer, delete, target)

    @rule(seed=SEED, email=st.sampled_from(EMAILS))
    def invite_user(self, seed: int, email: str) -> None:
        die = self.roll(seed)
        bearer = self.caller(die)
        target = self.target(bearer, die)

        def invite(caller: Principal) -> object:
            return self.world.users.invite(caller, target, email=email, first_name="Named")

        self.attempt(bearer, invite, target)

    @rule(seed=SEED)
    def remove_user(self, seed: int) -> None:
        die = self.roll(seed)
        bearer = self.caller(die)
        target = self.target(bearer, die)
        members = [user for home, user in pairs(self.rows["memberships"]) if home == target]
        everybody = [*USER_IDS.values(), NOWHERE]
        user_id = die.choice(members if die.randrange(4) and members else everybody)

        def remove(caller: Principal) -> None:
            self.world.users.remove(caller, target, user_id)

        self.attempt(bearer, remove, target)

    @rule(seed=SEED)
    def create_address(self, seed: int) -> None:
        die = self.roll(seed)

        def create(caller: Principal) -> object:
            return self.world.billing_addresses.create(
                caller,
                {
                    "recipient": "Mail Room",
                    "address_line1": "Ring 2",
                    "zip": "1010",
                    "town": "Wien",
                    "country_code": "AUT",
                },
            )

        self.attempt(self.caller(die), create)

    def some_address(self, die: Random) -> str:
        """Choose a billing address: mostly one of the last caller's own."""
        rows, home = self.rows["billing_addresses"], self.home(self.acting)
        own: list[str] = [row.id for row in rows.values() if row.organization_id == home]
        return die.choice(own if die.randrange(4) and own else [*map(str, rows), NOWHERE])

    @rule(seed=SEED)
    def update_address(self, seed: int) -> None:
        die = self.roll(seed)
        bearer = self.caller(die)
        address, town = self.some_address(die), f"Ort {die.randrange(99)}"

        def update(caller: Principal) -> object:
            return self.world.billing_addresses.update(caller, address, {"town": town})

        self.attempt(bearer, update)

    @rule(seed=SEED)
    def delete_address(self, seed: int) -> None:
        die = self.roll(seed)
        bearer = self.caller(die)
        address = self.some_address(die)

        def delete(caller: Principal) -> None:
            self.world.billing_addresses.delete(caller, address)

        self.attempt(bearer, delete)

    @rule(seed=SEED, wrong=st.sampled_from([False, False, True]))
    def authenticate(self, seed: int, wrong: bool) -> None:  # noqa: FBT001 - drawn by name
        die = self.roll(seed)
        bearer = self.anybody(die)
        order = listed(self.world)
        right = bearer.secret
        bearer.secret = right.swapcase() if wrong else right
        try:
            self.log_in(bearer)
        except InvalidCredentials:
            assert wrong or not self.may_log_in(bearer)
            assert listed(self.world) == order
            self.outcomes["authenticate refused"] += 1
        else:
            assert not wrong
            assert self.may_log_in(bearer)
            self.outcomes["authenticate done"] += 1
        finally:
            bearer.secret = right

    @rule(seed=SEED)
    def refresh(self, seed: int) -> None:
        die = self.roll(seed)
        bearer = self.anybody(die)
        assert bearer.opened is not None
        session = bearer.opened.session
        good = self.may_log_in(bearer) and self.clock.now() < session.refresh_expires_at
        order = listed(self.world)
        try:
            self.hand_out(bearer, self.world.sessions.refresh(session.refresh_token))
        except InvalidCredentials:
            assert not good
            assert listed(self.world) == order
            self.outcomes["refresh refused"] += 1
        else:
            assert good
            self.outcomes["refresh done"] += 1

    @rule(seconds=st.sampled_from([0.25, 60, 3_600, 43_200, 86_399.5, 172_800]))
    def time_passes(self, seconds: float) -> None:
        before = listed(self.world)
        self.clock.advance(seconds)
        assert listed(self.world) == before

    @rule()
    def go_on_in_a_fork(self) -> None:
        if len(self.left_behind) < 3:
            self.left_behind.append((self.world, listed(self.world)))
            self.world = self.world.fork()


EVERY_OUTCOME = 80
CALLS = (
    *("create_organization", "update_organization", "delete_organization", "enable_environment"),
    *("create_key", "update_key", "delete_key", "invite_user", "remove_user"),
    *("update_address", "delete_address", "authenticate", "refresh"),
)


@pytest.mark.parametrize("examples", [8, pytest.param(EVERY_OUTCOME, marks=pytest.mark.slow)])
def test_whatever_anybody_does_nobody_reaches_beyond_their_sight(examples: int) -> None:
    class Run(Accounts):
        outcomes: ClassVar[Counter[str]] = Counter()

    run_state_machine_as_test(
        Run,
        settings=settings(
            derandomize=True,
            database=None,
            deadline=None,
            max_examples=examples,
            stateful_step_count=40,
        ),
    )
    if examples == EVERY_OUTCOME:
        assert {
            f"{call} {end}"
            for call in CALLS
            for end in ("done", "refused")
            if not Run.outcomes[f"{call} {end}"]
        } == set()
        assert Run.outcomes["create_address done"]
