"""The contract check of requests and answers."""

import asyncio
from collections.abc import Callable
from concurrent import futures
from functools import partial
from typing import NamedTuple, TypeVar

from aiohttp import hdrs, web
from fiskaly_contracts import (
    Checker,
    JsonValue,
    Operation,
    RequestData,
    ResponseData,
    Severity,
    Violation,
    Where,
    explain,
    media_type_violation,
    parse_body,
)

from fiskaly_mockserver.web.responses import Answer, JsonResponse, coded_error, to_bytes

T = TypeVar("T")


class Explainer:
    """One thread for questions that take milliseconds, the first one half a second.

    The authority on a contract is imported when it is first asked, as is what runs the thread.
    """

    def __init__(self) -> None:
        self._made: futures.ThreadPoolExecutor | None = None

    async def ask(self, question: Callable[[], T]) -> T:
        """Return the answer to a question, which is about nothing that may change meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(self._executor(), question)

    def close(self) -> None:
        """End the thread; what it is busy with is waited for."""
        if self._made is not None:
            self._made.shutdown(cancel_futures=True)

    def _executor(self) -> futures.ThreadPoolExecutor:
        if self._made is None:
            self._made = futures.ThreadPoolExecutor(1, thread_name_prefix="fiskaly-explainer")
        return self._made


class CheckedBody(NamedTuple):
    """What the body says, and what is to be said against it."""

    value: JsonValue = None
    violations: tuple[Violation, ...] = ()
    refusal: Answer | None = None


class Checks(NamedTuple):
    """Asks the compiled check, which takes microseconds, and the authority where that says no.

    With `loose`, properties that the contract does not know are dropped from bodies.
    """

    checker: Checker
    explainer: Explainer
    loose: bool = False

    async def doubtful(self, operation: Operation, data: RequestData) -> CheckedBody:
        """Check a request that was not accepted at once; what refuses it comes as an answer."""
        return await self.explainer.ask(partial(self._checked, operation, data))

    def accepts(self, operation_id: str, response: web.StreamResponse) -> bool:
        """Tell whether an answer is sure to obey the contract."""
        if not isinstance(response, JsonResponse):
            return False
        if response.accepted_by is not None:
            return response.accepted_by.accepts_own_headers(response.headers)
        return self.checker.accepts_answer(
            operation_id, response.status, response.value, response.headers
        )

    async def breaches(
        self, operation_id: str, response: web.StreamResponse
    ) -> tuple[Violation, ...]:
        """Return what is wrong with an answer of ours that was not accepted at once."""
        body = response.body if isinstance(response, web.Response) else b""
        data = ResponseData(
            operation_id=operation_id,
            status=response.status,
            content_type=response.headers.get(hdrs.CONTENT_TYPE, ""),
            body=body if isinstance(body, bytes) else b"",
            headers=dict(response.headers),
        )
        return tuple(await self.explainer.ask(partial(self.checker.response, data)))

    def _checked(self, operation: Operation, data: RequestData) -> CheckedBody:
        value: JsonValue = None
        dropped: list[Violation] = []
        if operation.has_body and data.body:
            wrong_type = media_type_violation(data.operation_id, data.content_type)
            if wrong_type is not None:
                refusal = coded_error(415, "E_UNSUPPORTED_MEDIA_TYPE", explain([wrong_type]))
                return CheckedBody(violations=(wrong_type,), refusal=refusal)
            parsed = parse_body(data.operation_id, data.body)
            if parsed.violations:
                return _refused(parsed.violations)
            value = parsed.value
            if self.loose:
                value, dropped = self.checker.loosen(data.operation_id, value)
                data = data._replace(body=to_bytes(value))
        violations = (*dropped, *self.checker.request(data))
        refusing = [
            one
            for one in violations
            if one.severity is Severity.ERROR and not any(one is drop for drop in dropped)
        ]
        return _refused(violations, refusing) if refusing else CheckedBody(value, violations)


def _refused(violations: tuple[Violation, ...], said: list[Violation] | None = None) -> CheckedBody:
    """Refuse with the API's shape and every failing field and rule (A-07)."""
    message = explain(violations if said is None else said)
    return CheckedBody(
        violations=violations, refusal=coded_error(400, "E_FAILED_SCHEMA_VALIDATION", message)
    )


MAX_BODY = 1024 * 1024
"""Bytes of the largest body that is read. Source: assumption (A-35)."""


class BodyRefused(Exception):
    """A body that could not even be read; it carries the whole answer."""

    def __init__(self, status: int, code: str, violation: Violation) -> None:
        super().__init__(code)
        self.violation = violation
        self.answer = coded_error(status, code, violation.sentence())


async def body_of(request: web.Request, operation: Operation) -> bytes:
    """Read the body of an operation that has one.

    Raises:
        BodyRefused: It is too large, or cannot be read.
    """
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        violation = Violation(
            where=Where.BODY,
            pointer="",
            rule="max-size",
            expected=f"at most {MAX_BODY} bytes",
            operation_id=operation.operation_id,
        )
        raise BodyRefused(413, "E_PAYLOAD_TOO_LARGE", violation) from None
    except (web.RequestPayloadError, ValueError, ConnectionError) as error:
        violation = Violation(
            where=Where.BODY,
            pointer="",
            rule="encoding",
            expected="a body in the encoding that its headers name",
            operation_id=operation.operation_id,
        )
        raise BodyRefused(400, "E_FAILED_SCHEMA_VALIDATION", violation) from error
