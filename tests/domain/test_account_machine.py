"""Both accounts under random calls of everybody, watched by an independent oracle."""

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, fields
from itertools import chain
from typing import Any, ClassVar, TypeVar

from builders.accounts import (
    ABROAD,
    ADMIN,
    BOSS,
    CLERK,
    GUEST,
    HOMES,
    LIVE,
    NOWHERE,
    OFFICE,
    SPARE,
    TEST,
    USER_IDS,
    Account,
    principal_id,
    profile,
    secret_of,
)
from builders.oracle import Oracle, organizations_of
from builders.snapshots import TABLES, Snapshot, listed, snapshot, table_of
from fiskaly_mockserver.domain.access import Principal
from fiskaly_mockserver.domain.api_keys import ApiKeyFilter
from fiskaly_mockserver.domain.credentials import hash_secret
from fiskaly_mockserver.domain.errors import (
    ApiKeyNotFound,
    BillingAddressNotFound,
    DomainError,
    ExpiredToken,
    ForeignToken,
    InvalidCredentials,
    OrganizationNotFound,
)
from fiskaly_mockserver.domain.model import (
    ApiKey,
    BillingOptions,
    Environment,
    KeyStatus,
    Organization,
    OrganizationId,
    PrincipalId,
    UserId,
)
from fiskaly_mockserver.domain.organizations import Profile
from fiskaly_mockserver.domain.query import Page, Paging
from fiskaly_mockserver.domain.sessions import OpenSession
from fiskaly_mockserver.world.world import World
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

AT = st.integers(0, 400)
EMAILS = [*(f"{name}@example.com" for name in USER_IDS), "new@example.com", "later@example.com"]
PAGE = 3
Answer = TypeVar("Answer")
Row = TypeVar("Row")


@dataclass
class Bearer:
    """Someone who may log in, and the session they last got."""

    id: PrincipalId
    env: Environment
    name: str
    secret: str
    is_user: bool = False
    opened: OpenSession | None = None

    @property
    def expires_at(self) -> int:
        return self.opened.session.access_expires_at if self.opened else 0


def every_page(fetch: Callable[[Paging], Page[Row]]) -> list[Row]:
    """Walk a list page by page; demand that every page tells the size of the whole."""
    rows: list[Row] = []
    counts = set()
    while True:
        page = fetch(Paging(limit=PAGE, offset=len(rows)))
        counts.add(page.count)
        rows += page.rows
        if len(page.rows) < PAGE:
            break
    assert counts == {len(rows)}
    return rows


