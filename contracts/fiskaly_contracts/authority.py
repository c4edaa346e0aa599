"""openapi-core, the reference for requests and responses; the only module that knows it.

It decides; the named stricter rules (`strictness`, `compiled.parameters`, `body`) are applied on
top: bodies come parsed and parameters looked at before it is asked, its schema validator is
extended, and its path finder looks the known operation up. Nothing is ever unmarshalled.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from jsonschema import FormatChecker  # type: ignore[import-untyped]
from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]
from jsonschema.validators import Draft4Validator, extend  # type: ignore[import-untyped]
from jsonschema_path import SchemaPath
from openapi_core import V30RequestValidator, V30ResponseValidator
from openapi_core.datatypes import RequestParameters
from openapi_core.templating.datatypes import TemplateResult
from openapi_core.templating.paths.datatypes import PathOperationServer
from openapi_core.templating.paths.finders import BasePathFinder
from openapi_core.validation.request.exceptions import (
    MissingRequiredParameter,
    MissingRequiredRequestBody,
    ParameterValidationError,
)
from openapi_core.validation.response.exceptions import (
    HeaderValidationError,
    MissingData,
    MissingRequiredHeader,
)
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue
from openapi_core.validation.schemas.factories import SchemaValidatorsFactory
from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator

from fiskaly_contracts import strictness
from fiskaly_contracts.body import parse_body
from fiskaly_contracts.compiled.parameters import named_breaches, unknown_parameters
from fiskaly_contracts.compiled.requests import (
    known_properties,
    read_body,
    sent_parameters,
    unknown_properties,
)
from fiskaly_contracts.document import (
    Contract,
    Operation,
    answered_headers,
    by_declared_name,
    declared_response,
)
from fiskaly_contracts.exchange import (
    JSON,
    RequestData,
    ResponseData,
    media_type_violation,
    other_media_type,
)
from fiskaly_contracts.fields import resolve
from fiskaly_contracts.json_value import JsonValue, Schema, pointer_to
from fiskaly_contracts.schema_errors import Place, SchemaError, violations_of
from fiskaly_contracts.violations import VIOLATIONS_AT_MOST, Violation, Where
from fiskaly_contracts.wording import (
    missing,
    undocumented,
    unknown_operation,
    unreadable,
    unwanted_body,
    words,
)

_PLACES = {"path": Where.PATH, "query": Where.QUERY, "header": Where.HEADER}


class Authority:
    """Decides on exchanges and values by openapi-core, and says in words what is wrong with them.

    To import this module takes half a second, a verdict one or two milliseconds. One thread at a
    time may ask.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._document = strictness.document_to_check(contract.document)
        self._spec = SchemaPath.from_dict(self._document)
        self._writing = _validators(OAS30WriteValidator)
        self._requests = V30RequestValidator(
            self._spec,
            path_finder_cls=_KnownOperation,
            schema_validators_factory=self._writing,
            extra_media_type_deserializers={JSON: _json},
        )
        self._responses = V30ResponseValidator(
            self._spec,
            path_finder_cls=_KnownOperation,
            schema_validators_factory=_validators(OAS30ReadValidator),
            extra_media_type_deserializers={JSON: _json},
        )

    def request(self, data: RequestData) -> list[Violation]:
        """Return every breach of the contract in a request.

        A wrong media type, or a body that is no strict JSON, is told alone. What is unknown
        and ignored comes as warnings.

        Raises:
            Exception: Of any kind, where the library fails.
        """
        operation = self._contract.operations.get(data.operation_id)
        if operation is None:
            return [unknown_operation(data.operation_id)]
        body: JsonValue = None
        if operation.body_required or (operation.has_body and data.body):
            body, refusing = read_body(data.operation_id, data)
            if refusing:
                return [*refusing]
        sent = sent_parameters(operation, data)
        found: list[Violation] = []
        refused: set[tuple[str, str]] = set()
        for parameter in operation.parameters:
            raw = sent[parameter.where].get(parameter.name, [])
            broken = named_breaches(parameter, operation.operation_id, raw)
            if broken:
                found += broken
                refused.add((parameter.where.value, parameter.name))
        readable = {
            where: {name: raw for name, raw in texts.items() if (where.value, name) not in refused}
            for where, texts in sent.items()
        }
        for error in self._requests.iter_errors(_message(operation, readable, data.body)):
            if not isinstance(error, ParameterValidationError):
                found += self._of_body(operation, operation.body_schema, error)
            elif (error.location, error.name) not in refused:
                found += self._of_parameter(operation, error)
        known = known_properties(self._document, [operation.body_schema])
        unknown = unknown_properties(known, body, data.operation_id)
        return [*found, *unknown_parameters(operation, sent[Where.QUERY]), *unknown]

    def response(self, data: ResponseData) -> list[Violation]:
        """Return every breach of the contract in a response.

        Raises:
            Exception: Of any kind, where the library fails.
        """
        operation = self._contract.operations.get(data.operation_id)
        if operation is None:
            return [unknown_operation(data.operation_id)]
        declared = declared_response(self._document, operation, data.status)
        if declared is None:
            return [undocumented(operation, data.status)]
        content = declared.get("content", {})
        found = [*_of_response_body(operation, data, content)]
        told = bool(found) or (bool(content) and JSON not in content)
        headers = by_declared_name(data.headers or {}, declared.get("headers", {}))
        refused = set()
        for parameter in answered_headers(self._document, declared):
            text = [headers[parameter.name]] if parameter.name in headers else []
            may_be_empty = parameter.kind == "string"
            broken = named_breaches(
                parameter, operation.operation_id, text, may_be_empty=may_be_empty
            )
            if broken:
                found += broken
                refused.add(parameter.name)
        readable = {name: text for name, text in headers.items() if name not in refused}
        answer = _Answer(data.status, b"" if told else data.body, JSON, readable)
        for error in self._responses.iter_errors(_message(operation, {}, b""), answer):
            if isinstance(error, HeaderValidationError):
                if data.headers is not None and error.name not in refused:
                    found += self._of_header(operation, declared, error)
            elif not told:
                schema = content.get(JSON, {}).get("schema", {})
                found += self._of_body(operation, schema, error, writing=False)
        return found

    def value(self, schema: str, value: JsonValue) -> list[Violation]:
        """Check a value against `components.schemas[schema]`, as if a client sent it.

        Raises:
            LookupError: The contract has no such schema.
        """
        found: Schema = self._document["components"]["schemas"][schema]
        path = self._spec / "components" / "schemas" / schema
        errors = self._writing.create(self._spec, path).validator.iter_errors(value)
        place = Place(document=self._document, schema=found, where=Where.BODY, operation_id="")
        return violations_of(errors, place)

    def _of_parameter(
        self, operation: Operation, error: ParameterValidationError
    ) -> list[Violation]:
        where = _PLACES[error.location]
        if isinstance(error, MissingRequiredParameter):
            return [missing(operation.operation_id, where, error.name)]
        schema = next(
            p.schema for p in operation.parameters if (p.where, p.name) == (where, error.name)
        )
        return self._of_schema(operation, where, schema, error, prefix=(error.name,))

    def _of_header(
        self, operation: Operation, declared: Schema, error: HeaderValidationError
    ) -> list[Violation]:
        if isinstance(error, MissingRequiredHeader):
            return [missing(operation.operation_id, Where.HEADER, error.name)]
        header = resolve(self._document, declared["headers"][error.name])
        schema = header.get("schema", {})
        return self._of_schema(operation, Where.HEADER, schema, error, prefix=(error.name,))

    def _of_body(
        self, operation: Operation, schema: Schema, error: Exception, *, writing: bool = True
    ) -> list[Violation]:
        if isinstance(error, MissingRequiredRequestBody | MissingData):
            return [*parse_body(operation.operation_id, b"").violations]
        return self._of_schema(operation, Where.BODY, schema, error, writing=writing)

    def _of_schema(
        self,
        operation: Operation,
        where: Where,
        schema: Schema,
        error: Exception,
        *,
        prefix: tuple[str, ...] = (),
        writing: bool = True,
    ) -> list[Violation]:
        cause = error.__cause__
        if not isinstance(cause, InvalidSchemaValue):
            if prefix:
                return [_unread_parameter(operation, where, prefix[0], schema)]
            return [unreadable(operation.operation_id, where, error)]
        place = Place(
            document=self._document,
            schema=schema,
            where=where,
            operation_id=operation.operation_id,
            prefix=prefix,
            writing=writing,
        )
        return violations_of(cast("Iterable[SchemaError]", cause.schema_errors), place)


