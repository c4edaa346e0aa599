"""One function per control operation, by operationId."""

from collections.abc import Mapping

from fiskaly_mockserver.web.control import clock, faults, journal, server, snapshots, state
from fiskaly_mockserver.web.control.call import ControlHandler

CONTROL_HANDLERS: Mapping[str, ControlHandler] = {
    **server.HANDLERS,
    **state.HANDLERS,
    **snapshots.HANDLERS,
    **clock.HANDLERS,
    **faults.HANDLERS,
    **journal.HANDLERS,
}
