"""Every API that the server has: to add one is one line here, and its folder."""

from fiskaly_mockserver.web.api import Api
from fiskaly_mockserver.web.management.api import management_api
from fiskaly_mockserver.web.sign_de.api import sign_de_api

SIGN_DE = "sign-de"
"""The name of SIGN DE among the APIs."""


def apis(*, sign_de: bool = True, backend: bool = False, limits: bool = False) -> tuple[Api, ...]:
    """Return the APIs, SIGN DE if it is wanted, as `sign_de_api` has it.

    What lies under no base path is answered as the first would.
    """
    if not sign_de:
        return (management_api(),)
    return (management_api(), sign_de_api(backend=backend, limits=limits))