# ------------------------------------------------------------------ what openapi-core is given


@dataclass(slots=True)
class _Request:
    """Satisfies openapi-core's `Request`; `path` is the template, for `_KnownOperation`."""

    method: str
    path: str
    parameters: RequestParameters
    body: bytes
    content_type: str = JSON
    host_url: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    """Satisfies openapi-core's `Response`."""

    status_code: int
    data: bytes
    content_type: str
    headers: Mapping[str, str]


class _Query(dict[str, list[str]]):
    """Query values by name; openapi-core takes the last for a scalar, `getlist` for an array."""

    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(name)[-1]

    def getlist(self, name: str) -> list[str]:
        """Return every value of a name."""
        return super().__getitem__(name)


class _KnownOperation(BasePathFinder):
    """Finds by the path's template: no host, no prefix, no pattern can get in the way."""

    def find(self, method: str, name: str) -> PathOperationServer:
        """Return the path item and operation of a template."""
        path = self.spec / "paths" / name
        return PathOperationServer(
            path, path / method, None, TemplateResult(name, {}), TemplateResult("", {})
        )


def _json(body: bytes, **_: str) -> JsonValue:
    value: JsonValue = json.loads(body)  # the strict parser has seen it before
    return value


def _of_response_body(
    operation: Operation, data: ResponseData, content: Schema
) -> Iterable[Violation]:
    """Report what is wrong with an answer's body before its schema is asked."""
    name = operation.operation_id
    if content and JSON not in content:  # a body that is not looked into
        other = other_media_type(name, next(iter(content)), data.content_type)
        return () if other is None else (other,)
    if not data.body:
        return ()
    if not content:
        return (unwanted_body(name, len(data.body)),)
    wrong = media_type_violation(name, data.content_type)
    return parse_body(name, data.body).violations if wrong is None else (wrong,)


