"""What happened in a world, newest last, in a ring of bounded size."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from fiskaly_contracts import Severity, Violation

CAPACITY = 1_000


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request and what became of it. Never holds a header, a body or a token.

    `at` is in unix seconds of the world's clock, `duration` in real seconds. `refusal`
    names the domain error that refused the call, as `NotTheAdmin (R4)`. `crash` is the
    traceback of a defect of the fake itself.
    """

    request_id: str
    at: float
    method: str
    path: str
    operation_id: str = ""
    status: int = 0
    duration: float = 0.0
    violations: tuple[Violation, ...] = ()
    response_violations: tuple[Violation, ...] = ()
    refusal: str = ""
    crash: str = field(default="", repr=False)

    @property
    def breaches(self) -> tuple[Violation, ...]:
        """The client's violations that refuse a request: all but the warnings."""
        return tuple(one for one in self.violations if one.severity is Severity.ERROR)

    @property
    def is_our_fault(self) -> bool:
        """Tell whether the fake itself crashed or broke the contract."""
        return bool(self.crash or self.response_violations)


class Journal:
    """The latest exchanges of a world, and those in which the fake itself was wrong.

    The second kind is kept apart, so that no flood of traffic hides it.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._exchanges: deque[Exchange] = deque(maxlen=capacity)
        self._defects: deque[Exchange] = deque(maxlen=capacity)

    def __len__(self) -> int:
        return len(self._exchanges)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(tuple(self._exchanges))

    @property
    def defects(self) -> tuple[Exchange, ...]:
        """The exchanges in which the fake itself was wrong."""
        return tuple(self._defects)

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange, and let the oldest go if there is no room."""
        self._exchanges.append(exchange)
        if exchange.is_our_fault:
            self._defects.append(exchange)

    def clear(self) -> None:
        """Forget everything."""
        self._exchanges.clear()
        self._defects.clear()
