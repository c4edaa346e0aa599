"""Main and managed organizations (R1 to R4, R6, R8, R11, R12)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple, TypedDict

from fiskaly_mockserver.domain.account.access import Principal, said, sees_branch, viewers_of
from fiskaly_mockserver.domain.account.errors import (
    LiveNeedsLivePayer,
    LiveStays,
    ManagedMayNotCreate,
    ManagerIsFixed,
    NotTheAdmin,
    OwnOrganization,
    PayerCircle,
    ReferenceNotFound,
    StillManages,
    StillOwnsBillingAddress,
    StillPays,
    StillSigns,
)
from fiskaly_mockserver.domain.account.model import (
    BillingAddressId,
    BillingOptions,
    Environment,
    Logo,
    ManagedConfiguration,
    Organization,
    OrganizationId,
    OrganizationType,
    UserId,
)
from fiskaly_mockserver.domain.backend import Backend
from fiskaly_mockserver.domain.signing.tables import SigningTables
from fiskaly_mockserver.domain.store import Narrowing, Page, Paging, Selection, SortKey, paged


class Profile(TypedDict, total=False):
    """What a caller may say about an organization; keys left out stay as they are."""

    name: str
    address_line1: str
    zip: str
    town: str
    country_code: str
    display_name: str
    vat_id: str
    contact_person_id: str
    address_line2: str
    state: str
    tax_number: str
    economy_id: str
    billing_options: BillingOptions | None
    billing_address_id: str
    metadata: Mapping[str, str]
    managed_configuration: ManagedConfiguration | None


class OrganizationFilter(NamedTuple):
    """What a list of organizations is narrowed to; `None` does not narrow."""

    env: Environment | None = None
    type: OrganizationType | None = None
    managed_by_organization_id: str | None = None


WHATEVER = OrganizationFilter()

SORT_KEYS: Mapping[str, SortKey[Organization]] = {
    "name": lambda row: row.name,
    "id": lambda row: row.id,
    "address_line1": lambda row: row.address_line1,
    "zip": lambda row: row.zip,
    "town": lambda row: row.town,
    "display_name": lambda row: row.display_name,
    "vat_id": lambda row: row.vat_id,
    "address_line2": lambda row: row.address_line2,
    "state": lambda row: row.state,
    "tax_number": lambda row: row.tax_number,
    "economy_id": lambda row: row.economy_id,
}


class Organizations:
    """The operations on organizations."""

    def __init__(self, backend: Backend, signing: SigningTables) -> None:
        self.backend = backend
        self._signing = signing

    def list(
        self,
        principal: Principal,
        paging: Paging,
        narrowed: OrganizationFilter = WHATEVER,
    ) -> Page[Organization]:
        """List what the principal sees, each organization once (R3, R6)."""
        kind = narrowed.type
        return paged(
            self._listed(principal, narrowed),
            paging,
            SORT_KEYS,
            None if kind is None else Narrowing(kind, lambda row: row.type is kind),
        )

    def retrieve(self, principal: Principal, organization_id: str) -> Organization:
        """Return one organization.

        Raises:
            OrganizationNotFound: It is missing or out of sight.
        """
        return self.backend.sight.organization(principal, organization_id)

    def create(
        self, principal: Principal, profile: Profile, *, managed_by: str | None = None
    ) -> Organization:
        """Create a managed organization under `managed_by`, or a further main one.

        The caller becomes its admin (R4). A TEST token makes it TEST, a LIVE token
        TEST and LIVE (R6). `profile` holds at least the required fields.
        Source: recorded (fields, unknown parent); assumption (A-47) for LIVE.

        Raises:
            ManagedMayNotCreate: The caller belongs to managed organizations only.
            ReferenceNotFound: The parent, payer, contact or billing address is unseen.
            OrganizationNotMain: The parent or payer is itself managed.
            LiveNeedsLivePayer: A main one with a LIVE token, without a LIVE payer.
        """
        creator = principal.creates_as
        if creator is None:
            raise ManagedMayNotCreate(**principal.facts)
        manager = None
        if managed_by is not None:
            field = "managed_by_organization_id"
            manager = self.backend.sight.main(principal, managed_by, field=field)
            if manager is None:
                raise self._unseen(principal, field, managed_by)
        self._check_references(principal, profile, None)
        live = principal.env is Environment.LIVE
        if live and manager is None and not _payer_of(profile):
            raise LiveNeedsLivePayer(**principal.facts)
        new_id = OrganizationId(self.backend.ids.uuid())
        organization = Organization(
            id=new_id,
            type=OrganizationType.MANAGED if manager else OrganizationType.MAIN,
            envs=(Environment.TEST, Environment.LIVE) if live else (Environment.TEST,),
            managed_by_organization_id=manager.id if manager else None,
            created_by_user=principal.id,
            created_by_organization_id=creator.id,
            viewers=viewers_of(new_id, manager=manager, creator_home=creator.id),
            **profile,
        )
        self.backend.tables.organizations.put(organization)
        return organization

    def update(
        self,
        principal: Principal,
        organization_id: str,
        profile: Profile,
        *,
        managed_by: str | None = None,
    ) -> Organization:
        """Change what `profile` names; `metadata` and `billing_options` whole (R12).

        Raises:
            OrganizationNotFound: It is missing or out of sight.
            NotTheAdmin: Somebody else created it (R4).
            ManagerIsFixed: `managed_by` is not the current main organization (R11).
            ReferenceNotFound: A newly named payer, contact or billing address is unseen.
            OrganizationNotMain: The payer is itself managed.
            PayerCircle: The organization would in the end pay for itself.
        """
        current = self.retrieve(principal, organization_id)
        _check_admin(principal, current)
        if managed_by is not None and managed_by != current.managed_by_organization_id:
            raise ManagerIsFixed(
                organization=current.id,
                managed_by=current.managed_by_organization_id or "",
                reference=managed_by,
            )
        self._check_references(principal, profile, current)
        changed = replace(current, **profile)
        self.backend.tables.organizations.put(changed)
        return changed

    def set_logo(
        self, principal: Principal, organization_id: str, logo: Logo | None
    ) -> Organization:
        """Set an organization's logo or take it away (R13).

        Raises:
            OrganizationNotFound: It is missing or out of sight.
            NotTheAdmin: Somebody else created it (R4).
        """
        current = self.retrieve(principal, organization_id)
        _check_admin(principal, current)
        changed = replace(current, logo=logo)
        self.backend.tables.organizations.put(changed)
        return changed

    def delete(self, principal: Principal, organization_id: str) -> None:
        """Delete an organization with its keys, memberships, billing addresses and old TSS.

        Source: assumption (A-17).

        Raises:
            OrganizationNotFound: It is missing or out of sight.
            NotTheAdmin: Somebody else created it (R4).
            OwnOrganization: The caller belongs to it.
            StillManages: It manages others.
            LiveStays: It is LIVE.
            StillPays: It is billed for others.
            StillOwnsBillingAddress: Another organization uses one of its addresses.
            StillSigns: It has a TSS that is not disabled (S13).
        """
        organization = self.retrieve(principal, organization_id)
        _check_admin(principal, organization)
        if organization.id in principal.organization_ids:
            raise OwnOrganization(**principal.facts, organization=organization.id)
        self._check_unneeded(organization)
        tables = self.backend.tables
        for key in tuple(tables.api_keys.select("organization", organization.id)):
            tables.api_keys.remove(key.id)
        for membership in tuple(tables.memberships.select("organization", organization.id)):
            tables.memberships.remove((membership.organization_id, membership.user_id))
        for address in tuple(tables.billing_addresses.select("organization", organization.id)):
            tables.billing_addresses.remove(address.id)
        self._signing.remove_of(organization.id)
        tables.organizations.remove(organization.id)

    def _listed(
        self, principal: Principal, narrowed: OrganizationFilter
    ) -> Selection[Organization]:
        """Return what the principal sees of an environment, all or a main one's branch."""
        # What has LIVE has TEST too (R6), so of two environments only LIVE narrows
        live = Environment.LIVE in (principal.env, narrowed.env)
        env = Environment.LIVE if live else Environment.TEST
        members = principal.memberships
        table = self.backend.tables.organizations
        parent_id = narrowed.managed_by_organization_id
        if parent_id is not None:
            if sees_branch(principal, table.get(OrganizationId(parent_id))):
                return table.select("branch", (parent_id, env))
            members = tuple(row for row in members if row.managed_by_organization_id == parent_id)
        return table.select("sight", *((row.id, env) for row in members))

    def _check_unneeded(self, organization: Organization) -> None:
        """Refuse to delete what others depend on, or what is LIVE."""
        tables = self.backend.tables
        for managed in tables.organizations.select("branch", (organization.id, Environment.TEST)):
            raise StillManages(organization=organization.id, managed=managed.id)
        if Environment.LIVE in organization.envs:
            raise LiveStays(organization=organization.id, environments=" ".join(organization.envs))
        for billed in tables.organizations.select("payer", organization.id):
            raise StillPays(organization=organization.id, billed=billed.id)
        for address in tables.billing_addresses.select("organization", organization.id):
            for billed in tables.organizations.select("billing_address", address.id):
                if billed.id != organization.id:
                    raise StillOwnsBillingAddress(
                        organization=organization.id, billing_address=address.id, billed=billed.id
                    )
        for tss in self._signing.tss.select("organization", organization.id):
            if tss.is_active:
                raise StillSigns(organization=organization.id, tss=tss.id, state=tss.state)

    def _check_references(
        self, principal: Principal, profile: Profile, current: Organization | None
    ) -> None:
        """Look up what the profile names; what an update leaves as it was is not asked.

        Source: assumption (A-34).
        """
        payer_id = _payer_of(profile)
        if payer_id and (current is None or payer_id != current.payer_id):
            field = "billing_options.bill_to_organization"
            payer = self.backend.sight.main(principal, payer_id, field=field)
            if payer is None:
                raise self._unseen(principal, field, payer_id)
            if current is not None and self._pays_for(current.id, payer):
                raise PayerCircle(organization=current.id, payer=payer.id)
        contact = profile.get("contact_person_id")
        if contact and (current is None or contact != current.contact_person_id):
            now = self.backend.clock.now()
            if not self.backend.sight.user(principal, contact, now):
                user = self.backend.tables.users.get(UserId(contact))
                raise ReferenceNotFound(
                    "contact_person_id",
                    **principal.facts,
                    reference=contact,
                    exists=said(user is not None),
                )
        address_id = profile.get("billing_address_id")
        if address_id and (current is None or address_id != current.billing_address_id):
            address = self.backend.tables.billing_addresses.get(BillingAddressId(address_id))
            if address is None or address.organization_id != principal.home.id:
                raise ReferenceNotFound(
                    "billing_address_id",
                    **principal.facts,
                    reference=address_id,
                    exists=said(address is not None),
                    owner=address.organization_id if address else "",
                )

    def _unseen(self, principal: Principal, field: str, organization_id: str) -> ReferenceNotFound:
        facts = self.backend.sight.facts_of(organization_id)
        return ReferenceNotFound(field, **principal.facts, **facts)

    def _pays_for(self, organization_id: OrganizationId, payer: Organization) -> bool:
        """Tell whether the organization is in the chain of payers above `payer`."""
        above: Organization | None = payer
        while above is not None:
            if above.id == organization_id:
                return True
            payer_id = above.payer_id
            above = self.backend.tables.organizations.get(payer_id) if payer_id else None
        return False


def _check_admin(principal: Principal, organization: Organization) -> None:
    """Demand the principal that created the organization (R4)."""
    if organization.created_by_user != principal.id:
        raise NotTheAdmin(
            **principal.facts,
            organization=organization.id,
            admin=organization.created_by_user,
        )


def _payer_of(profile: Profile) -> OrganizationId | None:
    options = profile.get("billing_options")
    return options.bill_to_organization if options else None
