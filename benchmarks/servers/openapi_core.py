"""Our server with openapi-core asked about every message, as a plain fake would ask it."""

import sys
from dataclasses import replace

from fiskaly_contracts import CheckedRequest, Checker, Contract, RequestData
from fiskaly_fixtures import generate_from
from fiskaly_mockserver.server.compose import compose
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.server.listening import create_app
from fiskaly_mockserver.web import endpoint
from fiskaly_mockserver.web.service import ServedApi

from benchmarks.mix import SIZE
from benchmarks.servers.loop import serve


class Uncompiled(Checker):
    """Asks openapi-core about every request, in the loop's thread as a plain fake does.

    Answers are checked by the compiled plans, as our server does.
    """

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self._openapi_core = Checker(contract, judge="openapi-core")

    def check(self, data: RequestData) -> CheckedRequest:
        """Ask openapi-core."""
        return self._openapi_core.check(data)


def main() -> None:
    """Serve on the port of the first argument; the others are what is checked."""
    endpoint.MOST_TARGETS = 0  # no verdict is remembered: each costs what it costs
    config = ServerConfig(size=SIZE)
    service = compose(config, generate_from(config))
    if "answers" in sys.argv[2:]:
        checker = Checker(service.contract, judge="openapi-core")
    else:
        checker = Uncompiled(service.contract)
    apis = (ServedApi(service.apis[0], lambda _: checker),)
    serve(create_app(replace(service, apis=apis)), int(sys.argv[1]))


if __name__ == "__main__":
    main()
