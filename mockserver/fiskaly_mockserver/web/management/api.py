"""The Management API as the server knows it, and how it says no."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from fiskaly_contracts import Contract, Violation

from fiskaly_mockserver.domain.account import errors
from fiskaly_mockserver.domain.account.model import Environment
from fiskaly_mockserver.domain.errors import (
    DomainError,
    ExpiredToken,
    ForeignToken,
    MissingToken,
    RefreshTokenAsAccess,
    UnreadableToken,
)
from fiskaly_mockserver.web.api import Api, Errors, JsonObject
from fiskaly_mockserver.web.management import presenters
from fiskaly_mockserver.web.management.handlers import HANDLERS
from fiskaly_mockserver.web.responses import REASONS, Answer, retry_after
from fiskaly_mockserver.world.names import MANAGEMENT
from fiskaly_mockserver.world.world import World

Render = Callable[[DomainError], Answer]
UNAUTHORIZED = 401
CODES = {
    400: "E_FAILED_SCHEMA_VALIDATION",
    403: "E_ACCESS_DENIED",
    413: "E_PAYLOAD_TOO_LARGE",
    415: "E_UNSUPPORTED_MEDIA_TYPE",
    429: "E_TOO_MANY_REQUESTS",
}
"""The codes of the contract that do not depend on the operation; others have none."""


def authentication_error(message: str) -> Answer:
    """Return a 401, which is in the shape of the authentication layer (recorded key order)."""
    status = UNAUTHORIZED
    return Answer(status, {"message": message, "status_code": status, "error": REASONS[status]})


def uncoded_error(status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an error that has no code (recorded key order)."""
    return Answer(
        status,
        {"status_code": status, "error": REASONS[status], "message": message},
        headers or {},
    )


