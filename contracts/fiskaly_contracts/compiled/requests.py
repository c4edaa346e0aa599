"""What one operation takes, compiled once: parameters by place, and the body."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from fiskaly_contracts.body import explained, parsed
from fiskaly_contracts.compiled.errors import Accepts
from fiskaly_contracts.compiled.parameters import (
    DoubtError,
    ParameterPlan,
    parameter_plan,
    unknown_parameters,
)
from fiskaly_contracts.compiled.validators import CompiledSchema, Validators
from fiskaly_contracts.document import Operation, by_declared_name, grouped
from fiskaly_contracts.exchange import JSON, CheckedRequest, RequestData, media_type_violation
from fiskaly_contracts.fields import flatten, loosened, properties_of, resolve
from fiskaly_contracts.json_value import JsonValue, Schema, Tokens, pointer_to, quoted
from fiskaly_contracts.schema_errors import Place
from fiskaly_contracts.strictness import NoTranslationError
from fiskaly_contracts.violations import VIOLATIONS_AT_MOST, Severity, Violation, Where
from fiskaly_contracts.wording import GUESSED_AT_MOST, missing, nearest, respelt, unreadable


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RequestPlan:
    """The compiled check of one operation's requests.

    Attributes:
        document: The document that references lead into.
        operation: The operation.
        parameters: All its parameters, in the order of the contract.
        path: What reads those of the path, by name.
        query: Those of the query, by name.
        headers: Those of the head.
        has_body: Whether the contract describes a body; another is not looked at, since real
            clients send `{}` with a GET (Source: recorded).
        body_required: Whether it must be sent.
        accepts_body: The check of the body.
        body: The schema of the body; None where the contract lets any body through.
        path_ids: The path parameters that are ids.
        body_ids: Where ids stand in the body.
        known: The properties of the body, where others are let through and ignored.
        defaults: What a request without a query comes to.
        may_be_silent: Whether the query may be left out.
    """

    document: Schema
    operation: Operation
    parameters: tuple[ParameterPlan, ...]
    path: tuple[tuple[str, Callable[[str], JsonValue]], ...]
    query: Mapping[str, ParameterPlan]
    headers: tuple[ParameterPlan, ...]
    has_body: bool
    body_required: bool
    accepts_body: Accepts
    body: CompiledSchema | None
    path_ids: tuple[str, ...]
    body_ids: "Ids"
    known: "Known | None"
    defaults: Mapping[str, JsonValue]
    may_be_silent: bool

    def check(  # noqa: C901 - one pass over the parts of a request, on the way of each
        self, data: RequestData, *, loose: bool
    ) -> CheckedRequest:
        """Check a request; a body that is JSON is parsed once.

        A wrong media type, or a body that is no strict JSON, is told alone.
        """
        body: JsonValue = None
        wrong: Sequence[Violation] = ()
        dropped: Sequence[Violation] = ()
        warnings: Sequence[Violation] = ()
        if self.has_body and (data.body or self.body_required):
            body, refusing = read_body(self.operation.operation_id, data)
            if refusing:
                return CheckedRequest(violations=refusing, refusing=refusing)
            try:
                right = self.accepts_body(body)
            except Exception:  # noqa: BLE001 - a text that jsonschema-rs cannot read
                right = False
            if not right:
                body, dropped, wrong = self._doubtful(body, loose=loose)
        path = data.path_parameters
        query = self.defaults
        try:
            for name, read in self.path:
                read(path[name])
            if self.headers:
                self._read_headers(data.headers)
            if data.query:
                query, warnings = self._read_query(data.query)
            elif not self.may_be_silent:
                raise DoubtError  # noqa: TRY301 - as what is called here does
        except Exception:  # noqa: BLE001 - whatever it is, the next line says it
            of_parameters, warnings = self._parameter_violations(data)
            wrong = [*of_parameters, *wrong]
        if self.known is not None:
            warnings = (
                *warnings,
                *unknown_properties(self.known, body, self.operation.operation_id),
            )
        if wrong:
            found = (*dropped, *wrong, *warnings)
            return CheckedRequest(body, violations=found, refusing=tuple(wrong))
        if self.body_ids:
            lower(body, self.body_ids)
        beside = (*dropped, *warnings) if dropped or warnings else ()
        return CheckedRequest(body, query, lowered(path, self.path_ids), beside)

    def _doubtful(
        self, body: JsonValue, *, loose: bool
    ) -> tuple[JsonValue, Sequence[Violation], Sequence[Violation]]:
        """Return a body that is not accepted, what the lenient mode drops of it, and the rest."""
        operation = self.operation
        dropped: Sequence[Violation] = ()
        if loose:
            body, dropped = loosened(
                self.document, operation.body_schema, body, operation.operation_id
            )
        place = Place(where=Where.BODY, operation_id=operation.operation_id)
        wrong = self.body.violations(body, place) if self.body is not None else ()
        return body, dropped, wrong

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


def read_body(operation_id: str, data: RequestData) -> tuple[JsonValue, tuple[Violation, ...]]:
    """Read the body of an operation that has one: its media type first, then as strict JSON.

    Returns:
        The value, and what refuses it.
    """
    if data.content_type != JSON and data.body:
        wrong = media_type_violation(operation_id, data.content_type)
        if wrong is not None:
            return None, (wrong,)
    try:
        return parsed(data.body), ()
    except (ValueError, RecursionError):
        return explained(operation_id, data.body)


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
    body = _body(document, node, validators)
    return RequestPlan(
        document=document,
        operation=operation,
        parameters=plans,
        path=tuple((plan.name, plan.read) for plan in of[Where.PATH]),
        query=query,
        headers=of[Where.HEADER],
        has_body=operation.has_body,
        body_required=operation.body_required,
        accepts_body=_anything if body is None else body.accepts,
        body=body,
        path_ids=path_ids(operation),
        body_ids=body_ids(document, [operation.body_schema]),
        known=known_properties(document, [operation.body_schema]),
        defaults=MappingProxyType({name: p.default[0] for name, p in query.items() if p.default}),
        may_be_silent=not any(plan.required for plan in query.values()),
    )


def _body(document: Schema, node: Schema, validators: Validators) -> CompiledSchema | None:
    if "requestBody" not in node:
        return None
    content = resolve(document, node["requestBody"])["content"]
    return validators.of(content[JSON]["schema"]) if "schema" in content[JSON] else None


def _anything(_: JsonValue) -> bool:
    return True


Ids: TypeAlias = dict[str, "Ids | None"]
"""Where ids stand in an object: None for an id itself, by name."""
_DEEPEST_ID = 3
"""Objects above an id, at most: more a contract of ours does not have."""


def path_ids(operation: Operation) -> tuple[str, ...]:
    """Return the path parameters that are ids: `x-lower-case`, since either case is one (A-08)."""
    return tuple(
        one.name
        for one in operation.parameters
        if one.where is Where.PATH and one.schema.get("x-lower-case")
    )


def body_ids(document: Schema, schemas: Sequence[Schema], depth: int = 0) -> Ids:
    """Return where ids stand in an object that one of the schemas describes."""
    found: Ids = {}
    for name, declared in properties_of(flatten(document, schemas)).items():
        if any(schema.get("x-lower-case") for schema in flatten(document, declared)):
            found[name] = None
        elif depth < _DEEPEST_ID and (below := body_ids(document, declared, depth + 1)):
            found[name] = below
    return found


class Known(NamedTuple):
    """The properties of an object, or of each object of an array, and what is known of theirs.

    Attributes:
        names: The names, in the order of the contract.
        below: What is known of the values that need a look, by name.
        others: Whether the contract lets others through.
    """

    names: Mapping[str, None]
    below: tuple[tuple[str, "Known"], ...]
    others: bool

    def covers(self, value: JsonValue) -> bool:
        """Tell whether there is nothing unknown; most bodies are done with that."""
        if isinstance(value, dict):
            if self.others and not value.keys() <= self.names.keys():
                return False
            for name, below in self.below:
                if name in value and not below.covers(value[name]):
                    return False
            return True
        return not isinstance(value, list) or all(map(self.covers, value))

    def note_unknown(
        self, value: JsonValue, tokens: Tokens, found: list[tuple[Tokens, Sequence[str]]]
    ) -> None:
        """Note the places of unknown properties, each with the known ones that were not sent."""
        if isinstance(value, list):
            for at, item in enumerate(value):
                if len(found) < VIOLATIONS_AT_MOST:
                    self.note_unknown(item, (*tokens, at), found)
        elif isinstance(value, dict):
            for name, below in self.below:
                if name in value:
                    below.note_unknown(value[name], (*tokens, name), found)
            if self.others:
                unsent = [name for name in self.names if name not in value]
                unknown = (name for name in value if name not in self.names)
                found += [((*tokens, name), unsent) for name in islice(unknown, VIOLATIONS_AT_MOST)]


_DEEPEST_PROPERTY = 8
"""Objects and arrays above a property, at most, since a schema may refer to itself."""


def known_properties(document: Schema, schemas: Sequence[Schema], depth: int = 0) -> Known | None:
    """Return the properties of what one of the schemas describes, None where all is declared.

    An object without `properties`, or with those of a map, is of a free form.
    """
    level = flatten(document, schemas)
    if depth > _DEEPEST_PROPERTY or any(one.get("additionalProperties") for one in level):
        return None
    parts = properties_of(level)
    items = [schema["items"] for schema in level if "items" in schema]
    if items and not parts:
        return known_properties(document, items, depth + 1)
    below = [(name, known_properties(document, one, depth + 1)) for name, one in parts.items()]
    looked_at = tuple((name, known) for name, known in below if known is not None)
    others = any("properties" in schema for schema in level) and not any(
        schema.get("additionalProperties") is False for schema in level
    )
    return Known(dict.fromkeys(parts), looked_at, others) if others or looked_at else None


def unknown_properties(
    known: Known | None, body: JsonValue, operation_id: str
) -> Iterator[Violation]:
    """Warn of every property that the contract lets through without knowing it (A-88).

    Its value is not repeated.
    """
    found: list[tuple[Tokens, Sequence[str]]] = []
    if known is not None and not known.covers(body):
        known.note_unknown(body, (), found)
    for guessed, (tokens, names) in enumerate(found[:VIOLATIONS_AT_MOST]):
        name = str(tokens[-1])
        guess = respelt(name, names)
        if not guess and guessed < GUESSED_AT_MOST:
            guess = nearest(name, names)
        hint = f"; did you mean {guess}?" if guess else ""
        yield Violation(
            where=Where.BODY,
            pointer=pointer_to(tokens),
            rule="unknown-property",
            expected="no such property",
            operation_id=operation_id,
            severity=Severity.WARNING,
            demand=f"is no property of {operation_id} ({quoted(name)} is ignored{hint})",
        )


def lowered(path: Mapping[str, str], ids: Sequence[str]) -> Mapping[str, str]:
    """Return path parameters with their ids in lower case."""
    for name in ids:
        lower_case = path[name].lower()
        if lower_case != path[name]:
            path = {**path, name: lower_case}
    return path


def lower(value: JsonValue, ids: Ids) -> None:
    """Put the ids of an object in lower case, where they stand."""
    if isinstance(value, dict):
        for name in ids.keys() & value.keys():
            part, below = value[name], ids[name]
            if below is not None:
                lower(part, below)
            elif isinstance(part, str):
                value[name] = part.lower()
