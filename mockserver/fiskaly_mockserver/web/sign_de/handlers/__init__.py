"""One function per operation of SIGN DE, by operationId."""

from collections.abc import Mapping

from fiskaly_mockserver.web.api import Handler
from fiskaly_mockserver.web.sign_de.handlers import transactions, tss

HANDLERS: Mapping[str, Handler] = {**tss.HANDLERS, **transactions.HANDLERS}
