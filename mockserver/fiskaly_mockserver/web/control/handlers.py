"""One function per control operation, by operationId.

Those of the account's state, and of the journal, have files of their own.
"""

import asyncio
from collections.abc import Mapping
from typing import cast

from fiskaly_contracts import Contract, JsonValue
from fiskaly_contracts.wording import did_you_mean

from fiskaly_mockserver.web.control import journal, state
from fiskaly_mockserver.web.control.call import DONE, ControlCall, ControlError, ControlHandler
from fiskaly_mockserver.world.clock import ClockError, parse_duration, parse_instant
from fiskaly_mockserver.world.faults import (
    Contradiction,
    FaultError,
    UnknownFault,
    UnknownTarget,
)
from fiskaly_mockserver.world.faults.recipes import RECIPES
from fiskaly_mockserver.world.faults.rules import FaultRule
from fiskaly_mockserver.world.names import SIGN_DE, shown
from fiskaly_mockserver.world.snapshots import TooManySnapshots, UnknownSnapshot
from fiskaly_mockserver.world.worlds import UnknownSandbox


def get_health(call: ControlCall) -> JsonValue:
    """Tell that the server is up, and what it serves.

    Preset and seed are for those who may control it: every seeded secret derives from them.
    """
    return {
        "status": "ok",
        **call.service.about,
        "preset": call.world.preset if call.trusted else None,
        "seed": call.world.seed if call.trusted else None,
        "interception": (call.service.interception or None) if call.trusted else None,
    }


def get_contract(call: ControlCall) -> JsonValue:
    """Show the Management API's document, with the address it was asked under."""
    contract = call.service.contract
    return contract.served_at(call.origin + contract.base_path)


def get_sign_de_contract(call: ControlCall) -> JsonValue:
    """Show SIGN DE's document, with the address it was asked under."""
    contract = call.service.contract_of(SIGN_DE)
    if contract is None:
        raise ControlError(404, "SIGN DE is not served: the server was started without it")
    return contract.served_at(call.origin + contract.base_path)


def get_control_contract(call: ControlCall) -> JsonValue:
    """Show the control routes' document, with the address it was asked under."""
    contract = Contract.control()
    return contract.served_at(call.origin + contract.base_path)


def get_clock(call: ControlCall) -> JsonValue:
    """Tell the world's time."""
    return {**call.world.clock.state()}  # type: ignore[dict-item]


def set_clock(call: ControlCall) -> JsonValue:
    """Freeze, set, advance, scale or resume the time."""
    clock = call.world.clock
    (change, value), *_ = call.body.items()
    try:
        match change:
            case "freeze":
                clock.freeze(None if value is True else parse_instant(str(value)))
            case "set":
                clock.set(parse_instant(str(value)))
            case "advance":
                clock.advance(parse_duration(cast("str | float", value)))
            case "scale":
                clock.scale(cast("float", value))
            case _:
                clock.resume()
    except ClockError as error:
        raise ControlError(409, str(error), field=change) from error
    except ValueError as error:
        raise ControlError(400, str(error), field=change) from error
    return get_clock(call)


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


def list_fault_recipes(_: ControlCall) -> JsonValue:
    """List the named outages."""
    return {"recipes": [recipe.as_json() for recipe in RECIPES.values()]}


def arm_fault_recipe(call: ControlCall) -> JsonValue:
    """Arm the faults of a named outage, all or none."""
    name = call.path["name"]
    recipe = RECIPES.get(name)
    if recipe is None:
        near = did_you_mean(name, RECIPES)
        message = f"name is {shown(name)}, but there is no such recipe{near}"
        raise ControlError(404, message, field="name", allowed=tuple(RECIPES))
    try:
        return {"faults": [armed.as_json() for armed in call.world.faults.arm_all(recipe.rules)]}
    except FaultError as error:
        raise ControlError(409, str(error), field="name") from error


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


