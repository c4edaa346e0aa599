"""A world's time stands still, jumps and hurries on demand, and never runs backwards."""

from collections.abc import Callable

import pytest
from fiskaly_mockserver.world.clock import LATEST, ClockError, FrozenClock, WorldClock
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

START = 1_760_000_000.0
RELAXED = settings(derandomize=True, database=None, deadline=None, max_examples=100)


class LooseClock:
    """A base clock that a test sets as it likes, backwards too."""

    def __init__(self, at: float = START) -> None:
        self.at = at

    def now(self) -> float:
        return self.at


@pytest.fixture
def base() -> FrozenClock:
    return FrozenClock(START)


@pytest.fixture
def clock(base: FrozenClock) -> WorldClock:
    return WorldClock(base)


def test_it_shows_its_bases_time_at_first(base: FrozenClock, clock: WorldClock) -> None:
    base.advance(5)
    assert clock.now() == START + 5


def test_frozen_it_stands_still(base: FrozenClock, clock: WorldClock) -> None:
    clock.freeze()
    base.advance(5)
    assert clock.now() == START


def test_it_is_frozen_at_a_later_time(base: FrozenClock, clock: WorldClock) -> None:
    clock.freeze(START + 100)
    base.advance(5)
    assert clock.now() == START + 100


def test_set_while_it_runs_it_goes_on_from_there(base: FrozenClock, clock: WorldClock) -> None:
    clock.set(START + 100)
    base.advance(5)
    assert clock.now() == START + 105


def test_set_while_it_is_frozen_it_stays_frozen(base: FrozenClock, clock: WorldClock) -> None:
    clock.freeze()
    clock.set(START + 100)
    base.advance(5)
    assert clock.now() == START + 100


def test_it_is_advanced_while_it_runs(base: FrozenClock, clock: WorldClock) -> None:
    clock.advance(90_000)
    base.advance(5)
    assert clock.now() == START + 90_005


def test_it_is_advanced_while_it_is_frozen(base: FrozenClock, clock: WorldClock) -> None:
    clock.freeze()
    clock.advance(90_000)
    base.advance(5)
    assert clock.now() == START + 90_000


def test_resumed_it_goes_on_from_where_it_stood(base: FrozenClock, clock: WorldClock) -> None:
    clock.freeze()
    base.advance(50)
    clock.resume()
    base.advance(5)
    assert clock.now() == START + 5


def test_resuming_a_running_clock_changes_nothing(base: FrozenClock, clock: WorldClock) -> None:
    clock.advance(10)
    clock.resume()
    base.advance(5)
    assert clock.now() == START + 15


def test_scaled_it_runs_so_many_times_as_fast(base: FrozenClock, clock: WorldClock) -> None:
    base.advance(10)
    clock.scale(60)
    base.advance(5)
    clock.scale(0.5)
    base.advance(5)
    assert clock.now() == START + 10 + 300 + 2.5


def test_an_advance_is_not_scaled(clock: WorldClock) -> None:
    clock.scale(60)
    clock.advance(10)
    assert clock.now() == START + 10


def test_scaled_while_it_is_frozen_it_hurries_once_resumed(
    base: FrozenClock, clock: WorldClock
) -> None:
    clock.freeze()
    clock.scale(60)
    base.advance(5)
    assert clock.now() == START
    clock.resume()
    base.advance(5)
    assert clock.now() == START + 300


def test_it_tells_how_it_stands(base: FrozenClock, clock: WorldClock) -> None:
    assert clock.state() == {
        "now": START,
        "iso": "2025-10-09T08:53:20Z",
        "frozen": False,
        "scale": 1.0,
        "offset": 0.0,
    }
    clock.scale(10)
    clock.freeze(START + 100.5)
    base.advance(0.5)
    assert clock.state() == {
        "now": START + 100.5,
        "iso": "2025-10-09T08:55:00.500000Z",
        "frozen": True,
        "scale": 10.0,
        "offset": 100.0,
    }


def test_a_reset_returns_to_the_bases_time_and_rate(base: FrozenClock, clock: WorldClock) -> None:
    clock.scale(10)
    clock.freeze(START + 100)
    clock.reset()
    base.advance(5)
    assert clock.state() == WorldClock(base).state()


def test_a_copy_goes_its_own_way(base: FrozenClock, clock: WorldClock) -> None:
    clock.scale(10)
    clock.freeze(START + 100)
    twin = clock.copy()
    assert twin.state() == clock.state()
    twin.resume()
    base.advance(5)
    assert (clock.now(), twin.now()) == (START + 100, START + 150)
    clock.reset()
    assert twin.now() == START + 150


@pytest.mark.parametrize(
    ("move", "to"),
    [
        ("set", START - 1),
        ("set", float("nan")),
        ("set", float("-inf")),
        ("freeze", START - 0.001),
        ("advance", -1),
        ("advance", float("nan")),
    ],
)
@pytest.mark.parametrize("state", ["running", "frozen"])
def test_backwards_is_refused_and_changes_nothing(
    clock: WorldClock, state: str, move: str, to: float
) -> None:
    if state == "frozen":
        clock.freeze()
    before = clock.state()
    with pytest.raises(ClockError, match="never runs backwards"):
        getattr(clock, move)(to)
    assert clock.state() == before


def test_a_refusal_tells_the_present_time_and_the_one_asked_for(clock: WorldClock) -> None:
    with pytest.raises(
        ClockError, match=r"shows 2025-10-09T08:53:20Z .* is after 2025-10-09T08:53:15Z"
    ):
        clock.set(START - 5)


