"""Why a request was refused, in words: which rule, on what state, and what to do instead.

What is said here may be more than the caller sees of the account, so it is for the
control API only; no secret is in it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fiskaly_contracts import JsonValue, Violation, Where, explain

from fiskaly_mockserver.domain.account import errors
from fiskaly_mockserver.domain.errors import (
    DomainError,
    ExpiredToken,
    ForeignToken,
    MissingToken,
    RefreshTokenAsAccess,
    Unauthenticated,
    UnreadableToken,
)
from fiskaly_mockserver.domain.signing import errors as signing
from fiskaly_mockserver.world.journal.exchange import Exchange, Refusal, iso

RULES: Mapping[str, str] = {
    "R1": "A main organization is never managed; a managed one has exactly one main"
    " organization above it and none below.",
    "R2": "The first main organization of an account is not made through the API.",
    "R3": "A principal sees its own organization; through a main one also those it manages"
    " and the main ones its organization created, with those they manage. Nobody sees"
    " upwards.",
    "R4": "The principal that created an organization is its one admin; only the admin"
    " changes or deletes it.",
    "R5": "An API key belongs to one organization and one environment; its secret is shown"
    " once and kept as a hash. A main organization's key administers what it sees, a"
    " managed one's key only its own keys.",
    "R6": "TEST tokens create and see TEST things, LIVE tokens LIVE things.",
    "R7": "LIVE needs clearance that comes down from a LIVE main organization.",
    "R8": "A further main organization hangs under another by billing only.",
    "R9": "Inviting a known e-mail adds it at once, an unknown one is pending for 48 hours;"
    " the admin cannot be removed.",
    "R10": "Billing addresses belong to the caller's own organization; one in use stays.",
    "R11": "Names need not be unique; the managing organization never changes.",
    "R12": "Metadata is replaced whole.",
    "S1": "A TSS belongs to the organization and environment of the token that made it; only"
    " their API keys see it.",
    "S2": "A TSS goes from CREATED to UNINITIALIZED, INITIALIZED and DISABLED, and from"
    " UNINITIALIZED to DISABLED; at most five are active in TEST.",
    "S3": "The PUK sets and unblocks the admin PIN; five wrong PINs block it. Admin operations"
    " need an admin session of the same API key on the TSS.",
    "S4": "A client's id is unique in the whole system, its serial number in the TSS; 199 may be"
    " registered; a disabled TSS has none.",
    "S5": "Revisions count 1, 2, 3; only the latest one may be repeated with the same body."
    " A transaction is ACTIVE until it is FINISHED or CANCELLED.",
    "S8": "Raw process data must be base64; it is not looked at otherwise.",
    "S9": "An export needs an INITIALIZED or DISABLED TSS and is done at the next look.",
    "S13": "An organization is not deleted while it has a TSS that is not disabled.",
}
"""The domain's rules, as `fiskaly_mockserver.domain` words them."""

FACTS: Mapping[str, str] = {
    "active": "how many are active",
    "admin": "admin of the organization (created_by_user)",
    "api_key": "API key",
    "billed": "organization that is billed there",
    "billing_address": "billing address",
    "caller": "principal that calls",
    "caller_environment": "environment of the token",
    "caller_organization": "organization of the token",
    "client": "client",
    "credential": "what authenticates",
    "environment": "environment",
    "environments": "environments of the organization",
    "exists": "whether it exists in this world, seen or unseen",
    "expires_at": "end of the token's life",
    "export": "export",
    "field": "field of the body",
    "invited": "whether anybody invited the e-mail",
    "issued_here": "whether this server issued the token",
    "managed": "organization that is managed",
    "managed_by": "main organization that manages",
    "now": "time of this world",
    "organization": "organization",
    "organizations": "organizations that the user has joined",
    "owner": "organization that it belongs to",
    "parts": "parts of the token between dots",
    "payer": "organization that pays",
    "process_type": "process type of the revision before",
    "reason": "what is wrong with it",
    "reference": "id that the body names",
    "registered": "whether the user has signed up",
    "revision": "revision of the transaction",
    "running": "exports that are not done",
    "secret_matches": "whether the secret or password is the right one",
    "serial_number": "serial number of the client",
    "state": "state it is in",
    "status": "status of the API key",
    "transaction": "transaction",
    "tries": "wrong PINs in a row",
    "tss": "TSS",
    "use": "use of the token",
    "user": "user",
    "wanted": "what was asked for",
}
"""What each fact of a refusal is."""

