"""The contract: an OpenAPI 3.0 document with an index of its operations."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from fiskaly_contracts.fields import resolve
from fiskaly_contracts.json_value import JsonValue, Schema
from fiskaly_contracts.media_types import JSON
from fiskaly_contracts.parameters import Parameter, read_query
from fiskaly_contracts.violations import Where

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PLACES = {"path": Where.PATH, "query": Where.QUERY, "header": Where.HEADER}
_FOLDER = Path(__file__).parent / "openapi"
_ASSUMPTION = re.compile(r"\bA-\d\d\b")


class Operation(NamedTuple):
    """One operation of the contract.

    Attributes:
        operation_id: Its unique name.
        method: Upper case, "POST".
        path: Below the base path, "/organizations/{organization_id}".
        summary: One line of prose.
        parameters: Those of the path item and its own, references followed.
        has_body: Whether the contract describes a request body.
        body_required: Whether that body must be sent.
        body_schema: The schema of the JSON request body; {} where there is none.
        statuses: Every documented status, ascending.
        secured: Whether a bearer token is needed.
        confidence: recorded, documented, client or assumed.
        sources: Where the contract's author has it from.
        assumptions: The numbered assumptions that it cites itself, "A-07", ascending; what its
            parameters, schemas and refusals rest on stands there.
    """

    operation_id: str
    method: str
    path: str
    summary: str
    parameters: tuple[Parameter, ...]
    has_body: bool
    body_required: bool
    body_schema: Schema
    statuses: tuple[int, ...]
    secured: bool
    confidence: str
    sources: tuple[str, ...]
    assumptions: tuple[str, ...]

    def query(self, pairs: Iterable[tuple[str, str]]) -> dict[str, JsonValue]:
        """Cast query pairs and fill in defaults; ask only after the check accepted them.

        Raises:
            ValueError: The check was not asked, or did not accept.
        """
        return read_query(self.parameters, pairs)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contract:
    """An OpenAPI document and what is looked up in it.

    Attributes:
        document: The document as it was read; nobody changes it.
        version: The version of the described API.
        base_path: The path of the first server, without a slash at its end.
        operations: By operationId, in the order of the document.
    """

    document: Mapping[str, JsonValue]
    version: str
    base_path: str
    operations: Mapping[str, Operation]

    @classmethod
    def bundled(cls) -> Self:
        """Read the Management API's contract that comes with this package.

        >>> Contract.bundled().base_path
        '/api/v0'
        """
        return cls._shipped("management-v0.json")

    @classmethod
    def control(cls) -> Self:
        """Read the contract of the fake's own control routes.

        >>> Contract.control().base_path
        '/_mock'
        """
        return cls._shipped("control-v1.json")

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Index an OpenAPI 3.0 document.

        Raises:
            LookupError: A reference leads nowhere, or an operation has no operationId.
        """
        servers = document.get("servers") or [{"url": "/"}]
        return cls(
            document=document,
            version=str(document["info"]["version"]),
            base_path=urlsplit(servers[0]["url"]).path.rstrip("/"),
            operations={operation.operation_id: operation for operation in _operations(document)},
        )

    @classmethod
    def _shipped(cls, name: str) -> Self:
        return cls.from_document(_shipped_document(name))

    def served_at(self, url: str) -> dict[str, JsonValue]:
        """Return the document as a server at this URL hands it out."""
        return {**self.document, "servers": [{"url": url}]}


@cache
def _shipped_document(name: str) -> Mapping[str, Any]:
    """Read a document once per process; see `compact` for why it is JSON.

    It is shared by all contracts made from it, so nobody may change it.
    """
    document: Mapping[str, Any] = json.loads((_FOLDER / name).read_bytes())
    return document


def _operations(document: Schema) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        for method in item:
            if method in _METHODS:
                yield _operation(document, path, method, item)


def _operation(document: Schema, path: str, method: str, item: Schema) -> Operation:
    node: Schema = item[method]
    parameters: dict[tuple[str, str], Parameter] = {}
    for reference in (*item.get("parameters", ()), *node.get("parameters", ())):
        declared = resolve(document, reference)
        if declared["in"] in _PLACES:
            parameters[declared["name"], declared["in"]] = _parameter(document, declared)
    body = resolve(document, node.get("requestBody", {}))
    security = node.get("security", document.get("security", []))
    return Operation(
        operation_id=node["operationId"],
        method=method.upper(),
        path=path,
        summary=node.get("summary", ""),
        parameters=tuple(parameters.values()),
        has_body=bool(body),
        body_required=body.get("required", False),
        body_schema=body.get("content", {}).get(JSON, {}).get("schema", {}),
        statuses=tuple(sorted(int(s) for s in node["responses"] if str(s).isdigit())),
        secured=bool(security) and {} not in security,
        confidence=node.get("x-confidence", ""),
        sources=_texts(node.get("x-source", ())),
        assumptions=_assumptions(node),
    )


def _parameter(document: Schema, declared: Schema) -> Parameter:
    schema = resolve(document, declared.get("schema", {}))
    style = declared.get("style", "form" if declared["in"] == "query" else "simple")
    return Parameter(
        name=declared["name"],
        where=_PLACES[declared["in"]],
        required=declared.get("required", False),
        schema=schema,
        items=resolve(document, schema.get("items", {})),
        explode=declared.get("explode", style == "form"),
        description=declared.get("description", ""),
    )


def _texts(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _assumptions(operation: Schema) -> tuple[str, ...]:
    cited = [*_texts(operation.get("x-assumptions", ())), *_texts(operation.get("x-source", ()))]
    return tuple(sorted({name for text in cited for name in _ASSUMPTION.findall(text)}))
