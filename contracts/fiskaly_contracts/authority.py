"""The authority on requests and responses; the only module that knows openapi-core.

openapi-core decides; the named stricter rules (`strictness`, `parameters`, `body`) are plugged into
its public seams: an extended schema validator, a deserializer that is our strict parser, and a path
finder that looks the known operation up. Nothing is ever unmarshalled.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, cast

from jsonschema import FormatChecker  # type: ignore[import-untyped]
from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]
from jsonschema.validators import Draft4Validator, extend  # type: ignore[import-untyped]
from jsonschema_path import SchemaPath
from openapi_core import V30RequestValidator, V30ResponseValidator
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
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
from fiskaly_contracts.breaches import (
    by_declared_name,
    declared_response,
    header_parameters,
    missing,
    undocumented,
    unknown_operation,
    unknown_parameters,
    unread_parameter,
    unreadable,
    unwanted_body,
)
from fiskaly_contracts.document import Contract, Operation
from fiskaly_contracts.exchange import RequestData, ResponseData
from fiskaly_contracts.fields import resolve
from fiskaly_contracts.json_value import JsonValue, Schema
from fiskaly_contracts.media_types import JSON, media_type_violation
from fiskaly_contracts.normalize import Place, SchemaError, violations_of
from fiskaly_contracts.parameters import grouped
from fiskaly_contracts.violations import VIOLATIONS_AT_MOST, Violation, Where

_PLACES = {"path": Where.PATH, "query": Where.QUERY, "header": Where.HEADER}


class Authority:
    """Decides on exchanges and values, and says in words what is wrong with them.

    To import this module takes half a second, a verdict one or two milliseconds: `Checker` asks it
    only about what the compiled check does not accept. One thread at a time may ask.
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
            extra_media_type_deserializers={JSON: _strict_json},
        )
        self._responses = V30ResponseValidator(
            self._spec,
            path_finder_cls=_KnownOperation,
            schema_validators_factory=_validators(OAS30ReadValidator),
            extra_media_type_deserializers={JSON: _strict_json},
        )

    def request(self, data: RequestData) -> list[Violation]:
        """Return every breach of the contract in a request; never raises.

        Unknown query parameters come as warnings. The body of an operation that has none is not
        looked at, since real clients send `{}` with a GET (Source: recorded).
        """
        try:
            return self._request(data)
        except Exception as error:  # noqa: BLE001 - a checker that crashes would answer 500
            return [unreadable(data.operation_id, Where.BODY, error)]

    def response(self, data: ResponseData) -> list[Violation]:
        """Return every breach of the contract in a response; never raises."""
        try:
            return self._response(data)
        except Exception as error:  # noqa: BLE001 - as above
            return [unreadable(data.operation_id, Where.BODY, error)]

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

    def _request(self, data: RequestData) -> list[Violation]:
        operation = self._contract.operations.get(data.operation_id)
        if operation is None:
            return [unknown_operation(data.operation_id)]
        sent = {
            Where.PATH: {name: [value] for name, value in data.path_parameters.items()},
            Where.QUERY: grouped(data.query),
            Where.HEADER: header_parameters(data.headers, operation),
        }
        found: list[Violation] = []
        refused: set[tuple[str, str]] = set()
        for parameter in operation.parameters:
            raw = sent[parameter.where].get(parameter.name, [])
            broken = parameter.violations(operation.operation_id, raw)
            if broken:
                found += broken
                refused.add((parameter.where.value, parameter.name))
        media_type = None
        if operation.has_body and data.body:
            media_type = media_type_violation(operation.operation_id, data.content_type)
        if media_type is not None:
            found.append(media_type)
        for error in self._requests.iter_errors(_message(operation, sent, data.body)):
            if isinstance(error, ParameterValidationError):
                if (error.location, error.name) not in refused:
                    found += self._of_parameter(operation, error)
            elif media_type is None:
                found += self._of_body(operation, operation.body_schema, error)
        return found + unknown_parameters(operation, sent[Where.QUERY])

    def _response(self, data: ResponseData) -> list[Violation]:
        operation = self._contract.operations.get(data.operation_id)
        if operation is None:
            return [unknown_operation(data.operation_id)]
        declared = declared_response(self._document, operation, data.status)
        if declared is None:
            return [undocumented(operation, data.status)]
        content = declared.get("content", {})
        found = [] if content or not data.body else [unwanted_body(operation, len(data.body))]
        media_type = None
        if content and data.body:
            media_type = media_type_violation(operation.operation_id, data.content_type)
        if media_type is not None:
            found.append(media_type)
        answer = _Answer(
            status_code=data.status,
            data=data.body,
            content_type=JSON,
            headers=by_declared_name(data.headers or {}, declared.get("headers", {})),
        )
        for error in self._responses.iter_errors(_message(operation, {}, b""), answer):
            if isinstance(error, HeaderValidationError):
                if data.headers is not None:
                    found += self._of_header(operation, declared, error)
            elif media_type is None:
                schema = content.get(JSON, {}).get("schema", {})
                found += self._of_body(operation, schema, error, writing=False)
        return found

    def _of_parameter(
        self, operation: Operation, error: ParameterValidationError
    ) -> list[Violation]:
        where = _PLACES[error.location]
        if isinstance(error, MissingRequiredParameter):
            return [missing(operation, where, error.name)]
        schema = next(
            p.schema for p in operation.parameters if (p.where, p.name) == (where, error.name)
        )
        return self._of_schema(operation, where, schema, error, prefix=(error.name,))

    def _of_header(
        self, operation: Operation, declared: Schema, error: HeaderValidationError
    ) -> list[Violation]:
        if isinstance(error, MissingRequiredHeader):
            return [missing(operation, Where.HEADER, error.name)]
        header = resolve(self._document, declared["headers"][error.name])
        schema = header.get("schema", {})
        return self._of_schema(operation, Where.HEADER, schema, error, prefix=(error.name,))

    def _of_body(
        self, operation: Operation, schema: Schema, error: Exception, *, writing: bool = True
    ) -> list[Violation]:
        if isinstance(error, MissingRequiredRequestBody | MissingData):
            return [*parse_body(operation.operation_id, b"").violations]
        if isinstance(error.__cause__, _RefusedBody):
            return [
                replace(violation, operation_id=operation.operation_id)
                for violation in error.__cause__.violations
            ]
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
                return [unread_parameter(operation, where, prefix[0], schema)]
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


class _RefusedBody(OpenAPIError):
    """Carries our parser's violations through openapi-core, which keeps it as a cause."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        super().__init__()
        self.violations = violations


def _strict_json(body: bytes, **_: str) -> JsonValue:
    parsed = parse_body("", body)
    if parsed.violations:
        raise _RefusedBody(parsed.violations)
    return parsed.value


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
