"""The way of a control call, over HTTP or in process.

It is no part of an API's contract, and never journaled.
"""

import asyncio
import inspect
import json
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple, cast

from aiohttp import hdrs, web
from fiskaly_contracts import (
    CheckedRequest,
    Checker,
    Contract,
    JsonValue,
    Operation,
    RequestData,
    Violation,
    Where,
    explain,
)
from fiskaly_contracts.json_value import tokens_of

from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.web.api import JsonObject
from fiskaly_mockserver.web.control.call import MANY, ControlCall, ControlError
from fiskaly_mockserver.web.responses import (
    REASONS,
    Answer,
    JsonResponse,
    response_of,
    to_bytes,
)
from fiskaly_mockserver.web.safety import Safety, Unsafe
from fiskaly_mockserver.web.service import SANDBOX_HEADER, Service
from fiskaly_mockserver.world.garbage import collector_at_rest
from fiskaly_mockserver.world.names import CONTROL_PREFIX

_LOG = logging.getLogger("fiskaly_mockserver.control")


LARGE = 64 * 1024
"""Bytes from which on a body is read beside the loop."""


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

    def __init__(self, service: Service) -> None:
        self._service = service
        self.stopped = asyncio.Event()

    @cached_property
    def contract(self) -> Contract:
        """The control contract; a start can do without it."""
        return Contract.control()

    @cached_property
    def _checker(self) -> Checker:
        return Checker(self.contract)

    async def answer(self, asked: Asked) -> Answer:
        """Return the answer to a call: its result, or why it is refused."""
        # Most servers get no control call, and start without what answers them
        from fiskaly_mockserver.web.control.handlers import CONTROL_HANDLERS  # noqa: PLC0415

        try:
            # An exported world may be large, and the other callers are not left waiting
            if len(asked.body) > LARGE:
                checked = await asyncio.to_thread(self._check_large, asked)
            else:
                checked = self._check(asked)
            call = self._call(asked, checked)
        except ControlError as error:
            return refusal(error)
        try:
            result = CONTROL_HANDLERS[asked.operation_id](call)
            return Answer(200, await result if inspect.isawaitable(result) else result)
        except ControlError as error:
            return refusal(error)
        except DomainError as error:
            return refusal(call.refused(error))
        except Exception:  # noqa: BLE001 - a defect of ours is answered and told
            _LOG.exception("the control call %s failed", asked.operation_id)
            return refusal(ControlError(500, "fiskaly-mockserver itself failed; its log tells why"))

    def _check(self, asked: Asked) -> CheckedRequest:
        """Check a call in whatever thread.

        Raises:
            ControlError: It breaks the control contract.
        """
        checked = self._checker.check(
            RequestData(
                operation_id=asked.operation_id,
                path_parameters=asked.path,
                query=asked.query,
                content_type=asked.content_type,
                body=asked.body,
                headers={} if asked.sandbox is None else {SANDBOX_HEADER: asked.sandbox},
            )
        )
        _demand_accepted(checked)
        return checked

    def _check_large(self, asked: Asked) -> CheckedRequest:
        with collector_at_rest():
            return self._check(asked)

    def _call(self, asked: Asked, checked: CheckedRequest) -> ControlCall:
        operation = self.contract.operations[asked.operation_id]
        return ControlCall(
            service=self._service,
            world=self._service.worlds.get(asked.sandbox if _has_sandbox(operation) else None),
            stopped=self.stopped,
            trusted=asked.trusted,
            path=asked.path,
            query=checked.query,
            body=checked.body if isinstance(checked.body, dict) else {},
            origin=asked.origin,
        )


def _demand_accepted(checked: CheckedRequest) -> None:
    """Refuse what breaks the control contract, also what is merely warned of there."""
    found = checked.refusing or checked.violations
    if not found:
        return
    if found[0].where is Where.MEDIA_TYPE:
        raise ControlError(415, found[0].sentence(), field="Content-Type")
    wrong = [*_in_plain_words(found)]
    raise ControlError(400, explain(wrong), field=".".join(tokens_of(wrong[0].pointer)))


def checked_body(operation_id: str, body: object) -> JsonObject:
    """Check the body of a control call that is written in Python.

    Raises:
        ValueError: It breaks the control contract; the message names the field.
    """
    checked = Checker(Contract.control()).check(
        RequestData(
            operation_id=operation_id,
            content_type="application/json",
            body=json.dumps(body, default=str).encode(),
        )
    )
    try:
        _demand_accepted(checked)
    except ControlError as error:
        raise ValueError(error.message) from error
    return cast("JsonObject", checked.body)


def _has_sandbox(operation: Operation) -> bool:
    """Tell whether an operation speaks of a world; the others make no sandbox either."""
    return any(
        (one.where, one.name) == (Where.HEADER, SANDBOX_HEADER) for one in operation.parameters
    )


