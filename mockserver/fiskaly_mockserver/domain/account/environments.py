"""Enabling LIVE for an organization, and the clearance that it takes (R6, R7)."""

from dataclasses import replace

from fiskaly_mockserver.domain.account.access import Principal, administers
from fiskaly_mockserver.domain.account.api_keys import ApiKeys
from fiskaly_mockserver.domain.account.errors import (
    EnvironmentAlreadyEnabled,
    ManagedMayNotAdminister,
    NoLiveClearance,
    OrganizationNotFound,
    OrganizationNotMain,
)
from fiskaly_mockserver.domain.account.model import (
    ApiKey,
    Environment,
    KeyStatus,
    Organization,
    OrganizationId,
    PrincipalKind,
)
from fiskaly_mockserver.domain.backend import Backend

FIRST_LIVE_KEY_NAME = "first-live-key"
"""The name of the key that a clearance hands out."""


class Environments:
    """The operation on an organization's environments, and what goes before it."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def enable(self, principal: Principal, organization_id: str, env: Environment) -> Organization:
        """Add an environment to an organization.

        Source: client (answer); assumptions (A-12, A-13) for the refusals.

        Raises:
            OrganizationNotFound: It is missing or out of sight.
            ManagedMayNotAdminister: The caller sees it as a managed organization.
            EnvironmentAlreadyEnabled: It has that environment, as TEST always.
            NoLiveClearance: No LIVE main organization manages or pays for it.
        """
        organization = self.backend.sight.organization(principal, organization_id)
        if not administers(principal, organization):
            raise ManagedMayNotAdminister(**principal.facts, organization=organization.id)
        if env in organization.envs:
            raise EnvironmentAlreadyEnabled(
                organization=organization.id,
                environments=" ".join(organization.envs),
                environment=env,
            )
        if not self.cleared(organization):
            raise NoLiveClearance(
                organization=organization.id,
                managed_by=organization.managed_by_organization_id or "",
                payer=organization.payer_id or "",
            )
        enabled = replace(organization, envs=(*organization.envs, env))
        self.backend.tables.organizations.put(enabled)
        return enabled

    def clear(self, organization_id: str) -> tuple[Organization, ApiKey, str]:
        """Make a main organization LIVE and hand out its first LIVE key with its secret.

        In production the vendor does it when a contract is signed (R7); there is no
        caller, and only the control API gets here. The key is made by the
        organization's admin (R4), and its secret is shown only now.

        Raises:
            OrganizationNotFound: There is no such organization.
            OrganizationNotMain: It is managed: those above it are cleared.
            EnvironmentAlreadyEnabled: It is LIVE already.
        """
        tables = self.backend.tables
        organization = tables.organizations.get(OrganizationId(organization_id))
        if organization is None:
            raise OrganizationNotFound(organization=organization_id, exists="no")
        if not organization.is_main:
            raise OrganizationNotMain(
                "organization_id",
                reference=organization.id,
                managed_by=organization.managed_by_organization_id or "",
            )
        if Environment.LIVE in organization.envs:
            raise EnvironmentAlreadyEnabled(
                organization=organization.id,
                environments=" ".join(organization.envs),
                environment=Environment.LIVE,
            )
        live = replace(organization, envs=(*organization.envs, Environment.LIVE))
        tables.organizations.put(live)
        admin = Principal(
            id=live.created_by_user,
            kind=PrincipalKind.USER,
            env=Environment.LIVE,
            home=live,
            memberships=(live,),
        )
        key, secret = ApiKeys(self.backend).create(
            admin, live.id, name=FIRST_LIVE_KEY_NAME, status=KeyStatus.ENABLED
        )
        return live, key, secret

    def cleared(self, organization: Organization) -> bool:
        """Tell whether a LIVE main organization is above, as manager or payer (R7)."""
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
