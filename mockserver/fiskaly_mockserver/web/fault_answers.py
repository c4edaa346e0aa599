"""What faults make of answers."""

import json

from aiohttp import web

from fiskaly_mockserver.web.answers import (
    REASONS,
    Answer,
    authentication_error,
    coded_error,
    to_bytes,
    uncoded_error,
)
from fiskaly_mockserver.web.broken_answers import (
    ConnectionReset,
    EmptyReply,
    NoAnswer,
    SlowAnswer,
    TruncatedAnswer,
    Waiting,
    bytes_of,
)
from fiskaly_mockserver.web.responses import response_of
from fiskaly_mockserver.world.fault_effects import (
    AnswerStatus,
    Effect,
    Kind,
    Plain,
    PlainKind,
    SlowBody,
    TruncatedBody,
)

CODES = {
    400: "E_FAILED_SCHEMA_VALIDATION",
    403: "E_ACCESS_DENIED",
    413: "E_PAYLOAD_TOO_LARGE",
    415: "E_UNSUPPORTED_MEDIA_TYPE",
    429: "E_TOO_MANY_REQUESTS",
}
"""The codes of the contract that do not depend on the operation; others have none."""


def altered_by(effect: Effect, response: web.Response, waiting: Waiting) -> web.Response:
    """Return the answer that an effect leaves of a response."""
    match effect:
        case AnswerStatus():
            return _with_status(effect)
        case SlowBody(seconds=seconds):
            return SlowAnswer(response, seconds, waiting)
        case TruncatedBody(bytes=size):
            whole = len(bytes_of(response))
            return TruncatedAnswer(response, whole // 2 if size is None else min(size, whole - 1))
        case Plain(kind):
            return _altered_plainly(kind, response, waiting)


def _altered_plainly(kind: PlainKind, response: web.Response, waiting: Waiting) -> web.Response:
    match kind:
        case Kind.MALFORMED_JSON:
            return _with_body(response, malformed(bytes_of(response)))
        case Kind.BROKEN_CONTRACT:
            return _with_body(response, out_of_contract(bytes_of(response)))
        case Kind.EMPTY_REPLY:
            return EmptyReply()
        case Kind.CONNECTION_RESET:
            return ConnectionReset()
        case Kind.NO_ANSWER:
            return NoAnswer(waiting)
        case Kind.UNAUTHORIZED | Kind.EXPIRED_TOKEN:
            return response_of(authentication_error(401, REASONS[401]))


def malformed(body: bytes) -> bytes:
    """Return the first half of an object's JSON, cut between two characters."""
    return body[: max(1, len(body) // 2)].decode("utf-8", "ignore").encode()


def out_of_contract(body: bytes) -> bytes:
    """Return an object's JSON without its first field, and with null in its second.

    The first field of every answer of the API is required, and none may be null.
    """
    value = json.loads(body)
    fields = list(value.items())[1:] if isinstance(value, dict) else []
    broken = {name: None if at == 0 else old for at, (name, old) in enumerate(fields)}
    return to_bytes(broken)


def _with_status(effect: AnswerStatus) -> web.Response:
    response = response_of(_error(effect))
    for name, value in effect.headers.items():
        response.headers[name] = value
    return response


def _error(effect: AnswerStatus) -> Answer:
    status = effect.status
    code = effect.code or CODES.get(status)
    message = REASONS[status] if effect.message is None else effect.message
    if code is not None:
        return coded_error(status, code, message)
    if status == web.HTTPUnauthorized.status_code:
        return authentication_error(status, message)
    return uncoded_error(status, message)


def _with_body(response: web.Response, body: bytes) -> web.Response:
    return web.Response(
        status=response.status, reason=response.reason, headers=response.headers, body=body
    )
