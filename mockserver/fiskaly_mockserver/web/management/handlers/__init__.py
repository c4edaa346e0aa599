"""One function per operation, by operationId."""

from collections.abc import Mapping

from fiskaly_mockserver.web.api import Handler
from fiskaly_mockserver.web.management.handlers import (
    api_keys,
    auth,
    billing_addresses,
    organizations,
    users,
)

HANDLERS: Mapping[str, Handler] = {
    **auth.HANDLERS,
    **organizations.HANDLERS,
    **api_keys.HANDLERS,
    **users.HANDLERS,
    **billing_addresses.HANDLERS,
}
