"""Every API that the server has: to add one is one line here, and its folder."""

from fiskaly_mockserver.web.api import Api
from fiskaly_mockserver.web.management.api import management_api
from fiskaly_mockserver.web.sign_de.api import sign_de_api


def apis() -> tuple[Api, ...]:
    """Return the APIs; what lies under no base path is answered as the first would."""
    return (management_api(), sign_de_api())
