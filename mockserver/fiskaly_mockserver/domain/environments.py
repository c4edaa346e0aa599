"""Enabling LIVE for an organisation (R6, R7)."""

from dataclasses import dataclass, replace

from fiskaly_mockserver.domain.access import Principal, administers
from fiskaly_mockserver.domain.backend import Backend
from fiskaly_mockserver.domain.errors import (
    EnvironmentAlreadyEnabled,
    ManagedMayNotAdminister,
    NoLiveClearance,
)
from fiskaly_mockserver.domain.model import Environment, Organization, OrganizationId


@dataclass(frozen=True, slots=True)
class Environments:
    """The operation on an organisation's environments."""

    backend: Backend

    def enable(self, principal: Principal, organization_id: str, env: Environment) -> Organization:
        """Add an environment to an organisation.

        Source: client (answer); assumptions (A-12, A-13) for the refusals.

        Raises:
            OrganizationNotFound: It is missing or out of sight.
            ManagedMayNotAdminister: The caller sees it as a managed organisation.
            EnvironmentAlreadyEnabled: It has that environment, as TEST always.
            NoLiveClearance: No LIVE main organisation manages or pays for it.
        """
        organization = self.backend.sight.organization(principal, organization_id)
        if not administers(principal, organization):
            raise ManagedMayNotAdminister
        if env in organization.envs:
            raise EnvironmentAlreadyEnabled
        if not self.cleared(organization):
            raise NoLiveClearance
        enabled = replace(organization, envs=(*organization.envs, env))
        self.backend.tables.organizations.put(enabled)
        return enabled

    def cleared(self, organization: Organization) -> bool:
        """Tell whether a LIVE main organisation stands above, as manager or payer (R7)."""
        seen: set[OrganizationId] = {organization.id}
        above = _above(organization)
        while above:
            upper_id = above.pop()
            if upper_id in seen:
                continue
            seen.add(upper_id)
            upper = self.backend.tables.organizations.get(upper_id)
            if upper is not None:
                if Environment.LIVE in upper.envs:
                    return True
                above += _above(upper)
        return False


def _above(organization: Organization) -> list[OrganizationId]:
    candidates = (organization.managed_by_organization_id, organization.payer_id)
    return [candidate for candidate in candidates if candidate]
