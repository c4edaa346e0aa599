"""All plans of one contract, each made when it is first asked for: a tenth of a millisecond."""

from typing import Any

from fiskaly_contracts.compiled.answers import AnswerPlan, answer_plan
from fiskaly_contracts.compiled.patterns import NoTranslationError
from fiskaly_contracts.compiled.requests import RequestPlan, request_plan
from fiskaly_contracts.compiled.validators import Accepts, Validators
from fiskaly_contracts.document import Contract


class Plans:
    """The plans of one contract; None stands for what only the authority can decide.

    Any thread may ask: the worst is that two make the same plan.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._validators = Validators(contract.document)
        self._requests: dict[str, RequestPlan | None] = {}
        self._answers: dict[tuple[str, int], AnswerPlan | None] = {}
        self._values: dict[str, Accepts | None] = {}

    def request(self, operation_id: str) -> RequestPlan | None:
        """Return the plan of an operation's requests."""
        try:
            return self._requests[operation_id]
        except KeyError:
            return self._make_request(operation_id)

    def answer(self, operation_id: str, status: int) -> AnswerPlan | None:
        """Return the plan of an operation's answers with a status."""
        try:
            return self._answers[operation_id, status]
        except KeyError:
            return self._make_answer(operation_id, status)

    def value(self, schema: str) -> Accepts | None:
        """Return the check of what a client would send for `components.schemas[schema]`.

        Raises:
            LookupError: The contract has no such schema.
        """
        if schema not in self._values:
            components: Any = self._contract.document["components"]
            node = components["schemas"][schema]
            try:
                self._values[schema] = self._validators.of_built(node, writing=True)
            except NoTranslationError:
                self._values[schema] = None
        return self._values[schema]

    def _make_request(self, operation_id: str) -> RequestPlan | None:
        operation = self._contract.operations.get(operation_id)
        if operation is None:
            return None
        try:
            plan = request_plan(self._contract.document, operation, self._validators)
        except (NoTranslationError, LookupError):
            plan = None
        self._requests[operation_id] = plan
        return plan

    def _make_answer(self, operation_id: str, status: int) -> AnswerPlan | None:
        operation = self._contract.operations.get(operation_id)
        if operation is None:
            return None
        try:
            plan = answer_plan(self._contract.document, operation, status, self._validators)
        except (NoTranslationError, LookupError):
            plan = None
        self._answers[operation_id, status] = plan
        return plan
