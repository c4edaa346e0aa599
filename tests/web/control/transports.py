"""Controls of a server over both transports, every answer checked against the control contract."""

import json
from collections.abc import Callable, Mapping

from fiskaly_contracts import Checker, Contract, JsonValue, ResponseData
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.client import Body, Control, Transport
from fiskaly_mockserver.control.transports import HttpTransport


class Checked:
    """A transport that demands answers as the control contract describes them."""

    def __init__(self, transport: Transport, checker: Checker) -> None:
        self._transport = transport
        self._checker = checker

    def call(
        self,
        operation_id: str,
        *,
        path: Mapping[str, str],
        query: Mapping[str, str],
        body: Body | None,
        sandbox: str | None,
    ) -> JsonValue:
        answer = self._transport.call(
            operation_id, path=path, query=query, body=body, sandbox=sandbox
        )
        response = ResponseData(
            operation_id=operation_id,
            status=200,
            content_type="application/json; charset=utf-8",
            body=json.dumps(answer).encode(),
        )
        assert self._checker.response(response) == []
        return answer


def local(server: MockServer) -> Transport:
    """Return the transport of the server object."""
    return server.control._transport


def over_http(server: MockServer) -> Transport:
    """Return the transport of somebody else's process."""
    return HttpTransport(server.control_url)


TRANSPORTS: Mapping[str, Callable[[MockServer], Transport]] = {
    "in process": local,
    "over HTTP": over_http,
}


def checked(transport: Transport) -> Control:
    """Return a control whose answers are checked."""
    return Control(Checked(transport, Checker(Contract.control())))