def _in_plain_words(found: Sequence[Violation]) -> Iterator[Violation]:
    """Yield violations, in place of branches those of the one that was meant.

    Every branch of this contract has constants that tell it: the branch without a wrong
    one was meant, of several that which fails least. A constant that no branch has is told
    beside the branches, and is enough. In place of a pattern stands what it is for.
    """
    wrong_constants = [one.pointer for one in found if one.rule == "enum"]
    for violation in found:
        fitting = [
            why for _, why in violation.branches if not any(one.rule == "enum" for one in why)
        ]
        if violation.branches and violation.demand:
            yield replace(violation, got_text=_sent(violation))
        elif violation.rule == "unknown-parameter":  # of which the APIs only warn
            call, takes = violation.operation_id, violation.expected
            yield replace(violation, demand=f"is no parameter of {call}, which takes {takes}")
        elif violation.rule == "pattern":
            yield replace(violation, demand=f"should be {violation.expected}")
        elif violation.branches and any(
            pointer.startswith(violation.pointer) for pointer in wrong_constants
        ):
            continue
        elif fitting:
            yield from _in_plain_words(min(fitting, key=len))
        else:
            yield violation


def _sent(violation: Violation) -> str:
    """Return what was sent where no branch fits; the branches know."""
    reasons = (one for _, why in violation.branches for one in why)
    return next((one.got_text for one in reasons if one.pointer == violation.pointer), "")


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


HEALTH = "/health"
MAX_CONTROL_BODY = 256 * 1024 * 1024
"""Bytes of the largest control body: an exported world may be large."""


def control_routes(dispatcher: Dispatcher, safety: Safety) -> list[web.RouteDef]:
    """Return a route for each operation of the control contract, and one for the rest."""
    routes = [
        web.route(
            operation.method,
            CONTROL_PREFIX + operation.path,
            _endpoint_of(operation, dispatcher, safety),
            # A probe such as `wget --spider` asks with HEAD whether the server is up
            **({"allow_head": operation.path == HEALTH} if operation.method == "GET" else {}),
        )
        for operation in dispatcher.contract.operations.values()
    ]
    unknown = _unknown(dispatcher)
    return [
        *routes,
        web.route("*", CONTROL_PREFIX, unknown),
        web.route("*", CONTROL_PREFIX + "/{tail:.*}", unknown),
    ]


def _endpoint_of(
    operation: Operation, dispatcher: Dispatcher, safety: Safety
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        try:
            trusted = safety.demand(operation.operation_id, request.headers, request.scheme)
        except Unsafe as unsafe:
            return response_of(
                refusal(ControlError(unsafe.status, unsafe.message, field=unsafe.field))
            )
        try:
            body = await request.clone(client_max_size=MAX_CONTROL_BODY).read()
        except web.HTTPRequestEntityTooLarge:
            return response_of(
                refusal(ControlError(413, f"the body is over {MAX_CONTROL_BODY} bytes"))
            )
        except (web.RequestPayloadError, ValueError, ConnectionError):
            return response_of(refusal(ControlError(400, "the body cannot be read")))
        asked = Asked(
            operation_id=operation.operation_id,
            path=dict(request.match_info),
            query=tuple(request.rel_url.query.items()),
            content_type=request.headers.get(hdrs.CONTENT_TYPE, ""),
            body=body,
            sandbox=request.headers.get(SANDBOX_HEADER),
            origin=f"{request.scheme}://{request.host}",
            trusted=trusted,
        )
        answer = await dispatcher.answer(asked)
        if _is_long(answer.body):
            return await asyncio.to_thread(_long_response, answer)
        return response_of(answer)

    return serve


def _is_long(body: JsonValue) -> bool:
    """Tell whether a list in it is so long that writing it would hold up the other callers."""
    return isinstance(body, dict) and any(
        len(value) > MANY if isinstance(value, list) else _is_long(value) for value in body.values()
    )


def _long_response(answer: Answer) -> JsonResponse:
    """Write an answer item by item: a thread that writes it at once lets no other one run."""
    return JsonResponse(_written(answer.body), answer.body, status=answer.status)


def _written(value: JsonValue) -> bytes:
    if isinstance(value, list):
        return b"[%b]" % b",".join(map(to_bytes, value))
    if isinstance(value, dict) and _is_long(value):
        members = (b"%b:%b" % (to_bytes(name), _written(one)) for name, one in value.items())
        return b"{%b}" % b",".join(members)
    return to_bytes(value)


def _unknown(
    dispatcher: Dispatcher,
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    known = {
        CONTROL_PREFIX + operation.path: sorted(
            method
            for other in dispatcher.contract.operations.values()
            if other.path == operation.path
            for method in ((other.method, "HEAD") if other.path == HEALTH else (other.method,))
        )
        for operation in dispatcher.contract.operations.values()
    }

    async def serve(request: web.Request) -> web.StreamResponse:
        for path, methods in known.items():
            if _matches(path, request.path):
                error = ControlError(
                    405, f"{path} takes {', '.join(methods)}", allowed=tuple(methods)
                )
                answer = refusal(error)
                headers = {"Allow": ", ".join(methods)}
                return response_of(Answer(answer.status, answer.body, headers))
        error = ControlError(404, "there is no such control route", allowed=tuple(known))
        return response_of(refusal(error))

    return serve


def _matches(template: str, path: str) -> bool:
    parts, given = template.split("/"), path.split("/")
    return len(parts) == len(given) and all(
        part.startswith("{") or part == one for part, one in zip(parts, given, strict=True)
    )
