"""Clocks never run backwards."""

import time

import pytest
from fiskaly_mockserver.world.clock import FrozenClock, SystemClock


def test_a_frozen_clock_stands_still() -> None:
    clock = FrozenClock(100.0)
    assert [clock.now(), clock.now()] == [100.0, 100.0]


def test_a_frozen_clock_moves_forward_by_what_it_is_told() -> None:
    clock = FrozenClock(100.0)
    clock.advance(0.5)
    clock.advance(0)
    clock.advance(10)
    assert clock.now() == 110.5


@pytest.mark.parametrize("seconds", [-1, -0.001, float("-inf")])
def test_a_frozen_clock_refuses_to_go_back_and_stays(seconds: float) -> None:
    clock = FrozenClock(100.0)
    with pytest.raises(ValueError, match="never runs backwards"):
        clock.advance(seconds)
    assert clock.now() == 100.0


@pytest.mark.parametrize("seconds", [float("nan"), float("inf")])
def test_a_frozen_clock_keeps_to_real_times(seconds: float) -> None:
    clock = FrozenClock(100.0)
    with pytest.raises(ValueError, match="never runs backwards"):
        clock.advance(seconds)
    assert clock.now() == 100.0


def test_the_system_clock_starts_at_the_machines_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 5_000.0)
    monkeypatch.setattr(time, "monotonic", lambda: 70.0)
    assert SystemClock().now() == 5_000.0


def test_the_system_clock_goes_on_when_the_machines_time_is_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "time", lambda: 5_000.0)
    monkeypatch.setattr(time, "monotonic", lambda: 70.0)
    clock = SystemClock()
    monkeypatch.setattr(time, "time", lambda: 1_000.0)
    monkeypatch.setattr(time, "monotonic", lambda: 71.5)
    assert clock.now() == 5_001.5
