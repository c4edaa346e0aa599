"""Reading the body of a request, as far as it can be read."""

from aiohttp import web
from fiskaly_contracts import Operation, Violation, Where

from fiskaly_mockserver.web.answers import coded_error

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
