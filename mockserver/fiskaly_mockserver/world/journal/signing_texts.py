"""The words of explanations for SIGN DE: its rules, facts, and what would be accepted."""

from collections.abc import Mapping

from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.domain.signing import errors

SIGNING_RULES: Mapping[str, str] = {
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

SIGNING_FACTS: Mapping[str, str] = {
    "active": "how many are active",
    "client": "client",
    "export": "export",
    "process_type": "process type of the revision before",
    "reason": "what is wrong with it",
    "revision": "revision of the transaction",
    "running": "exports that are not done",
    "serial_number": "serial number of the client",
    "state": "state it is in",
    "transaction": "transaction",
    "tries": "wrong PINs in a row",
    "tss": "TSS",
    "wanted": "what was asked for",
}

SIGNING_ACCEPTED: Mapping[type[DomainError], str] = {
    errors.NotSigningPrincipal: "The token of an API key.",
    errors.MainOrganizationRefused: "The key of a managed organization.",
    errors.TssNotFound: "The id of a TSS that a key of the same organization and environment made.",
    errors.TssConflict: "An id that no TSS has yet.",
    errors.TssLimitReached: "The same call after one of the five active TSS is DISABLED.",
    errors.TssLimitPerDayReached: "The same call a day later.",
    errors.IllegalStateChange: "The next state: UNINITIALIZED, then INITIALIZED, then DISABLED.",
    errors.TssStillCreated: "The same call after PATCH /tss/{tss_id} with UNINITIALIZED.",
    errors.TssNotInitialized: "The same call after PATCH /tss/{tss_id} with INITIALIZED.",
    errors.TssDisabled: "Nothing: a disabled TSS stays disabled. Create another one.",
    errors.TssDefective: "Nothing: a defective TSS stays so. Create another one.",
    errors.TssDeleted: "Nothing: a deleted TSS stays so. Create another one.",
    errors.TssEvicted: "Nothing: an evicted TSS stays so. Create another one.",
    errors.AdminNotAuthenticated: "The same call after POST /tss/{tss_id}/admin/auth with the"
    " same API key.",
    errors.AdminLoginFailed: "The admin PIN that was set last.",
    errors.WrongPuk: "The admin_puk that the answer to the creation of the TSS showed.",
    errors.PinTooShort: "A PIN of at least six characters.",
    errors.AdminPinBlocked: "The same call after PATCH /tss/{tss_id}/admin with PUK and a new PIN.",
    errors.ClientNotFound: "The id of a client of this TSS.",
    errors.UnknownClientNamed: "In client_id the id of a client of this TSS.",
    errors.ClientConflict: "An id that no client of any TSS has.",
    errors.ClientSerialTaken: "A serial number that no other client of the TSS has.",
    errors.ClientLimitReached: "The same call after another client is DEREGISTERED.",
    errors.ClientDeregistered: "The same call after PATCH of the client with REGISTERED.",
    errors.TransactionNotFound: "The id or number of a transaction of this TSS.",
    errors.UnknownTransactionNamed: "The number of a transaction of this TSS.",
    errors.UnreadableProcessData: "process_data in base64, with padding.",
    errors.RevisionNotFound: "A revision from 1 to the latest one.",
    errors.WrongRevision: "The latest revision and one more, while the transaction is ACTIVE.",
    errors.NoProcessType: "The same call with a schema, or another transaction if it is closed.",
    errors.ProcessTypeChanged: "A schema of the kind that the transaction had before.",
    errors.TransactionLimitReached: "The same call after ACTIVE transactions are finished.",
    errors.ExportNotFound: "The id of an export of this TSS.",
    errors.DuplicateExport: "An id that no export of the TSS has.",
    errors.SameExportRuns: "Other filters, or the same ones after a look at the export.",
    errors.TooManyExports: "The same call after a look at the exports that are not done.",
    errors.ParameterMismatch: "Filters of one kind, the start not after the end.",
    errors.NothingToExport: "The same call after PATCH /tss/{tss_id} with INITIALIZED.",
    errors.ExportNotCancellable: "An export that is PENDING or WORKING.",
    errors.ExportNotCompleted: "The same call after GET of the export says COMPLETED.",
}