def coded_error(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> Answer:
    """Return an error that has a code (recorded key order)."""
    return Answer(
        status,
        {"status_code": status, "error": REASONS[status], "code": code, "message": message},
        headers or {},
    )


def _unauthorized(message: str) -> Render:
    return lambda _: authentication_error(message)


def _unreadable_token(error: DomainError) -> Answer:
    # The vendor's own wording repeats the token (recorded); nothing else here does.
    token = error.token if isinstance(error, UnreadableToken) else ""
    return authentication_error(f"could not parse jwt: '{token}'")


def _coded(status: int, code: str, message: str) -> Render:
    return lambda _: coded_error(status, code, message)


_denied = partial(_coded, 403, "E_ACCESS_DENIED")
_organization_conflict = partial(_coded, 409, "E_ORGANIZATION_CONFLICT")
_api_key_conflict = partial(_coded, 409, "E_API_KEY_CONFLICT")
_user_conflict = partial(_coded, 409, "E_USER_CONFLICT")


def _not_main(error: DomainError) -> Answer:
    field = error.field if isinstance(error, errors.OrganizationNotMain) else ""
    return coded_error(
        409, "E_ORGANIZATION_NOT_MAIN", f"Conflict. {field} names a managed organization."
    )


TABLE: Mapping[type[DomainError], Render] = {
    errors.InvalidCredentials: _unauthorized("Invalid credentials"),
    MissingToken: _unauthorized("missing bearer token"),
    UnreadableToken: _unreadable_token,
    ForeignToken: _unauthorized("the token was not issued by this server, or is void"),
    ExpiredToken: _unauthorized("the token has expired"),
    RefreshTokenAsAccess: _unauthorized("a refresh token is not an access token"),
    errors.NotTheAdmin: _denied(
        "Access denied. Only the admin of the organization (created_by_user) may do this."
    ),
    errors.ManagedMayNotCreate: _denied(
        "Access denied. A managed organization may not create organizations."
    ),
    errors.ManagedMayNotAdminister: _denied(
        "Access denied. A managed organization may not change users or environments."
    ),
    errors.NoLiveClearance: _denied(
        "Access denied. LIVE needs a LIVE main organization that manages or pays."
    ),
    errors.LiveNeedsLivePayer: _denied(
        "Access denied. A main organization is created LIVE only if"
        " billing_options.bill_to_organization names a LIVE one."
    ),
    errors.OrganizationNotFound: _coded(404, "E_ORGANIZATION_NOT_FOUND", "Organization not found."),
    errors.ApiKeyNotFound: _coded(404, "E_API_KEY_NOT_FOUND", "API key not found."),
    errors.UserNotFound: _coded(404, "E_USER_NOT_FOUND", "User not found."),
    errors.NoOpenInvitation: _coded(
        404, "E_USER_NOT_FOUND", "No open invitation awaits the e-mail."
    ),
    errors.BillingAddressNotFound: _coded(
        404, "E_BILLING_ADDRESS_NOT_FOUND", "Billing address not found."
    ),
    errors.ReferenceNotFound: lambda _: uncoded_error(404, "Not Found"),
    errors.OrganizationNotMain: _not_main,
    errors.StillManages: _organization_conflict(
        "Conflict. Organization still manages other organizations."
    ),
    errors.StillPays: _organization_conflict(
        "Conflict. Organization is still billed for other organizations."
    ),
    errors.StillOwnsBillingAddress: _organization_conflict(
        "Conflict. A billing address of the organization is used by another organization."
    ),
    errors.LiveStays: _organization_conflict("Conflict. Organization is LIVE."),
    errors.StillSigns: _organization_conflict(
        "Conflict. Organization has a TSS that is not disabled."
    ),
    errors.OwnOrganization: _organization_conflict(
        "Conflict. The caller belongs to the organization."
    ),
    errors.ManagerIsFixed: _organization_conflict(
        "Conflict. managed_by_organization_id cannot be changed."
    ),
    errors.PayerCircle: _organization_conflict(
        "Conflict. billing_options.bill_to_organization would make the organization pay for itself."
    ),
    errors.EnvironmentAlreadyEnabled: _coded(
        409, "E_ENV_ALREADY_ENABLED", "Conflict. Environment is already enabled."
    ),
    errors.ApiKeyNameTaken: _api_key_conflict("Conflict. API key name already exists."),
    errors.ForeignManager: _api_key_conflict(
        "Conflict. managed_by_organization_id does not manage the organization."
    ),
    errors.AlreadyMember: _user_conflict("Conflict. User is already a member or invited."),
    errors.EmailTaken: _user_conflict("Conflict. The e-mail has signed up already."),
    errors.AdminStays: _user_conflict("Conflict. The admin cannot be removed."),
    errors.BillingAddressInUse: _coded(
        409, "E_BILLING_ADDRESS_CONFLICT", "Conflict. Billing address is in use."
    ),
}
"""One row for each class that the domain raises.

Source: recorded for the wording of `InvalidCredentials`, `UnreadableToken`,
`ReferenceNotFound` and `OrganizationNotFound`; the other codes and texts are ours
(A-10, A-11, A-12, A-13, A-24, A-25, A-33, A-48).
"""


class ManagementErrors(Errors):
    """The errors of the Management API."""

    def refused(self, error: DomainError, operation_id: str = "") -> Answer:  # noqa: ARG002
        """Return the answer to what the domain refused."""
        return TABLE[type(error)](error)

    def invalid(
        self,
        status: int,
        message: str,
        breach: Violation | None = None,  # noqa: ARG002
        operation_id: str = "",  # noqa: ARG002
    ) -> Answer:
        """Return the answer to a request that breaks the contract (A-07, A-35)."""
        return coded_error(status, CODES[status], message)

    def plain(
        self, status: int, message: str = "", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Return an error without a code; without a message it has that of the status."""
        return uncoded_error(status, message or REASONS[status], headers)

    def too_many_requests(self, seconds: float) -> Answer:
        """Return the 429 for a principal that has to wait for so many seconds."""
        headers = retry_after(max(1, seconds))
        return coded_error(429, CODES[429], "Too many requests.", headers)

    def on_demand(
        self,
        status: int,
        code: str | None,
        message: str | None,
        operation_id: str = "",  # noqa: ARG002 - its errors have one shape
    ) -> Answer:
        """Return the error that an armed fault demands, with the contract's code if it has one."""
        code = code or CODES.get(status)
        message = REASONS[status] if message is None else message
        if code is not None:
            return coded_error(status, code, message)
        if status == UNAUTHORIZED:
            return authentication_error(message)
        return uncoded_error(status, message)


_ENVS = (Environment.TEST,)
"""Stands for those of the organization that a user or address is presented for."""


def management_api() -> Api:
    """Return the Management API, with the bundled contract."""
    return Api(
        name=MANAGEMENT,
        contract=Contract.bundled(),
        handlers=HANDLERS,
        errors=ManagementErrors(),
        rows=presented_rows,
    )


def presented_rows(world: World) -> Iterator[tuple[str, str, JsonObject]]:
    """Yield every row of a world: its place, the name of its schema, and its JSON."""
    rows = world.rows
    for at, organization in enumerate(rows.organizations):
        schema = "Organization" if organization.is_main else "ManagedOrganization"
        yield f"organizations[{at}]", schema, presenters.organization(organization)
    for at, key in enumerate(rows.api_keys):
        schema = "ManagedApiKey" if key.managed_by_organization_id else "ApiKey"
        yield f"api_keys[{at}]", schema, presenters.api_key(key)
    for at, user in enumerate(rows.users):
        yield f"users[{at}]", "User", presenters.user(user, _ENVS)
    for at, address in enumerate(rows.billing_addresses):
        presented = presenters.billing_address(address, _ENVS)
        yield f"billing_addresses[{at}]", "BillingAddress", presented