def list_snapshots(call: ControlCall) -> JsonValue:
    """List the names of the snapshots."""
    return {"snapshots": [*call.world.snapshots()]}


def save_snapshot(call: ControlCall) -> JsonValue:
    """Keep the present state under a name."""
    try:
        call.world.snapshot(call.text("name"))
    except TooManySnapshots as error:
        raise ControlError(409, str(error), field="name") from error
    return dict(DONE)


def restore_snapshot(call: ControlCall) -> JsonValue:
    """Return to a snapshot."""
    try:
        call.world.restore(call.path["name"])
    except UnknownSnapshot as error:
        raise _unknown_snapshot(call, error) from error
    return dict(DONE)


def drop_snapshot(call: ControlCall) -> JsonValue:
    """Forget a snapshot."""
    try:
        call.world.drop_snapshot(call.path["name"])
    except UnknownSnapshot as error:
        raise _unknown_snapshot(call, error) from error
    return dict(DONE)


def explain_qr_code(call: ControlCall) -> JsonValue:
    """Name the fields of a receipt's QR code, verify it, and look for its transaction."""
    # It brings the cryptography, which no other control call needs
    from fiskaly_mockserver.world import qr_codes  # noqa: PLC0415

    return qr_codes.explain_qr_code(call.text("qr_code_data"), call.world.rows)


async def list_receipts(call: ControlCall) -> JsonValue:
    """List the finished transactions of a TSS with their QR codes, each verified."""
    from fiskaly_mockserver.world import qr_codes  # noqa: PLC0415 - as above

    tss_id = call.path["tss_id"].lower()
    if call.world.rows.tss.get(tss_id) is None:
        raise ControlError(
            404, f"tss_id is {shown(tss_id)}, but there is no such TSS", field="tss_id"
        )
    limit = cast("int", call.query["limit"])
    # Each takes a verification, so that many would hold up the other callers
    receipts = await asyncio.to_thread(qr_codes.receipts_of, call.world.fork().rows, tss_id, limit)
    return {"receipts": receipts}


def list_sandboxes(call: ControlCall) -> JsonValue:
    """List the sandboxes, and those that were reclaimed."""
    worlds = call.service.worlds
    return {
        "sandboxes": [facts._asdict() for facts in worlds.describe()],
        "limit": worlds.limit,
        "reclaimed": [*worlds.reclaimed.names],
        "reclaimed_count": worlds.reclaimed.count,
    }


def drop_sandbox(call: ControlCall) -> JsonValue:
    """Drop a sandbox."""
    worlds = call.service.worlds
    try:
        worlds.drop(call.path["name"])
    except UnknownSandbox as error:
        raise ControlError(404, str(error), field="name", allowed=worlds.names()) from error
    return dict(DONE)


def _unknown_snapshot(call: ControlCall, error: UnknownSnapshot) -> ControlError:
    return ControlError(404, str(error), field="name", allowed=call.world.snapshots())


CONTROL_HANDLERS: Mapping[str, ControlHandler] = {
    "getHealth": get_health,
    "getContract": get_contract,
    "getSignDeContract": get_sign_de_contract,
    "getControlContract": get_control_contract,
    "getClock": get_clock,
    "setClock": set_clock,
    "listFaults": list_faults,
    "armFault": arm_fault,
    "listFaultRecipes": list_fault_recipes,
    "armFaultRecipe": arm_fault_recipe,
    "clearFaults": clear_faults,
    "clearFault": clear_fault,
    "listSnapshots": list_snapshots,
    "saveSnapshot": save_snapshot,
    "restoreSnapshot": restore_snapshot,
    "dropSnapshot": drop_snapshot,
    "explainQrCode": explain_qr_code,
    "listReceipts": list_receipts,
    "listSandboxes": list_sandboxes,
    "dropSandbox": drop_sandbox,
    **state.HANDLERS,
    **journal.HANDLERS,
}
