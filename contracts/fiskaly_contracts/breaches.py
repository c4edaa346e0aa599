"""Breaches found beside the schemas: what an operation does not know or does not get."""

from collections.abc import Mapping
from typing import Any

from fiskaly_contracts.document import Operation
from fiskaly_contracts.fields import resolve
from fiskaly_contracts.json_value import Schema
from fiskaly_contracts.parameters import unknown_parameter
from fiskaly_contracts.pointers import pointer_to, quoted
from fiskaly_contracts.violations import VIOLATIONS_AT_MOST, Violation, Where
from fiskaly_contracts.wording import words


def header_parameters(headers: Mapping[str, str], operation: Operation) -> dict[str, list[str]]:
    """Pick the declared header parameters, whatever their case; names come as declared."""
    names = {p.name: None for p in operation.parameters if p.where is Where.HEADER}
    return {name: [value] for name, value in by_declared_name(headers, names).items()}


def by_declared_name(headers: Mapping[str, str], names: Mapping[str, Any]) -> dict[str, str]:
    """Pick headers by name, whatever their case; names come as declared.

    >>> by_declared_name({"x-request-id": "1", "vary": "2"}, {"X-Request-Id": {}})
    {'X-Request-Id': '1'}
    """
    values = {name.lower(): value for name, value in headers.items()}
    return {name: values[name.lower()] for name in names if name.lower() in values}


def declared_response(document: Schema, operation: Operation, status: int) -> Schema | None:
    """Find what the contract says of a status: exactly, as a range (`4XX`), or as `default`."""
    node: Schema = document["paths"][operation.path][operation.method.lower()]
    responses: Schema = node["responses"]
    for name in (str(status), f"{str(status)[0]}XX", "default"):
        if name in responses:
            return resolve(document, responses[name])
    return None


def unknown_parameters(operation: Operation, sent: Mapping[str, list[str]]) -> list[Violation]:
    """Warn of every query parameter that the operation does not declare."""
    declared = [p.name for p in operation.parameters if p.where is Where.QUERY]
    unknown = [name for name in sent if name not in declared][:VIOLATIONS_AT_MOST]
    return [unknown_parameter(operation.operation_id, name, declared) for name in unknown]


def undocumented(operation: Operation, status: int) -> Violation:
    """Report a status that the contract does not name."""
    return Violation(
        where=Where.STATUS,
        pointer="",
        rule="status",
        expected=f"one of {', '.join(map(str, operation.statuses))}",
        got=status,
        got_text=str(status),
        operation_id=operation.operation_id,
    )


def missing(operation: Operation, where: Where, name: str) -> Violation:
    """Report a required parameter or header that was not sent."""
    return Violation(
        where=where,
        pointer=pointer_to((name,)),
        rule="required",
        expected="this parameter" if where is not Where.HEADER else "this header",
        operation_id=operation.operation_id,
        demand=f"should have required property {quoted(name)}",
    )


def unknown_operation(operation_id: str) -> Violation:
    """Report an exchange of an operation that the contract does not know."""
    return Violation(
        where=Where.PATH,
        pointer="",
        rule="unknown-operation",
        expected="an operation of the contract",
        operation_id=operation_id,
    )


def unread_parameter(operation: Operation, where: Where, name: str, schema: Schema) -> Violation:
    """Report text that cannot be cast to the type of its parameter or header."""
    demand, expected = words("type", schema.get("type", "readable"), schema)
    return Violation(
        where=where,
        pointer=pointer_to((name,)),
        rule="type",
        expected=expected,
        operation_id=operation.operation_id,
        demand=demand,
    )


def unreadable(operation_id: str, where: Where, error: BaseException) -> Violation:
    """Report an error of the library that has no better name; its text may hold values."""
    return Violation(
        where=where,
        pointer="",
        rule="unreadable",
        expected=f"readable (the check failed with {type(error.__cause__ or error).__name__})",
        operation_id=operation_id,
    )


def unwanted_body(operation: Operation, size: int) -> Violation:
    """Report an answer's body where the contract describes none: openapi-core ignores it."""
    return Violation(
        where=Where.BODY,
        pointer="",
        rule="no-content",
        expected="empty",
        got_text=f"{size} bytes",
        operation_id=operation.operation_id,
    )
