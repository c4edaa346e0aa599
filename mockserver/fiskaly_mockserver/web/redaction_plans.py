"""What the contract says of each place of a body, compiled once: shown, secret or unknown.

Branches of `oneOf`, `anyOf` and `allOf` are laid over each other: a place is secret if
any branch says so, and declared if any branch declares it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from fiskaly_contracts import Contract
from fiskaly_contracts.document import declared_response
from fiskaly_contracts.exchange import JSON
from fiskaly_contracts.fields import flatten
from fiskaly_contracts.json_value import Schema

_SCALARS = frozenset({"string", "integer", "number", "boolean"})
_ERROR_FIELDS = ("status_code", "error", "code", "message")


@dataclass(slots=True, eq=False, repr=False)
class Place:
    """What may stand at one place of a body.

    Attributes:
        secret: Nothing of it is shown.
        scalar: The contract declares a text, number or boolean here.
        properties: The declared properties of an object.
        others: What the undeclared properties of a free-form object are.
        items: What the items of an array are.
    """

    secret: bool = False
    scalar: bool = False
    properties: "dict[str, Place]" = field(default_factory=dict)
    others: "Place | None" = None
    items: "Place | None" = None


NOWHERE = Place()
"""A place that the contract does not know."""
ERROR = Place(properties={name: Place(scalar=True) for name in _ERROR_FIELDS})
"""An error in one of the API's shapes, wherever the contract does not know the answer."""


class Plans:
    """The places of every request and response body of a contract, each compiled at its first use.

    Exchanges are read in any thread; one of them compiles.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._document: Schema = contract.document
        self._known: dict[frozenset[int], Place] = {}
        self._requests: dict[str, Place] = {}
        self._responses: dict[tuple[str, int], Place] = {}
        self._compiling = Lock()

    def request(self, operation_id: str) -> Place:
        """Return what the request body of an operation may be."""
        place = self._requests.get(operation_id)
        if place is None:
            with self._compiling:
                place = self._requests[operation_id] = self._request(operation_id)
        return place

    def response(self, operation_id: str, status: int) -> Place:
        """Return what an answer may be; an undocumented error has the API's own shape."""
        place = self._responses.get((operation_id, status))
        if place is None:
            with self._compiling:
                place = self._responses[operation_id, status] = self._response(operation_id, status)
        return place

    def _request(self, operation_id: str) -> Place:
        operation = self._contract.operations.get(operation_id)
        if operation is None or not operation.body_schema:
            return NOWHERE
        return self._place([operation.body_schema])

    def _response(self, operation_id: str, status: int) -> Place:
        operation = self._contract.operations.get(operation_id)
        node = declared_response(self._document, operation, status) if operation else None
        schema = (node or {}).get("content", {}).get(JSON, {}).get("schema")
        if schema is not None:
            return self._place([schema])
        return ERROR if status >= 400 else NOWHERE  # noqa: PLR2004 - where errors begin

    def _place(self, schemas: Iterable[Schema]) -> Place:
        level = list(flatten(self._document, schemas))
        key = frozenset(id(schema) for schema in level)  # they live as long as the document
        if key in self._known:
            return self._known[key]
        place = self._known[key] = Place()  # before its parts, which may lead back to it
        place.secret = any(map(_is_secret, level))
        place.scalar = any(schema.get("type") in _SCALARS or "enum" in schema for schema in level)
        below: dict[str, list[Schema]] = {}
        for schema in level:
            for name, part in schema.get("properties", {}).items():
                below.setdefault(name, []).append(part)
        place.properties = {name: self._place(parts) for name, parts in below.items()}
        place.others = self._joined(schema.get("additionalProperties") for schema in level)
        place.items = self._joined(schema.get("items") for schema in level)
        return place

    def _joined(self, parts: Iterable[object]) -> Place | None:
        schemas = [part for part in parts if isinstance(part, Mapping)]
        return self._place(schemas) if schemas else None


def _is_secret(schema: Schema) -> bool:
    return schema.get("x-secret") is True or schema.get("format") == "password"
