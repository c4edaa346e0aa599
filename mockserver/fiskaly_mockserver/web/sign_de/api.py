"""SIGN DE as the server knows it."""

import re
from collections.abc import Iterator, Mapping

from aiohttp import hdrs, web
from fiskaly_contracts import Contract, Severity, Violation, Where
from multidict import istr

from fiskaly_mockserver.domain.signing.audit import (
    AuditRule,
    AuditWarning,
    audit_client,
    audit_open,
    audit_revision,
)
from fiskaly_mockserver.domain.signing.model import ClientId
from fiskaly_mockserver.web.api import Api, Call, JsonObject, OperationLimit, OtherHost
from fiskaly_mockserver.web.responses import ResponseHeaders
from fiskaly_mockserver.web.safety import BACKEND_HOST
from fiskaly_mockserver.web.sign_de import presenters
from fiskaly_mockserver.web.sign_de.errors import (
    BARE_JSON,
    MIDDLEWARE_OPERATIONS,
    SignDeErrors,
    use_middleware,
)
from fiskaly_mockserver.web.sign_de.handlers import HANDLERS
from fiskaly_mockserver.world.rate_limits import RateLimit
from fiskaly_mockserver.world.world import World

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
        size = response.content_length or 0
        if response.status == web.HTTPOk.status_code and size >= LARGE:
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
        name="sign-de",
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
    client = call.world.rows.clients.get(ClientId(call.path["client_id"].lower()))
    if client is not None:
        for warning in audit_client(client):
            yield _told(warning, "createClient", "/serial_number")


def audited_transaction(call: Call) -> Iterator[Violation]:
    """Yield what an auditor would say to the step that was just signed (S8)."""
    row = call.world.signing.transactions.find(
        call.principal, call.path["tss_id"], call.path["tx_id_or_number"]
    )
    for warning in audit_revision(row, row.latest):
        pointer = "/client_id" if warning.rule is AuditRule.OTHER_CLIENT else "/schema"
        yield _told(warning, "upsertTransaction", pointer)
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
