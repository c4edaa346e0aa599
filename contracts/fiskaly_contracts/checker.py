"""The check of requests and responses against one contract: who judges, and what is wrong.

jsonschema-rs decides, compiled per operation, and says what is wrong, without waiting for anything.
openapi-core is the reference: a test holds the verdicts against it, and it judges in place of
jsonschema-rs where it is told to, or where a contract says what Draft 4 cannot (the shipped ones
do not). Only then is it imported, which takes half a second.
"""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from fiskaly_contracts.body import parse_body
from fiskaly_contracts.compiled.answers import AnswerPlan, answer_plan
from fiskaly_contracts.compiled.requests import (
    RequestPlan,
    body_ids,
    lower,
    lowered,
    path_ids,
    read_body,
    request_plan,
)
from fiskaly_contracts.compiled.validators import Validators
from fiskaly_contracts.document import Contract, Operation, declared_response
from fiskaly_contracts.exchange import (
    JSON,
    CheckedRequest,
    RequestData,
    ResponseData,
    media_type_violation,
    other_media_type,
)
from fiskaly_contracts.fields import loosened
from fiskaly_contracts.json_value import JsonValue
from fiskaly_contracts.schema_errors import Place
from fiskaly_contracts.strictness import NoTranslationError
from fiskaly_contracts.violations import Severity, Violation, Where
from fiskaly_contracts.wording import undocumented, unknown_operation, unreadable, unwanted_body

if TYPE_CHECKING:
    from fiskaly_contracts.authority import Authority

__all__ = ["AnswerPlan", "Checker", "Judge"]

Judge = Literal["jsonschema-rs", "openapi-core"]
T = TypeVar("T")