def _unread_parameter(operation: Operation, where: Where, name: str, schema: Schema) -> Violation:
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


def _message(
    operation: Operation, sent: Mapping[Where, Mapping[str, list[str]]], body: bytes
) -> _Request:
    def last(where: Where) -> dict[str, str]:
        return {name: values[-1] for name, values in sent.get(where, {}).items()}

    return _Request(
        method=operation.method.lower(),
        path=operation.path,
        parameters=RequestParameters(
            query=_Query(sent.get(Where.QUERY, {})),
            header=last(Where.HEADER),
            path=last(Where.PATH),
        ),
        body=body,
    )


# ------------------------------------------------------------------ the stricter schema keywords


def _validators(base: Any) -> SchemaValidatorsFactory:
    """Extend one of the library's schema validators by the named rules of `strictness`."""
    checker = FormatChecker(formats=())
    for name, check in strictness.format_checks().items():
        checker.checks(name)(check)
    stricter = extend(
        base,
        validators={
            "pattern": _pattern,
            "items": _items,
            "additionalProperties": _additional_properties,
            "x-key-max-length": _key_max_length,
            "oneOf": Draft4Validator.VALIDATORS["oneOf"],
            "anyOf": Draft4Validator.VALIDATORS["anyOf"],
            "allOf": Draft4Validator.VALIDATORS["allOf"],
        },
    )
    return SchemaValidatorsFactory(stricter, format_checker=checker)


def _pattern(_: Any, wanted: str, value: object, __: Schema) -> Iterator[ValidationError]:
    if isinstance(value, str) and not strictness.matches(wanted, value):
        yield ValidationError("pattern")


def _items(validator: Any, wanted: Schema, value: object, _: Schema) -> Iterator[ValidationError]:
    """Check each item, but stop after a flood of errors: each costs 40 microseconds to make."""
    if isinstance(value, list):
        found = (
            error
            for index, item in enumerate(value)
            for error in validator.descend(item, wanted, path=index)
        )
        yield from islice(found, VIOLATIONS_AT_MOST)


def _additional_properties(
    validator: Any, wanted: Any, value: object, schema: Schema
) -> Iterator[ValidationError]:
    """Check in the order of the body (the library's is that of a set), and stop as `_items`."""
    if not isinstance(value, dict):
        return
    extras = (name for name in value if name not in schema.get("properties", {}))
    if isinstance(wanted, Mapping):
        found = (
            error for name in extras for error in validator.descend(value[name], wanted, path=name)
        )
        yield from islice(found, VIOLATIONS_AT_MOST)
    elif not wanted and any(True for _ in extras):
        yield ValidationError("additionalProperties")


def _key_max_length(_: Any, limit: int, value: object, __: Schema) -> Iterator[ValidationError]:
    if isinstance(value, dict) and strictness.long_keys(value, limit):
        yield ValidationError("x-key-max-length")