@pytest.mark.parametrize(
    ("move", "to"),
    [
        ("set", LATEST + 1),
        ("set", float("inf")),
        ("freeze", 1e300),
        ("advance", LATEST),
        ("advance", float("inf")),
    ],
)
def test_beyond_the_year_9999_is_refused_and_changes_nothing(
    clock: WorldClock, move: str, to: float
) -> None:
    before = clock.state()
    with pytest.raises(ClockError, match="the clock ends at 9999-12-31T23:59:59Z"):
        getattr(clock, move)(to)
    assert clock.state() == before


@pytest.mark.parametrize("factor", [0, -1, 1_000_001, float("nan"), float("inf")])
def test_a_scale_out_of_bounds_is_refused_and_changes_nothing(
    clock: WorldClock, factor: float
) -> None:
    before = clock.state()
    with pytest.raises(ClockError, match="above 0 and at most 1000000"):
        clock.scale(factor)
    assert clock.state() == before


def test_a_hurried_clock_stops_at_the_end_of_time(base: FrozenClock, clock: WorldClock) -> None:
    clock.scale(1_000_000)
    base.advance(1_000_000)
    assert clock.now() == LATEST
    assert clock.state()["iso"] == "9999-12-31T23:59:59Z"


class TickingClock:
    """A base clock that moves on by a millisecond at each reading."""

    def __init__(self) -> None:
        self.readings = 0

    def now(self) -> float:
        self.readings += 1
        return START + self.readings / 1_000


@pytest.mark.parametrize("scale", [1, 60, 1_000_000])
@pytest.mark.parametrize("seconds", [0, 1])
def test_a_moving_clock_is_advanced_at_one_reading(scale: float, seconds: float) -> None:
    base = TickingClock()
    clock = WorldClock(base)
    clock.scale(scale)
    before, read = clock.now(), base.readings
    clock.advance(seconds)
    assert base.readings == read + 1
    assert clock.now() == pytest.approx(before + seconds + 2 * scale / 1_000)


def test_it_follows_another_clock_into_the_past(base: FrozenClock, clock: WorldClock) -> None:
    clock.scale(10)
    early = clock.copy()
    clock.freeze(START + 100)
    clock.follow(early)
    base.advance(5)
    assert clock.state() == early.state()
    assert clock.now() == START + 50


def test_it_does_not_follow_a_base_that_is_set_back() -> None:
    base = LooseClock()
    clock = WorldClock(base)
    base.at += 50
    assert clock.now() == START + 50
    base.at -= 20
    assert clock.now() == START + 50
    clock.advance(1)
    assert clock.now() == START + 51
    clock.reset()
    assert clock.now() == START + 30


class ClockMachine(RuleBasedStateMachine):
    """Whatever is done to a clock, and however its base behaves: it never runs backwards."""

    def __init__(self) -> None:
        super().__init__()
        self.base = LooseClock()
        self.clock = WorldClock(self.base)
        self.shown = self.clock.now()

    @rule(seconds=st.floats(-100, 1_000_000))
    def time_passes(self, seconds: float) -> None:
        self.base.at += seconds

    @rule(seconds=st.one_of(st.none(), st.floats(-1_000, 1_000_000)))
    def freeze(self, seconds: float | None) -> None:
        self._try(lambda: self.clock.freeze(None if seconds is None else self.shown + seconds))

    @rule(at=st.floats(allow_nan=True, allow_infinity=True))
    def set_anywhere(self, at: float) -> None:
        self._try(lambda: self.clock.set(at))

    @rule(seconds=st.floats(-1_000, 1_000_000))
    def set_near(self, seconds: float) -> None:
        self._try(lambda: self.clock.set(self.shown + seconds))

    @rule(seconds=st.floats(-10, 1e9))
    def advance(self, seconds: float) -> None:
        frozen, before = self.clock.state()["frozen"], self.clock.now()
        self._try(lambda: self.clock.advance(seconds))
        assert self.clock.state()["frozen"] == frozen
        if seconds >= 0 and before + seconds <= LATEST:
            assert self.clock.now() == before + seconds

    @rule()
    def resume(self) -> None:
        self.clock.resume()

    @rule(factor=st.floats(0, 2_000_000))
    def scale(self, factor: float) -> None:
        self._try(lambda: self.clock.scale(factor))

    @rule()
    def go_on_as_a_copy(self) -> None:
        before = self.clock.state()
        self.clock = self.clock.copy()
        assert self.clock.state() == before

    @rule()
    def reset(self) -> None:
        self.clock.reset()
        self.shown = self.clock.now()
        assert self.shown == self.base.at

    @invariant()
    def never_runs_backwards(self) -> None:
        now = self.clock.now()
        assert self.shown <= now <= LATEST
        self.shown = now

    def _try(self, action: Callable[[], None]) -> None:
        before = self.clock.state()
        try:
            action()
        except ClockError:
            assert self.clock.state() == before


TestNeverBackwards = ClockMachine.TestCase
TestNeverBackwards.settings = settings(RELAXED, max_examples=50, stateful_step_count=30)


@RELAXED
@given(st.floats(0.001, 1_000_000), st.lists(st.floats(0, 1_000), max_size=10))
def test_scaled_time_passes_in_proportion(factor: float, steps: list[float]) -> None:
    base = FrozenClock(START)
    clock = WorldClock(base)
    clock.scale(factor)
    for step in steps:
        base.advance(step)
        clock.now()
    expected = min(START + (base.now() - START) * factor, LATEST)
    assert clock.now() == pytest.approx(expected)
