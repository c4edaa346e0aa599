"""Control of a server in the same process, without a socket between."""

import json
from collections.abc import Callable, Mapping

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.control.client import Body, ControlRefused
from fiskaly_mockserver.web.control.dispatch import Asked
from fiskaly_mockserver.web.responses import Answer

__tracebackhide__ = True
"""For pytest: a test that is refused is shown, not how the refusal came about in here."""


class LocalTransport:
    """Carries control calls to a server in this process, without a socket between.

    Calls are checked as those over HTTP are; only tokens and origins do not matter here.
    """

    def __init__(self, ask: Callable[[Asked], Answer]) -> None:
        self._ask = ask

    def call(
        self,
        operation_id: str,
        *,
        path: Mapping[str, str],
        query: Mapping[str, str],
        body: Body | None,
        sandbox: str | None,
    ) -> JsonValue:
        """Return the JSON of a 200.

        Raises:
            ControlRefused: The call was refused.
        """
        answer = self._ask(
            Asked(
                operation_id=operation_id,
                path=path,
                query=tuple(query.items()),
                body=b"" if body is None else json.dumps(body).encode(),
                sandbox=sandbox,
            )
        )
        if answer.status == 200:  # noqa: PLR2004 - the one status of success
            # As over HTTP: nobody holds an object that the server works on
            copied: JsonValue = json.loads(json.dumps(answer.body))
            return copied
        refused = answer.body if isinstance(answer.body, dict) else {}
        allowed = refused.get("allowed", [])
        raise ControlRefused(
            answer.status,
            str(refused.get("message", "")),
            str(refused.get("field", "")),
            tuple(str(one) for one in allowed) if isinstance(allowed, list) else (),
        )
