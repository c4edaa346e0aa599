"""Our server with openapi-core asked about every message, as a plain fake would ask it."""

import sys
from collections.abc import Mapping
from dataclasses import replace

from fiskaly_contracts import (
    Accepted,
    AnswerPlan,
    Checker,
    Contract,
    JsonValue,
    RequestData,
    ResponseData,
    Severity,
    parse_body,
)
from fiskaly_contracts.authority import Authority
from fiskaly_fixtures import generate_from
from fiskaly_mockserver.server.compose import compose
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.web import endpoint
from fiskaly_mockserver.web.app import create_app
from fiskaly_mockserver.web.responses import CONTENT_TYPE, to_bytes

from benchmarks.mix import SIZE
from benchmarks.servers.loop import serve


class Uncompiled(Checker):
    """Asks openapi-core about every request, and about every answer if told so.

    Answers are else checked by the compiled plans, as our server does.
    """

    def __init__(self, contract: Contract, *, answers: bool) -> None:
        super().__init__(contract)
        self._operations = contract.operations
        self._openapi_core = Authority(contract)
        self._answers = answers

    def accepted(self, data: RequestData) -> Accepted | None:
        """Ask openapi-core, in the loop's thread as a plain fake does."""
        found = self._openapi_core.request(data)
        if any(one.severity is Severity.ERROR for one in found):
            return None
        operation = self._operations[data.operation_id]
        body = parse_body(data.operation_id, data.body).value if data.body else None
        return Accepted(body=body, query=operation.query(data.query), warnings=tuple(found))

    def answer_plan(self, operation_id: str, status: int) -> AnswerPlan | None:
        """Return no plan where openapi-core is to be asked about the whole answer."""
        return None if self._answers else super().answer_plan(operation_id, status)

    def accepts_answer(
        self,
        operation_id: str,
        status: int,
        value: JsonValue,
        headers: Mapping[str, str] | None,
    ) -> bool:
        """Ask openapi-core, if told so."""
        if not self._answers:
            return super().accepts_answer(operation_id, status, value, headers)
        data = ResponseData(
            operation_id=operation_id,
            status=status,
            content_type=CONTENT_TYPE,
            body=to_bytes(value),
            headers=headers,
        )
        return not self._openapi_core.response(data)


def main() -> None:
    """Serve on the port of the first argument; the others are what is checked."""
    endpoint.MOST_TARGETS = 0  # no verdict is remembered: each costs what it costs
    config = ServerConfig(size=SIZE)
    service = compose(config, generate_from(config))
    checker = Uncompiled(service.contract, answers="answers" in sys.argv[2:])
    serve(create_app(replace(service, checker=checker)), int(sys.argv[1]))


if __name__ == "__main__":
    main()