_SEEN = "that exists, in the sight of the caller's organization and in the token's environment"

ACCEPTED: Mapping[type[DomainError], str] = {
    errors.InvalidCredentials: "An enabled API key with its secret, a refresh token of this"
    " server that has not expired and whose key is still enabled, or the e-mail and password"
    " of a registered user who has joined an organization.",
    MissingToken: "The header Authorization: Bearer followed by an access token from POST /auth.",
    UnreadableToken: "An access token from POST /auth, which has three parts between dots.",
    ForeignToken: "An access token that POST /auth of this very server process handed"
    " out, for an organization that still exists in this world.",
    ExpiredToken: "A token that has not expired: POST /auth with the refresh token, or"
    " with the API key again.",
    RefreshTokenAsAccess: "The access_token of the session; the refresh_token is for"
    " POST /auth alone.",
    errors.NotTheAdmin: "The same call with a token of the admin, the very principal that"
    " created the organization.",
    errors.ManagedMayNotCreate: "The same call with a token of a main organization.",
    errors.ManagedMayNotAdminister: "The same call with a token of the main organization that"
    " manages this one.",
    errors.NoLiveClearance: "The same call after the main organization above, as manager or"
    " payer, has become LIVE (POST /_mock/clearance does that).",
    errors.LiveNeedsLivePayer: "billing_options.bill_to_organization with the id of a LIVE"
    " main organization, managed_by_organization_id, or a TEST token.",
    errors.OrganizationNotFound: f"The id of an organization {_SEEN}.",
    errors.ApiKeyNotFound: "The id of an API key of that organization and of the token's"
    " environment.",
    errors.UserNotFound: "The id of a member of that organization, or of somebody whose"
    " invitation has not lapsed.",
    errors.NoOpenInvitation: "An e-mail with an invitation that has not lapsed, or the name of"
    " a first organization.",
    errors.BillingAddressNotFound: "The id of a billing address of the token's own organization.",
    errors.ReferenceNotFound: f"In that field the id of something {_SEEN}.",
    errors.OrganizationNotMain: "In that field the id of a main organization.",
    errors.StillManages: "The same call after the organizations it manages are deleted.",
    errors.StillPays: "The same call after no other organization names it in"
    " billing_options.bill_to_organization.",
    errors.StillOwnsBillingAddress: "The same call after no other organization uses one of its"
    " billing addresses.",
    errors.LiveStays: "Nothing: a LIVE organization stays. One that is TEST only can be deleted.",
    errors.StillSigns: "The same call after its TSS are disabled.",
    errors.OwnOrganization: "The same call by its admin with a token of another organization.",
    errors.ManagerIsFixed: "managed_by_organization_id left out, or as it is.",
    errors.PayerCircle: "A payer that is not billed, directly or through others, to this"
    " organization.",
    errors.EnvironmentAlreadyEnabled: "An environment that the organization does not have yet.",
    errors.ApiKeyNameTaken: "A name that no other key of the organization has in this"
    " environment, disabled keys included.",
    errors.ForeignManager: "managed_by_organization_id left out, or with the id of the main"
    " organization that manages this one.",
    errors.AlreadyMember: "An e-mail of somebody who is no member and has no open invitation.",
    errors.EmailTaken: "An e-mail that nobody has signed up with.",
    errors.AdminStays: "Any other member: the admin cannot be removed.",
    errors.BillingAddressInUse: "The same call after no organization names the address in"
    " billing_address_id.",
    signing.NotSigningPrincipal: "The token of an API key.",
    signing.MainOrganizationRefused: "The key of a managed organization.",
    signing.TssNotFound: "The id of a TSS that a key of the same organization and environment"
    " made.",
    signing.TssConflict: "An id that no TSS has yet.",
    signing.TssLimitReached: "The same call after one of the five active TSS is DISABLED.",
    signing.TssLimitPerDayReached: "The same call a day later.",
    signing.IllegalStateChange: "The next state: UNINITIALIZED, then INITIALIZED, then DISABLED.",
    signing.TssStillCreated: "The same call after PATCH /tss/{tss_id} with UNINITIALIZED.",
    signing.TssNotInitialized: "The same call after PATCH /tss/{tss_id} with INITIALIZED.",
    signing.TssDisabled: "Nothing: a disabled TSS stays disabled. Create another one.",
    signing.TssDefective: "Nothing: a defective TSS stays so. Create another one.",
    signing.TssDeleted: "Nothing: a deleted TSS stays so. Create another one.",
    signing.TssEvicted: "Nothing: an evicted TSS stays so. Create another one.",
    signing.AdminNotAuthenticated: "The same call after POST /tss/{tss_id}/admin/auth with the"
    " same API key.",
    signing.AdminLoginFailed: "The admin PIN that was set last.",
    signing.WrongPuk: "The admin_puk that the answer to the creation of the TSS showed.",
    signing.PinTooShort: "A PIN of at least six characters.",
    signing.AdminPinBlocked: "The same call after PATCH /tss/{tss_id}/admin with PUK and a new"
    " PIN.",
    signing.ClientNotFound: "The id of a client of this TSS.",
    signing.UnknownClientNamed: "In client_id the id of a client of this TSS.",
    signing.ClientConflict: "An id that no client of any TSS has.",
    signing.ClientSerialTaken: "A serial number that no other client of the TSS has.",
    signing.ClientLimitReached: "The same call after another client is DEREGISTERED.",
    signing.ClientDeregistered: "The same call after PATCH of the client with REGISTERED.",
    signing.TransactionNotFound: "The id or number of a transaction of this TSS.",
    signing.UnknownTransactionNamed: "The number of a transaction of this TSS.",
    signing.UnreadableProcessData: "process_data in base64, with padding.",
    signing.RevisionNotFound: "A revision from 1 to the latest one.",
    signing.WrongRevision: "The latest revision and one more, while the transaction is ACTIVE.",
    signing.NoProcessType: "The same call with a schema, or another transaction if it is closed.",
    signing.ProcessTypeChanged: "A schema of the kind that the transaction had before.",
    signing.TransactionLimitReached: "The same call after ACTIVE transactions are finished.",
    signing.TooMuchMetadata: 'Fewer entries, or some of those that are there set to "".',
    signing.ExportNotFound: "The id of an export of this TSS.",
    signing.DuplicateExport: "An id that no export of the TSS has.",
    signing.SameExportRuns: "Other filters, or the same ones after a look at the export.",
    signing.TooManyExports: "The same call after a look at the exports that are not done.",
    signing.ParameterMismatch: "Filters of one kind, the start not after the end.",
    signing.NothingToExport: "The same call after PATCH /tss/{tss_id} with INITIALIZED.",
    signing.ExportNotCancellable: "An export that is PENDING or WORKING.",
    signing.ExportNotCompleted: "The same call within seven days after GET of the export says"
    " COMPLETED.",
}
"""What would have been accepted instead; one row for each class that the domain raises."""


