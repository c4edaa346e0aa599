"""Why a call of the Management API is refused, as facts.

`fiskaly_mockserver.web.management.api` maps each to a status and a text.
"""

from fiskaly_mockserver.domain.errors import (
    AccessDenied,
    Conflict,
    NotFound,
    Unauthenticated,
)


class InvalidCredentials(Unauthenticated):
    """The key, secret, refresh token, e-mail or password opens no session."""


class NotTheAdmin(AccessDenied):
    """Only the principal that created an organization changes or deletes it."""

    rule = "R4"


class ManagedMayNotCreate(AccessDenied):
    """A managed organization's principal creates no organization."""


class ManagedMayNotAdminister(AccessDenied):
    """A managed organization's principal changes neither users nor environments."""


class NoLiveClearance(AccessDenied):
    """No LIVE main organization is above this one."""

    rule = "R7"


class LiveNeedsLivePayer(AccessDenied):
    """A main organization is created LIVE only if a LIVE one pays for it."""

    rule = "R8"


class OrganizationNotFound(NotFound):
    """The organization of the path."""


class ApiKeyNotFound(NotFound):
    """The API key of the path."""


class UserNotFound(NotFound):
    """The user of the path."""


class NoOpenInvitation(NotFound):
    """Nobody invited the e-mail, or every invitation has lapsed."""

    rule = "R9"


class BillingAddressNotFound(NotFound):
    """The billing address of the path."""

    rule = "R10"


class ReferenceNotFound(NotFound):
    """Something that the body names; `field` says where."""

    def __init__(self, field: str, **facts: str) -> None:
        super().__init__(field=field, **facts)
        self.field = field


class OrganizationNotMain(Conflict):
    """The named parent or payer is itself managed; `field` says which."""

    rule = "R1"

    def __init__(self, field: str, **facts: str) -> None:
        super().__init__(field=field, **facts)
        self.field = field


class OrganizationConflict(Conflict):
    """The organization's place in the account forbids it."""


class StillManages(OrganizationConflict):
    """The organization to delete still manages others."""

    rule = "R1"


class StillPays(OrganizationConflict):
    """The organization to delete is billed for others."""

    rule = "R8"


class StillOwnsBillingAddress(OrganizationConflict):
    """A billing address of the organization to delete is used by another one."""

    rule = "R10"


class LiveStays(OrganizationConflict):
    """A LIVE organization is not deleted."""

    rule = "R7"


class StillSigns(OrganizationConflict):
    """The organization to delete has a TSS that is not disabled."""

    rule = "S13"


class OwnOrganization(OrganizationConflict):
    """Nobody deletes the organization it belongs to."""

    rule = "R4"


class ManagerIsFixed(OrganizationConflict):
    """An organization's main organization never changes."""

    rule = "R11"


class PayerCircle(OrganizationConflict):
    """The chain of payers would lead back to the organization itself."""

    rule = "R8"


class EnvironmentAlreadyEnabled(Conflict):
    """The organization has that environment already."""

    rule = "R6"


class ApiKeyConflict(Conflict):
    """The new API key does not fit its organization."""

    rule = "R5"


class ApiKeyNameTaken(ApiKeyConflict):
    """Another key of the organization and environment has that name."""


class ForeignManager(ApiKeyConflict):
    """The key names a main organization that does not manage its own."""

    rule = "R1"


class UserConflict(Conflict):
    """The user's place in the account forbids it."""

    rule = "R9"


class AlreadyMember(UserConflict):
    """The e-mail is a member already, or its invitation is still open."""


class EmailTaken(UserConflict):
    """Someone registered signed up with the e-mail before."""


class AdminStays(UserConflict):
    """The admin of an organization is not removed from it."""


class BillingAddressInUse(Conflict):
    """An organization is billed to that address."""

    rule = "R10"
