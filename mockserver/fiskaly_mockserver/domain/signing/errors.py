"""What can stand against a call of SIGN DE, as facts (S1 to S13).

As in the account, no class knows a status or a wire text; `code` is the API's own name of
the fact. Source of the codes: the documented catalog, and recorded answers.
"""

from typing import ClassVar

from fiskaly_mockserver.domain.errors import DomainError


class SigningError(DomainError):
    """A call that the state of a TSS and what belongs to it does not allow."""

    __slots__ = ()
    code: ClassVar[str] = ""


class NotSigningPrincipal(SigningError):
    """A person's token: only API keys sign (R3). Source: assumption."""

    rule = "R3"
    code = "E_ACCESS_DENIED"


class MainOrganizationRefused(SigningError):
    """A main organization's key, where the server was told to refuse those (S1)."""

    rule = "S1"
    code = "E_ACCESS_DENIED"


class TssNotFound(SigningError):
    """Missing, or of another organization or environment: nothing tells them apart (S1)."""

    rule = "S1"
    code = "E_TSS_NOT_FOUND"


class TssConflict(SigningError):
    """The id is in use: by a TSS that is no longer CREATED, or by somebody else's (S2)."""

    rule = "S2"
    code = "E_TSS_CONFLICT"


class TssLimitReached(SigningError):
    """The organization has as many active TEST TSS as it may (S2)."""

    rule = "S2"
    code = "E_TSS_LIMIT_REACHED"


class TssLimitPerDayReached(SigningError):
    """The organization created as many TSS within a day as it may (S2)."""

    rule = "S2"
    code = "E_TSS_LIMIT_PER_DAY_REACHED"


class IllegalStateChange(SigningError):
    """No way leads from the state of the TSS to the one asked for (S2)."""

    rule = "S2"
    code = "E_ILLEGAL_TSS_STATE_CHANGE"

    def __init__(self, *, state: str, wanted: str) -> None:
        super().__init__(state=state, wanted=wanted)
        self.state = state
        self.wanted = wanted


class TssStillCreated(SigningError):
    """The TSS was not deployed yet: it has to leave CREATED first (S2)."""

    rule = "S2"
    code = "E_TSS_CREATED"


class TssNotInitialized(SigningError):
    """Transactions need an INITIALIZED TSS (S5)."""

    rule = "S5"
    code = "E_TSS_NOT_INITIALIZED"


class TssDisabled(SigningError):
    """The TSS is disabled for good (S2)."""

    rule = "S2"
    code = "E_TSS_DISABLED"


class TssDefective(SigningError):
    """The TSS is broken for good (S2)."""

    rule = "S2"
    code = "E_TSS_DEFECTIVE"


class TssDeleted(SigningError):
    """The TSS was wiped, as TEST ones are on Sundays (S2)."""

    rule = "S2"
    code = "E_TSS_DELETED"


class TssEvicted(SigningError):
    """The TSS was never used and taken away (S2)."""

    rule = "S2"
    code = "E_TSS_EVICTED"


class AdminNotAuthenticated(SigningError):
    """The operation needs an admin session of this API key on this TSS (S3)."""

    rule = "S3"
    code = "E_ADMIN_NOT_AUTHENTICATED"


class AdminLoginFailed(SigningError):
    """Wrong admin PIN (S3)."""

    rule = "S3"
    code = "E_ADMIN_LOGIN_FAILED"
    result: ClassVar[str] = "AUTHENTICATION_RESULT_FAILED"


class WrongPuk(AdminLoginFailed):
    """Wrong admin PUK (S3)."""

    result = "UNBLOCK_RESULT_FAILED"


class PinTooShort(AdminLoginFailed):
    """The new PIN is shorter than six characters, which the service tells in this way (S3)."""

    result = "UNBLOCK_RESULT_ERROR"


class AdminPinBlocked(SigningError):
    """No PIN was set yet, or five wrong ones blocked it: the PUK unblocks it (S3)."""

    rule = "S3"
    code = "E_ADMIN_PIN_BLOCKED"


class ClientNotFound(SigningError):
    """The TSS has no such client (S4)."""

    rule = "S4"
    code = "E_CLIENT_NOT_FOUND"


class UnknownClientNamed(SigningError):
    """A transaction or an export names a client that the TSS does not have (S4)."""

    rule = "S4"
    code = "E_CLIENT_NOT_FOUND"