_FIRST_ERROR = 400
_TOO_MANY_REQUESTS = 429
_TIMES = frozenset({"expires_at", "now"})


class Kind(StrEnum):
    """What refused a request."""

    CONTRACT = "contract"
    RULE = "rule"
    AUTHENTICATION = "authentication"
    FAULT = "fault"
    LIMIT = "limit"
    ROUTE = "route"
    CRASH = "crash"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reason:
    """Who refused, by which rule, what it read as (what, value), and what it would take."""

    kind: Kind | None = None
    rule: str = ""
    rule_text: str = ""
    state: tuple[tuple[str, str], ...] = ()
    accepted: str = ""


def explain_exchange(exchange: Exchange) -> dict[str, JsonValue]:
    """Explain an exchange.

    Returns:
        `{"request_id": …, "summary": …, "refused_by": {"kind": …, "rule": …, "rule_text":
        …}, "state": [{"what": …, "value": …}, …], "accepted": …}`. `kind` is `contract`,
        `rule` (a rule of the domain, `rule` being its number), `authentication`, `fault`,
        `limit`, `route`, `crash`, or None where nothing was refused. Texts may be "".
    """
    reason = _reason(exchange)
    return {
        "request_id": exchange.request_id,
        "summary": _summary(exchange, reason),
        "refused_by": {
            "kind": reason.kind.value if reason.kind else None,
            "rule": reason.rule,
            "rule_text": reason.rule_text,
        },
        "state": [{"what": what, "value": value} for what, value in reason.state],
        "accepted": reason.accepted,
    }


