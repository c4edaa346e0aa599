"""The check of requests and responses: compiled for the good ones, the authority for the rest.

The compiled check accepts alone and never refuses alone. What it does not accept goes to
`authority`, which is imported at the first refusal: that takes half a second, once.
"""

from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING

from fiskaly_contracts.body import parsed
from fiskaly_contracts.compiled.answers import AnswerPlan
from fiskaly_contracts.compiled.plans import Plans
from fiskaly_contracts.document import Contract
from fiskaly_contracts.exchange import Accepted, RequestData, ResponseData
from fiskaly_contracts.json_value import JsonValue
from fiskaly_contracts.loosen import Loosener
from fiskaly_contracts.media_types import JSON, media_type_violation
from fiskaly_contracts.violations import Violation

if TYPE_CHECKING:
    from fiskaly_contracts.authority import Authority

__all__ = ["Accepted", "AnswerPlan", "Checker"]


class Checker:
    """Checks exchanges and values against one contract.

    Keep it: it compiles each operation when it first meets it. Any thread may ask, also while
    another waits for the authority.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._plans = Plans(contract)
        self._authority: Authority | None = None
        self._one_at_a_time = Lock()

    def request(self, data: RequestData) -> list[Violation]:
        """Return every breach of the contract in a request; never raises.

        Unknown query parameters come as warnings. The body of an operation that has none is not
        looked at, since real clients send `{}` with a GET (Source: recorded).
        """
        accepted = self.accepted(data)
        if accepted is not None:
            return list(accepted.warnings)
        with self._one_at_a_time:
            return self._asked().request(data)

    def response(self, data: ResponseData) -> list[Violation]:
        """Return every breach of the contract in a response; never raises."""
        if self._accepts_response(data):
            return []
        with self._one_at_a_time:
            return self._asked().response(data)

    def value(self, schema: str, value: JsonValue) -> list[Violation]:
        """Check a value against `components.schemas[schema]`, as if a client sent it.

        Raises:
            LookupError: The contract has no such schema.
        """
        accepts = self._plans.value(schema)
        try:
            if accepts is not None and accepts(value):
                return []
        except Exception:  # noqa: BLE001, S110 - the authority will say what it is
            pass
        with self._one_at_a_time:
            return self._asked().value(schema, value)

    def loosen(self, operation_id: str, value: JsonValue) -> tuple[JsonValue, list[Violation]]:
        """Return the body without properties the contract does not know, and what was dropped.

        Source: assumption (A-05).

        Raises:
            LookupError: The contract has no such operation.
        """
        operation = self._contract.operations[operation_id]
        return Loosener(self._contract.document, operation_id).loosen(value, operation.body_schema)

    def accepted(self, data: RequestData) -> Accepted | None:
        """Return what a request that is sure to be right comes to, within microseconds.

        None means that `request` must be asked, which may find nothing wrong. Imports nothing and
        never raises.
        """
        try:
            plan = self._plans.request(data.operation_id)
            return None if plan is None else plan.accepted(data)
        except Exception:  # noqa: BLE001 - whatever it is, the authority will say it
            return None

    def answer_plan(self, operation_id: str, status: int) -> AnswerPlan | None:
        """Return the compiled check of an answer, to be kept by who checks many of a kind.

        None means that the contract has no such answer, or one that cannot be compiled.
        """
        return self._plans.answer(operation_id, status)

    def accepts_answer(
        self,
        operation_id: str,
        status: int,
        value: JsonValue,
        headers: Mapping[str, str] | None,
    ) -> bool:
        """Tell whether an answer, yet to be written as JSON, is sure to be right.

        False means that `response` must be asked, which may find nothing wrong.

        Args:
            operation_id: The operation that was called.
            status: The HTTP status.
            value: The body; None for no body where the contract describes none.
            headers: The headers by name, or None to leave declared headers unchecked.
        """
        plan = self._plans.answer(operation_id, status)
        if plan is None or not plan.accepts(value):
            return False
        return headers is None or plan.accepts_headers(headers)

    def _accepts_response(self, data: ResponseData) -> bool:
        plan = self._plans.answer(data.operation_id, data.status)
        if plan is None:
            return False
        if data.headers is not None and not plan.accepts_headers(data.headers):
            return False
        if not plan.has_body:
            return not data.body
        if data.content_type != JSON and media_type_violation("", data.content_type):
            return False
        try:
            return plan.accepts(parsed(data.body))
        except (ValueError, RecursionError):
            return False

    def _asked(self) -> "Authority":
        if self._authority is None:
            from fiskaly_contracts.authority import Authority  # noqa: PLC0415 - see above

            self._authority = Authority(self._contract)
        return self._authority