class Checker:
    """Checks exchanges and values against one contract.

    Keep it: it compiles each operation when it first meets it. Any thread may ask; where
    openapi-core judges, one at a time.

    Args:
        contract: What messages have to keep.
        judge: Who decides. The named stricter rules hold for both.
        loose: Whether body properties that the contract does not know are dropped (A-05).
    """

    def __init__(
        self, contract: Contract, *, judge: Judge = "jsonschema-rs", loose: bool = False
    ) -> None:
        self._contract = contract
        self._compiles = judge == "jsonschema-rs"
        self._loose = loose
        self._validators = Validators(contract.document)
        self._requests: dict[str, RequestPlan | None] = {}
        self._answers: dict[tuple[str, int], AnswerPlan | None] = {}
        self._made: Authority | None = None

    def check(self, data: RequestData) -> CheckedRequest:
        """Check a request: media type, then strict JSON, then everything else; never raises.

        A body that is JSON is parsed once. Unknown query parameters, and unknown properties that
        the contract lets through, come as warnings, dropped properties among the violations; none
        of them refuses. The body of an operation that has none is not looked at.
        """
        try:
            name = data.operation_id
            plan = self._requests.get(name) or self._request_plan(name)
            if plan is not None:
                return plan.check(data, loose=self._loose)
            return self._check_by_reference(data)
        except Exception as error:  # noqa: BLE001 - a checker that crashes would answer 500
            found = (unreadable(data.operation_id, Where.BODY, error),)
            return CheckedRequest(violations=found, refusing=found)

    def response(self, data: ResponseData) -> list[Violation]:
        """Return every breach of the contract in a response; never raises."""
        try:
            return self._response(data)
        except Exception as error:  # noqa: BLE001 - as above
            return [unreadable(data.operation_id, Where.BODY, error)]

    def answer(
        self,
        operation_id: str,
        status: int,
        value: JsonValue,
        headers: Mapping[str, str] | None = None,
    ) -> list[Violation]:
        """Return every breach of the contract in an answer yet to be written; never raises.

        Args:
            operation_id: The operation that was called.
            status: The HTTP status.
            value: The body; None for no body where the contract describes none.
            headers: The headers by name, or None to leave declared headers unchecked.
        """
        try:
            return self._answer(operation_id, status, value, headers)
        except Exception as error:  # noqa: BLE001 - as above
            return [unreadable(operation_id, Where.BODY, error)]

    def accepts_answer(
        self,
        operation_id: str,
        status: int,
        value: JsonValue,
        headers: Mapping[str, str] | None,
    ) -> bool:
        """Tell whether `answer` would find nothing."""
        plan = self.answer_plan(operation_id, status)
        if plan is None:
            return not self.answer(operation_id, status, value, headers)
        return plan.accepts(value) and (headers is None or plan.accepts_headers(headers))

    def answer_plan(self, operation_id: str, status: int) -> AnswerPlan | None:
        """Return the compiled check of an answer, to be kept by who checks many of a kind.

        None means that the contract has no such answer, or that openapi-core judges it.
        """
        key = operation_id, status
        if key not in self._answers:
            self._answers[key] = self._compiled(
                operation_id,
                lambda operation: answer_plan(
                    self._contract.document, operation, status, self._validators
                ),
            )
        return self._answers[key]

    def value(self, schema: str, value: JsonValue) -> list[Violation]:
        """Check a value against `components.schemas[schema]`, as if a client sent it.

        Raises:
            LookupError: The contract has no such schema.
        """
        components: Any = self._contract.document["components"]
        node = components["schemas"][schema]
        try:
            compiled = self._validators.of(node) if self._compiles else None
        except NoTranslationError:
            compiled = None
        if compiled is None:
            return self._reference.value(schema, value)
        return compiled.violations_built(value, Place(where=Where.BODY))

    def request(self, data: RequestData) -> list[Violation]:
        """Return all that `check` finds, as `response` does of an answer."""
        return list(self.check(data).violations)

    # ------------------------------------------------------------------ requests

    def _request_plan(self, operation_id: str) -> RequestPlan | None:
        if operation_id not in self._requests:
            self._requests[operation_id] = self._compiled(
                operation_id,
                lambda operation: request_plan(
                    self._contract.document, operation, self._validators
                ),
            )
        return self._requests[operation_id]

    def _check_by_reference(self, data: RequestData) -> CheckedRequest:
        operation = self._contract.operations.get(data.operation_id)
        if operation is None:
            unknown = (unknown_operation(data.operation_id),)
            return CheckedRequest(violations=unknown, refusing=unknown)
        body: JsonValue = None
        sent = operation.has_body and bool(data.body)
        if sent or operation.body_required:
            body, refusing = read_body(data.operation_id, data)
            if refusing:
                return CheckedRequest(violations=refusing, refusing=refusing)
        dropped: list[Violation] = []
        if self._loose and sent:
            document, schema = self._contract.document, operation.body_schema
            body, dropped = loosened(document, schema, body, data.operation_id)
            data = data._replace(body=json.dumps(body).encode()) if dropped else data
        found = self._reference.request(data)
        errors = tuple(one for one in found if one.severity is Severity.ERROR)
        if errors:
            return CheckedRequest(body, violations=(*dropped, *found), refusing=errors)
        lower(body, body_ids(self._contract.document, [operation.body_schema]))
        path = lowered(data.path_parameters, path_ids(operation))
        return CheckedRequest(body, operation.query(data.query), path, (*dropped, *found))

    # ------------------------------------------------------------------ answers

    def _response(self, data: ResponseData) -> list[Violation]:
        name = data.operation_id
        plan = self.answer_plan(name, data.status)
        if plan is None:
            return self._unplanned(name, data.status) or self._reference.response(data)
        headers = [] if data.headers is None else plan.header_violations(data.headers)
        if not plan.has_body:
            body = [unwanted_body(name, len(data.body))] if data.body else []
            return [*body, *headers]
        if plan.media_type:
            wrong = other_media_type(name, plan.media_type, data.content_type)
            return headers if wrong is None else [wrong, *headers]
        if data.body and data.content_type != JSON:
            wrong = media_type_violation(name, data.content_type)
            if wrong is not None:
                return [wrong, *headers]
        value, refused = parse_body(name, data.body)
        return [*(refused or plan.body_violations(value)), *headers]

    def _answer(
        self,
        operation_id: str,
        status: int,
        value: JsonValue,
        headers: Mapping[str, str] | None,
    ) -> list[Violation]:
        plan = self.answer_plan(operation_id, status)
        if plan is None:
            written = b"" if value is None else json.dumps(value).encode()
            data = ResponseData(operation_id, status, JSON, written, headers)
            return self._unplanned(operation_id, status) or self._reference.response(data)
        found = [] if headers is None else plan.header_violations(headers)
        if plan.accepts(value):
            return found
        if not plan.has_body:
            return [unwanted_body(operation_id, len(json.dumps(value))), *found]
        return [*plan.built_violations(value), *found]

    def _unplanned(self, operation_id: str, status: int) -> list[Violation]:
        """Report an answer that the contract does not know; [] leaves it to openapi-core."""
        operation = self._contract.operations.get(operation_id)
        if operation is None:
            return [unknown_operation(operation_id)]
        if declared_response(self._contract.document, operation, status) is None:
            return [undocumented(operation, status)]
        return []

    # ------------------------------------------------------------------ who judges

    def _compiled(self, operation_id: str, plan: Callable[[Operation], T]) -> T | None:
        """Compile something of an operation; None for what only openapi-core can decide."""
        operation = self._contract.operations.get(operation_id)
        if operation is None or not self._compiles:
            return None
        try:
            return plan(operation)
        except (NoTranslationError, LookupError):
            return None

    @property
    def _reference(self) -> "Authority":
        if self._made is None:
            from fiskaly_contracts.authority import Authority  # noqa: PLC0415 - see above

            self._made = Authority(self._contract)
        return self._made
