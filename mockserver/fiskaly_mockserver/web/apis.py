"""Every API that the server has: to add one is one entry here, and its folder."""

from fiskaly_mockserver.web.api import Api, ApiSource
from fiskaly_mockserver.web.management.api import management_api
from fiskaly_mockserver.world.names import BASE_PATH, MANAGEMENT, SIGN_DE, SIGN_DE_PATH


def apis(
    *, sign_de: bool = True, backend: bool = False, limits: bool = False
) -> tuple[ApiSource, ...]:
    """Return the APIs, SIGN DE if it is wanted, as `sign_de_api` has it.

    What lies under no base path is answered as the first would.
    """

    def load_sign_de() -> Api:
        # Many servers are never asked to sign anything, and start without it
        from fiskaly_mockserver.web.sign_de.api import sign_de_api  # noqa: PLC0415

        return sign_de_api(backend=backend, limits=limits)

    management = ApiSource(MANAGEMENT, BASE_PATH, management_api)
    return (management, ApiSource(SIGN_DE, SIGN_DE_PATH, load_sign_de))[: 1 + sign_de]