def _summary(exchange: Exchange, reason: _Reason) -> str:
    name = f" ({exchange.operation_id})" if exchange.operation_id else ""
    call = f"{exchange.method} {exchange.path}{name}"
    answered = f"answered with {exchange.status}" if exchange.status else "not answered"
    struck = f", struck by {exchange.fault}" if exchange.fault else ""
    if reason.kind is None:
        notes = f"; to be noted: {explain(exchange.violations)}" if exchange.violations else ""
        return f"{call} was {answered}{struck}{notes}."
    if reason.kind is Kind.RULE or reason.kind is Kind.AUTHENTICATION:
        return f"{call} was {answered}{struck}, refused by {exchange.error}: {reason.rule_text}"
    return f"{call} was {answered}: {reason.rule_text}"


def _reason(exchange: Exchange) -> _Reason:
    if exchange.crash:
        return _Reason(
            kind=Kind.CRASH,
            rule_text="fiskaly-mockserver itself failed; its log has the traceback.",
            accepted="The same request, as far as can be told: this is a defect of the fake.",
        )
    if exchange.error is not None and (exchange.error.facts or not exchange.fault):
        # A fault that makes a token expire raises without facts: it read no state.
        return _of_the_domain(exchange.error)
    if exchange.status and exchange.status < _FIRST_ERROR:
        return _Reason()
    return _before_the_domain(exchange)


def _before_the_domain(exchange: Exchange) -> _Reason:
    if exchange.fault:
        return _Reason(
            kind=Kind.FAULT,
            rule=exchange.fault,
            rule_text=f"the armed fault {exchange.fault} stood in for the API.",
            state=(("fault that struck", exchange.fault),),
            accepted="The same request, once the fault is cleared or used up.",
        )
    if exchange.breaches:
        return _of_the_contract(exchange)
    if exchange.status == _TOO_MANY_REQUESTS:
        return _Reason(
            kind=Kind.LIMIT,
            rule="rate-limit",
            rule_text="the API key made more requests than the rate limit lets through.",
            accepted="The same request after the seconds that the header Retry-After names.",
        )
    return _Reason()


def _of_the_domain(error: Refusal) -> _Reason:
    unknown = issubclass(error.kind, Unauthenticated)
    return _Reason(
        kind=Kind.AUTHENTICATION if unknown else Kind.RULE,
        rule=error.rule,
        rule_text=RULES.get(error.rule, ""),
        state=tuple((_what(name), _said(name, value)) for name, value in error.facts.items()),
        accepted=ACCEPTED.get(error.kind, ""),
    )


def _what(name: str) -> str:
    return FACTS.get(name, name.replace("_", " "))


def _said(name: str, value: str) -> str:
    return iso(float(value)) if name in _TIMES else value or "none"


def _of_the_contract(exchange: Exchange) -> _Reason:
    breaches = exchange.breaches
    route = breaches[0].where is Where.ROUTE
    parts = tuple(_parts(breaches))
    return _Reason(
        kind=Kind.ROUTE if route else Kind.CONTRACT,
        rule=parts[0].rule,
        rule_text=explain(breaches),
        state=(("route", f"{exchange.method} {exchange.path}"),)
        if route
        else tuple((_place(one), _got(one)) for one in parts),
        accepted="; ".join(dict.fromkeys(_wanted(one) for one in breaches)),
    )


def _got(violation: Violation) -> str:
    return violation.got_text or ("missing" if violation.rule == "required" else "as sent")


def _parts(violations: Iterable[Violation]) -> Iterator[Violation]:
    """Yield the violations, in place of branches those of the one that was meant."""
    for violation in violations:
        if violation.branches and violation.closest:
            yield from _parts(violation.branches[0][1])
        else:
            yield violation


def _wanted(violation: Violation) -> str:
    if not violation.branches:
        return f"{_place(violation)}: {violation.expected}"
    if violation.closest:
        return "; ".join(map(_wanted, violation.branches[0][1]))
    choices = [f"{name} ({', '.join(map(_wanted, why))})" for name, why in violation.branches]
    return f"{_place(violation)}: one of {' or '.join(choices)}"


def _place(violation: Violation) -> str:
    return f"{violation.where.value} {violation.pointer}".strip()
