"""How an account begins and goes LIVE: sign-up, clearance and environments (R2, R6, R7, R9).

In production the Dashboard and the vendor do most of it and no API: there is no caller. The
Dashboard and the control API get here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from fiskaly_mockserver.domain.account.access import Principal, administers, said, viewers_of
from fiskaly_mockserver.domain.account.api_keys import ApiKeys
from fiskaly_mockserver.domain.account.errors import (
    EmailTaken,
    EnvironmentAlreadyEnabled,
    ManagedMayNotAdminister,
    NoLiveClearance,
    NoOpenInvitation,
    OrganizationNotFound,
    OrganizationNotMain,
    ReferenceNotFound,
)
from fiskaly_mockserver.domain.account.model import (
    ApiKey,
    Environment,
    KeyStatus,
    Membership,
    Organization,
    OrganizationId,
    OrganizationType,
    PrincipalId,
    PrincipalKind,
    User,
    UserId,
    hash_secret,
)
from fiskaly_mockserver.domain.account.organizations import Profile
from fiskaly_mockserver.domain.backend import Backend

FIRST_KEY_NAME = "first-key"
"""The name of the key that a sign-up hands out."""
FIRST_LIVE_KEY_NAME = "first-live-key"
"""The name of the key that a clearance hands out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A person who may log in now; `accepted` are the organizations that had invited them."""

    user: User
    accepted: tuple[OrganizationId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedUp(Registered):
    """A registered person with an account of their own; `secret` is shown only now."""

    organization: Organization
    api_key: ApiKey
    secret: str = field(repr=False)


class SignUps:
    """What the Dashboard does for someone new."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def sign_up(
        self,
        *,
        email: str,
        password: str,
        organization: Profile,
        first_name: str = "",
        last_name: str = "",
    ) -> SignedUp:
        """Register a person with a first main organization and its first TEST key (R2).

        The person becomes the organization's admin (R4) and joins after those that had
        invited the same e-mail. `organization` holds at least the required fields.
        Source: documented (HUB-U) for the invitations; the rest is this fake's own.

        Raises:
            EmailTaken: Someone registered signed up with that e-mail before.
            ReferenceNotFound: The organization names a payer, contact or billing
                address: nothing is there yet that it could see.
        """
        invited = self._invited(email)
        _check_references(organization)
        newcomer = invited or self._newcomer(email)
        registered = self._register(newcomer, password, first_name, last_name)
        return self._found(registered, organization)

    def register(
        self, *, email: str, password: str, first_name: str = "", last_name: str = ""
    ) -> Registered:
        """Register a person, who may belong to no organization yet (R9).

        Raises:
            EmailTaken: Someone registered signed up with that e-mail before.
        """
        newcomer = self._invited(email) or self._newcomer(email)
        return self._register(newcomer, password, first_name, last_name)

    def first_organization(self, user: User, organization: Profile) -> SignedUp:
        """Create the first main organization of somebody who belongs to none (R2).

        Raises:
            ReferenceNotFound: As `sign_up`.
        """
        _check_references(organization)
        return self._found(Registered(user=user, accepted=()), organization)

    def _newcomer(self, email: str) -> User:
        return User(id=UserId(self.backend.ids.uuid()), email=email, registered=False)

    def _found(self, registered: Registered, organization: Profile) -> SignedUp:
        """Create a person's first main organization, with its first key."""
        user, new_id = registered.user, OrganizationId(self.backend.ids.uuid())
        row = Organization(
            id=new_id,
            type=OrganizationType.MAIN,
            envs=(Environment.TEST,),
            created_by_user=PrincipalId(user.id),
            viewers=viewers_of(new_id, manager=None, creator_home=None),
            **organization,
        )
        self.backend.tables.organizations.put(row)
        self.backend.tables.memberships.put(Membership(organization_id=new_id, user_id=user.id))
        key, secret = _first_key(self.backend, row, Environment.TEST, FIRST_KEY_NAME)
        return SignedUp(
            user=user,
            accepted=registered.accepted,
            organization=row,
            api_key=key,
            secret=secret,
        )

    def accept_invitation(
        self, *, email: str, password: str, first_name: str = "", last_name: str = ""
    ) -> Registered:
        """Register an invited person, who joins all organizations that await them (R9).

        Raises:
            EmailTaken: Someone registered signed up with that e-mail before.
            NoOpenInvitation: Nobody invited the e-mail, or all its invitations lapsed.
        """
        invited = self._invited(email)
        if invited is None or not any(self._awaiting(invited.id)):
            raise NoOpenInvitation(
                user=invited.id if invited else "", exists=said(invited is not None)
            )
        return self._register(invited, password, first_name, last_name)

    def _invited(self, email: str) -> User | None:
        """Return who was invited by that e-mail, `None` if nobody; refuse the registered."""
        user = next(iter(self.backend.tables.users.select("email", email.lower())), None)
        if user is not None and user.registered:
            raise EmailTaken(user=user.id)
        return user

    def _register(
        self, newcomer: User, password: str, first_name: str, last_name: str
    ) -> Registered:
        """Accept the open invitations, delete those that lapsed."""
        tables = self.backend.tables
        user = replace(
            newcomer,
            first_name=first_name or newcomer.first_name,
            last_name=last_name or newcomer.last_name,
            registered=True,
            password_hash=hash_secret(password),
        )
        tables.users.put(user)
        accepted = tuple(self._awaiting(user.id))
        for membership in tuple(tables.memberships.select("user", user.id)):
            if membership.organization_id in accepted:
                tables.memberships.put(replace(membership, pending_until=None))
            elif membership.pending_until is not None:
                tables.memberships.remove((membership.organization_id, user.id))
        return Registered(user=user, accepted=accepted)

    def _awaiting(self, user_id: UserId) -> Iterator[OrganizationId]:
        """Yield the organizations whose invitation has not lapsed, the first one first."""
        now = self.backend.clock.now()
        for membership in self.backend.tables.memberships.select("user", user_id):
            if membership.pending_until is not None and membership.is_valid(now):
                yield membership.organization_id


def _check_references(profile: Profile) -> None:
    options = profile.get("billing_options")
    if options is not None and options.bill_to_organization:
        raise ReferenceNotFound("billing_options.bill_to_organization")
    if profile.get("contact_person_id"):
        raise ReferenceNotFound("contact_person_id")
    if profile.get("billing_address_id"):
        raise ReferenceNotFound("billing_address_id")


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
        return live, *_first_key(self.backend, live, Environment.LIVE, FIRST_LIVE_KEY_NAME)

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


def _first_key(
    backend: Backend, organization: Organization, env: Environment, name: str
) -> tuple[ApiKey, str]:
    """Make a key of a main organization as its admin does, and return it with its secret."""
    admin = Principal(
        id=organization.created_by_user,
        kind=PrincipalKind.USER,
        env=env,
        home=organization,
        memberships=(organization,),
    )
    return ApiKeys(backend).create(admin, organization.id, name=name, status=KeyStatus.ENABLED)


def _above(organization: Organization) -> list[OrganizationId]:
    candidates = (organization.managed_by_organization_id, organization.payer_id)
    return [candidate for candidate in candidates if candidate]
