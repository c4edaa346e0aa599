"""Who sees what, and who may do what (R3, R5, R6)."""

from collections.abc import Mapping
from typing import NamedTuple

from fiskaly_mockserver.domain.account.errors import OrganizationNotFound, OrganizationNotMain
from fiskaly_mockserver.domain.account.model import (
    Environment,
    Organization,
    OrganizationId,
    PrincipalId,
    PrincipalKind,
    Tables,
    UserId,
)


class Principal(NamedTuple):
    """The API key or user behind a call, in one environment.

    `home` is the organization its token names; `memberships` are all it belongs to
    (for an API key just its home), as they were when the call began.
    """

    id: PrincipalId
    kind: PrincipalKind
    env: Environment
    home: Organization
    memberships: tuple[Organization, ...]

    @property
    def organization_ids(self) -> tuple[OrganizationId, ...]:
        """The ids of the organizations the principal belongs to."""
        return tuple(organization.id for organization in self.memberships)

    @property
    def facts(self) -> Mapping[str, str]:
        """Who calls, as the facts of a refusal name it."""
        return {
            "caller": self.id,
            "caller_organization": self.home.id,
            "caller_environment": self.env,
        }

    @property
    def creates_as(self) -> Organization | None:
        """The main organization that the principal's creations come from, if any (R3).

        That is its home, or the first main one a user joined: through a managed one
        nobody sees what was made, so nothing is made through it.
        """
        for member in (self.home, *self.memberships):
            if member.is_main:
                return member
        return None


def viewers_of(
    organization_id: OrganizationId,
    *,
    manager: Organization | None,
    creator_home: OrganizationId | None,
) -> tuple[OrganizationId, ...]:
    """Return the organizations whose principals see a new organization (R3).

    `manager` is the main organization of a managed one, `None` for a main one;
    `creator_home` the organization of the principal that creates it. Sight goes one
    main organization deep. Source: assumption (A-38).
    """
    above = (manager.id, manager.created_by_organization_id) if manager else (creator_home,)
    return (organization_id, *dict.fromkeys(filter(None, above)))


def sees(principal: Principal, organization: Organization) -> bool:
    """Tell whether the principal sees the organization (R3, R6)."""
    if principal.env in organization.envs:
        for member in principal.memberships:
            if member.id in organization.viewers:
                return True
    return False


def sees_branch(principal: Principal, manager: Organization | None) -> bool:
    """Tell whether the principal sees whatever that main organization manages (R3).

    All of it is seen by the same organizations, apart from itself: see `viewers_of`.
    """
    return manager is not None and any(
        member.id in (manager.id, manager.created_by_organization_id)
        for member in principal.memberships
    )


def administers(principal: Principal, organization: Organization) -> bool:
    """Tell whether the principal sees it as, or through, a main organization.

    That is what managing users and environments takes (R5). Source: assumption (A-39).
    """
    return principal.env in organization.envs and any(
        member.is_main and member.id in organization.viewers for member in principal.memberships
    )


class Sight:
    """Looks organizations up as a principal sees them."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def find(self, principal: Principal, organization_id: str) -> Organization | None:
        """Return the organization, or `None` if it is missing or out of sight.

        Both cases cost the same work: one look-up and at most one comparison, so that
        an answer's time does not show what exists.
        """
        organization = self.tables.organizations.get(OrganizationId(organization_id))
        if organization is None or not sees(principal, organization):
            return None
        return organization

    def organization(self, principal: Principal, organization_id: str) -> Organization:
        """Return the organization a path names.

        Raises:
            OrganizationNotFound: It is missing or out of sight, which look the same.
                Source: assumption (A-09).
        """
        organization = self.tables.organizations.get(OrganizationId(organization_id))
        if organization is None or not sees(principal, organization):
            raise OrganizationNotFound(
                **principal.facts, organization=organization_id, **_facts_unseen(organization)
            )
        return organization

    def facts_of(self, organization_id: str) -> Mapping[str, str]:
        """Return what is true of an unseen organization that a body names."""
        row = self.tables.organizations.get(OrganizationId(organization_id))
        return {"reference": organization_id, **_facts_unseen(row)}

    def main(
        self, principal: Principal, organization_id: str, *, field: str
    ) -> Organization | None:
        """Return the main organization that `field` of a body names, `None` if unseen.

        Raises:
            OrganizationNotMain: It is itself managed (R1). Source: assumption (A-33).
        """
        organization = self.find(principal, organization_id)
        if organization is not None and not organization.is_main:
            raise OrganizationNotMain(
                field,
                reference=organization.id,
                managed_by=organization.managed_by_organization_id or "",
            )
        return organization

    def user(self, principal: Principal, user_id: str, now: float) -> bool:
        """Tell whether the user belongs to any organization in the principal's sight."""
        return any(
            self.find(principal, membership.organization_id) is not None
            for membership in self.tables.memberships.select("user", UserId(user_id))
            if membership.is_valid(now)
        )


def said(answer: bool) -> str:  # noqa: FBT001 - a yes or no is all there is to say
    """Return a yes or no as a fact of a refusal."""
    return "yes" if answer else "no"


def _facts_unseen(organization: Organization | None) -> Mapping[str, str]:
    """Return what a refusal read; it costs the same if there is nothing (A-09)."""
    return {
        "exists": said(organization is not None),
        "environments": " ".join(() if organization is None else organization.envs),
    }
