"""Named states to come back to, and sandboxes."""

from collections.abc import Mapping

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.web.control.call import DONE, ControlCall, ControlError, ControlHandler
from fiskaly_mockserver.world.snapshots import TooManySnapshots, UnknownSnapshot
from fiskaly_mockserver.world.worlds import UnknownSandbox


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


HANDLERS: Mapping[str, ControlHandler] = {
    "listSnapshots": list_snapshots,
    "saveSnapshot": save_snapshot,
    "restoreSnapshot": restore_snapshot,
    "dropSnapshot": drop_snapshot,
    "listSandboxes": list_sandboxes,
    "dropSandbox": drop_sandbox,
}
