"""API keys of organizations (R5, R6)."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

from fiskaly_mockserver.domain.account.access import Principal, said
from fiskaly_mockserver.domain.account.errors import (
    ApiKeyNameTaken,
    ApiKeyNotFound,
    ForeignManager,
    ReferenceNotFound,
)
from fiskaly_mockserver.domain.account.model import (
    EMPTY_METADATA,
    ApiKey,
    ApiKeyId,
    Environment,
    KeyStatus,
    Organization,
    PrincipalId,
    hash_secret,
)
from fiskaly_mockserver.domain.backend import Backend
from fiskaly_mockserver.domain.store import Narrowing, Page, Paging, SortKey, paged


class ApiKeyFilter(NamedTuple):
    """What a list of keys is narrowed to; an empty collection does not narrow."""

    statuses: Collection[KeyStatus] = ()
    kinds: Collection[Environment] = ()

    @property
    def narrowing(self) -> Narrowing[ApiKey] | None:
        """What it does to a list, `None` if nothing."""
        if not self.statuses and not self.kinds:
            return None
        return Narrowing((frozenset(self.statuses), frozenset(self.kinds)), self.admits)

    def admits(self, key: ApiKey) -> bool:
        """Tell whether the key passes."""
        return (not self.statuses or key.status in self.statuses) and (
            not self.kinds or key.env in self.kinds
        )


SORT_KEYS: Mapping[str, SortKey[ApiKey]] = {
    "name": lambda row: row.name,
    "kind": lambda row: row.env.lower(),
    "status": lambda row: row.status,
    "created_at": lambda row: row.created_at,
}


class ApiKeys:
    """The operations on API keys.

    Whoever sees an organization manages its keys of the token's environment: a main
    organization's principal for all it sees, a managed one's for its own.
    Source: assumptions (A-31, A-39).
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def list(
        self, principal: Principal, organization_id: str, narrowed: ApiKeyFilter, paging: Paging
    ) -> Page[ApiKey]:
        """List the organization's keys of the caller's environment (R6).

        Raises:
            OrganizationNotFound: The organization is missing or out of sight.
        """
        organization = self.backend.sight.organization(principal, organization_id)
        keys = self.backend.tables.api_keys.select("place", (organization.id, principal.env))
        return paged(keys, paging, SORT_KEYS, narrowed.narrowing)

    def create(
        self,
        principal: Principal,
        organization_id: str,
        *,
        name: str,
        status: KeyStatus,
        metadata: Mapping[str, str] = EMPTY_METADATA,
        managed_by: str | None = None,
    ) -> tuple[ApiKey, str]:
        """Create a key and return it with its secret, which is shown only now.

        The key gets the environment of the caller's token (R6). Its string is
        `<env>_<random>_<name>`. Source: recorded; assumption (A-46) for the lengths.

        Raises:
            OrganizationNotFound: The organization is missing or out of sight.
            ReferenceNotFound: `managed_by` is unseen and not the organization's own.
            ForeignManager: `managed_by` does not manage the organization.
            ApiKeyNameTaken: A key of that name exists in the same environment.
        """
        organization = self.backend.sight.organization(principal, organization_id)
        self._check_manager(principal, organization, managed_by)
        place = (organization.id, principal.env, name)
        namesake = next(iter(self.backend.tables.api_keys.select("name", place)), None)
        if namesake is not None:
            raise ApiKeyNameTaken(
                organization=organization.id,
                environment=namesake.env,
                api_key=namesake.id,
                status=namesake.status,
            )
        secret = self.backend.secrets.secret()
        key = ApiKey(
            id=ApiKeyId(self.backend.ids.uuid()),
            principal_id=PrincipalId(self.backend.ids.uuid()),
            organization_id=organization.id,
            env=principal.env,
            key=f"{principal.env.lower()}_{self.backend.secrets.key_part()}_{name}",
            secret_hash=hash_secret(secret),
            created_at=int(self.backend.clock.now()),
            created_by_user=principal.id,
            name=name,
            status=status,
            metadata=metadata,
            managed_by_organization_id=(
                organization.managed_by_organization_id if managed_by else None
            ),
        )
        self.backend.tables.api_keys.put(key)
        return key, secret

    def retrieve(self, principal: Principal, organization_id: str, key_id: str) -> ApiKey:
        """Return one key.

        Raises:
            OrganizationNotFound: The organization is missing or out of sight.
            ApiKeyNotFound: It has no such key in the caller's environment.
        """
        organization = self.backend.sight.organization(principal, organization_id)
        key = self.backend.tables.api_keys.get(ApiKeyId(key_id))
        if key is None or (key.organization_id, key.env) != (organization.id, principal.env):
            raise ApiKeyNotFound(
                **principal.facts,
                organization=organization.id,
                api_key=key_id,
                exists=said(key is not None),
                owner=key.organization_id if key else "",
                environment=key.env if key else "",
            )
        return key

    def update(
        self,
        principal: Principal,
        organization_id: str,
        key_id: str,
        *,
        status: KeyStatus | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> ApiKey:
        """Change a key's status, or replace its metadata whole.

        A disabled key opens no new session; tokens already issued live on.
        Source: client; assumption (A-16).

        Raises:
            OrganizationNotFound: The organization is missing or out of sight.
            ApiKeyNotFound: It has no such key in the caller's environment.
        """
        key = self.retrieve(principal, organization_id, key_id)
        changed = replace(
            key,
            status=key.status if status is None else status,
            metadata=key.metadata if metadata is None else metadata,
        )
        self.backend.tables.api_keys.put(changed)
        return changed

    def delete(self, principal: Principal, organization_id: str, key_id: str) -> None:
        """Delete a key; tokens already issued live on.

        Raises:
            OrganizationNotFound: The organization is missing or out of sight.
            ApiKeyNotFound: It has no such key in the caller's environment.
        """
        key = self.retrieve(principal, organization_id, key_id)
        self.backend.tables.api_keys.remove(key.id)

    def _check_manager(
        self, principal: Principal, organization: Organization, managed_by: str | None
    ) -> None:
        """Demand the organization's own main one. Source: assumptions (A-34, A-43).

        A managed organization's key does not see its main one but knows its id, so
        the right id passes without sight.
        """
        if managed_by is None or managed_by == organization.managed_by_organization_id:
            return
        if self.backend.sight.find(principal, managed_by) is None:
            raise ReferenceNotFound(
                "managed_by_organization_id",
                **principal.facts,
                **self.backend.sight.facts_of(managed_by),
            )
        raise ForeignManager(
            organization=organization.id,
            managed_by=organization.managed_by_organization_id or "",
            reference=managed_by,
        )
