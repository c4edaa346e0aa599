"""What tests look at of the journal: the calls of their client, and what cannot be asked."""

import copy
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from fiskaly_contracts import Violation
from fiskaly_mockserver.world.journal.exchange import Exchange

OperationId = Literal[
    "authenticate",
    "listOrganizations",
    "createOrganization",
    "retrieveOrganization",
    "updateOrganization",
    "deleteOrganization",
    "enableEnvironment",
    "listApiKeys",
    "createApiKey",
    "retrieveApiKey",
    "updateApiKey",
    "deleteApiKey",
    "listUsers",
    "inviteUser",
    "removeUser",
    "listBillingAddresses",
    "createBillingAddress",
    "retrieveBillingAddress",
    "updateBillingAddress",
    "deleteBillingAddress",
    "authenticateApi",
    "listTss",
    "createTss",
    "retrieveTss",
    "updateTss",
    "changeAdminPin",
    "authenticateAdmin",
    "logoutAdmin",
    "listAllClients",
    "listClients",
    "createClient",
    "retrieveClient",
    "updateClient",
    "listAllTransactions",
    "listTransactions",
    "listClientTransactions",
    "retrieveTransaction",
    "upsertTransaction",
    "retrieveTransactionLog",
    "listAllExports",
    "listExports",
    "triggerExport",
    "retrieveExport",
    "cancelExport",
    "retrieveExportFile",
    "retrieveTssMetadata",
    "updateTssMetadata",
    "retrieveClientMetadata",
    "updateClientMetadata",
    "retrieveTransactionMetadata",
    "updateTransactionMetadata",
    "retrieveExportMetadata",
    "updateExportMetadata",
]
"""The operations of both APIs, so that a type checker catches a misspelled one."""


class BadCriterion(ValueError):
    """What is asked of the journal makes no sense, so that no answer to it would be right."""


class JournalOverflow(AssertionError):
    """The journal had to drop calls that may be the ones that are looked for."""


class Call:
    """One request of the client and the answer to it, secrets redacted; nothing of it changes.

    What the journal does not keep reads `[redacted]` (a secret), `[undeclared]` (what the
    contract does not know) or `[omitted]` (what is too long).
    """

    __slots__ = ("_exchange",)

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    @property
    def operation(self) -> str:
        """The operationId; "" where the request met no operation."""
        return self._exchange.operation_id

    @property
    def method(self) -> str:
        """The HTTP method, upper case as a rule."""
        return self._exchange.method

    @property
    def path(self) -> str:
        """The whole path as it came, `/api/v0/organizations`."""
        return self._exchange.path

    @property
    def query(self) -> Mapping[str, str]:
        """The query parameters; of one that was repeated the last."""
        return MappingProxyType(dict(self._exchange.query))

    @property
    def query_pairs(self) -> tuple[tuple[str, str], ...]:
        """The query parameters in the order they came; names may repeat."""
        return self._exchange.query

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The request's headers in the order they came; credentials are `[redacted]`."""
        return self._exchange.request_headers

    @property
    def body(self) -> Any:
        """The JSON body of the request, a copy; None where there was none that could be kept."""
        return copy.deepcopy(self._exchange.request_body)

    @property
    def status(self) -> int:
        """The HTTP status of the answer; 0 where a fault cut the connection before one."""
        return self._exchange.status

    @property
    def response(self) -> Any:
        """The JSON body of the answer, a copy; None where there was none."""
        return copy.deepcopy(self._exchange.response_body)

    @property
    def violations(self) -> tuple[Violation, ...]:
        """What in the request broke the contract, warnings included."""
        return self._exchange.violations

    @property
    def request_id(self) -> str:
        """The `X-Request-Id` of the answer; `control.explain` takes it."""
        return self._exchange.request_id

    @property
    def organization_id(self) -> str:
        """The organization that the caller's token names; "" without a good token."""
        return self._exchange.caller.organization_id if self._exchange.caller else ""

    @property
    def env(self) -> str:
        """TEST or LIVE, by the caller's token; "" without a good token."""
        return self._exchange.caller.env if self._exchange.caller else ""

    @property
    def refused_by(self) -> str:
        """The rule of the domain that refused the call, as `NotTheAdmin (R4)`; else ""."""
        return self._exchange.refusal

    @property
    def fault(self) -> str:
        """The id of the armed fault that struck, as `fault-1`; else ""."""
        return self._exchange.fault

    def __eq__(self, other: object) -> bool:
        return self._exchange is other._exchange if isinstance(other, Call) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.request_id)

    def __repr__(self) -> str:
        return f"<Call {self}>"

    def __str__(self) -> str:
        name = self.operation or "no operation"
        status = str(self.status or "no answer")
        return f"{name}: {self.method} {self.path} -> {status} (request {self.request_id})"
