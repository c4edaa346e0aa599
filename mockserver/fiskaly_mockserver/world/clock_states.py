"""A world's clock in an exported world.

A clock that stands still is told by its time, one that runs by the seconds it is ahead
of real time, to the millisecond: so a running clock that nobody touched is the same
whenever it is exported. One that runs at another rate drifts, and so does what is told.
"""

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.domain.ports import Clock
from fiskaly_mockserver.world.clock import MAX_SCALE, WorldClock
from fiskaly_mockserver.world.durations import LATEST
from fiskaly_mockserver.world.state_nodes import Node

OFFSET_DIGITS = 3
LEAST_SCALE = 1e-9


class _Gate(Clock):
    """A base that shows one time until it is opened.

    A clock never runs backwards, so one that shows an earlier time than its base has to
    begin there.
    """

    def __init__(self, base: Clock, at: float) -> None:
        self._base = base
        self.at: float | None = at

    def now(self) -> float:
        """Return the one time, or the base's."""
        return self._base.now() if self.at is None else self.at


def write_clock(clock: WorldClock) -> dict[str, JsonValue]:
    """Return how a clock stands, as JSON."""
    state = clock.state()
    if state["frozen"]:
        return {"frozen": True, "now": float(state["now"]), "scale": state["scale"]}
    # Adding zero makes one zero of two
    offset = round(state["offset"], OFFSET_DIGITS) + 0.0
    return {"frozen": False, "offset": offset, "scale": state["scale"]}


def read_clock(node: Node, base: Clock) -> WorldClock:
    """Return the clock that stands so, on another base.

    Raises:
        StateError: A member is missing, unknown, of the wrong kind or out of range.
    """
    frozen = node.member("frozen").truth()
    node.only("frozen", "now" if frozen else "offset", "scale")
    scale = node.member("scale").number(LEAST_SCALE, MAX_SCALE)
    started = base.now()
    if frozen:
        begin = node.member("now").number(0, LATEST)
    else:
        begin = started + node.member("offset").number(-started, LATEST - started)
    gate = _Gate(base, begin)
    clock = WorldClock(gate)
    clock.freeze()
    clock.scale(scale)
    if not frozen:
        gate.at = started
        clock.resume()
    gate.at = None
    return clock
