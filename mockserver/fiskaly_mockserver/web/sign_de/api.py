"""SIGN DE as the server knows it, and how it says no."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from aiohttp import hdrs, web
from fiskaly_contracts import Contract, JsonValue, Severity, Violation, Where
from multidict import istr

from fiskaly_mockserver.domain import errors as shared
from fiskaly_mockserver.domain.account import errors as account
from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.domain.signing import errors
from fiskaly_mockserver.domain.signing.audit import (
    AuditRule,
    AuditWarning,
    audit_client,
    audit_open,
    audit_revision,
)
from fiskaly_mockserver.domain.signing.model import ExportState, TransactionState
from fiskaly_mockserver.web.api import Api, Call, JsonObject, OperationLimit, OtherHost
from fiskaly_mockserver.web.responses import REASONS, Answer, ResponseHeaders, bytes_of, retry_after
from fiskaly_mockserver.web.safety import BACKEND_HOST
from fiskaly_mockserver.web.sign_de import presenters
from fiskaly_mockserver.web.sign_de.handlers import HANDLERS
from fiskaly_mockserver.world.names import SIGN_DE
from fiskaly_mockserver.world.rate_limits import RateLimit
from fiskaly_mockserver.world.world import World

BARE_JSON: Mapping[str, str] = {"Content-Type": "application/json"}
"""What the middleware program itself writes: no charset, and no request id (recorded)."""

UNSUPPORTED = 415
LOOK_AGAIN = 60
"""Seconds after which an export is worth another look (documented)."""
MIDDLEWARE_OPERATIONS = frozenset(
    {
        "authenticateAdmin",
        "logoutAdmin",
        "updateTss",
        "changeAdminPin",
        "createClient",
        "updateClient",
        "upsertTransaction",
    }
)
"""Operations that only the middleware has; their errors are of shape E2 (recorded)."""


class Wire(NamedTuple):
    """The status and message of a refusal."""

    status: int
    message: str


TABLE: Mapping[type[errors.SigningError], Wire] = {
    errors.NotSigningPrincipal: Wire(403, "Access denied. Only API keys sign."),
    errors.MainOrganizationRefused: Wire(
        403, "Access denied. This server was told to refuse the keys of main organizations."
    ),
    errors.TssNotFound: Wire(404, "TSS not found"),
    errors.TssConflict: Wire(409, "TSS for this tss_id already exists"),
    errors.TssLimitReached: Wire(403, "Limit of active TSS reached"),
    errors.TssLimitPerDayReached: Wire(403, "Limit of 500 created TSS's per day reached"),
    errors.TssStillCreated: Wire(400, "TSS must be in state UNINITIALIZED or INITIALIZED"),
    errors.TssNotInitialized: Wire(400, "TSS must be in state INITIALIZED"),
    errors.TssDisabled: Wire(400, "TSS is disabled"),
    errors.TssDefective: Wire(423, "TSS is defective"),
    errors.TssDeleted: Wire(423, "TSS is deleted"),
    errors.TssEvicted: Wire(423, "TSS is evicted"),
    errors.AdminNotAuthenticated: Wire(401, "Admin is not authenticated"),
    errors.AdminPinBlocked: Wire(423, "Admin PIN is blocked"),
    errors.ClientNotFound: Wire(404, "Client not found"),
    errors.UnknownClientNamed: Wire(400, "Client not found: no such client_id"),
    errors.ClientConflict: Wire(
        409,
        "Client or pending request for this client_id already exists in the system"
        " (client_id must be unique system-wide)",
    ),
    errors.ClientSerialTaken: Wire(400, "Another client of the TSS has this serial_number"),
    errors.ClientLimitReached: Wire(403, "Limit of registered clients reached"),
    errors.ClientDeregistered: Wire(400, "Client is deregistered"),
    errors.TransactionNotFound: Wire(404, "Transaction not found"),
    errors.RevisionNotFound: Wire(400, "Transaction revision not found"),
    errors.NoProcessType: Wire(409, "No process type defined: the call needs a schema"),
    errors.ProcessTypeChanged: Wire(
        409, "The process type of a transaction must not change between revisions"
    ),
    errors.TransactionLimitReached: Wire(400, "Limit of active transactions reached"),
    errors.ExportNotFound: Wire(404, "Export not found"),
    errors.DuplicateExport: Wire(400, "Export for this export_id already exists"),
    errors.SameExportRuns: Wire(409, "An export with the same parameters is still running"),
    errors.TooManyExports: Wire(409, "Too many exports are still running"),
    errors.NothingToExport: Wire(409, "TSS must be in state INITIALIZED or DISABLED"),
    errors.ExportNotCancellable: Wire(400, "Only a pending or working export can be canceled"),
    errors.ExportNotCompleted: Wire(404, "Export is not completed"),
}

_NO_FILE: Mapping[str, str] = {
    ExportState.COMPLETED: "The file of the export is gone: it was there for seven days",
    ExportState.CANCELLED: "The export was canceled, and has no file",
    ExportState.ERROR: "The export ended in an error, and has no file: see its exception",
}
"""What is said of an export whose file is not worth waiting for."""
_UUID_LENGTH = 36
_PLAIN_401: Mapping[type[shared.Unauthenticated], str] = {
    shared.MissingToken: "missing bearer token",
    shared.ForeignToken: "the token was not issued by this server, or is void",
    shared.ExpiredToken: "the token has expired",
    shared.RefreshTokenAsAccess: "a refresh token is not an access token",
}


class SignDeErrors:
    """How SIGN DE says no.

    Its answers come from three programs, and each writes its errors in an order of its own
    (recorded): the backend (E1, E4), the middleware (E2) and the login service (E3).
    """

    def refused(self, error: DomainError, operation_id: str = "") -> Answer:
        """Return the answer to what the rules refused."""
        if isinstance(error, shared.Unauthenticated):
            return _unauthenticated(error)
        if not isinstance(error, errors.SigningError):
            raise error
        if isinstance(error, errors.AdminLoginFailed):
            message = f"ERROR_AUTHENTICATION_FAILED ({error.result})"
            return _of_middleware(401, error.code, message, BARE_JSON)
        if isinstance(error, errors.UnreadableProcessData):
            message = f"error parsing request body: {error.reason}"
            return _of_middleware(400, error.code, message, BARE_JSON)
        if isinstance(error, errors.TooMuchMetadata):
            return _from_backend(400, error.code, error.reason)
        status, message = TABLE.get(type(error)) or Wire(400, _reason(error))
        if isinstance(error, errors.ExportNotCompleted):
            if error.state not in _NO_FILE:
                return _from_backend(status, error.code, message, retry_after(LOOK_AGAIN))
            message = _NO_FILE[error.state]
        return _coded(status, error.code, message, operation_id)

    def invalid(
        self, status: int, message: str, breach: Violation | None = None, operation_id: str = ""
    ) -> Answer:
        """Return the answer to a request that breaks the contract."""
        in_path = breach is not None and breach.where is Where.PATH
        if breach is not None and in_path and operation_id in MIDDLEWARE_OPERATIONS:
            return _of_middleware(400, "E_PARSER", _unreadable_id(breach), BARE_JSON)
        if breach is not None and in_path:
            message = f'params.{breach.pointer[1:]} should match format "uuid"'
        code = "E_UNSUPPORTED_MEDIA_TYPE" if status == UNSUPPORTED else "E_FAILED_SCHEMA_VALIDATION"
        return _from_backend(status, code, message)

    def plain(
        self, status: int, message: str = "", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Return an error that is about no operation's rules."""
        answer = _uncoded(status, message or REASONS[status])
        return answer._replace(headers=headers) if headers else answer

    def too_many_requests(self, seconds: float) -> Answer:
        """Return the 429 for a caller that has to wait. Source: assumption."""
        return self.plain(429, "Too many requests", retry_after(seconds))

    def on_demand(
        self, status: int, code: str | None, message: str | None, operation_id: str = ""
    ) -> Answer:
        """Return the error that an armed fault demands."""
        if code is None:
            return self.plain(status, message or "")
        return _coded(status, code, message or REASONS[status], operation_id)