class Watched(RuleBasedStateMachine):
    """What is checked around and after every call; the calls are in `Accounts`."""

    outcomes: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        account = Account.build()
        self.clock = account.clock
        self.world: World = account.world
        self.start = listed(self.world)
        self.left_behind: list[tuple[World, object]] = []
        self.oracle = Oracle()
        self.rows: Snapshot = snapshot(self.world)
        self.ever_keys: dict[str, ApiKey] = {}
        self.ever: dict[str, None] = {NOWHERE: None}
        self.bearers = [
            *(
                Bearer(principal_id(name), env, account.key(name).key, secret_of(name))
                for name, (_, env) in HOMES.items()
            ),
            *(
                Bearer(PrincipalId(user), TEST, f"{name}@example.com", secret_of(name), True)
                for name, user in USER_IDS.items()
                if user != GUEST
            ),
        ]
        self.learn()
        for bearer in self.bearers:
            self.log_in(bearer)
        self.acting = self.bearers[0]

    def learn(self) -> None:
        """Take in what the world holds now."""
        self.rows = snapshot(self.world)
        self.oracle.learn_keys(self.rows)
        self.oracle.learn_organizations(self.rows)
        self.ever |= dict.fromkeys(organizations_of(self.rows))
        self.ever_keys |= {key.id: key for key in self.rows["api_keys"].values()}

    # what should be so, told by the rows alone

    def may_log_in(self, bearer: Bearer) -> bool:
        if bearer.is_user:
            return bool(self.oracle.belongs(self.rows, bearer.id))
        keys = self.rows["api_keys"].values()
        return any(
            key.principal_id == bearer.id and key.status is KeyStatus.ENABLED for key in keys
        )

    def lives(self, bearer: Bearer) -> bool:
        return self.clock.now() < bearer.expires_at and bool(
            self.oracle.belongs(self.rows, bearer.id)
        )

    def sight(self, bearer: Bearer) -> list[str]:
        return self.oracle.sight(self.rows, bearer.id, bearer.env)

    def home(self, bearer: Bearer) -> str:
        assert bearer.opened is not None
        homes = self.oracle.belongs(self.rows, bearer.id)
        named = bearer.opened.session.organization_id
        return named if named in homes else homes[0]

    # calls

    def log_in(self, bearer: Bearer) -> OpenSession:
        sessions = self.world.sessions
        opens = sessions.open_with_password if bearer.is_user else sessions.open_with_key
        return self.hand_out(bearer, opens(bearer.name, bearer.secret))

    def hand_out(self, bearer: Bearer, opened: OpenSession) -> OpenSession:
        """Check a session that was handed out against the one before, and keep it."""
        session, before, now = opened.session, bearer.opened, self.clock.now()
        assert (session.principal_id, session.env) == (bearer.id, bearer.env)
        assert session.refresh_expires_at - session.access_expires_at == 86_400
        assert opened.access_expires_in == int(session.access_expires_at - now) >= 1
        if before and before.session.organization_id == session.organization_id:
            goes_on = before.session.access_expires_at - now >= 1
            assert (before.session == session) == goes_on
        bearer.opened = opened
        self.rows = snapshot(self.world)
        return opened

    def caller(self, at: int) -> Bearer:
        """Choose someone whose token lives; if there is nobody, all log in who may."""
        living = [bearer for bearer in self.bearers if self.lives(bearer)]
        if not living:
            living = [bearer for bearer in self.bearers if self.may_log_in(bearer)]
            for bearer in living:
                self.log_in(bearer)
        self.acting = living[at % len(living)]
        return self.acting

    def target(self, bearer: Bearer, at: int) -> str:
        """Choose an organisation, more often a seen one than one of all there ever were."""
        pool = [*self.sight(bearer) * 3, *self.ever]
        return pool[at % len(pool)]

    def attempt(
        self, bearer: Bearer, call: Callable[[Principal], Answer], target: str | None = None
    ) -> Answer | None:
        """Make a call; `target` is the organisation of its path.

        A refused call must change nothing and tell a seen organisation from an unseen
        one; a successful one must change nothing but what its caller sees.
        """
        assert bearer.opened is not None
        principal = self.world.sessions.principal(bearer.opened.session.access_token)
        seen, before, order = self.sight(bearer), self.rows, listed(self.world)
        what = call.__qualname__.split(".")[1]
        try:
            answer = call(principal)
        except DomainError as error:
            assert listed(self.world) == order
            assert isinstance(error, OrganizationNotFound) == (
                target is not None and target not in seen
            )
            self.outcomes[f"{what} refused"] += 1
            return None
        assert target is None or target in seen
        self.learn()
        self.check_reach(bearer, before, {*seen, *self.sight(bearer)})
        self.check_indexes(before)
        self.outcomes[f"{what} done"] += 1
        return answer

    # what is demanded

    def check_reach(self, bearer: Bearer, before: Snapshot, seen: set[str]) -> None:
        """Demand that only rows in the caller's sight and environment differ."""
        gone = set(organizations_of(before)) - set(organizations_of(self.rows))
        for name in TABLES:
            for key in {*before[name], *self.rows[name]}:
                old, new = before[name].get(key), self.rows[name].get(key)
                if old == new or (old is not None and name != "organizations" and self.went(
                    name, old, gone
                )):
                    continue
                row = old if new is None else new
                if name == "organizations":
                    assert row.id in seen
                    self.check_admin(bearer, old, new)
                elif name == "api_keys":
                    assert row.organization_id in seen
                    assert row.env is bearer.env
                elif name == "memberships":
                    assert row.organization_id in seen
                elif name == "users":
                    links = chain(before["memberships"], self.rows["memberships"])
                    assert any(user == key and home in seen for home, user in _pairs(links))
                else:
                    assert name == "billing_addresses"
                    assert row.organization_id == self.home(bearer)

    def went(self, name: str, old: Any, gone: set[str]) -> bool:
        """Tell whether a row went with its organisation."""
        return name != "users" and old.organization_id in gone

    def check_admin(
        self, bearer: Bearer, old: Organization | None, new: Organization | None
    ) -> None:
        """R4: only the admin deletes or changes; R6: an environment is only added."""
        if old is None:
            assert new is not None
            assert new.created_by_user == bearer.id
            assert (LIVE in new.envs) == (bearer.env is LIVE)
        elif new is None:
            assert old.created_by_user == bearer.id
            assert LIVE not in old.envs
        else:
            changed = {
                field.name
                for field in fields(old)
                if getattr(old, field.name) != getattr(new, field.name)
            }
            assert changed == {"envs"} or old.created_by_user == bearer.id
            assert changed.isdisjoint(
                {"id", "type", "managed_by_organization_id", "created_by_user", "viewers"}
            )
            assert set(old.envs) <= set(new.envs)

    def check_indexes(self, before: Snapshot) -> None:
        """Demand that every index of a changed table finds what a full scan finds."""
        for name in TABLES:
            if before[name] == self.rows[name]:
                continue
            table = table_of(self.world, name)
            for index, values_of in table._base.spec.indexes.items():
                scan: dict[Hashable, list[Any]] = {}
                for row in before[name].values():
                    scan |= {value: [] for value in values_of(row)}
                for row in self.rows[name].values():
                    for value in values_of(row):
                        scan.setdefault(value, []).append(row)
                for value, rows in scan.items():
                    found = table.select(index, value)
                    assert (list(found), len(found)) == (rows, len(rows))

    @invariant()
    def r3_r6_everybody_lists_and_retrieves_just_what_is_in_sight(self) -> None:
        organizations = self.world.organizations
        for bearer in self.bearers:
            if not self.lives(bearer):
                continue
            assert bearer.opened is not None
            principal = self.world.sessions.principal(bearer.opened.session.access_token)
            assert principal.home.id == self.home(bearer)
            listing = every_page(lambda paging, who=principal: organizations.list(who, paging))
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
            found = every_page(
                lambda paging, at=target: world.api_keys.list(caller, at, ApiKeyFilter(), paging)
            )
            members = every_page(lambda paging, at=target: world.users.list(caller, at, paging)[1])
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
        addresses = every_page(lambda paging: world.billing_addresses.list(caller, paging))
        assert [row.id for row in addresses] == own
        for address_id in {*rows["billing_addresses"], NOWHERE}:
            try:
                world.billing_addresses.retrieve(caller, str(address_id))
            except BillingAddressNotFound:
                assert address_id not in own
            else:
                assert address_id in own

    @invariant()
    def tokens_are_good_until_they_expire_or_their_organisation_is_gone(self) -> None:
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
        assert all(user in self.rows["users"] for _, user in _pairs(self.rows["memberships"]))

    @invariant()
    def r5_names_are_taken_once_and_keys_live_where_their_environment_is_enabled(self) -> None:
        known = organizations_of(self.rows)
        keys = list(self.rows["api_keys"].values())
        places = [(key.organization_id, key.env, key.name) for key in keys]
        assert len(set(places)) == len(places)
        for key in keys:
            assert key.env in known[key.organization_id].envs
            first = self.ever_keys[key.id]
            assert (key.env, key.key, key.principal_id) == (first.env, first.key, first.principal_id)

    def teardown(self) -> None:
        for world, then in self.left_behind:
            assert listed(world) == then
        self.world.reset()
        assert listed(self.world) == self.start


