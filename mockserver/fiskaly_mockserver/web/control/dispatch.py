"""The way of a control call, over HTTP or in process."""

import asyncio
import inspect
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from fiskaly_contracts import (
    Checker,
    Contract,
    JsonValue,
    Operation,
    RequestData,
    Severity,
    Violation,
    Where,
    explain,
    media_type_violation,
    parse_body,
)

from fiskaly_mockserver.domain.account.errors import DomainError
from fiskaly_mockserver.web.contract_check import Explainer
from fiskaly_mockserver.web.control.call import ControlCall, ControlError, ControlHandler
from fiskaly_mockserver.web.management.errors import answer_to
from fiskaly_mockserver.web.responses import REASONS, Answer
from fiskaly_mockserver.web.sandboxes import SANDBOX_HEADER
from fiskaly_mockserver.web.service import Service

_LOG = logging.getLogger("fiskaly_mockserver.control")


class Asked(NamedTuple):
    """A control call as it came, before it is checked."""

    operation_id: str
    path: Mapping[str, str]
    query: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"
    body: bytes = b""
    sandbox: str | None = None
    origin: str = ""
    trusted: bool = True


class Dispatcher:
    """Checks control calls against the control contract and hands them on.

    Setting `stopped` ends every wait at once.
    """

    def __init__(
        self,
        service: Service,
        contract: Contract,
        handlers: Mapping[str, ControlHandler],
        explainer: Explainer,
    ) -> None:
        self.contract = contract
        self._explainer = explainer
        self._service = service
        self._handlers = handlers
        self._checker = Checker(contract)
        self.stopped = asyncio.Event()

    async def answer(self, asked: Asked) -> Answer:
        """Return the answer to a call: its result, or why it is refused."""
        try:
            call = await self._checked(asked)
            result = self._handlers[asked.operation_id](call)
            return Answer(200, await result if inspect.isawaitable(result) else result)
        except ControlError as error:
            return refusal(error)
        except DomainError as error:
            refused = answer_to(error)
            message = refused.body["message"] if isinstance(refused.body, dict) else ""
            return refusal(ControlError(refused.status, str(message)))
        except Exception:  # noqa: BLE001 - a defect of ours is answered and told
            _LOG.exception("the control call %s failed", asked.operation_id)
            return refusal(ControlError(500, "fiskaly-mockserver itself failed; its log tells why"))

    async def _checked(self, asked: Asked) -> ControlCall:
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
        await self._demand_accepted(
            RequestData(
                operation_id=asked.operation_id,
                path_parameters=asked.path,
                query=asked.query,
                content_type=asked.content_type,
                body=asked.body,
                headers={} if asked.sandbox is None else {SANDBOX_HEADER: asked.sandbox},
            )
        )
        spoken_of = asked.sandbox if _has_sandbox(operation) else None
        return ControlCall(
            service=self._service,
            world=self._service.worlds.get(spoken_of),
            stopped=self.stopped,
            trusted=asked.trusted,
            path=asked.path,
            query=operation.query(asked.query),
            body=value if isinstance(value, dict) else {},
            origin=asked.origin,
        )

    async def _demand_accepted(self, data: RequestData) -> None:
        """Refuse what breaks the control contract, also what is merely warned of there."""
        accepted = self._checker.accepted(data)
        if accepted is not None and not accepted.warnings:
            return
        violations = await self._explainer.ask(partial(self._checker.request, data))
        errors = [one for one in violations if one.severity is Severity.ERROR]
        wrong_parts = [*_meant(errors or violations)]
        if wrong_parts:
            raise ControlError(400, explain(wrong_parts), field=_field_of(wrong_parts[0]))


def _has_sandbox(operation: Operation) -> bool:
    """Tell whether an operation speaks of a world; the others make no sandbox either."""
    return any(
        (one.where, one.name) == (Where.HEADER, SANDBOX_HEADER) for one in operation.parameters
    )


def _meant(violations: Iterable[Violation]) -> Iterator[Violation]:
    """Yield the violations in plain words, in place of branches those of the one that was meant.

    Every branch of this contract has constants that tell it: the branch without a wrong
    one was meant, of several that which fails least. A constant that no branch has is told
    beside the branches, and is enough.
    """
    told = [*violations]
    wrong_constants = [one.pointer for one in told if one.rule == "enum"]
    for violation in told:
        fitting = [
            why for _, why in violation.branches if not any(one.rule == "enum" for one in why)
        ]
        if violation.branches and violation.demand:
            yield replace(violation, got_text=_sent(violation))
        elif violation.rule == "pattern":
            yield replace(violation, demand=f"should be {violation.expected}")
        elif violation.branches and any(
            pointer.startswith(violation.pointer) for pointer in wrong_constants
        ):
            continue
        elif fitting:
            fewest = min(len(why) for why in fitting)
            yield from _meant(next(why for why in fitting if len(why) == fewest))
        else:
            yield violation


def _sent(violation: Violation) -> str:
    """Return what was sent where no branch fits; the branches know."""
    reasons = (one for _, why in violation.branches for one in why)
    return next((one.got_text for one in reasons if one.pointer == violation.pointer), "")


def _field_of(violation: Violation) -> str:
    """Return the place in a body as `effect.status`, or the name of a parameter."""
    tokens = violation.pointer.split("/")[1:]
    return ".".join(token.replace("~1", "/").replace("~0", "~") for token in tokens)


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


class LaterHandlers(Mapping[str, ControlHandler]):
    """The same as `CONTROL_HANDLERS`, which is not imported before somebody looks."""

    def __getitem__(self, operation_id: str) -> ControlHandler:
        """Return the handler of an operation."""
        return self._all()[operation_id]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the operationIds."""
        return iter(self._all())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._all())

    def _all(self) -> Mapping[str, ControlHandler]:
        from fiskaly_mockserver.web.control.registry import (  # noqa: PLC0415 - see above
            CONTROL_HANDLERS,
        )

        return CONTROL_HANDLERS