def use_middleware() -> Answer:
    """Return what the backend answers to operations that only the middleware has (A-91)."""
    return _of_middleware(432, "E_USE_MIDDLEWARE", "Use the middleware")


def _unauthenticated(error: shared.Unauthenticated) -> Answer:
    """Return a 401: of the login service in its shape E3, else in shape E4 (recorded)."""
    if isinstance(error, account.InvalidCredentials):
        return Answer(401, {"message": "Unauthorized", "status_code": 401, "error": "Unauthorized"})
    if isinstance(error, shared.UnreadableToken):
        # The vendor's own wording repeats the token (recorded); nothing else here does.
        return _uncoded(401, f"could not parse jwt: '{error.token}'")
    return _uncoded(401, _PLAIN_401.get(type(error), "Unauthorized"))


def _reason(error: errors.SigningError) -> str:
    """Return the message of a 400 that depends on the call."""
    if isinstance(
        error, errors.WrongRevision | errors.ParameterMismatch | errors.UnknownTransactionNamed
    ):
        return error.reason
    return _state_change(error) if isinstance(error, errors.IllegalStateChange) else error.code


def _state_change(error: errors.IllegalStateChange) -> str:
    needed = "CREATED" if error.wanted == "UNINITIALIZED" else "UNINITIALIZED"
    return f"TSS must be in state {needed} for a state transition to {error.wanted}"


