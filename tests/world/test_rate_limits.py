"""A principal may call so often within a window of the world's time."""

import pytest
from fiskaly_mockserver.world.rate_limits import RateLimit, RateWindows
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = 1_760_000_000.0


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("10/s", RateLimit(10, 1)),
        ("100/min", RateLimit(100, 60)),
        ("1000/h", RateLimit(1000, 3600)),
    ],
)
def test_a_limit_is_a_number_for_each_window(text: str, limit: RateLimit) -> None:
    assert RateLimit.parse(text) == limit


@pytest.mark.parametrize(
    "text", ["", "10", "/s", "0/s", "00/min", "-1/s", "1.5/s", "10/m", "10/ s", "10/day", "9" * 20]
)
def test_what_is_no_limit_is_refused_with_the_allowed_forms(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no rate limit: .*10/s, 100/min or 1000/h"):
        RateLimit.parse(text)


def test_without_a_limit_everything_is_allowed() -> None:
    windows = RateWindows()
    assert [windows.check("a", NOW) for _ in range(1000)] == [None] * 1000


def test_the_request_over_the_limit_waits_for_the_windows_end() -> None:
    windows = RateWindows(RateLimit(2, 60))
    assert windows.check("a", NOW) is None
    assert windows.check("a", NOW + 20) is None
    assert windows.check("a", NOW + 45) == 15
    assert windows.check("a", NOW + 59.5) == 0.5
    assert windows.check("a", NOW + 60) is None


def test_a_window_opens_with_its_first_request() -> None:
    windows = RateWindows(RateLimit(1, 60))
    windows.check("a", NOW)
    assert windows.check("a", NOW + 90) is None
    assert windows.check("a", NOW + 120) == 30


def test_principals_do_not_share_a_window() -> None:
    windows = RateWindows(RateLimit(1, 60))
    assert [windows.check(one, NOW) for one in ("a", "b", "a")] == [None, None, 60]


def test_a_reset_forgets_what_was_used() -> None:
    windows = RateWindows(RateLimit(1, 60))
    windows.check("a", NOW)
    windows.reset()
    assert windows.check("a", NOW) is None


def test_a_clock_before_the_window_opens_another() -> None:
    windows = RateWindows(RateLimit(1, 60))
    windows.check("a", NOW + 1_000_000)
    assert windows.check("a", NOW) is None
    assert windows.check("a", NOW) == 60


def test_a_copy_goes_its_own_way() -> None:
    windows = RateWindows(RateLimit(2, 60))
    windows.check("a", NOW)
    twin = windows.copy()
    assert twin.check("a", NOW) is None
    assert twin.check("a", NOW) == 60
    assert windows.check("a", NOW) is None


@settings(derandomize=True, database=None, deadline=None, max_examples=100)
@given(
    st.integers(1, 4),
    st.sampled_from([1, 60]),
    st.lists(st.floats(0, 30, allow_nan=False), max_size=40),
)
def test_who_waits_as_told_is_let_in_and_nobody_earlier(
    requests: int, window: int, gaps: list[float]
) -> None:
    windows = RateWindows(RateLimit(requests, window))
    now, allowed = NOW, 0
    for gap in gaps:
        now += gap
        wait = windows.check("a", now)
        if wait is None:
            allowed += 1
        else:
            assert 0 < wait <= window
            assert windows.copy().check("a", now + wait / 2) is not None
            assert windows.copy().check("a", now + wait) is None
    assert allowed <= requests * (1 + (now - NOW) / window)
