"""The one table from what the domain refuses to what the wire says."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fiskaly_contracts import Contract
from fiskaly_mockserver.domain.account import errors
from fiskaly_mockserver.domain.errors import (
    AccessDenied,
    Conflict,
    DomainError,
    NotFound,
    Unauthenticated,
    UnreadableToken,
)
from fiskaly_mockserver.web.management.api import TABLE, ManagementErrors
from fiskaly_mockserver.web.responses import REASONS, to_bytes

FAMILIES: list[tuple[type[DomainError], int]] = [
    (Unauthenticated, 401),
    (AccessDenied, 403),
    (NotFound, 404),
    (Conflict, 409),
]
SHAPES = {
    401: ["message", "status_code", "error"],
    403: ["status_code", "error", "code", "message"],
    404: ["status_code", "error", "code", "message"],
    409: ["status_code", "error", "code", "message"],
}
OF_THE_ACCOUNT = (errors.__name__, DomainError.__module__)
"""Where the errors stand that this API can meet; SIGN DE has its own besides."""
UNCODED = ["status_code", "error", "message"]


def descendants(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in kind.__subclasses__():
        if child.__module__ in OF_THE_ACCOUNT:
            yield child
            yield from descendants(child)


def leaves(kind: type[DomainError]) -> set[type[DomainError]]:
    return {one for one in descendants(kind) if not list(descendants(one))}


def made(kind: type[DomainError]) -> DomainError:
    if kind is UnreadableToken:
        return UnreadableToken("no-token")
    if kind is errors.ReferenceNotFound:
        return errors.ReferenceNotFound("contact_person_id")
    if kind is errors.OrganizationNotMain:
        return errors.OrganizationNotMain("managed_by_organization_id")
    return kind()


def test_every_error_that_the_domain_raises_has_a_row_and_no_other() -> None:
    assert set(TABLE) == leaves(DomainError)


@pytest.mark.parametrize("kind", list(TABLE))
def test_a_row_has_the_status_and_shape_of_its_family(kind: type[DomainError]) -> None:
    (status,) = [status for family, status in FAMILIES if issubclass(kind, family)]
    answer = ManagementErrors().refused(made(kind))
    body = json.loads(to_bytes(answer.body))
    assert answer.status == body["status_code"] == status
    assert body["error"] == REASONS[status]
    assert body["message"]
    shape = UNCODED if kind is errors.ReferenceNotFound else SHAPES[status]
    assert list(body) == shape


def test_every_code_is_documented_and_every_documented_one_is_used() -> None:
    bodies = [ManagementErrors().refused(made(kind)).body for kind in TABLE]
    used = {str(body["code"]) for body in bodies if isinstance(body, dict) and "code" in body}
    document: Any = Contract.bundled().document
    documented = {
        code
        for response in document["components"]["responses"].values()
        if "x-mock-not-produced" not in response
        for code in response.get("x-codes", [])
    }
    of_the_form = {
        "E_FAILED_SCHEMA_VALIDATION",
        "E_PAYLOAD_TOO_LARGE",
        "E_UNSUPPORTED_MEDIA_TYPE",
    }
    assert used | of_the_form == documented


def test_only_an_unreadable_token_is_repeated() -> None:
    answer = ManagementErrors().refused(UnreadableToken("it's me"))
    assert to_bytes(answer.body).startswith(b'{"message":"could not parse jwt: \'it\'s me\'"')


def test_a_lone_surrogate_in_a_message_does_not_break_the_answer() -> None:
    answer = ManagementErrors().refused(UnreadableToken("\udcff"))
    assert json.loads(to_bytes(answer.body))["message"] == "could not parse jwt: '?'"