class ClientConflict(SigningError):
    """The client's id is in use elsewhere in the system (S4)."""

    rule = "S4"
    code = "E_CLIENT_CONFLICT"


class ClientSerialTaken(SigningError):
    """Another client of the TSS has that serial number (S4)."""

    rule = "S4"
    code = "E_ILLEGAL_CLIENT_SERIAL"


class ClientLimitReached(SigningError):
    """The TSS has as many registered clients as it has room for (S4)."""

    rule = "S4"
    code = "E_CLIENT_LIMIT_REACHED"


class ClientDeregistered(SigningError):
    """The client may not sign (S4)."""

    rule = "S4"
    code = "E_CLIENT_DEREGISTERED"


class TransactionNotFound(SigningError):
    """The TSS has no such transaction (S5)."""

    rule = "S5"
    code = "E_TX_NOT_FOUND"


class UnknownTransactionNamed(SigningError):
    """An export names a transaction that the TSS does not have (S9)."""

    rule = "S9"
    code = "E_TX_NOT_FOUND"

    def __init__(self, parameter: str, **facts: str) -> None:
        super().__init__(**facts)
        self.reason = f"Transaction not found: no such {parameter}"


class UnreadableProcessData(SigningError):
    """Raw process data is not base64 (S8); `reason` names the first byte that is none."""

    rule = "S8"
    code = "E_PARSER"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
        self.reason = reason


class RevisionNotFound(SigningError):
    """The transaction has no such revision (S5)."""

    rule = "S5"
    code = "E_TX_REVISION_NOT_FOUND"


class WrongRevision(SigningError):
    """The revision is neither the next one nor a repetition of the latest (S5).

    `reason` says which of them, in words of this project.
    """

    rule = "S5"
    code = "E_TX_UPSERT"

    def __init__(self, reason: str, **facts: str) -> None:
        super().__init__(**facts)
        self.reason = reason


class NoProcessType(SigningError):
    """An end without a schema, or anything without one on a closed transaction (S5)."""

    rule = "S5"
    code = "E_TX_NO_TYPE_DEFINED"


class ProcessTypeChanged(SigningError):
    """Another process type than the revision before (S5)."""

    rule = "S5"
    code = "E_TX_ILLEGAL_TYPE_CHANGE"


class TransactionLimitReached(SigningError):
    """The TSS has as many ACTIVE transactions as it has room for (S5)."""

    rule = "S5"
    code = "E_TX_LIMIT_REACHED"


class TooMuchMetadata(SigningError):
    """More than 40 entries with those that are there, or a number of over 500 digits (S10)."""

    rule = "S10"
    code = "E_FAILED_SCHEMA_VALIDATION"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
        self.reason = reason


class ExportNotFound(SigningError):
    """The TSS has no such export (S9)."""

    rule = "S9"
    code = "E_EXPORT_NOT_FOUND"


class DuplicateExport(SigningError):
    """The export's id is in use (S9)."""

    rule = "S9"
    code = "E_DUPLICATE_EXPORT"


class SameExportRuns(SigningError):
    """An export with the same filter is not done yet (S9)."""

    rule = "S9"
    code = "E_EXPORT_DUPLICATE_RATE_LIMITED"


class TooManyExports(SigningError):
    """Ten exports of the TSS are not done yet (S9)."""

    rule = "S9"
    code = "E_TOO_MANY_EXPORTS"


class ParameterMismatch(SigningError):
    """Filters that do not go together (S9)."""

    rule = "S9"
    code = "E_PARAMETER_MISMATCH"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
        self.reason = reason


class NothingToExport(SigningError):
    """Exports need an INITIALIZED or DISABLED TSS (S9)."""

    rule = "S9"
    code = "E_TSS_ILLEGAL_STATE_TO_PERFORM_EXPORT"


class ExportNotCancellable(SigningError):
    """Only what is PENDING or WORKING can be canceled (S9)."""

    rule = "S9"
    code = "E_CANCEL_EXPORT"


class ExportNotCompleted(SigningError):
    """There is no file yet, or no longer, or there never will be one: `state` tells (S9)."""

    rule = "S9"
    code = "E_EXPORT_NOT_COMPLETED"

    def __init__(self, *, export: str, state: str) -> None:
        super().__init__(export=export, state=state)
        self.state = state
