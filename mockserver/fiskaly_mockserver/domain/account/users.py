"""Users of organizations and their invitations (R9)."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from fiskaly_mockserver.domain.account.access import Principal, administers, said
from fiskaly_mockserver.domain.account.errors import (
    AdminStays,
    AlreadyMember,
    ManagedMayNotAdminister,
    UserNotFound,
)
from fiskaly_mockserver.domain.account.model import (
    Membership,
    Organization,
    PrincipalId,
    User,
    UserId,
)
from fiskaly_mockserver.domain.backend import Backend
from fiskaly_mockserver.domain.store import Page, Paging, SortKey, arranged, cut

INVITATION_LIFETIME = 48 * 3600
"""Seconds until a pending invitation lapses. Source: documented (HUB-U)."""

SORT_KEYS: Mapping[str, SortKey[User]] = {
    "email": lambda row: row.email,
    "first_name": lambda row: row.first_name,
    "last_name": lambda row: row.last_name,
}


class Users:
    """The operations on the users of an organization."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def list(
        self, principal: Principal, organization_id: str, paging: Paging
    ) -> tuple[Organization, Page[User]]:
        """List members and pending invitations, with the organization they belong to.

        Raises:
            OrganizationNotFound: The organization is missing or out of sight.
        """
        organization = self.backend.sight.organization(principal, organization_id)
        now = self.backend.clock.now()
        users = self.backend.tables.users
        memberships = self.backend.tables.memberships.select("organization", organization.id)

        def arrange() -> Sequence[User]:
            standing = (users.get(row.user_id) for row in memberships if row.is_valid(now))
            return arranged((user for user in standing if user), paging, SORT_KEYS)

        # What the list follows from beside the memberships
        lapsed = bisect_right(memberships.kept("lapses", lambda: _lapses(memberships)), now)
        name = ("users", paging.order, lapsed, users.revision)
        return organization, cut(memberships.kept(name, arrange), paging)

    def invite(
        self,
        principal: Principal,
        organization_id: str,
        *,
        email: str,
        first_name: str = "",
        last_name: str = "",
    ) -> tuple[Organization, User]:
        """Add a known e-mail at once, or invite an unknown one for 48 hours.

        E-mails are compared without regard to case. A registered user keeps its own
        names. Source: documented (HUB-U); assumptions (A-19, A-40).

        Raises:
            OrganizationNotFound: The organization is missing or out of sight.
            ManagedMayNotAdminister: The caller sees it as a managed organization.
            AlreadyMember: The e-mail is a member or has an open invitation.
        """
        organization = self.backend.sight.organization(principal, organization_id)
        if not administers(principal, organization):
            raise ManagedMayNotAdminister(**principal.facts, organization=organization.id)
        now = self.backend.clock.now()
        user = next(iter(self.backend.tables.users.select("email", email.lower())), None)
        if user is not None and self._standing(organization, user.id, now):
            raise AlreadyMember(
                organization=organization.id, user=user.id, registered=said(user.registered)
            )
        if user is None:
            user = User(
                id=UserId(self.backend.ids.uuid()),
                email=email,
                first_name=first_name,
                last_name=last_name,
                registered=False,
            )
            self.backend.tables.users.put(user)
        elif not user.registered and (first_name or last_name):
            user = replace(
                user,
                first_name=first_name or user.first_name,
                last_name=last_name or user.last_name,
            )
            self.backend.tables.users.put(user)
        self.backend.tables.memberships.put(
            Membership(
                organization_id=organization.id,
                user_id=user.id,
                pending_until=None if user.registered else now + INVITATION_LIFETIME,
            )
        )
        return organization, user

    def remove(self, principal: Principal, organization_id: str, user_id: str) -> None:
        """Take a member out of an organization, or call an invitation back.

        Someone invited who never signed up and has no other invitation is forgotten.

        Raises:
            OrganizationNotFound: The organization is missing or out of sight.
            ManagedMayNotAdminister: The caller sees it as a managed organization.
            UserNotFound: The user is no member of it.
            AdminStays: The user is the organization's admin (R4).
        """
        organization = self.backend.sight.organization(principal, organization_id)
        if not administers(principal, organization):
            raise ManagedMayNotAdminister(**principal.facts, organization=organization.id)
        user = self.backend.tables.users.get(UserId(user_id))
        if user is None or not self._standing(organization, user.id, self.backend.clock.now()):
            raise UserNotFound(
                organization=organization.id, user=user_id, exists=said(user is not None)
            )
        if organization.created_by_user == PrincipalId(user.id):
            raise AdminStays(organization=organization.id, admin=organization.created_by_user)
        self.backend.tables.memberships.remove((organization.id, user.id))
        if not user.registered and not len(self.backend.tables.memberships.select("user", user.id)):
            self.backend.tables.users.remove(user.id)

    def _standing(self, organization: Organization, user_id: UserId, now: float) -> bool:
        membership = self.backend.tables.memberships.get((organization.id, user_id))
        return membership is not None and membership.is_valid(now)


def _lapses(memberships: Iterable[Membership]) -> list[float]:
    """Return when invitations lapse, in unix seconds, the first one first."""
    return sorted(row.pending_until for row in memberships if row.pending_until is not None)
