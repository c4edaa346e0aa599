"""The world's clock."""

from collections.abc import Mapping
from typing import cast

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.web.control.call import ControlCall, ControlError, ControlHandler
from fiskaly_mockserver.world.clock import ClockError, parse_duration, parse_instant


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


HANDLERS: Mapping[str, ControlHandler] = {"getClock": get_clock, "setClock": set_clock}
