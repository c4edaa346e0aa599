"""One function per control operation, by operationId."""

from collections.abc import Mapping

from fiskaly_mockserver.web.control import about, journal, snapshots, state, time_and_faults
from fiskaly_mockserver.web.control.call import ControlHandler

CONTROL_HANDLERS: Mapping[str, ControlHandler] = {
    **about.HANDLERS,
    **state.HANDLERS,
    **snapshots.HANDLERS,
    **time_and_faults.HANDLERS,
    **journal.HANDLERS,
}