def _pairs(keys: Any) -> list[tuple[str, str]]:
    return list(keys)


class Accounts(Watched):
    """The calls."""

    @rule(at=AT, under=AT, payer=AT, contact=AT, how=st.integers(0, 7))
    def create_organization(self, at: int, under: int, payer: int, contact: int, how: int) -> None:
        bearer = self.caller(at)
        parent = self.target(bearer, under) if how & 1 else None
        given = profile()
        if how & 2:
            given["billing_options"] = self.billed_to(self.target(bearer, payer))
        if how & 4:
            given["contact_person_id"] = (ADMIN, CLERK, GUEST, BOSS)[contact % 4]

        def create(caller: Principal) -> Organization:
            return self.world.organizations.create(caller, given, managed_by=parent)

        self.attempt(bearer, create)

    def billed_to(self, payer: str) -> BillingOptions:
        return BillingOptions(bill_to_organization=OrganizationId(payer))

    @rule(at=AT, on=AT, what=st.integers(0, 4), which=AT)
    def update_organization(self, at: int, on: int, what: int, which: int) -> None:
        bearer = self.caller(at)
        target = self.target(bearer, on)
        changes: list[Profile] = [
            {"name": f"Renamed {which}"},
            {"billing_options": self.billed_to(self.target(bearer, which))},
            {"billing_options": None},
            {"billing_address_id": (OFFICE, SPARE, ABROAD, "")[which % 4]},
            {"contact_person_id": (ADMIN, CLERK, BOSS, "")[which % 4]},
        ]
        managed_by = self.target(bearer, which) if which % 5 == 0 else None

        def update(caller: Principal) -> Organization:
            return self.world.organizations.update(
                caller, target, changes[what], managed_by=managed_by
            )

        self.attempt(bearer, update, target)

    @rule(at=AT, on=AT)
    def delete_organization(self, at: int, on: int) -> None:
        bearer = self.caller(at)
        target = self.target(bearer, on)

        def delete(caller: Principal) -> None:
            self.world.organizations.delete(caller, target)

        self.attempt(bearer, delete, target)

    @rule(at=AT, on=AT, env=st.sampled_from([LIVE, LIVE, TEST]))
    def enable_environment(self, at: int, on: int, env: Environment) -> None:
        bearer = self.caller(at)
        target = self.target(bearer, on)

        def enable(caller: Principal) -> Organization:
            return self.world.environments.enable(caller, target, env)

        self.attempt(bearer, enable, target)

    @rule(at=AT, on=AT, name=st.sampled_from(["till-1", "till-2"]), above=AT)
    def create_key(self, at: int, on: int, name: str, above: int) -> None:
        bearer = self.caller(at)
        target = self.target(bearer, on)
        managed_by = self.target(bearer, above) if above % 4 == 0 else None

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
            kept = [getattr(key, field.name) for field in fields(key)]
            assert secret not in kept
            assert secret not in repr(self.rows)
            newcomer = Bearer(key.principal_id, key.env, key.key, secret)
            self.bearers.append(newcomer)
            self.log_in(newcomer)

    def some_key(self, target: str, at: int) -> str:
        pool = [key.id for key in self.ever_keys.values() if key.organization_id == target]
        return [*pool * 3, *self.ever_keys][at % (3 * len(pool) + len(self.ever_keys))]

    @rule(at=AT, on=AT, which=AT, status=st.sampled_from(KeyStatus))
    def update_key(self, at: int, on: int, which: int, status: KeyStatus) -> None:
        bearer = self.caller(at)
        target = self.target(bearer, on)
        key_id = self.some_key(target, which)

        def update(caller: Principal) -> ApiKey:
            return self.world.api_keys.update(caller, target, key_id, status=status)

        self.attempt(bearer, update, target)

    @rule(at=AT, on=AT, which=AT)
    def delete_key(self, at: int, on: int, which: int) -> None:
        bearer = self.caller(at)
        target = self.target(bearer, on)
        key_id = self.some_key(target, which)

        def delete(caller: Principal) -> None:
            self.world.api_keys.delete(caller, target, key_id)

        self.attempt(bearer, delete, target)

    @rule(at=AT, on=AT, email=st.sampled_from(EMAILS))
    def invite_user(self, at: int, on: int, email: str) -> None:
        bearer = self.caller(at)
        target = self.target(bearer, on)

        def invite(caller: Principal) -> object:
            return self.world.users.invite(caller, target, email=email, first_name="Named")

        self.attempt(bearer, invite, target)

    @rule(at=AT, on=AT, which=AT)
    def remove_user(self, at: int, on: int, which: int) -> None:
        bearer = self.caller(at)
        target = self.target(bearer, on)
        members = [user for home, user in _pairs(self.rows["memberships"]) if home == target]
        pool = [*members * 3, *USER_IDS.values(), UserId(NOWHERE)]

        def remove(caller: Principal) -> None:
            self.world.users.remove(caller, target, pool[which % len(pool)])

        self.attempt(bearer, remove, target)

    @rule(at=AT, town=st.sampled_from(["Wien", "Graz"]))
    def create_address(self, at: int, town: str) -> None:
        def create(caller: Principal) -> object:
            return self.world.billing_addresses.create(
                caller,
                {
                    "recipient": "Mail Room",
                    "address_line1": "Ring 2",
                    "zip": "1010",
                    "town": town,
                    "country_code": "AUT",
                },
            )

        self.attempt(self.caller(at), create)

    def some_address(self, at: int) -> str:
        pool = [*map(str, self.rows["billing_addresses"]), NOWHERE]
        return pool[at % len(pool)]

    @rule(at=AT, which=AT)
    def update_address(self, at: int, which: int) -> None:
        address = self.some_address(which)

        def update(caller: Principal) -> object:
            return self.world.billing_addresses.update(caller, address, {"town": f"Ort {which}"})

        self.attempt(self.caller(at), update)

    @rule(at=AT, which=AT)
    def delete_address(self, at: int, which: int) -> None:
        address = self.some_address(which)

        def delete(caller: Principal) -> None:
            self.world.billing_addresses.delete(caller, address)

        self.attempt(self.caller(at), delete)

    @rule(at=AT, wrong=st.sampled_from([False, False, True]))
    def authenticate(self, at: int, wrong: bool) -> None:  # noqa: FBT001 - drawn by name
        bearer = self.bearers[at % len(self.bearers)]
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

    @rule(at=AT)
    def refresh(self, at: int) -> None:
        bearer = self.bearers[at % len(self.bearers)]
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


CALLS = (
    *("create_organization", "update_organization", "delete_organization", "enable_environment"),
    *("create_key", "update_key", "delete_key", "invite_user", "remove_user"),
    *("update_address", "delete_address", "authenticate", "refresh"),
)


def test_whatever_anybody_does_nobody_reaches_beyond_their_sight() -> None:
    class Run(Accounts):
        outcomes = Counter[str]()

    run_state_machine_as_test(
        Run,
        settings=settings(
            derandomize=True,
            database=None,
            deadline=None,
            max_examples=60,
            stateful_step_count=40,
        ),
    )
    never = [
        f"{call} {end}"
        for call in CALLS
        for end in ("done", "refused")
        if not Run.outcomes[f"{call} {end}"]
    ]
    assert never == []
    assert Run.outcomes["create_address done"]
