"""Spans and points of time are read as written, or refused with the allowed forms."""

from contextlib import suppress
from typing import Any

import pytest
from fiskaly_mockserver.world.clock import (
    LATEST,
    format_instant,
    parse_duration,
    parse_instant,
)
from hypothesis import given, settings
from hypothesis import strategies as st

RELAXED = settings(derandomize=True, database=None, deadline=None, max_examples=100)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (90, 90.0),
        (1.5, 1.5),
        (0, 0.0),
        ("90", 90.0),
        ("1.5", 1.5),
        ("25h", 90_000.0),
        ("1d2h30m", 95_400.0),
        ("90s", 90.0),
        ("500ms", 0.5),
        ("1m500ms", 60.5),
        ("1.5h", 5_400.0),
        ("30m2h", 9_000.0),
        ("1s1s", 2.0),
    ],
    ids=repr,
)
def test_a_duration_is_seconds(value: str | float, seconds: float) -> None:
    assert parse_duration(value) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "h",
        "1h ",
        "-1h",
        "1 h",
        "1w",
        "1H",
        "1h30",
        ".5s",
        "1e3",
        "nan",
        "inf",
        "\u0661s",
        "9" * 400,
        -1,
        -0.001,
        float("nan"),
        float("inf"),
        True,
        10**400,
    ],
    ids=lambda value: repr(value)[:12],
)
def test_what_is_no_duration_is_refused_with_the_allowed_forms(value: Any) -> None:
    with pytest.raises(ValueError, match=r"is no duration: .*25h, 1d2h30m, 90s or 500ms"):
        parse_duration(value)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2026-01-31T23:59:58Z", 1_769_903_998.0),
        ("2026-01-31T23:59:58.25Z", 1_769_903_998.25),
        ("2026-02-01T00:59:58+01:00", 1_769_903_998.0),
        (1_769_903_998, 1_769_903_998.0),
        ("1769903998.5", 1_769_903_998.5),
        ("1970-01-01T00:00:00Z", 0.0),
        ("9999-12-31T23:59:59Z", LATEST),
    ],
    ids=repr,
)
def test_an_instant_is_unix_seconds(value: str | float, seconds: float) -> None:
    assert parse_instant(value) == seconds


@pytest.mark.parametrize(
    "value",
    [
        "",
        "2026-01-31",
        "2026-01-31T23:59:58",
        "2026-01-31 23:59:58Z",
        "2026-02-30T00:00:00Z",
        "2026-01-31T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59-23:59",
        "2026-01-31T23:59:58+99:00",
        "20260131T235958Z",
        "tomorrow",
        -1,
        LATEST + 1,
        float("nan"),
        False,
    ],
    ids=str,
)
def test_what_is_no_instant_is_refused_with_the_allowed_forms(value: Any) -> None:
    with pytest.raises(ValueError, match=r"is no point in time .*2026-01-31T23:59:58Z, or unix"):
        parse_instant(value)


def test_a_refusal_shows_the_value_shortened() -> None:
    with pytest.raises(ValueError, match=r'^"abc" is no duration'):
        parse_duration("abc")
    with pytest.raises(ValueError, match="is no duration") as refused:
        parse_duration("x" * 10_000)
    assert len(str(refused.value)) < 250


@RELAXED
@given(st.integers(0, int(LATEST)), st.integers(0, 999))
def test_an_instant_survives_being_written(seconds: int, thousandths: int) -> None:
    at = min(seconds + thousandths / 1000, LATEST)
    assert parse_instant(format_instant(at)) == pytest.approx(at, abs=1e-4, rel=0)


@RELAXED
@given(st.one_of(st.text(max_size=12), st.from_regex(r"[0-9.]{1,5}(ms|s|m|h|d)", fullmatch=True)))
def test_text_is_a_time_that_is_not_negative_or_refused(text: str) -> None:
    for parse in (parse_duration, parse_instant):
        with suppress(ValueError):
            assert parse(text) >= 0


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2026-01-31T23:59:58.1234560Z", id="dotnet"),
        pytest.param("2026-01-31T23:59:58.123456000+00:00", id="nanoseconds"),
        pytest.param("2026-01-31T23:59:58.123456+00:00", id="python"),
    ],
)
def test_times_are_taken_as_other_languages_write_them(text: str) -> None:
    assert parse_instant(text) == pytest.approx(1769903998.123456, abs=1e-6)
