"""Faults: what goes wrong on demand."""

from collections.abc import Mapping

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.web.control.call import DONE, ControlCall, ControlError, ControlHandler
from fiskaly_mockserver.world.faults import (
    Contradiction,
    FaultError,
    UnknownFault,
    UnknownTarget,
)
from fiskaly_mockserver.world.faults.rules import FaultRule

_STATUSES: Mapping[type[FaultError], int] = {UnknownTarget: 404, Contradiction: 409}
"""What is answered to rules in which every field by itself obeys the control contract."""


def list_faults(call: ControlCall) -> JsonValue:
    """List the armed faults."""
    return {"faults": [armed.as_json() for armed in call.world.faults.armed()]}


def arm_fault(call: ControlCall) -> JsonValue:
    """Arm a fault."""
    try:
        return call.world.faults.arm(FaultRule.from_json(call.body)).as_json()
    except FaultError as error:
        status = next((one for kind, one in _STATUSES.items() if isinstance(error, kind)), 400)
        raise ControlError(status, str(error), field=error.field, allowed=error.allowed) from error


def clear_faults(call: ControlCall) -> JsonValue:
    """Disarm every fault."""
    call.world.faults.clear()
    return dict(DONE)


def clear_fault(call: ControlCall) -> JsonValue:
    """Disarm one fault."""
    try:
        call.world.faults.clear(call.path["fault_id"])
    except UnknownFault as error:
        raise ControlError(404, str(error), field=error.field, allowed=error.allowed) from error
    return dict(DONE)


HANDLERS: Mapping[str, ControlHandler] = {
    "listFaults": list_faults,
    "armFault": arm_fault,
    "clearFaults": clear_faults,
    "clearFault": clear_fault,
}
