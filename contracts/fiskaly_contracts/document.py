"""The contract: an OpenAPI 3.0 document with an index of its operations, and its assumptions."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import orjson

from fiskaly_contracts.exchange import JSON
from fiskaly_contracts.fields import resolve
from fiskaly_contracts.json_value import JsonValue, Schema
from fiskaly_contracts.violations import Where

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PLACES = {"path": Where.PATH, "query": Where.QUERY, "header": Where.HEADER}
_FOLDER = Path(__file__).parent / "openapi"
_ASSUMPTION = re.compile(r"\bA-\d\d\b")
_HEADING = re.compile(r"^## (A-\d{2}) — (.+)$", re.MULTILINE)
CASTS: Mapping[str, Callable[[str], Any]] = {
    "integer": int,
    "number": float,
    "boolean": "true".__eq__,
}
"""What makes a value of a parameter's text, by type; every other type is the text itself."""


class Parameter(NamedTuple):
    """One parameter of an operation, or one header of an answer.

    Attributes:
        name: As it is sent.
        where: PATH, QUERY or HEADER.
        required: Whether it must be sent.
        schema: Its schema, a `$ref` followed.
        items: The schema of an array's items, a `$ref` followed; {} for other types.
        explode: Whether an array is sent as `a=1&a=2` instead of `a=1,2`.
        description: Prose of the contract.
    """

    name: str
    where: Where
    required: bool
    schema: Schema
    items: Schema
    explode: bool
    description: str = ""

    @property
    def is_array(self) -> bool:
        """Whether several values may be sent."""
        return self.schema.get("type") == "array"

    @property
    def kind(self) -> str:
        """The type of the value, or of an array's items; "" where the contract has none."""
        kind: str = (self.items if self.is_array else self.schema).get("type", "")
        return kind

    @property
    def secret(self) -> bool:
        """Whether the contract marks the value as secret."""
        return self.schema.get("x-secret") is True or self.schema.get("format") == "password"

    def texts(self, sent: Sequence[str]) -> Sequence[str]:
        """Split what was sent into the texts of single values.

        >>> Parameter("a", Where.QUERY, False, {"type": "array"}, {}, False).texts(["1,2"])
        ['1', '2']
        """
        if self.is_array and not self.explode:
            return [text for value in sent for text in value.split(",")]
        return sent

    def cast(self, sent: Sequence[str]) -> JsonValue:
        """Turn text into the value: a list for an array, else the one value.

        Raises:
            ValueError: The text is not of the parameter's type: the check did not accept it.
        """
        cast = CASTS.get(self.kind, str)
        if self.is_array:
            return [cast(text) for text in self.texts(sent)]
        value: JsonValue = cast(sent[-1])
        return value


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
        """Cast query pairs and fill in defaults; unknown ones are left out (A-06).

        Raises:
            ValueError: The check was not asked, or did not accept.
        """
        sent = grouped(pairs)
        values: dict[str, JsonValue] = {}
        for parameter in self.parameters:
            if parameter.where is not Where.QUERY:
                continue
            if parameter.name in sent:
                values[parameter.name] = parameter.cast(sent[parameter.name])
            elif "default" in parameter.schema:
                values[parameter.name] = parameter.schema["default"]
        return values


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
    def sign_de(cls) -> Self:
        """Read the contract of SIGN DE that comes with this package.

        >>> Contract.sign_de().base_path
        '/api/v2'
        """
        return cls._shipped("sign-de-v2.json")

    @classmethod
    def control(cls) -> Self:
        """Read the contract of the fake's own control routes.

        >>> Contract.control().base_path
        '/_mock'
        """
        return cls._shipped("control-v1.json")

    @classmethod
    def apis(cls) -> dict[str, Self]:
        """Read the contracts of the APIs that clients call, by the names of the APIs.

        No operationId stands in two of them.

        >>> [*Contract.apis()]
        ['management', 'sign-de']
        """
        return {"management": cls.bundled(), "sign-de": cls.sign_de()}

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


def grouped(pairs: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    """Collect the values of each name, in the order they came.

    >>> grouped([("kind", "test"), ("limit", "1"), ("kind", "live")])
    {'kind': ['test', 'live'], 'limit': ['1']}
    """
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def by_declared_name(headers: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Pick headers by name, whatever their case; names come as declared.

    >>> by_declared_name({"x-request-id": "1", "vary": "2"}, ["X-Request-Id"])
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


def answered_headers(document: Schema, response: Schema) -> Iterator[Parameter]:
    """Yield the headers that the contract declares of an answer, but for the media type."""
    for name, reference in response.get("headers", {}).items():
        if name.lower() != "content-type":  # which has its own check
            yield parameter_of(document, resolve(document, reference), name, Where.HEADER)


def assumption_titles() -> Mapping[str, str]:
    """Return the title of each numbered assumption of `ASSUMPTIONS.md`, in order.

    >>> assumption_titles()["A-01"]
    'Limits of lists'
    """
    return dict(_HEADING.findall((_FOLDER / "ASSUMPTIONS.md").read_text(encoding="utf-8")))


@cache
def _shipped_document(name: str) -> Mapping[str, Any]:
    """Read a document once per process; see `tools` for why it is JSON.

    It is shared by all contracts made from it, so nobody may change it.
    """
    document: Mapping[str, Any] = orjson.loads((_FOLDER / name).read_bytes())
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
            name, place = declared["name"], declared["in"]
            parameters[name, place] = parameter_of(document, declared, name, _PLACES[place])
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


def parameter_of(document: Schema, declared: Schema, name: str, where: Where) -> Parameter:
    """Read a parameter, or a header of an answer, from its place in the document."""
    schema = resolve(document, declared.get("schema", {}))
    style = declared.get("style", "form" if where is Where.QUERY else "simple")
    return Parameter(
        name=name,
        where=where,
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
