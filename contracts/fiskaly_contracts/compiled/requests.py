"""What one operation lets through, compiled once: parameters by place, and the body."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fiskaly_contracts.body import parsed
from fiskaly_contracts.breaches import by_declared_name, unknown_parameters
from fiskaly_contracts.compiled.patterns import NoTranslationError
from fiskaly_contracts.compiled.texts import DoubtError, TextPlan, parameter_plan
from fiskaly_contracts.compiled.validators import Accepts, Validators
from fiskaly_contracts.document import Operation
from fiskaly_contracts.exchange import Accepted, RequestData
from fiskaly_contracts.fields import resolve
from fiskaly_contracts.json_value import JsonValue, Schema
from fiskaly_contracts.media_types import JSON, media_type_violation
from fiskaly_contracts.parameters import grouped
from fiskaly_contracts.violations import Where

_Plans = tuple[TextPlan, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RequestPlan:
    """The compiled check of one operation's requests."""

    operation: Operation
    path: tuple[tuple[str, Callable[[str], JsonValue]], ...]
    query: Mapping[str, TextPlan]
    headers: _Plans
    has_body: bool
    body_required: bool
    accepts_body: Accepts
    unasked: Accepted
    """What a request without query and body comes to."""
    may_be_silent: bool
    """Whether the query may be left out."""

    def accepted(self, data: RequestData) -> Accepted:
        """Accept a request, or leave it to the authority.

        Raises:
            Exception: Of any kind: the authority must be asked.
        """
        for name, read in self.path:
            read(data.path_parameters[name])
        if self.headers:
            _check_headers(self.headers, data.headers)
        body = self._body(data) if self.has_body else None
        if data.query:
            return self._with_query(data, body)
        if not self.may_be_silent:
            raise DoubtError
        return self.unasked if body is None else Accepted(body, self.unasked.query)

    def _body(self, data: RequestData) -> JsonValue:
        if not data.body:
            if self.body_required:
                raise DoubtError
            return None
        if data.content_type != JSON and media_type_violation("", data.content_type):
            raise DoubtError
        body = parsed(data.body)
        if not self.accepts_body(body):
            raise DoubtError
        return body

    def _with_query(self, data: RequestData, body: JsonValue) -> Accepted:
        sent = grouped(data.query)
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
        if known == len(sent):
            return Accepted(body, values)
        return Accepted(body, values, tuple(unknown_parameters(self.operation, sent)))


def request_plan(document: Schema, operation: Operation, validators: Validators) -> RequestPlan:
    """Compile an operation.

    Raises:
        NoTranslationError: It says something that has no exact counterpart.
        LookupError: A reference leads nowhere.
    """
    item: Schema = document["paths"][operation.path]
    node: Schema = item[operation.method.lower()]
    declared = _declared(document, item, node)
    if any(place == "cookie" for _, place in declared):
        raise NoTranslationError("cookie")
    plans: dict[Where, dict[str, TextPlan]] = {where: {} for where in Where}
    for parameter in operation.parameters:
        found = declared[parameter.name, parameter.where.value]
        plan = parameter_plan(document, found, parameter, validators)
        plans[parameter.where][parameter.name] = plan
    query = plans[Where.QUERY]
    defaults = {name: plan.default[0] for name, plan in query.items() if plan.default}
    return RequestPlan(
        operation=operation,
        path=tuple(
            (name, plan.read_once if plan.is_array else plan.read)
            for name, plan in plans[Where.PATH].items()
        ),
        query=query,
        headers=tuple(plans[Where.HEADER].values()),
        has_body=operation.has_body,
        body_required=operation.body_required,
        accepts_body=_body(document, node, validators),
        unasked=Accepted(None, MappingProxyType(defaults)),
        may_be_silent=not any(plan.required for plan in query.values()),
    )


def _declared(document: Schema, item: Schema, node: Schema) -> dict[tuple[str, str], Schema]:
    """Find the parameters by name and place; those of the operation come over the path's."""
    found = [
        resolve(document, reference)
        for reference in (*item.get("parameters", ()), *node.get("parameters", ()))
    ]
    return {(one["name"], one["in"]): one for one in found}


def _check_headers(plans: _Plans, headers: Mapping[str, str]) -> None:
    sent = by_declared_name(headers, {plan.name: None for plan in plans})
    for plan in plans:
        if plan.name in sent:
            plan.read_once(sent[plan.name])
        elif plan.required:
            raise DoubtError


def _body(document: Schema, node: Schema, validators: Validators) -> Accepts:
    if "requestBody" not in node:
        return _anything
    content = resolve(document, node["requestBody"])["content"]
    if "schema" not in content[JSON]:
        return _anything
    return validators.of_parsed(content[JSON]["schema"])


def _anything(_: JsonValue) -> bool:
    return True