def _unreadable_id(violation: Violation) -> str:
    """Return what the middleware says of an id that is none: recorded for a wrong length."""
    kind = {"/tss_id": "TSS", "/client_id": "client"}.get(violation.pointer, "transaction")
    text = str(violation.got)
    wrong = "format" if len(text) == _UUID_LENGTH else f"length: {len(text)}"
    return f"can't parse {kind} ID: invalid UUID {wrong} ({text})"


def _coded(status: int, code: str, message: str, operation_id: str) -> Answer:
    if operation_id in MIDDLEWARE_OPERATIONS:
        return _of_middleware(status, code, message)
    return _from_backend(status, code, message)


def _from_backend(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> Answer:
    """Return an error of shape E1 (recorded)."""
    body: JsonValue = {
        "status_code": status,
        "error": REASONS[status],
        "code": code,
        "message": message,
    }
    return Answer(status, body, headers or {})


def _of_middleware(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> Answer:
    """Return an error of shape E2 (recorded)."""
    body: JsonValue = {
        "code": code,
        "message": message,
        "status_code": status,
        "error": REASONS[status],
    }
    return Answer(status, body, headers or {})


def _uncoded(status: int, message: str) -> Answer:
    """Return an error of shape E4 (recorded)."""
    body: JsonValue = {"status_code": status, "error": REASONS[status], "message": message}
    return Answer(status, body)


_INDEX = re.compile(r"\[[0-9]*\]$")
LARGE = 1_024
"""Bytes of the smallest body that the service would compress. Source: recorded, in between."""
_ALLOW_ORIGIN = istr("Access-Control-Allow-Origin")
_EXPOSE = istr("Access-Control-Expose-Headers")
_REQUEST_ID = istr("Request-Id")
_BARE = BARE_JSON[hdrs.CONTENT_TYPE]


class SignDeHeaders(ResponseHeaders):
    """Writes the headers of SIGN DE's answers (recorded).

    Browsers sign directly, so every answer may be read from anywhere. What the middleware
    program itself refuses has no request id.
    """

    def write_own(self, response: web.StreamResponse, request_id: str) -> None:
        """Write request id, CORS and `Vary`."""
        headers = response.headers
        headers[_ALLOW_ORIGIN] = "*"
        if headers.get(hdrs.CONTENT_TYPE) == _BARE:
            return
        headers[_EXPOSE] = "X-Request-ID, Request-ID"
        headers[_REQUEST_ID] = request_id
        if response.status == web.HTTPOk.status_code and len(bytes_of(response)) >= LARGE:
            headers[hdrs.VARY] = "Accept-Encoding"


LIMITS: Mapping[str, OperationLimit] = {
    "listTransactions": OperationLimit(RateLimit(20, 60), "tss_id", "transactions"),
    "retrieveExport": OperationLimit(RateLimit(12, 60), "export_id", "export"),
    "retrieveExportFile": OperationLimit(RateLimit(12, 60), "export_id", "export"),
}
"""Source: documented."""


def sign_de_api(*, backend: bool = False, limits: bool = False) -> Api:
    """Return SIGN DE, with the bundled contract.

    Args:
        backend: Whether it is that of the backend alone, by whatever name it is called.
        limits: Whether the documented rate limits hold.
    """
    return Api(
        name=SIGN_DE,
        contract=Contract.sign_de(),
        handlers=HANDLERS,
        errors=SignDeErrors(),
        other_host=OtherHost(
            "" if backend else BACKEND_HOST, MIDDLEWARE_OPERATIONS, use_middleware()
        ),
        limits=LIMITS if limits else {},
        open_to_pages=True,
        query_name=query_name,
        often=frozenset({"/tss/{tss_id}/tx/{tx_id_or_number}"}),
        audits={
            "createClient": audited_client,
            "updateClient": audited_client,
            "upsertTransaction": audited_transaction,
        },
        headers=SignDeHeaders,
        rows=presented_rows,
    )


def audited_client(call: Call) -> Iterator[Violation]:
    """Yield what an auditor would say to a client that was just written (S8)."""
    for warning in audit_client(call.written):
        yield _told(warning, "createClient", "/serial_number")


def audited_transaction(call: Call) -> Iterator[Violation]:
    """Yield what an auditor would say to the step that was just signed (S8)."""
    row, receipt = call.written
    latest = row.latest
    for warning in audit_revision(row, latest, receipt):
        pointer = "/client_id" if warning.rule is AuditRule.OTHER_CLIENT else "/schema"
        yield _told(warning, "upsertTransaction", pointer)
    if latest.state is TransactionState.ACTIVE:
        for warning in audit_open(row, int(call.world.clock.now())):
            yield _told(warning, "upsertTransaction", "/state")


def _told(warning: AuditWarning, operation_id: str, pointer: str) -> Violation:
    return Violation(
        where=Where.BODY,
        pointer=pointer,
        rule=f"audit-{warning.rule}",
        expected=warning.message,
        operation_id=operation_id,
        severity=Severity.WARNING,
        demand=f"would not pass an audit: {warning.message}",
    )


def query_name(name: str) -> str:
    """Return the name of a query parameter, of an array without its brackets.

    A query may begin with a second `?`, and clients write `states`, `states[]` and `states[0]`.
    Source: documented, client.

    >>> query_name("?states[0]")
    'states'
    """
    return _INDEX.sub("", name.removeprefix("?"))


def presented_rows(world: World) -> Iterator[tuple[str, str, JsonObject]]:
    """Yield every row of a world: its place, the name of its schema, and its JSON."""
    for at, tss in enumerate(world.rows.tss):
        yield f"tss[{at}]", "Tss", presenters.tss(tss)
    for at, client in enumerate(world.rows.clients):
        yield f"clients[{at}]", "Client", presenters.client(client)
    for at, transaction in enumerate(world.rows.transactions):
        yield f"transactions[{at}]", "Transaction", presenters.transaction(transaction)
    for at, export in enumerate(world.rows.exports):
        yield f"exports[{at}]", "Export", presenters.export(export)
