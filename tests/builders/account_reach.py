"""How far any call may reach: R3, R4, R5, R6, R7 and A-34 by the independent oracle."""

from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from itertools import chain
from typing import Any, ClassVar, TypeVar

from builders.account_state import AccountState
from builders.accounts import (
    LIVE,
)
from builders.bearers import Bearer, agree, pairs
from builders.oracle import organizations_of
from builders.snapshots import TABLES, Snapshot, listed, table_of
from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.errors import OrganizationNotFound
from fiskaly_mockserver.domain.account.model import (
    Organization,
)
from fiskaly_mockserver.domain.errors import DomainError

Answer = TypeVar("Answer")


class AccountReach(AccountState):
    """Every call is watched: refused ones change nothing, others nothing out of sight."""

    outcomes: ClassVar[Counter[str]] = Counter()

    def attempt(
        self, bearer: Bearer, call: Callable[[Principal], Answer], target: str | None = None
    ) -> Answer | None:
        """Make a call; `target` is the organization of its path.

        A refused call must change nothing and tell a seen organization from an unseen
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
            unseen = target is not None and target not in seen
            assert isinstance(error, OrganizationNotFound) == unseen  # noqa: PT017 - may succeed
            self.outcomes[f"{what} refused"] += 1
            return None
        assert target is None or target in seen
        self.learn()
        self.check_reach(bearer, before, {*seen, *self.sight(bearer)})
        self.check_indexes(before)
        self.outcomes[f"{what} done"] += 1
        return answer

    def check_reach(self, bearer: Bearer, before: Snapshot, seen: set[str]) -> None:
        """Demand that only rows in the caller's sight and environment differ."""
        gone = set(organizations_of(before)) - set(organizations_of(self.rows))
        for name in TABLES:
            for key in {*before[name], *self.rows[name]}:
                old: Any = before[name].get(key)
                new: Any = self.rows[name].get(key)
                if old == new or self.went(name, old, gone):
                    continue
                row = old if new is None else new
                if name == "organizations":
                    assert row.id in seen
                    self.check_admin(bearer, old, new)
                    self.check_clearance(bearer, old, new)
                    self.check_references(bearer, old, new, seen)
                elif name == "api_keys":
                    assert row.organization_id in seen
                    assert row.env is bearer.env
                elif name == "memberships":
                    assert row.organization_id in seen
                    assert self.has_main_home(bearer)
                elif name == "users":
                    links = chain(before["memberships"], self.rows["memberships"])
                    assert any(user == key and home in seen for home, user in pairs(links))
                else:
                    assert name == "billing_addresses"
                    assert row.organization_id == self.home(bearer)

    def went(self, name: str, old: Any, gone: set[str]) -> bool:
        """Tell whether a row went with its organization."""
        owned = name in {"api_keys", "memberships", "billing_addresses"}
        return owned and old is not None and old.organization_id in gone

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

    def check_clearance(
        self, bearer: Bearer, old: Organization | None, new: Organization | None
    ) -> None:
        """R5, R7: who turns one LIVE is a main one's, and a LIVE main one stands above."""
        if new is None or LIVE not in new.envs or (old is not None and LIVE in old.envs):
            return
        assert self.has_main_home(bearer)
        known = organizations_of(self.rows)
        above: set[str | None] = {new.id}
        for _ in known:
            rows = [known[at] for at in above if at]
            above |= {
                upper for row in rows for upper in (row.managed_by_organization_id, row.payer_id)
            }
        assert any(LIVE in known[at].envs for at in above - {new.id} if at)

    def check_references(
        self, bearer: Bearer, old: Organization | None, new: Organization | None, seen: set[str]
    ) -> None:
        """A-34: what is newly named is in the caller's sight."""
        if new is None:
            return
        if new.payer_id and (old is None or old.payer_id != new.payer_id):
            assert new.payer_id in seen
        address = new.billing_address_id
        if address and (old is None or old.billing_address_id != address):
            row = self.rows["billing_addresses"][address]
            assert row.organization_id == self.home(bearer)
        contact = new.contact_person_id
        if contact and (old is None or old.contact_person_id != contact):
            links = pairs(self.rows["memberships"])
            assert any(user == contact and home in seen for home, user in links)

    def check_indexes(self, before: Snapshot) -> None:
        """Demand that every index of a changed table finds what a full scan finds."""
        for name in TABLES:
            if before[name] != self.rows[name]:
                agree(table_of(self.world, name), [*before[name].values()], self.rows[name])
