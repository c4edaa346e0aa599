"""What one operation takes, compiled once: parameters by place, and the body."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from fiskaly_contracts.body import ParsedBody, parse_body
from fiskaly_contracts.compiled.parameters import (
    DoubtError,
    ParameterPlan,
    parameter_plan,
    unknown_parameters,
)
from fiskaly_contracts.compiled.validators import CompiledSchema, Validators
from fiskaly_contracts.document import Operation, by_declared_name, grouped
from fiskaly_contracts.exchange import JSON, CheckedRequest, RequestData, media_type_violation
from fiskaly_contracts.fields import flatten, loosened, resolve
from fiskaly_contracts.json_value import JsonValue, Schema
from fiskaly_contracts.schema_errors import Place
from fiskaly_contracts.strictness import NoTranslationError
from fiskaly_contracts.violations import Violation, Where
from fiskaly_contracts.wording import missing, unreadable

_NO_BODY = ParsedBody(None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RequestPlan:
    """The compiled check of one operation's requests.

    Attributes:
        document: The document that references lead into.
        operation: The operation.
        parameters: All its parameters, in the order of the contract.
        path: Those of the path.
        query: Those of the query, by name.
        headers: Those of the head.
        body: The schema of the body; None where the contract lets any body through.
        ids: Where ids stand, that become lower case.
        defaults: What a request without a query comes to.
        may_be_silent: Whether the query may be left out.
    """

    document: Schema
    operation: Operation
    parameters: tuple[ParameterPlan, ...]
    path: tuple[ParameterPlan, ...]
    query: Mapping[str, ParameterPlan]
    headers: tuple[ParameterPlan, ...]
    body: CompiledSchema | None
    ids: "Ids"
    defaults: Mapping[str, JsonValue]
    may_be_silent: bool

    def check(self, data: RequestData, *, loose: bool) -> CheckedRequest:
        """Check a request; a body that is JSON is parsed once.

        A wrong media type, or a body that is no strict JSON, is told alone.
        """
        body: JsonValue = None
        wrong: Sequence[Violation] = ()
        dropped: Sequence[Violation] = ()
        if self.operation.has_body:
            body, refusing = read_body(self.operation, data)
            if refusing:
                return CheckedRequest(violations=refusing, refusing=refusing)
            if self.body is not None and data.body and not self.body.accepts_quietly(body):
                body, dropped, wrong = self._doubtful(self.body, body, loose=loose)
        query = self.defaults
        warnings: Sequence[Violation] = ()
        try:
            query, warnings = self._read(data)
        except Exception:  # noqa: BLE001 - whatever it is, the next line says it
            of_parameters, warnings = self._parameter_violations(data)
            wrong = [*of_parameters, *wrong]
        if wrong:
            found = (*dropped, *wrong, *warnings)
            return CheckedRequest(body, violations=found, refusing=tuple(wrong))
        return CheckedRequest(
            self.ids.lowered(body),
            query,
            self.ids.lowered_path(data.path_parameters),
            (*dropped, *warnings),
        )

    def _doubtful(
        self, schema: CompiledSchema, body: JsonValue, *, loose: bool
    ) -> tuple[JsonValue, Sequence[Violation], Sequence[Violation]]:
        """Return a body that is not accepted, what the lenient mode drops of it, and the rest."""
        operation = self.operation
        dropped: Sequence[Violation] = ()
        if loose:
            body, dropped = loosened(
                self.document, operation.body_schema, body, operation.operation_id
            )
        place = Place(where=Where.BODY, operation_id=operation.operation_id)
        return body, dropped, schema.violations(body, place)

    def _read(self, data: RequestData) -> tuple[Mapping[str, JsonValue], Sequence[Violation]]:
        for plan in self.path:
            plan.read(data.path_parameters[plan.name])
        if self.headers:
            self._read_headers(data.headers)
        if data.query:
            return self._read_query(data.query)
        if not self.may_be_silent:
            raise DoubtError
        return self.defaults, ()

    def _read_headers(self, headers: Mapping[str, str]) -> None:
        sent = by_declared_name(headers, (plan.name for plan in self.headers))
        for plan in self.headers:
            if plan.name in sent:
                plan.read(sent[plan.name])
            elif plan.required:
                raise DoubtError

    def _read_query(
        self, pairs: Sequence[tuple[str, str]]
    ) -> tuple[dict[str, JsonValue], Sequence[Violation]]:
        sent = grouped(pairs)
        values: dict[str, JsonValue] = {}
        known = 0
        for name, plan in self.query.items():
            texts = sent.get(name)
            if texts is not None:
                known += 1
                values[name] = plan.read_sent(texts)
            elif plan.default:
                values[name] = plan.default[0]
            elif plan.required:
                raise DoubtError
        return values, unknown_parameters(self.operation, sent) if known < len(sent) else ()

    def _parameter_violations(
        self, data: RequestData
    ) -> tuple[Sequence[Violation], Sequence[Violation]]:
        """Say what is wrong with the parameters, and which ones nobody knows."""
        sent = sent_parameters(self.operation, data)
        found: list[Violation] = []
        for plan in self.parameters:
            where = plan.parameter.where
            texts = sent[where].get(plan.name)
            if texts is not None:
                found += plan.violations(self.operation.operation_id, texts)
            elif plan.required:
                found.append(missing(self.operation.operation_id, where, plan.name))
        if not found:
            found.append(unreadable(self.operation.operation_id, Where.PATH, DoubtError()))
        return found, unknown_parameters(self.operation, sent[Where.QUERY])


def read_body(operation: Operation, data: RequestData) -> ParsedBody:
    """Read a request's body: its media type first, then as strict JSON.

    The body of an operation that has none is not looked at, since real clients send `{}` with a
    GET (Source: recorded).
    """
    if not operation.has_body or not (data.body or operation.body_required):
        return _NO_BODY
    if data.body and data.content_type != JSON:
        wrong = media_type_violation(operation.operation_id, data.content_type)
        if wrong is not None:
            return ParsedBody(None, (wrong,))
    return parse_body(operation.operation_id, data.body)


def sent_parameters(
    operation: Operation, data: RequestData
) -> dict[Where, Mapping[str, list[str]]]:
    """Return the texts that were sent, by place and name; names of headers as declared."""
    names = [one.name for one in operation.parameters if one.where is Where.HEADER]
    headers = by_declared_name(data.headers, names)
    return {
        Where.PATH: {name: [text] for name, text in data.path_parameters.items()},
        Where.QUERY: grouped(data.query),
        Where.HEADER: {name: [text] for name, text in headers.items()},
    }


def request_plan(document: Schema, operation: Operation, validators: Validators) -> RequestPlan:
    """Compile an operation.

    Raises:
        NoTranslationError: It says something that has no exact counterpart.
        LookupError: A reference leads nowhere.
    """
    item: Schema = document["paths"][operation.path]
    node: Schema = item[operation.method.lower()]
    found = [
        resolve(document, reference)
        for reference in (*item.get("parameters", ()), *node.get("parameters", ()))
    ]
    # those of the operation come over the path's
    declared = {(one["name"], one["in"]): one for one in found}
    if any(place == "cookie" for _, place in declared):
        raise NoTranslationError("cookie")
    plans = tuple(
        parameter_plan(declared[one.name, one.where.value], one, validators)
        for one in operation.parameters
    )
    of = {where: tuple(p for p in plans if p.parameter.where is where) for where in Where}
    query = {plan.name: plan for plan in of[Where.QUERY]}
    return RequestPlan(
        document=document,
        operation=operation,
        parameters=plans,
        path=of[Where.PATH],
        query=query,
        headers=of[Where.HEADER],
        body=_body(document, node, validators),
        ids=Ids(document, operation),
        defaults=MappingProxyType({name: p.default[0] for name, p in query.items() if p.default}),
        may_be_silent=not any(plan.required for plan in query.values()),
    )


def _body(document: Schema, node: Schema, validators: Validators) -> CompiledSchema | None:
    if "requestBody" not in node:
        return None
    content = resolve(document, node["requestBody"])["content"]
    return validators.of(content[JSON]["schema"]) if "schema" in content[JSON] else None


class Ids:
    """Where an operation gets ids: schemas with `x-lower-case`. They are one in any case (A-08)."""

    def __init__(self, document: Schema, operation: Operation) -> None:
        self._document = document
        self._path = [
            one.name
            for one in operation.parameters
            if one.where is Where.PATH and one.schema.get("x-lower-case")
        ]
        self._body = tuple(self._places([operation.body_schema], ()))

    def lowered_path(self, path: Mapping[str, str]) -> Mapping[str, str]:
        """Return the path parameters with their ids in lower case."""
        for name in self._path:
            lower = path[name].lower()
            if lower != path[name]:
                path = {**path, name: lower}
        return path

    def lowered(self, body: JsonValue) -> JsonValue:
        """Put the ids of a body in lower case, where they stand, and return it."""
        for *above, name in self._body:
            part: Any = body
            for step in above:
                part = part.get(step) if isinstance(part, dict) else None
            if isinstance(part, dict) and isinstance(part.get(name), str):
                part[name] = part[name].lower()
        return body

    def _places(
        self, schemas: Sequence[Schema], above: tuple[str, ...]
    ) -> Iterator[tuple[str, ...]]:
        """Yield the places of ids, each once; of a schema inside itself only the outer ones."""
        parts: dict[str, list[Schema]] = {}
        for schema in flatten(self._document, schemas):
            for name, part in schema.get("properties", {}).items():
                parts.setdefault(name, []).append(part)
        for name, found in parts.items():
            level = list(flatten(self._document, found))
            if any(schema.get("x-lower-case") for schema in level):
                yield (*above, name)
            elif len(above) < _DEEPEST_ID:
                yield from self._places(found, (*above, name))


_DEEPEST_ID = 3
"""Objects above an id, at most: more a contract of ours does not have."""
