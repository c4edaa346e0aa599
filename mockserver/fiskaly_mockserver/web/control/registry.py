"""One function per control operation, by operationId; here those about the server itself."""

from collections.abc import Mapping

from fiskaly_contracts import Contract, JsonValue

from fiskaly_mockserver.web.control import clock, faults, journal, snapshots, state
from fiskaly_mockserver.web.control.call import ControlCall, ControlHandler


def get_health(call: ControlCall) -> JsonValue:
    """Tell that the server is up, and what it serves.

    Preset and seed are for those who may control it: every seeded secret derives from them.
    """
    return {
        "status": "ok",
        **call.service.about,
        "preset": call.world.preset if call.trusted else None,
        "seed": call.world.seed if call.trusted else None,
    }


def get_contract(call: ControlCall) -> JsonValue:
    """Show the Management API's document, with the address it was asked under."""
    contract = call.service.contract
    return contract.served_at(call.origin + contract.base_path)


def get_control_contract(call: ControlCall) -> JsonValue:
    """Show the control routes' document, with the address it was asked under."""
    contract = Contract.control()
    return contract.served_at(call.origin + contract.base_path)


CONTROL_HANDLERS: Mapping[str, ControlHandler] = {
    "getHealth": get_health,
    "getContract": get_contract,
    "getControlContract": get_control_contract,
    **state.HANDLERS,
    **snapshots.HANDLERS,
    **clock.HANDLERS,
    **faults.HANDLERS,
    **journal.HANDLERS,
}
