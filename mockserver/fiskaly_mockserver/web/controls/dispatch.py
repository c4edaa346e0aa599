"""The way of a control call, over HTTP or in process."""

import asyncio
import inspect
from collections.abc import Mapping
from dataclasses import dataclass

from fiskaly_contracts import (
    Checker,
    Contract,
    JsonValue,
    RequestData,
    Severity,
    explain,
    media_type_violation,
    parse_body,
)

from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.web.answers import REASONS, Answer
from fiskaly_mockserver.web.controls.call import ControlCall, ControlError, ControlHandler
from fiskaly_mockserver.web.errors import answer_to
from fiskaly_mockserver.web.service import Service

SANDBOX_HEADER = "X-Mock-Sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A control call as it came, before it is checked."""

    operation_id: str
    path: Mapping[str, str]
    query: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"
    body: bytes = b""
    sandbox: str | None = None
    origin: str = ""


class Dispatcher:
    """Checks control calls against the control contract and hands them on.

    Setting `stopped` ends every wait at once.
    """

    def __init__(
        self, service: Service, contract: Contract, handlers: Mapping[str, ControlHandler]
    ) -> None:
        self.contract = contract
        self._service = service
        self._handlers = handlers
        self._checker = Checker(contract)
        self.stopped = asyncio.Event()

    async def answer(self, asked: Asked) -> Answer:
        """Return the answer to a call: its result, or why it is refused."""
        try:
            call = self._checked(asked)
            result = self._handlers[asked.operation_id](call)
            return Answer(200, await result if inspect.isawaitable(result) else result)
        except ControlError as error:
            return refusal(error)
        except DomainError as error:
            refused = answer_to(error)
            message = refused.body["message"] if isinstance(refused.body, dict) else ""
            return refusal(ControlError(refused.status, str(message)))

    def _checked(self, asked: Asked) -> ControlCall:
        operation = self.contract.operations[asked.operation_id]
        value: JsonValue = {}
        if operation.has_body and asked.body:
            wrong = media_type_violation(asked.operation_id, asked.content_type)
            if wrong is not None:
                raise ControlError(415, wrong.sentence(), field="Content-Type")
            parsed = parse_body(asked.operation_id, asked.body)
            if parsed.violations:
                raise ControlError(400, explain(parsed.violations))
            value = parsed.value
        violations = self._checker.request(
            RequestData(
                operation_id=asked.operation_id,
                path_parameters=asked.path,
                query=asked.query,
                content_type=asked.content_type,
                body=asked.body,
                headers={} if asked.sandbox is None else {SANDBOX_HEADER: asked.sandbox},
            )
        )
        errors = [one for one in violations if one.severity is Severity.ERROR]
        if errors:
            raise ControlError(400, explain(errors), field=errors[0].pointer)
        unknown = [one for one in violations if one.severity is Severity.WARNING]
        if unknown:
            raise ControlError(400, explain(unknown), field=unknown[0].pointer)
        return ControlCall(
            service=self._service,
            world=self._service.worlds.get(asked.sandbox),
            stopped=self.stopped,
            path=asked.path,
            query=operation.query(asked.query),
            body=value if isinstance(value, dict) else {},
            origin=asked.origin,
        )


def refusal(error: ControlError) -> Answer:
    """Return a refusal in the control API's own shape."""
    body: dict[str, JsonValue] = {
        "error": REASONS.get(error.status, "Error"),
        "message": error.message,
    }
    if error.field:
        body["field"] = error.field
    if error.allowed:
        body["allowed"] = list(error.allowed)
    return Answer(error.status, body)
