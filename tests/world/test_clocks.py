"""Clocks never run backwards."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import time_machine
from fiskaly_mockserver.world.clock import FrozenClock, RealTime, SystemClock
from freezegun import freeze_time


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
    monkeypatch.setattr(RealTime, "time", lambda: 5_000.0)
    monkeypatch.setattr(RealTime, "monotonic", lambda: 70.0)
    assert SystemClock().now() == 5_000.0


def test_the_system_clock_goes_on_when_the_machines_time_is_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(RealTime, "time", lambda: 5_000.0)
    monkeypatch.setattr(RealTime, "monotonic", lambda: 70.0)
    clock = SystemClock()
    monkeypatch.setattr(RealTime, "time", lambda: 1_000.0)
    monkeypatch.setattr(RealTime, "monotonic", lambda: 71.5)
    assert clock.now() == 5_001.5


def _now(folder: Path) -> float:
    """Return the wall clock's time by way of the file system, which nobody patches."""
    (folder / "now").write_text("")
    return (folder / "now").stat().st_mtime


FREEZERS = [
    pytest.param(lambda: freeze_time("2086-01-01"), id="freezegun"),
    pytest.param(lambda: freeze_time("1970-01-02", tick=True), id="freezegun-ticking"),
    pytest.param(lambda: time_machine.travel(3_660_000_000, tick=False), id="time-machine"),
    pytest.param(lambda: time_machine.travel(86_400), id="time-machine-ticking"),
]


@pytest.mark.parametrize("freezer", FREEZERS)
def test_the_system_clock_shows_real_time_whatever_is_frozen(freezer: Any, tmp_path: Path) -> None:
    before = SystemClock()
    with freezer():
        begun_inside = SystemClock()
        first = begun_inside.now()
        while begun_inside.now() == first:
            pass
        shown = (before.now(), begun_inside.now())
        perf_counter = RealTime.perf_counter()
        assert RealTime.perf_counter() >= perf_counter > 0
    assert shown == pytest.approx((_now(tmp_path),) * 2, abs=60)


IMPORTED_INSIDE = """
{freeze}:
    from fiskaly_mockserver.world.clock import RealTime, SystemClock
    print(SystemClock().now(), SystemClock().now() < RealTime.time() + 60)
    first = RealTime.monotonic()
    while RealTime.monotonic() == first:
        pass
"""


@pytest.mark.parametrize(
    "freeze",
    [
        "import freezegun\nwith freezegun.freeze_time('1971-01-01')",
        "import time_machine\nwith time_machine.travel('1971-01-01', tick=False)",
    ],
    ids=["freezegun", "time-machine"],
)
def test_it_does_so_even_if_it_is_imported_in_a_frozen_test(freeze: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED_INSIDE.format(freeze=freeze)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    shown, within = done.stdout.split()
    assert within == "True"
    assert float(shown) == pytest.approx(_now(tmp_path), abs=600)
