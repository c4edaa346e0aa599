"""R3 and R6 written a second time, from what stands on the rows and nothing else.

Sight is derived from `managed_by_organization_id`, from who created an organization and
from whose key that was. The domain's own `viewers`, indexes and `Sight` are not asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from builders.snapshots import Snapshot
from fiskaly_mockserver.domain.account.model import (
    Environment,
    Membership,
    Organization,
    OrganizationId,
    OrganizationType,
    PrincipalId,
)


def organizations_of(rows: Snapshot) -> Mapping[str, Organization]:
    """Return the organizations of a snapshot by id, in order of creation."""
    return {row.id: row for row in rows["organizations"].values()}


@dataclass
class Oracle:
    """Tells who sees what; it has to be told of new keys and organizations.

    `owners` names the organization of every key's principal there ever was, `origins`
    the main organization each organization was made from.
    """

    owners: dict[PrincipalId, OrganizationId] = field(default_factory=dict)
    origins: dict[OrganizationId, OrganizationId] = field(default_factory=dict)

    def learn_keys(self, rows: Snapshot) -> None:
        """Remember whose every key is."""
        for key in rows["api_keys"].values():
            self.owners[key.principal_id] = key.organization_id

    def learn_organizations(self, rows: Snapshot) -> None:
        """Remember where organizations come from that were not there before."""
        known = organizations_of(rows)
        for row in known.values():
            if row.id not in self.origins:
                mains = [
                    home
                    for home in self.belongs(rows, row.created_by_user)
                    if known[home].type is OrganizationType.MAIN
                ]
                self.origins[row.id] = mains[0] if mains else row.id

    def belongs(self, rows: Snapshot, principal: PrincipalId) -> list[OrganizationId]:
        """Return the existing organizations that a principal belongs to, first joined first."""
        if principal in self.owners:
            homes = [self.owners[principal]]
        else:
            memberships: list[Membership] = list(rows["memberships"].values())
            homes = [
                row.organization_id
                for row in memberships
                if str(row.user_id) == principal and row.pending_until is None
            ]
        return [home for home in homes if home in rows["organizations"]]

    def sight(self, rows: Snapshot, principal: PrincipalId, env: Environment) -> list[str]:
        """Return the ids of what a principal sees, in order of creation."""
        known = organizations_of(rows)
        seen: set[str] = set()
        for home in self.belongs(rows, principal):
            seen.add(home)
            if known[home].type is OrganizationType.MAIN:
                tops = {home}
                for row in known.values():
                    if row.type is OrganizationType.MAIN and self.origins[row.id] == home:
                        tops.add(row.id)
                seen |= tops
                seen |= {row.id for row in known.values() if row.managed_by_organization_id in tops}
        return [row.id for row in known.values() if row.id in seen and env in row.envs]
