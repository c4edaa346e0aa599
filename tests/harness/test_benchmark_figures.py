"""The arithmetic of the benchmarks: what a wrong sign here would say of a server."""

import pytest

from benchmarks.figures import Goal, figure, goals, percent, shown, table


def test_a_ratio_is_taken_within_each_round() -> None:
    # Both slow down by a third in the second round: the ratio does not.
    assert figure([10, 20, 30]).over(figure([5, 10, 15])).rounds == (2, 2, 2)
    assert figure([10, 40]).over(figure([5, 10])).median == 3


def test_an_invalid_round_counts_on_neither_side() -> None:
    ours, theirs = figure([10, None, 30, 40]), figure([5, 10, None, 10])
    assert ours.over(theirs).rounds == (2, None, None, 4)
    assert ours.minus(theirs).rounds == (5, None, None, 30)
    assert ours.over(theirs).median == 3


def test_without_a_valid_round_there_is_no_figure() -> None:
    nothing = figure([None, None])
    assert (nothing.median, nothing.spread) == (None, None)
    assert figure([1, 2]).over(nothing).median is None


def test_the_spread_is_the_range_as_a_share_of_the_median() -> None:
    assert figure([90, 100, 120]).spread == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(12345.6, 0, "12 346"), (0.804, 2, "0.80"), (None, 2, "-"), (999.95, 1, "1 000.0")],
)
def test_numbers_read_well(value: float | None, digits: int, text: str) -> None:
    assert shown(value, digits) == text


def test_a_share_reads_as_percent() -> None:
    assert (percent(0.123), percent(None)) == ("12 %", "-")


def test_a_table_aligns_numbers_to_the_right() -> None:
    lines = table(["server", "version", "req/s"], [["ours", "1", "9"]], left=2)
    assert lines == ["| server | version | req/s |", "| --- | --- | ---: |", "| ours | 1 | 9 |"]


@pytest.mark.parametrize(
    ("value", "at_least", "verdict"),
    [
        (0.80, True, "kept"),
        (0.79, True, "missed"),
        (0.80, False, "kept"),
        (0.81, False, "missed"),
        (None, True, "not measured"),
    ],
)
def test_a_goal_is_kept_at_its_bound(value: float | None, verdict: str, *, at_least: bool) -> None:
    (_, _, row) = goals([Goal("it", value, 0.8, at_least=at_least)])
    assert row.endswith(f"| {verdict} |")
